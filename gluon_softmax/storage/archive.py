"""Named arrays in one file that NumPy alone can read: `.npz`, without any pickle."""

from __future__ import annotations

import math
import os
import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import numpy as np

from ..errors import DataError, OutputError, show
from .atomic import replacing
from .files import reading

__all__ = ["read_arrays", "write_arrays"]

MOST_BYTES = 2**26
"""So much a file may hold; a larger one is no model or checkpoint of this package."""
MOST_ENTRIES = 2**16
"""So many arrays a file may hold, and texts an array: each takes memory of its own."""
ENTRY = b"PK\1\2"
"""Begins each entry of a zip's list of members."""
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
    size = len(content.getbuffer())
    if size > MOST_BYTES:  # which could not be read back
        raise OutputError(
            f"{show(path)}: expected at most {MOST_BYTES:,} bytes to write, found "
            f"{size:,}"
        )
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
    with reading(path, MOST_BYTES) as file:
        content = file.read()
    try:
        return _decode(content)
    except DataError as error:
        raise DataError(f"{show(path)}: {error}: write the file anew") from error
    except Exception as error:  # zipfile and NumPy list nowhere what damage raises
        raise DataError(
            f"{show(path)}: expected a .npz file of plain arrays, found something else "
            f"or a damaged one ({error!r:.200}): write the file anew"
        ) from error


def _decode(content: bytes) -> dict[str, np.ndarray]:
    """Read all arrays of a file, if it names no more than memory may hold."""
    _check_size(len(content))
    _check_count(content.count(ENTRY))
    with zipfile.ZipFile(BytesIO(content)) as archive:
        members = archive.infolist()
        _check_size(sum(member.file_size for member in members))
        return {m.filename[: -len(".npy")]: _load(archive, m) for m in members}


def _load(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    """Load one array, decompressing no more than the size that the zip names."""
    if member.compress_type not in NUMPYS:
        raise DataError(f"expected NumPy's compression, found {member.compress_type}")
    with archive.open(member) as file:  # read() alone decompresses all there is
        content = BytesIO(file.read(member.file_size))
    _check_count(_count_texts(content))
    array = np.load(content, allow_pickle=False)
    if array.size > member.file_size or content.read(1):
        raise DataError("expected as many bytes as an array takes, found others")
    if array.dtype.kind not in KINDS:
        raise DataError(f"expected numbers or text, found type {array.dtype.str:.40}")
    if array.dtype.kind == "U":
        _check_characters(array)
    return array


def _check_characters(texts: np.ndarray) -> None:
    """Check that each number in texts is a character; NumPy's encoders pass others."""
    numbers = np.frombuffer(texts.tobytes(), f"{texts.dtype.byteorder}u4")
    if ((numbers > 0x10FFFF) | ((numbers >= 0xD800) & (numbers < 0xE000))).any():
        raise DataError("expected text, found numbers that are no characters")


def _count_texts(content: BytesIO) -> int:
    """Count the texts of an array by its header; 0 for an array of numbers."""
    version = np.lib.format.read_magic(content)
    read = {(1, 0): np.lib.format.read_array_header_1_0}.get(
        version, np.lib.format.read_array_header_2_0
    )
    shape, _, dtype = read(content)
    content.seek(0)
    return math.prod(shape) if dtype.kind == "U" else 0


def _check_count(count: int) -> None:
    """Check that there are no more arrays, or texts in one, than memory may hold."""
    if count > MOST_ENTRIES:
        raise DataError(f"expected at most {MOST_ENTRIES:,} entries, found {count:,}")


def _check_size(size: int) -> None:
    """Check that a file, or what it names, holds something, and not too much."""
    if not 0 < size <= MOST_BYTES:
        raise DataError(f"expected 1 to {MOST_BYTES:,} bytes, found {size:,}")
