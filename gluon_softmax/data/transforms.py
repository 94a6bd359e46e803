"""Section 3.5: Gluon's image transforms, on whole batches instead of image by image.

A step takes a batch as a NumPy array, a seed, and what makes the array it may write to;
it gives a batch. The values are those that Gluon's transforms of the same name give for
each image; a transform that is not among them is called for each image, at Gluon's
speed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Union

import numpy as np
from mxnet import nd
from mxnet.gluon import nn
from mxnet.gluon.data.vision import transforms

from ..engine.memory import Empty, as_ndarray
from ..errors import ArgumentError
from .randomness import random_state

__all__ = [
    "Step",
    "count_for_workers",
    "flatten",
    "is_in_background",
    "make_steps",
    "read_scaling",
]

Seed = tuple[int, ...]
Step = Callable[[np.ndarray, Seed, Empty], Union[np.ndarray, nd.NDArray]]


def make_steps(transform: Iterable[Callable]) -> list[Step]:
    """Turn transforms of single images, applied in turn, into steps for whole batches.

    They may be transforms of `mxnet.gluon.data.vision`, a `Compose` of them, or
    functions from one image to one image.
    """
    singles = list(flatten(transform))
    _check_order(singles)
    makers = [_MAKERS.get(type(single)) for single in singles]
    return [
        make(single) if make else partial(_each, single)
        for make, single in zip(makers, singles)
    ]


def is_in_background(step: Step) -> bool:
    """Return whether MXNet computes a step, to an NDArray, while Python goes on."""
    return isinstance(step, partial) and step.func is _resize


def count_for_workers(steps: list[Step]) -> int:
    """Count the first steps that are a worker process's: up to the last slow one.

    None is where each takes whole batches: these are faster where they are used.
    """
    slow = [
        number
        for number, step in enumerate(steps, 1)
        if isinstance(step, partial) and step.func is _each
    ]
    return slow[-1] if slow else 0


def read_scaling(transform: Iterable[Callable]) -> tuple[float, float]:
    """Return what pixels in 0-1 are brought to: mean and deviation of `Normalize`.

    Examples
    --------
    >>> read_scaling([transforms.ToTensor(), transforms.Normalize(0.25, 0.5)])
    (0.25, 0.5)
    """
    for single in flatten(transform):
        if isinstance(single, transforms.Normalize):
            return float(single._mean), float(single._std)
    return 0.0, 1.0


def flatten(transform: Iterable[Callable]) -> Iterator[Callable]:
    """Yield single transforms in place of those composed of others."""
    for single in transform:
        if type(single) in _COMPOSED:
            yield from flatten(single[i] for i in range(len(single)))
        else:
            yield single


def _check_order(singles: list[Callable]) -> None:
    """Check that Gluon's transforms find the channels on the axis that they assume.

    A function of the user's may move the channels, so nothing is known behind it.
    """
    is_tensor = False
    for single in singles:
        kind = type(single)
        if kind.__module__ != transforms.__name__ or kind is transforms.RandomApply:
            return
        if kind is not transforms.Cast and is_tensor != (kind is transforms.Normalize):
            raise ArgumentError(
                f"expected {kind.__name__} {'before' if is_tensor else 'behind'} "
                "ToTensor, which brings the channels to the front, found it on the "
                "other side, where it would act on the wrong axis: change the order"
            )
        is_tensor |= kind is transforms.ToTensor


def _to_tensor(X: np.ndarray, seed: Seed, empty: Empty) -> np.ndarray:
    """Scale bytes to 0-1, and bring the channels before height and width."""
    X = X.transpose(0, 3, 1, 2)
    place = empty(X.shape, "float32")
    np.copyto(place, X)  # in two steps, for NumPy converts in blocks on the way
    return np.divide(place, np.float32(255), out=place)


def _normalize(
    mean: np.ndarray, std: np.ndarray, X: np.ndarray, seed: Seed, empty: Empty
) -> np.ndarray:
    """Subtract each channel's mean, and divide by its standard deviation."""
    if {len(mean), len(std)} - {1, X.shape[1]}:
        raise ArgumentError(
            f"expected Normalize with one mean and deviation, or {X.shape[1]}, one for "
            f"each channel of the images, found {len(mean)} and {len(std)}"
        )
    shifted = np.subtract(X, mean, out=empty(X.shape, "float32"), dtype="float32")
    return np.divide(shifted, std, out=shifted)


def _resize(
    transform: transforms.Resize, X: np.ndarray, seed: Seed, empty: Empty
) -> nd.NDArray:
    """Resize (n, height, width, channels) to another height and width."""
    return transform(as_ndarray(X))


def _flip(X: np.ndarray, seed: Seed, empty: Empty) -> np.ndarray:
    """Mirror each image (height, width, channels) with a chance of one half."""
    mirrored = random_state(*seed).randint(0, 2, len(X)).astype(bool)
    return np.where(mirrored[:, None, None, None], X[:, :, ::-1], X)


def _cast(dtype: str, X: np.ndarray, seed: Seed, empty: Empty) -> np.ndarray:
    """Convert to another type."""
    return X.astype(dtype)


def _make_normalize(transform: transforms.Normalize) -> Step:
    """Convert mean and deviation, a number or one per channel, to (channels, 1, 1)."""
    mean, std = (
        np.reshape(np.array(values, dtype="float32"), (-1, 1, 1))
        for values in (transform._mean, transform._std)
    )
    return partial(_normalize, mean, std)


_COMPOSED = (transforms.Compose, nn.Sequential, nn.HybridSequential)
_MAKERS: dict[type, Callable[..., Step]] = {
    transforms.ToTensor: lambda transform: _to_tensor,
    transforms.Normalize: _make_normalize,
    transforms.Resize: lambda transform: partial(_resize, transform),
    transforms.RandomFlipLeftRight: lambda transform: _flip,
    transforms.Cast: lambda transform: partial(_cast, transform._dtype),
}


def _each(transform: Callable, X: np.ndarray, seed: Seed, empty: Empty) -> np.ndarray:
    """Call a transform for each image, as Gluon does."""
    images = [transform(nd.array(image, dtype=image.dtype)) for image in X]
    for image in images:
        _check_image(image, images[0])
    if isinstance(images[0], nd.NDArray):
        return nd.stack(*images).asnumpy()
    return np.stack(images)


def _check_image(image: object, first: nd.NDArray | np.ndarray) -> None:
    """Check that a transform's result can be stacked to a batch."""
    if not isinstance(image, (nd.NDArray, np.ndarray)):
        raise ArgumentError(
            "expected the transform to return an NDArray, found a "
            f"{type(image).__name__}: wrap it in nd.array(...)"
        )
    if image.shape != first.shape:
        raise ArgumentError(
            "expected the transform to give all images one shape, found "
            f"{first.shape} and {image.shape}: resize or crop them"
        )
