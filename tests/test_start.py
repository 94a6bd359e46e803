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


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Make a folder with what commands read, and a libgomp that is none."""
    folder = tmp_path_factory.mktemp("without")
    (folder / "libgomp.so.1").touch()
    Image.new("L", (28, 28)).save(folder / "picture.png")
    (folder / "script.py").write_text("import gluon_softmax, mxnet\n")
    save_model(draw_model(data="Fashion-MNIST"), folder / "model.npz")
    sets = (d2l.SyntheticFashion(train, num_images=40) for train in (True, False))
    list(write_comparison(d2l.run_comparison(*sets, 1, 20), folder, ""))
    return folder


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
    "run script.py",
)


def run_without_libgomp(folder, code, *arguments, **variables):
    """Run code on a machine without libgomp; return its exit code, output and error."""
    environment = {**os.environ, "LD_LIBRARY_PATH": str(folder), **variables}
    done = run(code, *arguments, cwd=folder, env=environment)
    return done.returncode, done.stdout, done.stderr


def check_remedy(error):
    """Check that one line says what installs the library."""
    assert error.startswith("gluon-softmax: ")
    assert "MXNet needs libgomp.so.1" in error
    assert "run apt-get install libgomp1" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("command", NEED_MXNET)
def test_without_libgomp_one_line_names_the_remedy(command, folder):
    """The command that installs it, exit code 2, and no traceback."""
    if command.startswith("notebooks"):
        pytest.importorskip("nbclient")
    code, _, error = run_without_libgomp(folder, MAIN, *command.split())
    assert code == 2
    check_remedy(error)


def test_every_command_is_tried_without_libgomp():
    """Those that are left need no MXNet."""
    tried = {command.split()[0] for command in NEED_MXNET}
    assert set(COMMANDS) - tried == {"data", "doctor", "setup"}


def test_without_libgomp_a_process_of_a_job_names_the_remedy(folder):
    """Under Slurm, say, where no launcher looked before."""
    root = {"DMLC_PS_ROOT_URI": "127.0.0.1", "DMLC_PS_ROOT_PORT": "9"}
    root["DMLC_NODE_HOST"] = "127.0.0.1"
    counts = {"DMLC_NUM_WORKER": "1", "DMLC_NUM_SERVER": "1", "DMLC_ROLE": "server"}
    role = "from gluon_softmax.commands.role import main; main()"
    code, _, error = run_without_libgomp(folder, role, **root, **counts)
    assert code == 1
    check_remedy(error)


@pytest.mark.parametrize(
    ("command", "last"), [("doctor", "data: "), ("setup", "import mxnet: ")]
)
def test_without_libgomp_doctor_and_setup_end(command, last, folder):
    """They look at everything else too, and exit with 1."""
    code, out, error = run_without_libgomp(folder, MAIN, command)
    assert (code, error) == (1, "")
    assert "\nFAIL  libgomp.so.1: " in out
    assert last in out.splitlines()[-1]


@pytest.mark.parametrize(
    ("redirection", "code", "lines"),
    [("| true", 141, 0), ("> /dev/full", 2, 1), (">&-", 0, 0), ("2>&-", 0, 0)],
)
def test_what_cannot_be_printed(redirection, code, lines, tmp_path):
    """A reader that left, as `| head` does, gets no word; nor does Python's end."""
    place, pipe = ("", redirection) if "|" in redirection else (redirection, "")
    script = f'{{ "$0" -m gluon_softmax data list {place}; echo $? > code; }} {pipe}'
    done = subprocess.run(
        ["sh", "-c", script, sys.executable],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": ""},  # kept back to the end
        cwd=tmp_path,
    )
    assert int((tmp_path / "code").read_text()) == code
    assert done.stderr.count("\n") == lines
