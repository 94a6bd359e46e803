"""What gives mini-batches: lists, generators, loaders, and arrays filled again.

`X` and `y` are NumPy arrays, `sizes` the number of samples of each batch.
"""

from __future__ import annotations

import mxnet as mx
import numpy as np
from gluon_softmax import BatchLoader, ImageDataset
from mxnet import gluon, nd


def split(X, y, sizes):
    """Cut a data set into mini-batches of NumPy arrays."""
    ends = np.cumsum(sizes)
    return [(X[end - n : end], y[end - n : end]) for n, end in zip(sizes, ends)]


def as_list(X, y, sizes):
    """Return a list of mini-batches."""
    return [
        (nd.array(a, dtype=a.dtype), nd.array(b, dtype=b.dtype))
        for a, b in split(X, y, sizes)
    ]


class Iterable:
    """Mini-batches that nothing but a loop can reach."""

    def __init__(self, batches):
        self._batches = batches

    def __iter__(self):
        yield from self._batches


class Indexed:
    """Mini-batches by number, which Python can loop over as well."""

    def __init__(self, batches):
        self._batches = batches

    def __getitem__(self, index):
        return self._batches[index]


class Refilled:
    """Mini-batches that are written to the same NDArrays."""

    def __init__(self, batches):
        self._batches = batches
        self._arrays = {}

    def __iter__(self):
        for X, y in self._batches:
            shape = X.shape
            if shape not in self._arrays:
                self._arrays[shape] = nd.zeros_like(X), nd.zeros_like(y)
            places = self._arrays[shape]
            places[0][:], places[1][:] = X, y
            yield places


class RefilledMemory:
    """Mini-batches that are written to the NumPy memory behind the same NDArrays."""

    def __init__(self, batches):
        self._batches = batches
        self._places = {}

    def __iter__(self):
        for batch in self._batches:
            nd.waitall()  # MXNet knows nothing of what NumPy writes
            places = self._places.setdefault(len(batch[0]), [a.copy() for a in batch])
            for place, array in zip(places, batch):
                place[:] = array
            # A view, since MXNet forbids NumPy to write to what it was given.
            yield tuple(nd.from_numpy(place[:], zero_copy=True) for place in places)


class Erased(Iterable):
    """Mini-batches that are overwritten once the next one is asked for."""

    def __iter__(self):
        for X, y in self._batches:
            X, y = X.copy(), y.copy()
            yield X, y
            X[:], y[:] = 0, 0


class Looking(Iterable):
    """Images that depend on how far the net is when they are asked for."""

    def __init__(self, batches, world):
        super().__init__(batches)
        self._world = world

    def __iter__(self):
        for X, y in self._batches:
            nd.waitall()
            sums = [float(array.sum().asscalar()) for array in self._world.arrays()]
            yield X * (1 + sum(sums) / 10), y


class Brightened(BatchLoader):
    """A loader whose own loop gives other images than its reading does."""

    def __iter__(self):
        return ((X * 2, y) for X, y in super().__iter__())


def attach(batches, grad_req="write"):
    """Return batches whose images have a gradient."""
    for X, _ in batches:
        X.attach_grad(grad_req)
    return batches


def break_off(batches):
    """Yield one mini-batch, then fail."""
    yield batches[0]
    raise OSError("the disk is gone")


def slice_rows(X, y, sizes):
    """Return mini-batches that are views of one NDArray."""
    return split(nd.array(X, dtype=X.dtype), nd.array(y, dtype=y.dtype), sizes)


def load_images(kind=BatchLoader, shuffle=False):
    """Return a function that makes a loader of this package, of images as bytes."""

    def make(X, y, sizes, world):
        images = (np.abs(X[:, 0]) * 80).clip(0, 255).astype("uint8")
        labels = y.astype("int32").reshape(len(y))
        return kind(ImageDataset(images, labels), sizes[0], shuffle=shuffle, seed=3)

    return make


def make_io(last_batch_handle):
    """Return a function that makes an iterator of `mx.io`."""

    def make(X, y, sizes, world):
        return mx.io.NDArrayIter(
            X, y, sizes[0], last_batch_handle=last_batch_handle, label_name="y"
        )

    return make


def load_with_gluon(X, y, sizes, world):
    """Make Gluon's own loader."""
    return gluon.data.DataLoader(gluon.data.ArrayDataset(X, y), sizes[0])


def of_list(make):
    """Return a function that makes an iterator of a list of mini-batches."""
    return lambda X, y, sizes, world: make(as_list(X, y, sizes))


ITERATORS = {
    "list": of_list(list),
    "tuple": of_list(tuple),
    "list of lists": of_list(lambda batches: [list(batch) for batch in batches]),
    "generator": of_list(lambda batches: (batch for batch in batches)),
    "map": of_list(lambda batches: map(tuple, batches)),
    "iterable": of_list(Iterable),
    "indexed": of_list(Indexed),
    "one batch again": of_list(lambda batches: [batches[0]] * 3 + batches[1:]),
    "slices": lambda X, y, sizes, world: slice_rows(X, y, sizes),
    "refilled": of_list(Refilled),
    "refilled memory": lambda X, y, sizes, world: RefilledMemory(split(X, y, sizes)),
    "erased": of_list(Erased),
    "looking at the net": lambda X, y, sizes, world: Looking(
        as_list(X, y, sizes), world
    ),
    "with gradient": of_list(attach),
    "with summed gradient": of_list(lambda batches: attach(batches, "add")),
    "broken": of_list(break_off),
    "gluon's loader": load_with_gluon,
    "mx.io discards": make_io("discard"),
    "mx.io pads": make_io("pad"),
}
"""Functions of ``X, y, sizes, world``, for any data."""

ONE_PASS = {"generator", "map"}

IMAGE_ITERATORS = {
    "loader": load_images(),
    "shuffled loader": load_images(shuffle=True),
    "subclass of the loader": load_images(Brightened),
}
"""The same, for images and labels of the loader's own types."""
