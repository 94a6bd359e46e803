"""Arrays as text, for JSON."""

from __future__ import annotations

from base64 import b64encode

import numpy as np

__all__ = ["encode"]


def encode(array: np.ndarray) -> str:
    """Write an array's bytes as base64."""
    return b64encode(np.ascontiguousarray(array).tobytes()).decode()
