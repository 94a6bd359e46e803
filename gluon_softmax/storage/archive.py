"""Named arrays in one file that NumPy alone can read: `.npz`, without any pickle."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ..errors import DataError
from .atomic import replacing

__all__ = ["read_arrays", "write_arrays"]

MOST_BYTES = 2**28
"""So much a file may hold; a larger one is no model or checkpoint of this package."""
NUMPYS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""How NumPy compresses; of all else, zipfile decompresses more than is asked for."""
KINDS = "biufU"
"""Of NumPy's types: Booleans, integers, floating-point numbers, text."""


def write_arrays(
    arrays: Mapping[str, np.ndarray], path: str | os.PathLike[str]
) -> Path:
    """Write arrays as NumPy's ``.npz``; equal arrays give equal bytes."""
    content = BytesIO()  # on a full disk zipfile would print an error of its own
    np.savez(content, **arrays)
    with replacing(path) as temporary, open(temporary, "wb") as file:
        file.write(content.getbuffer())
        file.flush()
        os.fsync(file.fileno())
    return Path(path)


def read_arrays(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """Read what `write_arrays` wrote; nothing in the file is run.

    A file that is missing, damaged, larger than any of this package's, or holds a
    pickle raises `DataError`.
    """
    try:
        with open(path, "rb") as file:
            return _decode(file)
    except OSError as error:
        reason = error.strerror or error
        raise DataError(f"{path} cannot be read ({reason}): check the path") from error
    except DataError as error:
        raise DataError(f"{path}: {error}: write the file anew") from error
    except Exception as error:  # zipfile and NumPy list nowhere what damage raises
        raise DataError(
            f"{path}: expected a .npz file of plain arrays, found something else or a "
            f"damaged one ({error!r:.200}): write the file anew"
        ) from error


def _decode(file: BinaryIO) -> dict[str, np.ndarray]:
    """Read all arrays of an open file, if it names no more than memory may hold."""
    _check_size(os.fstat(file.fileno()).st_size)
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        _check_size(sum(member.file_size for member in members))
        return {m.filename[: -len(".npy")]: _load(archive, m) for m in members}


def _load(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    """Load one array, decompressing no more than the size that the zip names."""
    if member.compress_type not in NUMPYS:
        raise DataError(f"expected NumPy's compression, found {member.compress_type}")
    with archive.open(member) as file:  # read() alone decompresses all there is
        content = BytesIO(file.read(member.file_size))
    array = np.load(content, allow_pickle=False)
    if array.size > member.file_size or content.read(1):
        raise DataError("expected as many bytes as an array takes, found others")
    if array.dtype.kind not in KINDS:
        raise DataError(f"expected numbers or text, found type {array.dtype.str:.40}")
    if array.dtype.kind == "U":
        np.char.encode(array, "utf-8")  # raises where a number is no character
    return array


def _check_size(size: int) -> None:
    """Check that a file, or what it names, holds something, and not too much.

    A device has no size, and no end either.
    """
    if not 0 < size <= MOST_BYTES:
        raise DataError(f"expected 1 to {MOST_BYTES:,} bytes, found {size:,}")
