"""What gives mini-batches: lists, generators, loaders, and arrays filled again.

Each is a function of a list of mini-batches, and of the world whose they are.
"""

from functools import partial

import mxnet as mx
import numpy as np
from gluon_softmax import BatchLoader, ImageDataset
from mxnet import gluon, nd


class Iterable:
    """Mini-batches that nothing but a loop can reach, generated anew for each."""

    def __init__(self, generate, *given):
        self._generate = partial(generate, *given)

    def __iter__(self):
        return iter(self._generate())


class Indexed:
    """Mini-batches by number, which Python can loop over as well."""

    def __init__(self, batches):
        self._batches = batches

    def __getitem__(self, index):
        return self._batches[index]


class Brightened(BatchLoader):
    """A loader whose own loop gives other images than its reading does."""

    def __iter__(self):
        return ((X * 2, y) for X, y in super().__iter__())


def join(batches):
    """Return all images, and all labels, as NumPy arrays."""
    return [np.concatenate([a.asnumpy() for a in arrays]) for arrays in zip(*batches)]


def slice_up(batches, world):
    """Return batches that are slices of one array."""
    X, y = (nd.array(array, dtype=array.dtype) for array in join(batches))
    ends = np.cumsum([0, *map(len, next(zip(*batches)))]).tolist()
    return [(X[i:j], y[i:j]) for i, j in zip(ends, ends[1:])]


def refill(batches, places):
    """Write all mini-batches to the same NDArrays."""
    for X, y in batches:
        place = places.setdefault(X.shape, (nd.zeros_like(X), nd.zeros_like(y)))
        place[0][:], place[1][:] = X, y
        yield place


def refill_memory(batches, places):
    """Write all mini-batches to the NumPy memory behind the same NDArrays."""
    for batch in batches:
        nd.waitall()  # MXNet knows nothing of what NumPy writes
        values = [array.asnumpy() for array in batch]
        place = places.setdefault(len(batch[0]), [value.copy() for value in values])
        for array, value in zip(place, values):
            array[:] = value
        # A view, since MXNet forbids NumPy to write to what it was given.
        yield tuple(nd.from_numpy(array[:], zero_copy=True) for array in place)


def erase(batches):
    """Overwrite each mini-batch once the next one is asked for."""
    for X, y in batches:
        X, y = X.copy(), y.copy()
        yield X, y
        X[:], y[:] = 0, 0


def look_at_net(batches, world):
    """Yield images that depend on how far the net is when they are asked for."""
    for X, y in batches:
        nd.waitall()
        norms = [float(array.norm().asscalar()) for array in world.arrays()]
        yield X * (1 + sum(norms) / 10), y


def break_off(batches, world):
    yield batches[0]
    raise OSError("the disk is gone")


def attach(batches, world, grad_req="write"):
    """Return batches whose images have a gradient."""
    for X, _ in batches:
        X.attach_grad(grad_req)
    return batches


def load_images(batches, world, kind=BatchLoader, transform=False, **options):
    X, y = join(batches)
    images = (np.abs(X[:, 0]) * 80).clip(0, 255).astype("uint8")
    dataset = ImageDataset(images, y.astype("int32").reshape(len(y)))
    if transform:
        dataset = dataset.transform_first(
            lambda image: (
                image.astype("float32").transpose((2, 0, 1)) * (world.number / 255)
            )
        )
    return kind(dataset, len(batches[0][0]), seed=3, **options)


def load_with_mxnet(batches, world, last_batch_handle):
    size, options = len(batches[0][0]), {"last_batch_handle": last_batch_handle}
    return mx.io.NDArrayIter(*join(batches), size, label_name="y", **options)


def load_with_gluon(batches, world):
    dataset = gluon.data.ArrayDataset(*join(batches))
    return gluon.data.DataLoader(dataset, len(batches[0][0]))


ITERATORS = {
    "list": lambda batches, world: batches,
    "tuple": lambda batches, world: tuple(batches),
    "list of lists": lambda batches, world: list(map(list, batches)),
    "generator": lambda batches, world: (batch for batch in batches),
    "map": lambda batches, world: map(tuple, batches),
    "iterable": lambda batches, world: Iterable(iter, batches),
    "indexed": lambda batches, world: Indexed(batches),
    "one batch again": lambda batches, world: [batches[0]] * 3 + batches[1:],
    "refilled": lambda batches, world: Iterable(refill, batches, {}),
    "erased": lambda batches, world: Iterable(erase, batches),
    "with gradient": attach,
    "with summed gradient": partial(attach, grad_req="add"),
    "broken": break_off,
    "slices": slice_up,
    "refilled memory": lambda batches, world: Iterable(refill_memory, batches, {}),
    "looking at the net": partial(Iterable, look_at_net),
    "gluon's loader": load_with_gluon,
    "mx.io discards": partial(load_with_mxnet, last_batch_handle="discard"),
    "mx.io pads": partial(load_with_mxnet, last_batch_handle="pad"),
}

ONE_PASS = {"generator", "map"}

IMAGE_ITERATORS = {
    "loader": load_images,
    "shuffled loader": partial(load_images, shuffle=True),
    "loader with workers": partial(load_images, num_workers=2),
    "transforming loader": partial(load_images, transform=True),
    "subclass of the loader": partial(load_images, kind=Brightened),
}
"""The same, for images and labels of the loader's own types."""
