"""The command `gluon-softmax notebooks`: scripts of `# %%` cells, run as notebooks."""

from __future__ import annotations

import argparse
import ast
import logging
import re
import time
from pathlib import Path

from ..errors import ArgumentError, GluonSoftmaxError, InstallationError
from ..storage.atomic import replacing
from .parser import read_path

__all__ = ["NotebookError", "add_arguments", "build"]

KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
TIMEOUT = 600
"""Seconds after which a cell is given up."""
LOG = logging.getLogger(__name__)
LOG.addHandler(logging.NullHandler())  # what nbclient logs, the error says as well


class NotebookError(GluonSoftmaxError, RuntimeError):
    """A cell of a notebook raised an error, or never came to an end."""


def add_arguments(commands) -> None:
    """Describe `notebooks`."""
    parser = commands.add_parser(
        "notebooks",
        help="run the scripts as notebooks",
        description="Convert scripts of # %% cells to notebooks, run these, and write "
        "them with all output; one that fails, up to the cell that failed.",
        epilog="example: gluon-softmax notebooks scripts/*.py --set num_epochs=1",
    )
    parser.set_defaults(command=_notebooks)
    parser.add_argument("scripts", nargs="+", type=_script, help="what to run")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        type=_setting,
        metavar="NAME=VALUE",
        help="a parameter at the top of the scripts that have it, num_epochs=1 say",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("build/notebooks"),
        help="folder to write to, in which they also run",
    )


def _script(text: str) -> Path:
    """Convert an argument to a script that is there."""
    path = read_path(text)
    if not path.is_file() or path.suffix != ".py":
        raise argparse.ArgumentTypeError(f"there is no script (.py) {text}")
    return path


def _setting(text: str) -> tuple[str, object]:
    """Convert NAME=VALUE to a name and a number, a tuple or whatever else it is."""
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"expected NAME=VALUE, found {text!r:.80}")
    try:
        return name, ast.literal_eval(value)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return name, value


def _notebooks(options: argparse.Namespace) -> int:
    """Build one notebook after the other; print how long each took."""
    parameters = dict(options.set)
    cells = [cell for script in options.scripts for cell in _read(script).cells]
    known = set().union(*map(_list_parameters, cells))
    for name in parameters.keys() - known:
        names = ", ".join(sorted(known))
        raise ArgumentError(f"expected --set to name one of {names}, found {name!r}")
    for script in options.scripts:
        print(f"running {script}", flush=True)
        start = time.perf_counter()
        path = build(script, options.output, parameters)
        print(f"wrote {path} ({time.perf_counter() - start:.1f} s)", flush=True)
    return 0


def build(script: Path, folder: Path, parameters: dict[str, object]) -> Path:
    """Convert a script, set its parameters, run it in a folder and write it there."""
    import nbformat

    path, notebook = folder / f"{script.stem}.ipynb", _read(script)
    for cell in notebook.cells:
        for name in sorted(parameters.keys() & _list_parameters(cell)):
            cell.source += f"\n{name} = {parameters[name]!r}"
    with replacing(path) as temporary:
        problem = _run(notebook, folder)
        nbformat.write(notebook, str(temporary))
    if problem:
        raise NotebookError(f"{path}, {problem}")
    return path


def _read(script: Path):
    """Read the cells of a script as a notebook that has not been run."""
    try:
        import ipykernel  # noqa: F401
        import jupytext
        import nbclient  # noqa: F401

        ast.parse(script.read_bytes())
    except ImportError as error:
        raise InstallationError(
            f"{error.name} is missing, which notebooks need: pip install '.[notebooks]'"
        ) from error
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise ArgumentError(f"{script} is no Python script ({error})") from error
    notebook = jupytext.read(script, fmt="py:percent")
    notebook.metadata = {"kernelspec": KERNEL}
    for number, cell in enumerate(notebook.cells, start=1):
        cell.id = f"cell-{number}"  # drawn at random otherwise
    return notebook


def _list_parameters(cell) -> set[str]:
    """Return the names that a cell assigns, if it is tagged ``parameters``."""
    is_tagged = "parameters" in cell.metadata.get("tags", [])
    lefts = re.findall(r"^([\w, ]+) = ", cell.source, re.MULTILINE) if is_tagged else []
    return {name for left in lefts for name in left.split(", ")}


def _run(notebook, folder: Path) -> str:
    """Run every cell, keep the output in the cells, and return what went wrong."""
    from jupyter_client import AsyncKernelManager
    from jupyter_client.kernelspec import KernelSpecManager
    from nbclient import NotebookClient, exceptions

    specs = KernelSpecManager(kernel_dirs=[])  # this Python; "python3" may be any other
    started = []
    client = NotebookClient(
        notebook,
        km=AsyncKernelManager(kernel_spec_manager=specs),
        extra_arguments=["--log-level=ERROR"],
        timeout=TIMEOUT,
        record_timing=False,
        log=LOG,
        resources={"metadata": {"path": str(folder)}},
        on_cell_execute=lambda cell, cell_index: started.append(cell),
    )
    try:
        client.execute(cleanup_kc=True)
    except exceptions.CellExecutionError as error:
        problem = f"{error.ename}: {error.evalue}"
    except (exceptions.CellTimeoutError, exceptions.DeadKernelError) as error:
        problem = str(error)
    else:
        return ""
    return f"cell In [{len(started)}]: {problem.splitlines()[0]}"
