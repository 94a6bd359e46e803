"""The IDX format of Fashion-MNIST and MNIST: bytes to arrays.

A file holds two zero bytes, a type code, the number of dimensions, each dimension as a
big-endian 32-bit integer, and then the numbers, big-endian, last dimension fastest.
Published at http://yann.lecun.com/exdb/mnist (since removed).
"""

from __future__ import annotations

import math
import os
import struct
from collections.abc import Callable
from typing import BinaryIO, Union

import numpy as np
from isal import igzip, isal_zlib  # twice as fast as zlib

from ..errors import DataError, show
from ..storage.files import reading
from .filearray import FileArray

Content = Union[bytes, memoryview]

__all__ = ["decode_idx", "open_idx", "read_content", "read_idx"]

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
MAX_DIMENSIONS = 32  # NumPy's own limit
MAX_HEADER = 4 + 4 * MAX_DIMENSIONS
MAX_RATIO = 1032  # of the bytes that gzip unpacks to those that it reads
MOST_BYTES = 640 * 2**20  # in memory: the largest of EMNIST takes 522 MiB
PIECE = 2**20  # bytes that fit the processor's cache: faster than all at once
GZIP_MAGIC = b"\x1f\x8b"
OTHER_CONTENT = {
    b"PK\x03\x04": "a zip archive",
    b"BZh": "a bzip2 file",
    b"\xfd7zXZ": "an xz file",
    b"\x28\xb5\x2f\xfd": "a zstd file",
    b"\x89HDF": "an HDF5 file",
    b"<": "a web page",
    GZIP_MAGIC: "a gzip file inside another",
}


def read_idx(path: str | os.PathLike[str]) -> np.ndarray:
    """Read an IDX file, compressed with gzip or not, whatever its name."""
    return decode_idx(read_content(path), show(path))


def open_idx(path: str | os.PathLike[str]) -> np.ndarray | FileArray:
    """Open an IDX file of any size: bytes that are not compressed stay in the file."""
    with reading(path) as file:
        start, size = file.read(MAX_HEADER), os.fstat(file.fileno()).st_size
    if start.startswith(GZIP_MAGIC):
        return read_idx(path)
    dtype, shape = _parse_header(start, show(path))
    if dtype != np.uint8:
        return read_idx(path)
    _check_size(size, dtype, shape, show(path))
    return FileArray(path, shape, _header_length(shape))


def read_content(
    path: str | os.PathLike[str], see: Callable[[memoryview], object] = len
) -> memoryview:
    """Read a file's IDX bytes, decompressed, and no more than its header promises.

    `see` is called with each piece of them, in turn.
    """
    name = show(path)
    try:
        with reading(path) as file:
            most = os.fstat(file.fileno()).st_size
            if file.peek(2)[:2] != GZIP_MAGIC:
                return _read_promised(file, most, see, name)
            with igzip.open(file) as unpacked:
                return _read_promised(unpacked, MAX_RATIO * most, see, name)
    except EOFError as error:
        raise DataError(
            f"{name} is cut off within its gzip stream: delete it and fetch it again"
        ) from error
    except (igzip.BadGzipFile, isal_zlib.error) as error:
        raise DataError(
            f"{name} is a damaged gzip file ({error}): delete it and fetch it again"
        ) from error


def decode_idx(content: Content, name: str = "IDX data") -> np.ndarray:
    """Convert uncompressed IDX bytes to an array of native byte order.

    Of bytes it is a read-only view of `content`; an error calls the data `name`.

    Examples
    --------
    >>> decode_idx(bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6]))
    array([[1, 2, 3],
           [4, 5, 6]], dtype=uint8)
    """
    dtype, shape = _parse_header(content, name)
    _check_size(len(content), dtype, shape, name)
    numbers = np.frombuffer(content, dtype, offset=_header_length(shape))
    return numbers.reshape(shape).astype(dtype.newbyteorder("="), copy=False)


def _read_promised(
    file: BinaryIO, most: int, see: Callable[[memoryview], object], name: str
) -> memoryview:
    """Read header and numbers of a file that holds at most so many bytes."""
    start = file.read(MAX_HEADER)
    dtype, shape = _parse_header(start, name)
    length = min(_length(dtype, shape), most)
    _check_memory(length if dtype.itemsize == 1 else 2 * length, shape, name)
    # One byte more than promised shows whether there is more, and checks gzip's sum.
    place = memoryview(np.empty(length + 1, "uint8"))
    count = min(len(start), len(place))
    place[:count] = start[:count]
    see(place[:count])
    while count < len(place) and (read := file.readinto(place[count : count + PIECE])):
        see(place[count : count + read])
        count += read
    _check_size(count, dtype, shape, name)
    return place[:count].toreadonly()


def _check_memory(size: int, shape: tuple[int, ...], name: str) -> None:
    """Check that numbers fit memory: twice those whose bytes change places."""
    if size > MOST_BYTES:
        raise DataError(
            f"{name}: expected at most {MOST_BYTES:,} bytes in memory, found numbers "
            f"that take {size:,} (shape {shape}): only images that are not compressed, "
            "which ImageDataset.from_idx leaves in their file, may be larger"
        )


def _check_size(size: int, dtype: np.dtype, shape: tuple[int, ...], name: str) -> None:
    """Check that a file is as long as its header says."""
    expected = _length(dtype, shape)
    if size != expected:
        found = "more" if size > expected else f"only {size:,}"
        raise DataError(
            f"{name}: the header promises {expected:,} bytes (shape {shape}), "
            f"found {found}: delete it and fetch it again"
        )


def _parse_header(content: Content, name: str) -> tuple[np.dtype, tuple[int, ...]]:
    """Read type and shape from the first bytes of an IDX file."""
    if len(content) < 4:
        found = "ends within its header" if len(content) else "is empty"
        raise DataError(f"{name} {found}: delete it and fetch it again")
    if content[:2] != b"\0\0":
        raise DataError(
            f"{name} is not IDX: expected two zero bytes at the start, "
            f"found {_describe(content)}"
        )
    _, _, code, dimensions = content[:4]
    if code not in TYPES:
        raise DataError(f"{name}: type code {code:#04x} is none of IDX's (0x08-0x0e)")
    if not 0 < dimensions <= MAX_DIMENSIONS:
        raise DataError(f"{name}: expected 1 to 32 dimensions, found {dimensions}")
    if len(content) < 4 + 4 * dimensions:
        raise DataError(f"{name} ends within its header: delete it and fetch it again")
    shape = struct.unpack_from(f">{dimensions}I", content, 4)
    if 0 in shape:
        raise DataError(f"{name} holds no numbers: its header says shape {shape}")
    return np.dtype(TYPES[code]), shape


def _describe(content: Content) -> str:
    """Return what a file that is not IDX seems to be."""
    beginning = bytes(content[:MAX_HEADER])
    for start, description in OTHER_CONTENT.items():
        if beginning.lstrip().startswith(start):
            return description
    return repr(beginning[:4])


def _header_length(shape: tuple[int, ...]) -> int:
    """Count the bytes before the first number."""
    return 4 + 4 * len(shape)


def _length(dtype: np.dtype, shape: tuple[int, ...]) -> int:
    """Count the bytes of the whole file."""
    return _header_length(shape) + math.prod(shape) * dtype.itemsize
