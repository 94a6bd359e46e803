"""Files that appear whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from ..errors import OutputError, show
from .files import check_regular

__all__ = ["replacing", "write_json", "write_text"]


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside `path`, which is moved there if the block succeeds.

    Its suffix is that of `path`, whose folder is made if it is missing. Where either
    cannot be written (a full disk, say), or `path` is a link, a device or a pipe,
    `OutputError` is raised, and what stood at `path` before is untouched.
    """
    path = Path(path)
    temporary = path.parent / (
        f".{_name_machine()}-{os.getpid()}-{uuid.uuid4().hex[:8]}-{path.name}"
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            check_regular(path.lstat())
        _remove_stale(path.parent)
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        reason = error.strerror or error
        raise OutputError(
            f"{show(path)} cannot be written ({reason}): choose another folder, "
            "or mend this one and try again"
        ) from error
    finally:
        with suppress(OSError):  # moved into place, or its folder never existed
            temporary.unlink()


@cache
def _name_machine() -> str:
    """Return what tells this machine, and its process numbers, from others."""
    numbers = ""
    with suppress(OSError):  # a container of Linux has numbers of its own
        numbers = os.readlink("/proc/self/ns/pid")
    return hashlib.sha256(f"{platform.node()} {numbers}".encode()).hexdigest()[:8]


def _remove_stale(folder: Path) -> None:
    """Remove the temporary files of this machine's processes that are dead."""
    import psutil

    for name in os.listdir(folder):
        found = re.match(rf"\.{_name_machine()}-(\d+)-[0-9a-f]{{8}}-", name)
        if found and not psutil.pid_exists(int(found[1])):
            with suppress(OSError):  # another process may have been faster
                (folder / name).unlink()


def write_json(content: dict, path: str | os.PathLike[str]) -> Path:
    """Write numbers as JSON, and return the path."""
    return write_text(json.dumps(content, indent=2) + "\n", path)


def write_text(content: str, path: str | os.PathLike[str]) -> Path:
    """Write text in UTF-8, and return the path."""
    with replacing(path) as temporary:
        temporary.write_text(content, encoding="utf-8")
    return Path(path)
