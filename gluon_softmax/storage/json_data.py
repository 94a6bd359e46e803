"""JSON from a file that anyone may have written: numbers and text, or one line."""

from __future__ import annotations

import json
import os

from ..errors import DataError, show
from .files import reading

__all__ = ["MOST_BYTES", "decode_json", "read_json"]

MOST_BYTES = 2**24
"""So much a file may hold, about 100,000 epochs; as objects it takes up to 35 times."""


def read_json(path: str | os.PathLike[str]) -> object:
    """Read a JSON file; raise `DataError` for what `decode_json` does not decode."""
    with reading(path, MOST_BYTES) as file:
        content = file.read()
    try:
        return decode_json(content)
    except DataError as error:
        raise DataError(f"{show(path)}: {error}") from error


def decode_json(content: bytes) -> object:
    """Decode JSON; raise `DataError` if it is none, endlessly nested, or too large."""
    if len(content) > MOST_BYTES:
        raise DataError(f"expected at most {MOST_BYTES:,} bytes of JSON, found more")
    try:
        found = json.loads(content.decode("utf-8"))
        if b"\\u" in content:  # half a character, perhaps, which nobody could write
            json.dumps(found, ensure_ascii=False).encode("utf-8")
        return found
    except (ValueError, RecursionError) as error:
        raise DataError(f"expected JSON, found {error}") from error
