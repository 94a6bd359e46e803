"""The IDX format of Fashion-MNIST and MNIST: bytes to arrays and back.

A file holds two zero bytes, a type code, the number of dimensions, each dimension as a
big-endian 32-bit integer, and then the numbers, big-endian, last dimension fastest.
Published at http://yann.lecun.com/exdb/mnist (since removed).
"""

from __future__ import annotations

import math
import os
import struct
from typing import Union

import numpy as np
from isal import isal_zlib  # twice as fast as zlib

from ..errors import DataError
from .filearray import FileArray

Content = Union[bytes, memoryview]

__all__ = ["decode_idx", "encode_idx", "open_idx", "read_content", "read_idx"]

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
MAX_DIMENSIONS = 32  # NumPy's own limit
MAX_HEADER = 4 + 4 * MAX_DIMENSIONS
PIECE = 2**18  # bytes of a compressed file
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
    """Read an IDX file, compressed with gzip or not.

    Parameters
    ----------
    path : path
        The file; whether it is compressed is seen from its bytes, not its name.

    Returns
    -------
    numpy.ndarray
        The numbers in the shape and type that the header gives, in native byte order.

    Raises
    ------
    DataError
        If the file is missing, damaged, or not IDX.
    """
    return decode_idx(read_content(path), str(path))


def open_idx(path: str | os.PathLike[str]) -> np.ndarray | FileArray:
    """Open an IDX file of any size: bytes that are not compressed stay in the file.

    Parameters
    ----------
    path : path
        The file, compressed with gzip or not.

    Returns
    -------
    FileArray or numpy.ndarray
        The former for uncompressed bytes, of which rows are read when they are needed;
        else what `read_idx` gives.

    Raises
    ------
    DataError
        If the file is missing, damaged, or not IDX.
    """
    start = _read(path, MAX_HEADER)
    if start.startswith(GZIP_MAGIC):
        return read_idx(path)
    dtype, shape = _parse_header(start, str(path))
    if dtype != np.uint8:
        return read_idx(path)
    _check_size(os.path.getsize(path), dtype, shape, str(path))
    return FileArray(path, shape, _header_length(shape))


def read_content(path: str | os.PathLike[str]) -> Content:
    """Read a file's IDX bytes, decompressed, and no more than its header promises.

    Parameters
    ----------
    path : path
        The file, compressed with gzip or not.

    Returns
    -------
    bytes or memoryview
        Header and numbers; what `decode_idx` takes and checksums are taken of.

    Raises
    ------
    DataError
        If the file is missing, damaged, or holds more or less than its header promises.
    """
    raw = _read(path)
    if not raw.startswith(GZIP_MAGIC):
        _check_length(raw, str(path))
        return raw
    return _decompress(raw, str(path))


def decode_idx(content: Content, name: str = "IDX data") -> np.ndarray:
    """Turn IDX bytes into an array.

    Parameters
    ----------
    content : bytes or memoryview
        Uncompressed IDX: header and numbers.
    name : str
        What to call the data in an error.

    Returns
    -------
    numpy.ndarray
        A read-only view of `content` where it holds bytes, else a native copy.

    Raises
    ------
    DataError
        If the header is not IDX's or `content` is longer or shorter than it says.

    Examples
    --------
    >>> decode_idx(bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6]))
    array([[1, 2, 3],
           [4, 5, 6]], dtype=uint8)
    """
    dtype, shape = _check_length(content, name)
    numbers = np.frombuffer(content, dtype, offset=_header_length(shape))
    return numbers.reshape(shape).astype(dtype.newbyteorder("="), copy=False)


def encode_idx(array: np.ndarray) -> bytes:
    r"""Turn an array into uncompressed IDX bytes.

    Parameters
    ----------
    array : numpy.ndarray
        At least one number, of type uint8, int8, int16, int32, float32 or float64.

    Returns
    -------
    bytes
        Header and numbers.

    Raises
    ------
    DataError
        If IDX has no code for the array's type or shape.

    Examples
    --------
    >>> encode_idx(np.array([7, 8], dtype="uint8"))
    b'\x00\x00\x08\x01\x00\x00\x00\x02\x07\x08'
    """
    dtype = array.dtype.newbyteorder(">")
    codes = [code for code, known in TYPES.items() if np.dtype(known) == dtype]
    if not codes or not 0 < array.ndim <= MAX_DIMENSIONS or not array.size:
        raise DataError(
            f"IDX cannot hold an array of type {array.dtype} and shape {array.shape}: "
            "expected uint8, int8, int16, int32, float32 or float64, and no empty axis"
        )
    header = struct.pack(
        f">BBBB{array.ndim}I", 0, 0, codes[0], array.ndim, *array.shape
    )
    return header + array.astype(dtype).tobytes()


def _read(path: str | os.PathLike[str], limit: int = -1) -> bytes:
    """Read a file, or its first bytes, and refuse one that holds none."""
    try:
        with open(path, "rb") as file:
            raw = file.read(limit)
    except OSError as error:
        raise DataError(
            f"{path} cannot be read ({error.strerror}): expected an IDX file there"
        ) from error
    if not raw:
        raise DataError(f"{path} is empty: delete it and fetch it again")
    return raw


def _decompress(raw: bytes, name: str) -> memoryview:
    """Decompress as much as the header promises, whatever the rest would grow to."""
    gzip = isal_zlib.decompressobj(wbits=isal_zlib.MAX_WBITS | 16)
    try:
        content = bytearray(gzip.decompress(raw[:PIECE], MAX_HEADER))
        # One byte more than promised shows whether there is more.
        limit = _length(*_parse_header(content, name)) + 1
        end = _decompress_rest(gzip, raw, content, limit)
    except isal_zlib.error as error:
        raise DataError(
            f"{name} is a damaged gzip file ({error}): delete it and fetch it again"
        ) from error
    if gzip.unused_data or (gzip.eof and end < len(raw)):
        raise DataError(
            f"{name} goes on after its gzip stream: unpack it with gunzip, "
            "or delete it and fetch it again"
        )
    _check_length(content, name)
    if not gzip.eof:
        raise DataError(
            f"{name} is a gzip file cut off before its checksum: "
            "delete it and fetch it again"
        )
    return memoryview(content).toreadonly()


def _decompress_rest(gzip, raw: bytes, content: bytearray, limit: int) -> int:
    """Add to the content, piece by piece, up to a limit; say where the last piece ends.

    Pieces that fit the processor's cache take half the time of the whole at once.
    """
    data, end = gzip.unconsumed_tail, PIECE
    while not gzip.eof and len(content) < limit:
        room = min(limit - len(content), 4 * PIECE)
        piece = gzip.decompress(data, room)
        content += piece
        data = gzip.unconsumed_tail
        if not data and len(piece) < room:
            if end >= len(raw):
                break
            data, end = raw[end : end + PIECE], end + PIECE
    return end


def _check_length(content: Content, name: str) -> tuple[np.dtype, tuple[int, ...]]:
    """Read the header, and refuse content that is longer or shorter than it says."""
    dtype, shape = _parse_header(content, name)
    _check_size(len(content), dtype, shape, name)
    return dtype, shape


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
        raise DataError(f"{name} ends within its header: delete it and fetch it again")
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
    """Bytes before the first number."""
    return 4 + 4 * len(shape)


def _length(dtype: np.dtype, shape: tuple[int, ...]) -> int:
    """Bytes of the whole file."""
    return _header_length(shape) + math.prod(shape) * dtype.itemsize
