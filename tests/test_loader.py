"""Mini-batches against Gluon's own DataLoader and per-image transforms."""

from __future__ import annotations

import itertools
import os

import numpy as np
import pytest
from gluon_softmax.data.datasets import ImageDataset
from gluon_softmax.data.loader import BatchLoader, load_data, load_data_fashion_mnist
from gluon_softmax.errors import ArgumentError
from mxnet import nd
from mxnet.gluon.data import DataLoader
from mxnet.gluon.data.vision.transforms import (
    Compose,
    RandomFlipLeftRight,
    Resize,
    ToTensor,
)

FASHION_FIRST = [9, 2, 1, 1, 6, 1, 4, 6, 5, 7]
PINNED = [84, 80, 41, 47, 2, 29, 94, 46, 54, 89]  # by NumPy 1.26

with_workers = pytest.mark.parametrize("num_workers", [0, 2])


def arrays(batches) -> list[tuple[np.ndarray, np.ndarray]]:
    """Turn batches into NumPy arrays."""
    return [(X.asnumpy(), y.asnumpy()) for X, y in batches]


def gluons(dataset, batch_size, resize=None, sampler=None) -> list:
    """Make batches as the book does: image by image, by Gluon's own means."""
    steps = [ToTensor()] if resize is None else [Resize(resize), ToTensor()]
    transformed = dataset.transform_first(Compose(steps))
    return arrays(DataLoader(transformed, batch_size, sampler=sampler))


def assert_same(batches, others):
    """Expect the same batches: count, types, shapes and every bit."""
    assert len(batches) == len(others)
    for one, other in zip(itertools.chain(*batches), itertools.chain(*others)):
        assert (one.dtype, one.shape) == (other.dtype, other.shape)
        assert one.tobytes() == other.tobytes()


# As Gluon's own


def test_values_are_gluons_for_every_byte():
    """Each of the 256 values is scaled to the very float that ToTensor gives."""
    every_byte = np.arange(256, dtype="uint8").reshape(4, 8, 8)
    dataset = ImageDataset(every_byte, np.arange(4))
    ours = arrays(BatchLoader(dataset, 3))
    assert_same(ours, gluons(dataset, 3))
    X = np.concatenate([X for X, _ in ours])
    assert (X.ravel() == np.arange(256, dtype="float32") / np.float32(255)).all()


@pytest.mark.parametrize("resize", [None, 1, 14, 28, 33])
def test_batches_are_gluons(small_set, resize):
    """Resized or not, batches equal those of Gluon's transforms to the last bit."""
    ours = arrays(BatchLoader(small_set, 6, resize=resize))
    assert_same(ours, gluons(small_set, 6, resize))
    assert [len(y) for _, y in ours] == [6, 6, 6, 2]
    assert (ours[0][0].dtype, ours[0][1].dtype) == (np.float32, np.int32)


def invert(image):
    return 255 - image


def tell_process(image):
    return nd.array([os.getpid()])


ONE_BY_ONE = (RandomFlipLeftRight(), invert)


@pytest.mark.parametrize("num_workers", [1, 2])
@pytest.mark.parametrize(
    "transforms",
    [
        (Resize(20), ToTensor()),
        ONE_BY_ONE,
        (*ONE_BY_ONE, ToTensor()),
        (*ONE_BY_ONE, Resize(20), ToTensor()),
    ],
    ids=len,
)
def test_workers_read_the_same(small_set, num_workers, transforms):
    """They do the steps up to what takes images one by one, epoch after epoch."""
    dataset = small_set.transform_first(Compose(list(transforms)))
    here, there = (
        BatchLoader(dataset, 6, True, num_workers=workers, seed=3)
        for workers in (0, num_workers)
    )
    for _ in range(3):
        assert_same(arrays(there), arrays(here))


def test_workers_are_processes(small_set):
    """With workers, every image is read by one of them."""
    tell = small_set.transform_first(tell_process)
    loader = BatchLoader(tell, 6, num_workers=2)
    readers = {int(number) for X, _ in loader for number in X.asnumpy().ravel()}
    assert os.getpid() not in readers


# Order


@pytest.fixture
def numbered() -> ImageDataset:
    """Give 100 images whose one pixel is their number."""
    images = np.arange(100, dtype=np.uint8).reshape(100, 1, 1)
    return ImageDataset(images, np.arange(100) % 10)


def numbers(loader) -> list[int]:
    """Read one epoch of numbered images, and list their numbers."""
    return [round(float(x) * 255) for X, _ in loader for x in X.asnumpy().ravel()]


@pytest.mark.parametrize("batch_size", [1, 7, 50, 100])
def test_every_image_once_with_its_label(numbered, batch_size):
    """Shuffled, an epoch holds each image once, its own label beside it."""
    loader = BatchLoader(numbered, batch_size, shuffle=True, seed=0)
    batches = arrays(loader)
    assert len(batches) == len(loader) == -(-100 // batch_size)
    images = np.concatenate([X.ravel() for X, _ in batches])
    found = np.rint(images * 255).astype(int)
    assert sorted(found) == list(range(100))
    assert (np.concatenate([y for _, y in batches]) == found % 10).all()


def test_order_is_a_function_of_seed_and_epoch(numbered):
    """Both together fix it in any loader, on every machine and in every version."""
    first, same, other = (BatchLoader(numbered, 9, True, seed=s) for s in (7, 7, 2**80))
    epochs = [numbers(first) for _ in range(3)]
    assert epochs == [numbers(same) for _ in range(3)]
    assert [list(first.order(epoch)) for epoch in range(3)] == epochs
    assert epochs[2][:10] == PINNED
    others = [numbers(other) for _ in range(3)]
    assert len({tuple(order) for order in epochs + others}) == 6


@with_workers
def test_epochs_can_be_replayed_and_left(numbered, num_workers):
    """An epoch that is left counts as one; setting `epoch` gives its batches again."""
    loader = BatchLoader(numbered, 9, True, num_workers=num_workers, seed=1)
    for _ in range(3):
        next(iter(loader))
    assert loader.epoch == 3
    assert numbers(loader) == list(loader.order(3))
    loader.epoch = 1
    assert numbers(loader) == list(loader.order(1))


def test_numpys_seed_fixes_the_order_only_without_one(numbered):
    """A loader with a seed neither reads the global state nor moves it."""

    def order(global_seed, seed=None):
        np.random.seed(global_seed)
        return numbers(BatchLoader(numbered, 9, True, seed=seed))

    assert order(1) == order(1) != order(2)
    assert order(3, seed=1) == order(4, seed=1)
    assert np.random.rand() == np.random.RandomState(4).rand()


@with_workers
def test_two_readers_at_once(numbered, num_workers):
    """Two loops over one loader do not take each other's batches."""
    loader = BatchLoader(numbered, 9, True, num_workers=num_workers, seed=1)
    pairs = list(zip(arrays(iter(loader)), arrays(iter(loader))))
    found = [np.concatenate([p[i][0].ravel() for p in pairs]) for i in range(2)]
    for epoch, images in enumerate(found):
        assert list(np.rint(images * 255)) == list(loader.order(epoch))


def test_batches_stay_as_they_are(numbered):
    """A batch that is kept is not overwritten by the next, nor is the data set."""
    batches = list(BatchLoader(numbered, 10))
    for X, y in batches:
        X[:] = X + 1
        y[:] = 0
    loader = BatchLoader(numbered, 7)
    assert numbers(loader) == numbers(loader) == list(range(100))  # unshuffled
    kept = np.concatenate([X.asnumpy().ravel() for X, _ in batches])
    assert np.allclose(kept, 1 + np.arange(100) / 255)


# What is refused


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "batch_size to be a whole number from 1 on, found 0"),
        ({"batch_size": None}, "batch_size to be a whole number"),
        ({"batch_size": 21}, "a batch_size of at most 20, the size of .* found 21"),
        ({"resize": 0}, "resize to be a whole number from 1 on"),
        ({"resize": [2]}, "resize to be a whole number"),
        ({"num_workers": -1}, "num_workers to be a whole number from 0 on"),
        ({"num_workers": True}, "num_workers to be a whole number"),
        ({"seed": -1}, "seed to be a whole number from 0 on"),
        ({"seed": 2.5}, "seed to be a whole number"),
    ],
)
def test_bad_numbers_are_refused(small_set, options, message):
    """When they are given, not when they are used; NumPy's whole numbers will do."""
    with pytest.raises(ArgumentError, match=f"^expected {message}") as info:
        BatchLoader(small_set, **{"batch_size": np.int64(20), **options})
    assert len(str(info.value).splitlines()) == 1


def test_transform_of_image_and_label_is_not_silently_left_out(small_set):
    """Whole batches cannot call it, so it may not be given."""
    both = ImageDataset(small_set.images, small_set.labels, lambda image, label: (0, 0))
    with pytest.raises(ArgumentError, match=r"transform.*DataLoader"):
        BatchLoader(both, 5)


def test_a_transform_that_stops_is_an_error(numbered):
    """Not the end of the epoch, with a part of the images."""
    rest = iter(range(2))

    def run_out(image):
        next(rest)
        return image.astype("float32")

    with pytest.raises(RuntimeError, match="StopIteration"):
        list(BatchLoader(numbered.transform_first(run_out), 1))


# Both splits


def test_load_data(small_set):
    """The training set is shuffled from the seed, the test set never is."""
    options = {"batch_size": 6, "resize": 14, "seed": 8}
    train_iter, test_iter = load_data(small_set, small_set, **options)
    order = list(train_iter.order(0))
    assert order != list(range(20))
    assert_same(arrays(train_iter), gluons(small_set, 6, 14, sampler=order))
    for _ in range(2):
        assert_same(arrays(test_iter), gluons(small_set, 6, 14))


def test_different_revisions_are_refused(small_set):
    """A training and a test set that overlap are not put together."""
    other = ImageDataset(small_set.images, small_set.labels, revision="earlier")
    with pytest.raises(ArgumentError, match=r"earlier.*delete the files of"):
        load_data(other, small_set, 5)


def test_load_data_fashion_mnist(fashion):
    """The book's call gives 235 and 40 batches of the real data, or as it asks for."""
    train_iter, test_iter = load_data_fashion_mnist(256)
    assert (len(train_iter), len(test_iter)) == (235, 40)
    X, y = next(iter(test_iter))
    assert (X.shape, y.asnumpy()[:10].tolist()) == ((256, 1, 28, 28), FASHION_FIRST)
    counts, total = np.zeros(10, int), 0.0
    for X, y in train_iter:
        counts += np.bincount(y.asnumpy(), minlength=10)
        total += float(X.sum().asscalar())
    assert counts.tolist() == [6000] * 10
    assert total / (60_000 * 784) == pytest.approx(0.2860, abs=5e-5)
    root = fashion[0].folder
    train_iter, test_iter = load_data_fashion_mnist(128, 36, root=root, num_workers=1)
    assert next(iter(train_iter))[0].shape == (128, 1, 36, 36)
    assert test_iter.dataset.folder == root
