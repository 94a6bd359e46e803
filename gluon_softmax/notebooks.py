"""Scripts of `# %%` cells as notebooks: converted, run, written with their output.

A script runs its cells below `if __name__ == "__main__":`, so that it can be imported;
a notebook shows them without. Cells tagged ``remove-cell`` are left out. The cell
tagged ``parameters`` is followed by one with the values that the caller sets.
"""

from __future__ import annotations

import ast
import logging
import os
import textwrap
from collections.abc import Mapping
from pathlib import Path

import jupytext
import nbformat
from ipykernel.kernelspec import get_kernel_dict
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from .atomic import replacing
from .errors import GluonSoftmaxError

__all__ = ["NotebookError", "build", "convert", "read_parameters"]

GUARD = 'if __name__ == "__main__":\n'
TIMEOUT = 600
"""Seconds after which a cell is given up."""

LOG = logging.getLogger(__name__)
LOG.addHandler(logging.NullHandler())  # what nbclient logs, the error says as well


class NotebookError(GluonSoftmaxError, RuntimeError):
    """A cell of a notebook raised an error, or never came to an end."""


class _ThisPython(AsyncKernelManager):
    """Starts this interpreter; the kernel called "python3" may be any other."""

    @property
    def kernel_spec(self) -> KernelSpec:
        """Say how to start it."""
        return KernelSpec(**get_kernel_dict(["--log-level=ERROR"]))


def build(
    script: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    parameters: Mapping[str, object] | None = None,
) -> Path:
    """Convert a script, run it, and write the notebook with all output.

    Parameters
    ----------
    script : path
        In Python, made of ``# %%`` cells.
    folder : path
        Where the notebook is written and runs; made if it is missing.
    parameters : mapping of str to object, optional
        What to set after the cell tagged ``parameters``; names that the script does not
        have are left out.

    Returns
    -------
    pathlib.Path
        The notebook, which is whole: one that fails is not written.

    Raises
    ------
    NotebookError
        If a cell fails; the message names the notebook, the cell and the error.
    OutputError
        If the notebook cannot be written.
    """
    path = Path(folder) / f"{Path(script).stem}.ipynb"
    notebook = convert(script, parameters)
    with replacing(path) as temporary:
        _run(notebook, path)
        nbformat.write(notebook, str(temporary))
    return path


def convert(
    script: str | os.PathLike[str], parameters: Mapping[str, object] | None = None
) -> nbformat.NotebookNode:
    """Convert a script to a notebook that has not been run.

    Parameters
    ----------
    script : path
    parameters : mapping of str to object, optional
        As for `build`.

    Returns
    -------
    nbformat.NotebookNode
    """
    notebook = jupytext.read(script, fmt="py:percent")
    cells = []
    for cell in notebook.cells:
        if _is_tagged(cell, "remove-cell"):
            continue
        if cell.cell_type == "code":
            cell.source = _remove_guard(cell.source)
        cells.append(cell)
        if _is_tagged(cell, "parameters"):
            cells += _inject(parameters or {}, cell)
    for number, cell in enumerate(cells, start=1):
        cell.id = f"cell-{number}"  # drawn at random otherwise
    notebook.cells = cells
    notebook.metadata = nbformat.from_dict(_describe(cells))
    return notebook


def read_parameters(script: str | os.PathLike[str]) -> list[str]:
    """List what the cell tagged ``parameters`` assigns.

    Parameters
    ----------
    script : path

    Returns
    -------
    list of str
    """
    cells = jupytext.read(script, fmt="py:percent").cells
    tagged = [cell for cell in cells if _is_tagged(cell, "parameters")]
    return [name for cell in tagged for name in _assigned(cell)]


def _run(notebook: nbformat.NotebookNode, path: Path) -> None:
    """Run every cell beside the notebook's place; keep the output in the cells."""
    started = []
    client = NotebookClient(
        notebook,
        kernel_manager_class=_ThisPython,
        timeout=TIMEOUT,
        record_timing=False,
        log=LOG,
        resources={"metadata": {"path": str(path.parent)}},
        on_cell_start=lambda cell, cell_index: started.append(cell),
    )
    try:
        client.execute()
    except CellExecutionError as error:
        reason = f"{error.ename}: {error.evalue}"
    except CellTimeoutError:
        reason = f"no end after {TIMEOUT} seconds"
    except DeadKernelError:
        reason = "its Python process ended"
    else:
        return
    raise NotebookError(f"{path.name}, {_name(started)}: {reason.splitlines()[0]}")


def _name(started: list[nbformat.NotebookNode]) -> str:
    """Name the last cell that was started, by its number and its first line."""
    code = [cell for cell in started if cell.cell_type == "code"]
    if not code:
        return "before its first cell"
    return f"cell In [{len(code)}], which begins {code[-1].source.splitlines()[0]!r}"


def _is_tagged(cell: nbformat.NotebookNode, tag: str) -> bool:
    """Say whether a cell has a tag."""
    return tag in cell.metadata.get("tags", [])


def _remove_guard(source: str) -> str:
    """Give what runs in a script only as plain lines."""
    before, _, guarded = source.partition(GUARD)
    return before + textwrap.dedent(guarded)


def _inject(
    parameters: Mapping[str, object], cell: nbformat.NotebookNode
) -> list[nbformat.NotebookNode]:
    """Make the cell that sets those parameters that a script has, if any."""
    names = [name for name in _assigned(cell) if name in parameters]
    source = "\n".join(f"{name} = {parameters[name]!r}" for name in names)
    metadata = {"tags": ["injected-parameters"]}
    return [nbformat.v4.new_code_cell(source, metadata=metadata)] if names else []


def _assigned(cell: nbformat.NotebookNode) -> list[str]:
    """List the names that a cell assigns."""
    names = [node for node in ast.walk(ast.parse(cell.source)) if _is_stored(node)]
    return [node.id for node in sorted(names, key=lambda n: (n.lineno, n.col_offset))]


def _is_stored(node: ast.AST) -> bool:
    """Say whether a part of some code is a name that gets a value."""
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)


def _describe(cells: list[nbformat.NotebookNode]) -> dict:
    """Give what Jupyter wants to know: title, kernel and language, and no more."""
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)"}
    kernel["language"] = "python"
    title = cells[0].source.splitlines()[0].lstrip("# ") if cells else ""
    language = {"name": "python", "file_extension": ".py"}
    return {"title": title, "kernelspec": kernel, "language_info": language}
