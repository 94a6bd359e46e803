"""JSON from a file that anyone may have written: numbers and text, or one line."""

from __future__ import annotations

import json

from .errors import DataError

__all__ = ["decode_json"]

MOST_BYTES = 2**25
"""So much a file may hold: about 200,000 epochs."""


def decode_json(content: bytes) -> object:
    """Decode JSON, as far as any file of this package holds such.

    Parameters
    ----------
    content : bytes
        In UTF-8.

    Returns
    -------
    object
        Dictionaries, lists, text, numbers.

    Raises
    ------
    DataError
        If it is no JSON, nested without end, or larger than any of this package's.
    """
    if len(content) > MOST_BYTES:
        raise DataError(f"expected at most {MOST_BYTES:,} bytes of JSON, found more")
    try:
        return json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"expected JSON, found {error}") from error
