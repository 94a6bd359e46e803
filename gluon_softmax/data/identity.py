"""What a data set is, by content: so that what was made from it knows it again.

A checkpoint, say, keeps what `identify` returns, and compares it by `find_difference`
when it is to go on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from itertools import zip_longest
from typing import Any
from zlib import crc32

import numpy as np
from mxnet.gluon.data.vision.transforms import Normalize

from .datasets import ImageDataset, TransformedDataset
from .transforms import flatten, read_scaling

__all__ = ["find_difference", "identify"]

MOST_BYTES = 2**26
"""Of a larger set every second image is read, or every third, and so on."""
BLOCK = 1000
"""So many images have a checksum of 32 bits, three times as fast as SHA-256."""


def identify(dataset: ImageDataset | TransformedDataset) -> dict[str, Any]:
    """Return what a data set is, as plain data for JSON.

    Parameters
    ----------
    dataset : ImageDataset or TransformedDataset

    Returns
    -------
    dict
        The number of images, their shape, the names of the classes in their order, the
        transforms, and a digest of images and labels in their order. Neither title nor
        folder: the same content is the same set wherever it is.
    """
    source, transforms = dataset.source, flatten(dataset.transforms)
    images, labels = source.images, source.labels
    step = 1 + images.size // MOST_BYTES
    digest = hashlib.sha256(np.ascontiguousarray(labels, "<i4"))
    for start in range(0, len(images), BLOCK * step):
        block = images[start : start + BLOCK * step : step]
        digest.update(b"%d " % crc32(np.ascontiguousarray(block)))
    return {
        "images": len(images),
        "shape": list(images.shape[1:]),
        "classes": list(source.classes),
        "preparation": source.preparation,
        "transforms": [_describe(transform) for transform in transforms],
        "digest": digest.hexdigest()[:16],
    }


def find_difference(expected: Any, found: Any, name: str = "") -> tuple | None:
    """Return where plain data differ first: a name and both values; None if they agree.

    Examples
    --------
    >>> find_difference({"classes": ["cat", "dog"]}, {"classes": ["cat", "cow"]})
    ('classes[1]', 'dog', 'cow')
    """
    pairs = []
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        names = dict.fromkeys([*expected, *found])
        prefix = f"{name}: " if name else ""
        pairs = [(f"{prefix}{n}", expected.get(n), found.get(n)) for n in names]
    if isinstance(expected, list) and isinstance(found, list):
        values = enumerate(zip_longest(expected, found))
        pairs = [(f"{name}[{number}]", *pair) for number, pair in values]
    for part, one, other in pairs:
        difference = find_difference(one, other, part)
        if difference:
            return difference
    return None if expected == found else (name, expected, found)


def _describe(transform: Callable) -> str:
    """Return what a transform is, with the numbers of `Normalize`."""
    if isinstance(transform, Normalize):
        return "Normalize({:.6g}, {:.6g})".format(*read_scaling([transform]))
    return type(transform).__name__
