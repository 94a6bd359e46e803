"""Files that appear whole or not at all."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import OutputError

__all__ = ["replacing", "write_json", "write_text"]


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside `path`, which is moved there if the block succeeds.

    Its suffix is that of `path`, whose folder is made if it is missing. Where either
    cannot be written (a full disk, say), `OutputError` is raised, and what stood at
    `path` before is untouched.
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
        with suppress(OSError):  # moved into place, or its folder never existed
            temporary.unlink()


def write_json(content: dict, path: str | os.PathLike[str]) -> Path:
    """Write numbers as JSON, and return the path."""
    return write_text(json.dumps(content, indent=2) + "\n", path)


def write_text(content: str, path: str | os.PathLike[str]) -> Path:
    """Write text in UTF-8, and return the path."""
    with replacing(path) as temporary:
        temporary.write_text(content, encoding="utf-8")
    return Path(path)
