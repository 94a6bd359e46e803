"""The command `gluon-softmax notebooks`: scripts of `# %%` cells, run as notebooks."""

from __future__ import annotations

import argparse
import ast
import logging
import os
import re
import time
import tokenize
from importlib.util import find_spec
from io import BytesIO, TextIOWrapper
from pathlib import Path

from ..errors import ArgumentError, GluonSoftmaxError, InstallationError
from ..storage.atomic import replacing
from ..storage.files import reading
from .translation import translate_prose, write_script

__all__ = [
    "MOST_BYTES",
    "NotebookError",
    "add_arguments",
    "require_packages",
    "write_executed",
]

KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
OUTPUTS = {"en": "build/notebooks", "zh": "build/notebooks/zh"}
"""Where notebooks are run if nothing else is said."""
MOST_BYTES = 2**26
"""So much a script or notebook may hold, with its figures."""
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
    parser.add_argument("scripts", nargs="+", type=Path, help="what to run")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        type=_setting,
        metavar="NAME=VALUE",
        help="a parameter at the top of the scripts that have it, num_epochs=1 say",
    )
    parser.add_argument(
        "--language",
        choices=("en", "zh"),
        default="en",
        help="of prose and figures; a Chinese script is written beside its notebook",
    )
    parser.add_argument(
        "--output", type=Path, help=f"folder to run in; {' or '.join(OUTPUTS.values())}"
    )


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
    require_packages("jupytext", "nbclient", "ipykernel")
    _check_names(options.scripts)
    parameters, known = dict(options.set), set()
    notebooks = {script: _read(script) for script in options.scripts}
    if options.language == "zh":
        for script, notebook in notebooks.items():
            translate_prose(notebook, script)
    for notebook in notebooks.values():
        known |= _set_parameters(notebook, parameters)
    for name in parameters.keys() - known:
        names = ", ".join(sorted(known))
        raise ArgumentError(f"expected --set to name one of {names}, found {name!r}")
    folder = options.output or Path(OUTPUTS[options.language])
    for script, notebook in notebooks.items():
        print(f"running {script}", flush=True)
        start, path = time.perf_counter(), folder / f"{script.stem}.ipynb"
        if options.language == "zh":
            write_script(notebook, path.with_suffix(".py"))
        write_executed(notebook, path, language=options.language)
        print(f"wrote {path} ({time.perf_counter() - start:.1f} s)", flush=True)
    return 0


def _check_names(scripts: list[Path]) -> None:
    """Check that no notebook would replace another one."""
    stems = [script.stem for script in scripts]
    for script in scripts:
        if stems.count(script.stem) > 1:
            raise ArgumentError(
                f"expected scripts of different names, found several {script.name}: "
                "run them one by one, with another --output each"
            )


def require_packages(*names: str) -> None:
    """Check that packages are installed that notebooks need."""
    for name in names:
        if find_spec(name) is None:
            raise InstallationError(
                f"{name} is missing, which notebooks need: pip install '.[notebooks]'"
            )


def _read(script: Path):
    """Convert a script to a notebook that has not been run."""
    import jupytext

    if not script.is_file() or script.suffix != ".py":
        raise ArgumentError(f"there is no script (.py) {script}")
    with reading(script, MOST_BYTES) as file:
        content = file.read()
    try:
        ast.parse(content)
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise ArgumentError(f"{script} is no Python script ({error})") from error
    encoding, _ = tokenize.detect_encoding(BytesIO(content).readline)
    text = TextIOWrapper(BytesIO(content), encoding).read()
    notebook = jupytext.reads(text, fmt="py:percent")
    notebook.metadata = {"kernelspec": KERNEL}
    for number, cell in enumerate(notebook.cells, start=1):
        cell.id = f"cell-{number}"  # drawn at random otherwise
    return notebook


def _set_parameters(notebook, parameters: dict[str, object]) -> set[str]:
    """Set what a cell tagged ``parameters`` assigns; return all names that it does."""
    known = set()
    for cell in notebook.cells:
        if "parameters" in cell.metadata.get("tags", []):
            lefts = re.findall(r"^([\w, ]+) = ", cell.source, re.MULTILINE)
            known.update(", ".join(lefts).split(", "))
            for name in sorted(parameters.keys() & known):
                cell.source += f"\n{name} = {parameters[name]!r}"
    return known


def write_executed(notebook, path: Path, **options) -> None:
    """Run a notebook in the folder of `path`, and write it there, up to a failing cell.

    Options are those of `run_cells`; `NotebookError` is raised if a cell fails.
    """
    import nbformat

    with replacing(path) as temporary:
        problem = run_cells(notebook, path.parent, **options)
        nbformat.write(notebook, str(temporary))
    if problem:
        raise NotebookError(f"{path}, {problem}")


def run_cells(
    notebook, folder: Path, timeout: int | None = TIMEOUT, language: str = "en"
) -> str:
    """Run every cell, keep the output in the cells, and return what went wrong.

    A bar shows how far it has come where stderr is a terminal.
    """
    from jupyter_client import AsyncKernelManager
    from jupyter_client.kernelspec import KernelSpecManager
    from nbclient import NotebookClient, exceptions
    from tqdm import tqdm

    from ..figures.chinese import LANGUAGE

    specs = KernelSpecManager(kernel_dirs=[])  # this Python; "python3" may be any other
    started = []
    bar = tqdm(total=len(notebook.cells), unit=" cells", leave=False, disable=None)

    def begin(cell, cell_index: int) -> None:
        started.append(cell)
        bar.update(cell_index + 1 - bar.n)

    client = NotebookClient(
        notebook,
        km=AsyncKernelManager(kernel_spec_manager=specs),
        extra_arguments=["--log-level=ERROR", REPAIR],
        timeout=timeout,
        record_timing=False,
        log=LOG,
        resources={"metadata": {"path": str(folder)}},
        on_cell_execute=begin,
    )
    try:
        client.execute(cleanup_kc=True, env={**os.environ, LANGUAGE: language})
    except exceptions.CellExecutionError as error:
        problem = f"{error.ename}: {error.evalue}"
    except (exceptions.CellTimeoutError, exceptions.DeadKernelError) as error:
        problem = str(error)
    else:
        return ""
    finally:
        bar.close()
    return f"cell In [{len(started)}]: {problem.splitlines()[0]}"
