"""Files that appear whole or not at all."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import OutputError

__all__ = ["replacing", "write_json", "write_text"]


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Return a temporary path beside `path`; move it to `path` if the block succeeds.

    Parameters
    ----------
    path : path
        The file to write; its folder is made if it is missing.

    Yields
    ------
    pathlib.Path
        A path of the same suffix in the same folder, for the block to write.

    Raises
    ------
    OutputError
        If the folder cannot be made or the file cannot be written (a full disk, say);
        what stood at `path` before is then untouched.
    """
    path = Path(path)
    temporary = path.parent / f".{uuid.uuid4().hex}-{path.name}"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        reason = error.strerror or error
        raise OutputError(
            f"{path} cannot be written ({reason}): choose another folder, "
            "or mend this one and try again"
        ) from error
    finally:
        _remove(temporary)


def write_json(content: dict, path: str | os.PathLike[str]) -> Path:
    """Write numbers as JSON.

    Parameters
    ----------
    content : dict
    path : path

    Returns
    -------
    pathlib.Path
        The file written.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    return write_text(json.dumps(content, indent=2) + "\n", path)


def write_text(content: str, path: str | os.PathLike[str]) -> Path:
    """Write text in UTF-8.

    Parameters
    ----------
    content : str
    path : path

    Returns
    -------
    pathlib.Path
        The file written.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    with replacing(path) as temporary:
        temporary.write_text(content, encoding="utf-8")
    return Path(path)


def _remove(path: Path) -> None:
    """Remove what is left of a block that failed."""
    try:
        path.unlink()
    except OSError:  # moved into place, or its folder never existed
        return
