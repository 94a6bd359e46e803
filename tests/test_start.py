"""How a command starts: what it loads first, and what it says where MXNet cannot be."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import gluon_softmax as d2l
import pytest
from drawn_models import draw_model
from gluon_softmax.commands.main import make_parser
from gluon_softmax.models.comparison_file import write_comparison
from gluon_softmax.models.model import save_model
from PIL import Image

COMMANDS = re.findall(r"^    (\w+) ", make_parser().format_help(), re.MULTILINE)
MAIN = """
import sys
from gluon_softmax.commands.main import main
sys.exit(main(sys.argv[1:]))
"""
LIST_HEAVY = """
import contextlib, sys
from gluon_softmax.commands.main import main
with contextlib.suppress(SystemExit), contextlib.redirect_stdout(sys.stderr):
    main(sys.argv[1:])
heavy = {"mxnet", "d2lzh", "matplotlib", "IPython", "numpy"}
print(*heavy.intersection(sys.modules))
"""


def run(code: str, *arguments: str, **options) -> subprocess.CompletedProcess:
    """Run code in a fresh interpreter."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, text=True, **options)


@pytest.mark.parametrize(
    "arguments", [["--version"], ["--help"], *([name, "--help"] for name in COMMANDS)]
)
def test_help_loads_nothing_heavy(arguments):
    """Neither MXNet nor what draws, nor NumPy: all of it would be waited for."""
    done = run(LIST_HEAVY, *arguments)
    assert done.stdout == "\n"
    assert d2l.__version__ in done.stderr or "usage: gluon-softmax" in done.stderr


@pytest.mark.parametrize(
    "command",
    [
        "compare --lr -1",
        "train perceptron --num-epochs 0",
        "launch -n 0 -- train softmax",
        "study --seeds 0",
        "reproduce --seeds 0",
        "predict --top 0 picture.png",
        "export model.txt",
        "bench --rounds 0",
    ],
)
def test_a_bad_value_is_named_before_anything_is_loaded(command):
    """What can be seen to be wrong at once is said at once."""
    done = run(LIST_HEAVY, *command.split())
    assert done.stdout == "\n"
    assert done.stderr.startswith("gluon-softmax: expected ")


@pytest.mark.parametrize(
    "command", ["compare", "bench", "train softmax", "study", "reproduce", "page"]
)
def test_git_leaves_out_what_is_written_by_default(command):
    """A clone in which commands ran is as clean as before."""
    output = make_parser().parse_args(command.split()).output
    ignored = (Path(__file__).parents[1] / ".gitignore").read_text().split()
    assert {f"/{output}", f"/{output}/", f"{output}/"} & set(ignored)


@pytest.mark.parametrize("name", ["scratch", "second_edition", "data"])
def test_a_module_is_not_looked_for_in_d2lzh(name):
    """Python asks the package for the name before it imports the module."""
    code = f"import sys; from gluon_softmax import {name}; print(type({name}))"
    done = run(f"{code}; print('d2lzh' in sys.modules)")
    assert done.stdout == "<class 'module'>\nFalse\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Make a folder with all that a command reads, and a libgomp that is none."""
    folder = tmp_path_factory.mktemp("without")
    (folder / "libgomp.so.1").touch()
    Image.new("L", (28, 28)).save(folder / "picture.png")
    (folder / "script.py").write_text("import gluon_softmax, mxnet\n")
    save_model(draw_model(data="Fashion-MNIST"), folder / "model.npz")
    sets = (d2l.SyntheticFashion(train, num_images=40) for train in (True, False))
    list(write_comparison(d2l.run_comparison(*sets, 1, 20), folder, ""))
    return folder


@pytest.fixture
def without_libgomp(folder):
    """Return the environment of a machine without libgomp."""
    return {**os.environ, "LD_LIBRARY_PATH": str(folder)}


NEED_MXNET = (
    "compare",
    "train softmax",
    "launch -n 1 -- train softmax",
    "study",
    "reproduce",
    "page --comparison comparison.json",
    "predict --model model.npz picture.png",
    "export --model model.npz symbol.json",
    "import model.npz",
    "notebooks script.py",  # which imports MXNet in another process
    "bench --only read-0",
    "bench scaling --quick",
    "bench distributed --quick",
)


def check_remedy(done: subprocess.CompletedProcess) -> None:
    """Check that one line says what installs the library."""
    assert done.stderr.startswith("gluon-softmax: ")
    assert "MXNet needs libgomp.so.1" in done.stderr
    assert "run apt-get install libgomp1" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("command", NEED_MXNET)
def test_without_libgomp_one_line_names_the_remedy(command, folder, without_libgomp):
    """The command that installs it, exit code 2, and no traceback."""
    if command.startswith("notebooks"):
        pytest.importorskip("nbclient")
    done = run(MAIN, *command.split(), cwd=folder, env=without_libgomp)
    assert done.returncode == 2
    check_remedy(done)


def test_every_command_is_tried_without_libgomp():
    """Those that are left need no MXNet."""
    tried = {command.split()[0] for command in NEED_MXNET}
    assert set(COMMANDS) - tried == {"data", "doctor"}


def test_without_libgomp_a_process_of_a_job_names_the_remedy(without_libgomp):
    """Under Slurm, say, where no launcher looked before."""
    root = {"DMLC_PS_ROOT_URI": "127.0.0.1", "DMLC_PS_ROOT_PORT": "9"}
    root["DMLC_NODE_HOST"] = "127.0.0.1"
    counts = {"DMLC_NUM_WORKER": "1", "DMLC_NUM_SERVER": "1", "DMLC_ROLE": "server"}
    code = "from gluon_softmax.commands.role import main; main()"
    done = run(code, env={**without_libgomp, **root, **counts})
    assert done.returncode == 1
    check_remedy(done)


def test_without_libgomp_the_doctor_ends(without_libgomp):
    """It looks at everything else too, and exits with 1."""
    done = run(MAIN, "doctor", env=without_libgomp)
    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    assert [line for line in lines if line.startswith("FAIL  libgomp.so.1: ")]
    assert "/dev/shm" in lines[-1]


def test_nobody_reads_on():
    """As with `| head`: the command ends without a word."""
    reader, writer = os.pipe()
    os.close(reader)
    done = run(MAIN, "data", "list", stdout=writer)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")
