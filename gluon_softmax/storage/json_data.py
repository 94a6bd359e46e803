"""JSON from a file that anyone may have written: numbers and text, or one line."""

from __future__ import annotations

import json
import os

from ..errors import DataError

__all__ = ["decode_json", "read_json"]

MOST_BYTES = 2**25
"""So much a file may hold: about 200,000 epochs."""


def read_json(path: str | os.PathLike[str]) -> object:
    """Read a JSON file; raise `DataError` for what `decode_json` does not decode."""
    try:
        with open(path, "rb") as file:  # which may have no end
            return decode_json(file.read(MOST_BYTES + 1))
    except OSError as error:
        reason = error.strerror or error
        raise DataError(f"{path} cannot be read ({reason})") from error
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def decode_json(content: bytes) -> object:
    """Decode JSON; raise `DataError` if it is none, endlessly nested, or too large."""
    if len(content) > MOST_BYTES:
        raise DataError(f"expected at most {MOST_BYTES:,} bytes of JSON, found more")
    try:
        return json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"expected JSON, found {error}") from error
