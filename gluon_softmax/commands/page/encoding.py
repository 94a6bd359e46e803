"""Arrays as text, for JSON."""

from __future__ import annotations

import zlib
from base64 import b64encode

import numpy as np

__all__ = ["compress", "compress_images", "encode"]


def encode(array: np.ndarray) -> str:
    """Write an array's bytes as base64."""
    return b64encode(np.ascontiguousarray(array).tobytes()).decode()


def compress(array: np.ndarray) -> dict:
    """Write an array's bytes compressed, and how many there are."""
    content = np.ascontiguousarray(array).tobytes()
    return {"size": len(content), "text": b64encode(zlib.compress(content, 9)).decode()}


def compress_images(images: np.ndarray) -> dict:
    """Write images (n, height, width, 1) compressed, columns first: that is smaller."""
    return compress(images[..., 0].transpose(0, 2, 1))
