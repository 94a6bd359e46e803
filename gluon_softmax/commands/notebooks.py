"""The command `gluon-softmax notebooks`: scripts of `# %%` cells, run as notebooks."""

from __future__ import annotations

import argparse
import ast
import logging
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from ..errors import ArgumentError, GluonSoftmaxError, InstallationError
from ..storage.atomic import replacing

__all__ = [
    "NotebookError",
    "add_arguments",
    "build",
    "convert",
    "read_parameters",
    "require_packages",
    "run_cells",
]

KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
REPAIR = "--IPKernelApp.exec_lines=import gluon_softmax"
"""What the kernel does before the first cell."""
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
    path = Path(text)
    if not path.is_file() or path.suffix != ".py":
        raise argparse.ArgumentTypeError(f"there is no script (.py) {text}")
    return path


def _setting(text: str) -> tuple[str, object]:
    """Convert NAME=VALUE to a name and a number, a tuple or whatever else it is."""
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"expected NAME=VALUE, found {text!r}")
    try:
        return name, ast.literal_eval(value)
    except (SyntaxError, ValueError):
        return name, value


def _notebooks(options: argparse.Namespace) -> int:
    """Build one notebook after the other; print how long each took."""
    require_packages("jupytext", "nbclient", "ipykernel")
    parameters = dict(options.set)
    known = set().union(*map(read_parameters, options.scripts))
    for name in parameters.keys() - known:
        raise ArgumentError(
            f"expected --set to name one of {', '.join(sorted(known))}, found {name!r}"
        )
    for script in options.scripts:
        print(f"running {script}", flush=True)
        start = time.perf_counter()
        path = build(script, options.output, parameters)
        seconds = time.perf_counter() - start
        print(f"wrote {path} ({seconds:.1f} s)", flush=True)
    return 0


def require_packages(*names: str) -> None:
    """Check that packages are installed that notebooks need."""
    for name in names:
        if find_spec(name) is None:
            raise InstallationError(
                f"{name} is missing, which notebooks need: pip install '.[notebooks]'"
            )


def read_parameters(script: Path) -> set[str]:
    """Return the names that the cell tagged ``parameters`` assigns."""
    return set().union(*map(_list_parameters, _read_cells(script).cells))


def build(
    script: Path, folder: Path, parameters: Mapping[str, object] | None = None
) -> Path:
    """Convert a script, run it in a folder, and write it there with all output.

    Where a cell fails, the notebook is written up to there all the same.
    """
    import nbformat

    path = folder / f"{script.stem}.ipynb"
    notebook = convert(script, parameters or {})
    with replacing(path) as temporary:
        problem = run_cells(notebook, folder)
        nbformat.write(notebook, str(temporary))
    if problem:
        raise NotebookError(f"{path}, {problem}")
    return path


def convert(script: Path, parameters: Mapping[str, object]):
    """Convert a script to a notebook that has not been run.

    The cell tagged ``parameters`` ends with the values given; those of names that it
    does not assign are left out.
    """
    notebook = _read_cells(script)
    for number, cell in enumerate(notebook.cells, start=1):
        cell.id = f"cell-{number}"  # drawn at random otherwise
        for name in [name for name in parameters if name in _list_parameters(cell)]:
            cell.source += f"\n{name} = {parameters[name]!r}"
    notebook.metadata = {"kernelspec": KERNEL}
    return notebook


def _read_cells(script: Path):
    """Read the cells of a script."""
    import jupytext

    try:
        ast.parse(script.read_bytes())
    except (SyntaxError, ValueError) as error:
        raise ArgumentError(f"{script} is no Python script ({error})") from error
    return jupytext.read(script, fmt="py:percent")


def _list_parameters(cell) -> set[str]:
    """Return the names that a cell assigns, if it is tagged ``parameters``."""
    if "parameters" not in cell.metadata.get("tags", []):
        return set()
    nodes = ast.walk(ast.parse(cell.source))
    names = (node for node in nodes if isinstance(node, ast.Name))
    return {name.id for name in names if isinstance(name.ctx, ast.Store)}


def run_cells(notebook, folder: Path, timeout: int | None = TIMEOUT) -> str:
    """Run every cell, keep the output in the cells, and return what went wrong."""
    from jupyter_client import AsyncKernelManager
    from jupyter_client.kernelspec import KernelSpecManager
    from nbclient import NotebookClient, exceptions

    started = []
    specs = KernelSpecManager(kernel_dirs=[])  # this Python; "python3" may be any other
    client = NotebookClient(
        notebook,
        km=AsyncKernelManager(kernel_spec_manager=specs),
        extra_arguments=["--log-level=ERROR", REPAIR],
        timeout=timeout,
        record_timing=False,
        log=LOG,
        resources={"metadata": {"path": str(folder)}},
        on_cell_execute=lambda cell, cell_index: started.append(cell),
    )
    try:
        client.execute(cleanup_kc=True)
    except exceptions.CellExecutionError as error:
        reason = f"{error.ename}: {error.evalue}".splitlines()[0]
    except exceptions.CellTimeoutError:
        reason = f"no end after {timeout} seconds"
    except exceptions.DeadKernelError:
        reason = "its Python process ended"
    else:
        return ""
    first = started[-1].source.splitlines()[0] if started else ""
    return f"cell In [{len(started)}], which begins {first!r}: {reason}"
