"""A picture's file decoded: of a known format, upright, and of bounded size.

A file of a few kilobytes may say that it is of billions of pixels. Its header decides
what decoding would take, and all threads of the process together take no more than
`MOST_BYTES`.
"""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import BinaryIO

from PIL import Image, ImageOps, UnidentifiedImageError

from ..errors import DataError, show
from ..storage.files import reading

__all__ = ["FORMATS", "open_picture"]

FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP")
"""What is decoded; of all else that Pillow knows, EPS starts another program."""
REDUCED = 1024
"""Pictures twice as long are brought to about this, before they are prepared."""
MOST_FILE = 2**28
"""So many bytes a picture's file may have."""
MOST_BYTES = 2**29
"""So much memory decoding may take, of all pictures at a time."""
DECODED = {"WEBP": 16, "TIFF": 12}
"""Bytes that decoding takes for a pixel, where they are not 8."""
PREPARED = 24
"""And what a pixel takes that is left."""

# Blocks that malloc gives back at once; smaller ones each heap of a thread would keep.
Image.core.set_block_size(2**26)
_used, _freed = 0, threading.Condition()
_opening = threading.Lock()


@contextmanager
def open_picture(path: str | os.PathLike[str]) -> Iterator[tuple[Image.Image, str]]:
    """Decode a picture's first frame, turned as its EXIF data say.

    With it comes what the file holds: size, mode, and whether several frames. One that
    is very large is brought to a smaller size, with the same shape.

    Raises
    ------
    DataError
        If it cannot be read, in one line.
    """
    with reading(path, MOST_FILE) as file, ExitStack() as stack:
        with _explaining(path):
            image = _open(file)
            size, mode = image.size, image.mode
            frame = "frame 1 of several, " if _is_animated(image) else ""
            stack.enter_context(_reserve(_count_bytes(image)))
            image = _decode(image)
        is_turned = (image.width < image.height) != (size[0] < size[1])
        width, height = size[::-1] if is_turned else size
        yield image, f"{frame}{width} x {height} {mode}"


def _open(file: BinaryIO) -> Image.Image:
    """Read a picture's header."""
    with _opening, warnings.catch_warnings():  # of one thread at a time
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        return Image.open(file, formats=FORMATS)


def _is_animated(image: Image.Image) -> bool:
    """Return whether a file holds several frames; most formats hold one."""
    return getattr(image, "is_animated", False)


def _count_bytes(image: Image.Image) -> int:
    """Count the memory that a picture takes at most, by its header."""
    pixels, each = image.width * image.height, DECODED.get(image.format, 8)
    if pixels * each > MOST_BYTES:
        raise DataError(
            f"expected a {image.format} of at most {MOST_BYTES // each:,} pixels, "
            f"found {pixels:,} ({image.width} x {image.height}): save it smaller"
        )
    return pixels * each + min(pixels, (2 * REDUCED) ** 2) * PREPARED


@contextmanager
def _reserve(size: int) -> Iterator[None]:
    """Wait until so much memory is free of other pictures; one alone may have any."""
    global _used
    with _freed:
        _freed.wait_for(lambda: not _used or _used + size <= MOST_BYTES)
        _used += size
    try:
        yield
    finally:
        with _freed:
            _used -= size
            _freed.notify_all()


def _decode(image: Image.Image) -> Image.Image:
    """Decode an opened picture, at a smaller size where that is enough."""
    factor = max(image.size) // REDUCED
    if factor < 2:
        ImageOps.exif_transpose(image, in_place=True)
        return image
    # A JPEG is decoded at a smaller size, the others brought to it at once.
    image.draft(None, tuple(max(1, side // factor) for side in image.size))
    ImageOps.exif_transpose(image, in_place=True)
    if image.mode in ("P", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
    elif image.mode == "1":
        image = image.convert("L")
    elif image.mode == "LAB":
        image = image.convert("RGB")
    elif image.mode.startswith("I;16"):
        image = image.convert("I")
    return image.reduce(max(1, max(image.size) // REDUCED))


@contextmanager
def _explaining(path: str | os.PathLike[str]) -> Iterator[None]:
    """Raise `DataError` for what cannot be decoded.

    What Pillow raises for damaged files depends on the format: ValueError, SyntaxError,
    struct.error and others, besides its own.
    """
    try:
        yield
    except DataError as error:
        raise DataError(f"{show(path)}: {error}") from error
    except Exception as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        if isinstance(error, UnidentifiedImageError):
            reason = "of another kind, or damaged"
        raise DataError(
            f"{show(path)}: expected a picture ({', '.join(FORMATS)}), found none that "
            f"can be read ({reason:.100}): mend or remove it"
        ) from error
