"""The command `gluon-softmax run`: the book's own code, with nothing changed."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from types import CodeType

from ..errors import ArgumentError
from ..storage.files import open_file, reading
from .notebooks import MOST_BYTES, require_packages, write_executed
from .parser import read_path

__all__ = ["add_arguments", "prepare"]

REPAIRED = "from gluon_softmax.commands.run import prepare; exec(prepare())"
"""What runs a script as Python's main module, after the repairs."""


def add_arguments(commands) -> None:
    """Describe `run`."""
    parser = commands.add_parser(
        "run",
        help="run a script or notebook of the book as it is printed",
        description="Run a script or notebook that imports mxnet and d2lzh as the book "
        "does; MXNet, NumPy, IPython and the data sets are mended first. A notebook is "
        "written beside FILE with all output, as NAME-executed.ipynb.",
        epilog="example: gluon-softmax run scripts/concepts.py",
    )
    parser.add_argument("file", type=_file, metavar="FILE", help="script or notebook")
    parser.add_argument(
        "arguments",
        nargs=argparse.REMAINDER,
        metavar="ARGS",
        help="what the script finds in sys.argv",
    )
    parser.set_defaults(command=_run)


def _file(text: str) -> Path:
    """Convert an argument to a script or notebook that is there."""
    path = read_path(text)
    if not path.is_file() or path.suffix not in (".py", ".ipynb"):
        raise argparse.ArgumentTypeError(
            f"there is no script (.py) or notebook (.ipynb) {text}"
        )
    return path


def _run(options: argparse.Namespace) -> int:
    """Run a file in a Python process of its own."""
    from ..compat.mending import require_mxnet

    is_notebook = options.file.suffix == ".ipynb"
    if is_notebook and options.arguments:
        raise ArgumentError("expected no arguments behind a notebook")
    open_file(options.file, MOST_BYTES).close()  # which says what is wrong with it
    require_mxnet()
    if is_notebook:
        print(f"wrote {_execute(options.file)}")
        return 0
    command = [sys.executable, "-c", REPAIRED, str(options.file), *options.arguments]
    code = subprocess.run(command).returncode
    return 128 - code if code < 0 else code  # as a shell counts what a signal ended


def prepare() -> CodeType:
    """Make Python what it is where it begins with a script; return the script's code.

    The script's variables are those of the main module, which Python clears first at
    its end: Gluon's loaders need other modules still when they go.
    """
    del sys.argv[0]
    script = Path(sys.argv[0])
    if sys.path[0] == "":  # which -c puts there, unless no folder is trusted
        del sys.path[0]
    sys.path.insert(0, str(script.absolute().parent))
    sys.modules["__main__"].__file__ = str(script)
    with reading(script, MOST_BYTES) as file:
        return compile(file.read(), str(script), "exec", dont_inherit=True)


def _execute(path: Path) -> Path:
    """Execute a notebook in its folder; write it, up to a cell that fails."""
    require_packages("nbclient", "ipykernel")
    import nbformat

    try:
        with reading(path, MOST_BYTES) as file:
            notebook = nbformat.reads(file.read().decode(), as_version=4)
    # AttributeError: the JSON is no object.
    except (ValueError, nbformat.ValidationError, AttributeError) as error:
        reason = str(error).splitlines()[0]
        raise ArgumentError(f"{path} is no notebook ({reason})") from error
    output = path.with_name(f"{path.stem}-executed.ipynb")
    write_executed(notebook, output, timeout=None)
    return output
