"""What a contender's process finds, and what it leaves when it fails."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

__all__ = ["last_line", "make_environment"]

PACKAGE_FOLDER = str(Path(__file__).resolve().parents[2])


def make_environment(ours: bool, extra: Mapping[str, str] | None = None) -> dict:
    """Make a contender's environment variables.

    Parameters
    ----------
    ours : bool
        Whether it is to find this copy of the package. A peer finds no folder of
        PYTHONPATH: what is there was made for another interpreter.
    extra : mapping of str to str, optional
        Further variables.

    Returns
    -------
    dict of str to str
    """
    environment = {**os.environ, **(extra or {})}
    path = environment.pop("PYTHONPATH", "")
    if ours:
        folders = [PACKAGE_FOLDER, path] if path else [PACKAGE_FOLDER]
        environment["PYTHONPATH"] = os.pathsep.join(folders)
    return environment


def last_line(text: str) -> str:
    """Give the last line that is not empty: of a traceback, the error itself.

    Parameters
    ----------
    text : str

    Returns
    -------
    str

    Examples
    --------
    >>> last_line("Traceback ...\\nValueError: too small\\n\\n")
    'ValueError: too small'
    """
    lines = text.strip().splitlines()
    return lines[-1].strip() if lines else ""
