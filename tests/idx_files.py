"""IDX files made by `struct`, without the package's help."""

from __future__ import annotations

import struct

import numpy as np

CODES = {"uint8": 8, "int8": 9, "int16": 11, "int32": 12, "float32": 13, "float64": 14}


def pack_header(*shape: int, code: int = 8) -> bytes:
    """Return the bytes before the first number."""
    return struct.pack(f">BBBB{len(shape)}I", 0, 0, code, len(shape), *shape)


def pack_idx(array: np.ndarray) -> bytes:
    """Return the bytes of an uncompressed file."""
    header = pack_header(*array.shape, code=CODES[array.dtype.name])
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()
