"""Files that may be larger than any of this package's: read no further than that."""

from __future__ import annotations

import os

__all__ = ["read_bytes"]

LEAST = 2**16


def read_bytes(path: str | os.PathLike[str], most: int) -> bytes:
    """Read a file, and one byte more than it may have where it has more.

    Parameters
    ----------
    path : path
    most : int
        How many bytes it may have.

    Returns
    -------
    bytes

    Raises
    ------
    OSError
        If it cannot be read.
    """
    with open(path, "rb") as file:
        # Python sets aside all that it is asked for. Devices have no size.
        size = max(os.fstat(file.fileno()).st_size, LEAST)
        return file.read(min(size, most) + 1)
