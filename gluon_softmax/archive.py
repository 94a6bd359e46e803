"""Named arrays in one file that NumPy alone can read: `.npz`, without any pickle."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import numpy as np

from .atomic import replacing
from .bounded import read_bytes
from .errors import DataError

__all__ = ["read_arrays", "write_arrays"]

MOST_BYTES = 2**28
"""So much a file may hold; a larger one is no model or checkpoint of this package."""
LONGEST_HEADER = 4096
KINDS = "biufU"
"""Of NumPy's types: yes and no, whole numbers, fractions, text."""
PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""What can be unpacked piece by piece, and is all that NumPy writes."""


def write_arrays(
    arrays: Mapping[str, np.ndarray], path: str | os.PathLike[str]
) -> Path:
    """Write arrays as NumPy's ``.npz``; equal arrays give equal bytes.

    Parameters
    ----------
    arrays : mapping of str to numpy.ndarray
        Of numbers or of text.
    path : path

    Returns
    -------
    pathlib.Path
        The file written.

    Raises
    ------
    OutputError
        If it cannot be written; what stood there before is then untouched.
    """
    content = BytesIO()  # on a full disk zipfile would print an error of its own
    np.savez(content, **arrays)
    with replacing(path) as temporary, open(temporary, "wb") as file:
        file.write(content.getbuffer())
        file.flush()
        os.fsync(file.fileno())
    return Path(path)


def read_arrays(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """Read what `write_arrays` wrote; nothing in the file is run.

    Parameters
    ----------
    path : path

    Returns
    -------
    dict of str to numpy.ndarray

    Raises
    ------
    DataError
        If the file is missing, damaged, larger than any of this package's, or holds a
        pickle.
    """
    try:
        return decode_arrays(read_bytes(path, MOST_BYTES))
    except OSError as error:
        reason = error.strerror or error
        raise DataError(f"{path} cannot be read ({reason}): check the path") from error
    except DataError as error:
        raise DataError(f"{path}: {error}: write the file anew") from error


def decode_arrays(content: bytes) -> dict[str, np.ndarray]:
    """Read arrays from the bytes of a ``.npz`` file."""
    _check_size(len(content))
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            members = archive.infolist()
            _check_size(sum(member.file_size for member in members))
            _check_count(members, content)
            return {
                member.filename[: -len(".npy")]: _decode(_unpack(archive, member))
                for member in members
            }
    except DataError:
        raise
    # What zipfile and NumPy raise for damaged content is not listed anywhere.
    except Exception as error:
        raise DataError(
            "expected a .npz file of plain arrays, found something else or a damaged "
            f"one ({type(error).__name__})"
        ) from error


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """Unpack no more than the list promises, whatever the rest would grow to."""
    if member.compress_type not in PACKINGS:
        raise DataError(
            f"expected no packing but NumPy's, found {member.compress_type}"
        )
    with archive.open(member) as file:  # read() alone unpacks all before it counts
        return file.read(member.file_size)


def _decode(content: bytes) -> np.ndarray:
    """Read one array, whose header must agree with the bytes that follow it."""
    file = BytesIO(content)
    version = np.lib.format.read_magic(file)
    length = int.from_bytes(content[8:10], "little")
    if version != (1, 0) or length > LONGEST_HEADER:  # later ones are for long headers
        raise DataError("expected arrays, found a header unlike theirs")
    shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(file)
    if dtype.hasobject:
        raise DataError("expected plain numbers, found a pickle, which is never loaded")
    numbers = np.frombuffer(content, dtype, offset=file.tell())
    if dtype.kind not in KINDS:
        raise DataError(f"expected numbers or text, found type {dtype.str!r:.40}")
    if dtype.kind == "U":
        _check_text(numbers)
    return numbers.reshape(shape, order="F" if is_fortran else "C")


def _check_text(texts: np.ndarray) -> None:
    """Refuse what is no character, which NumPy would hand on and Python not take."""
    codes = texts.view(texts.dtype.byteorder + "u4")
    if ((codes >= 0xD800) & (codes < 0xE000) | (codes > 0x10FFFF)).any():
        raise DataError("expected text, found numbers that are no characters")


def _check_count(members: list[zipfile.ZipInfo], content: bytes) -> None:
    """Refuse a list that lost entries; zipfile does not look at their number."""
    count = int.from_bytes(content[-12:-10], "little")
    if not members or len(members) != count:
        raise DataError(f"expected {count} arrays, found {len(members)}")


def _check_size(size: int) -> None:
    """Refuse to unpack what would fill the memory."""
    if size > MOST_BYTES:
        raise DataError(f"expected at most {MOST_BYTES:,} bytes, found {size:,}")
