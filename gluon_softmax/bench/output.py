"""What all benchmarks show and write: how far they are, on what, figure and numbers."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .machine import describe_versions

__all__ = ["format_machine", "progress", "write"]


def write(figure, content: dict, path: Path) -> None:
    """Write a figure and its numbers, and say where.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    content : dict
        The numbers; versions are added.
    path : pathlib.Path
        Without a suffix.
    """
    from ..atomic import write_json
    from ..figures import save

    content = {"versions": describe_versions(), **content}
    for file in save(figure, path):
        print(f"wrote {file}")
    print(f"wrote {write_json(content, path.with_suffix('.json'))}")


@contextmanager
def progress(total: int) -> Iterator:
    """Show on a terminal how far it is.

    Parameters
    ----------
    total : int
        How many steps there are.

    Yields
    ------
    callable
        To be called at each step, with a name if there is one.
    """
    from tqdm import tqdm

    with tqdm(total=total, leave=False, disable=None, file=sys.stderr) as bar:

        def report(name: str = "") -> None:
            bar.set_description(name, refresh=False)
            bar.update()

        yield report


def format_machine(machine: dict) -> str:
    """Say in one line what was measured on.

    Parameters
    ----------
    machine : dict
        As `describe_machine` gives it.

    Returns
    -------
    str
    """
    return f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB"
