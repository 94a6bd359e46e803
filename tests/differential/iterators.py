"""What gives mini-batches: lists, generators, loaders, and arrays filled again.

`X` and `y` are NumPy arrays, `sizes` the number of samples of each batch.
"""

from functools import partial

import mxnet as mx
import numpy as np
from gluon_softmax import BatchLoader, ImageDataset
from mxnet import gluon, nd


def split(X, y, sizes):
    ends = np.cumsum(sizes)
    return [(X[end - n : end], y[end - n : end]) for n, end in zip(sizes, ends)]


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
        place = places.setdefault(len(batch[0]), [a.copy() for a in batch])
        for array, value in zip(place, batch):
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


def break_off(batches):
    yield batches[0]
    raise OSError("the disk is gone")


def attach(batches, grad_req="write"):
    """Return batches whose images have a gradient."""
    for X, _ in batches:
        X.attach_grad(grad_req)
    return batches


def load_images(X, y, sizes, world, kind=BatchLoader, transform=False, **options):
    images = (np.abs(X[:, 0]) * 80).clip(0, 255).astype("uint8")
    dataset = ImageDataset(images, y.astype("int32").reshape(len(y)))
    if transform:
        dataset = dataset.transform_first(
            lambda image: image.astype("float32") / 255 * world.number
        )
    return kind(dataset, sizes[0], seed=3, **options)


def load_with_mxnet(X, y, sizes, world, last_batch_handle):
    return mx.io.NDArrayIter(
        X, y, sizes[0], last_batch_handle=last_batch_handle, label_name="y"
    )


def load_with_gluon(X, y, sizes, world):
    return gluon.data.DataLoader(gluon.data.ArrayDataset(X, y), sizes[0])


def as_ndarrays(*arrays):
    return tuple(nd.array(array, dtype=array.dtype) for array in arrays)


OF_LIST = {
    "list": list,
    "tuple": tuple,
    "list of lists": lambda batches: list(map(list, batches)),
    "generator": lambda batches: (batch for batch in batches),
    "map": lambda batches: map(tuple, batches),
    "iterable": partial(Iterable, iter),
    "indexed": Indexed,
    "one batch again": lambda batches: [batches[0]] * 3 + batches[1:],
    "refilled": lambda batches: Iterable(refill, batches, {}),
    "erased": partial(Iterable, erase),
    "with gradient": attach,
    "with summed gradient": partial(attach, grad_req="add"),
    "broken": break_off,
}
"""Functions of a list of mini-batches."""


def of_list(make, X, y, sizes, world):
    """Make mini-batches of a list of them."""
    return make([as_ndarrays(*batch) for batch in split(X, y, sizes)])


ITERATORS = {
    **{name: partial(of_list, make) for name, make in OF_LIST.items()},
    "slices": lambda X, y, sizes, world: split(*as_ndarrays(X, y), sizes),
    "refilled memory": lambda X, y, sizes, world: Iterable(
        refill_memory, split(X, y, sizes), {}
    ),
    "looking at the net": lambda X, y, sizes, world: Iterable(
        look_at_net, of_list(list, X, y, sizes, world), world
    ),
    "gluon's loader": load_with_gluon,
    "mx.io discards": partial(load_with_mxnet, last_batch_handle="discard"),
    "mx.io pads": partial(load_with_mxnet, last_batch_handle="pad"),
}
"""Functions of ``X, y, sizes, world``, for any data."""

ONE_PASS = {"generator", "map"}

IMAGE_ITERATORS = {
    "loader": load_images,
    "shuffled loader": partial(load_images, shuffle=True),
    "loader with workers": partial(load_images, num_workers=2),
    "transforming loader": partial(load_images, transform=True),
    "subclass of the loader": partial(load_images, kind=Brightened),
}
"""The same, for images and labels of the loader's own types."""
