"""The data sets against Gluon's own classes and the published facts about them."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import gluon_softmax
import mxnet as mx
import numpy as np
import pytest
from gluon_softmax.data import sources
from gluon_softmax.data.datasets import (
    MNIST,
    TEXT_LABELS,
    FashionMNIST,
    ImageDataset,
    SyntheticFashion,
    get_fashion_mnist_labels,
)
from gluon_softmax.errors import ArgumentError, DataError
from mxnet import nd
from mxnet.gluon.data import vision

FASHION_FIRST = {
    True: [9, 0, 0, 3, 0, 2, 7, 2, 5, 5],
    False: [9, 2, 1, 1, 6, 1, 4, 6, 5, 7],
}
DIGITS_FIRST = {
    True: [5, 0, 4, 1, 9, 2, 1, 3, 1, 4],
    False: [7, 2, 1, 0, 4, 1, 4, 9, 5, 9],
}
FILES = ("images-idx3-ubyte", "labels-idx1-ubyte")


class StockMNIST(vision.MNIST):
    """Gluon's own class, told not to compare checksums, so that it reads any files."""

    def _get_data(self):
        for kind in ("_train_data", "_train_label", "_test_data", "_test_label"):
            setattr(self, kind, (getattr(self, kind)[0], None))
        vision.MNIST._get_data.__wrapped__(self)  # without this package's repair


def write_idx(path: Path, array: np.ndarray) -> Path:
    """Write bytes as a gzipped IDX file, without the package's help."""
    shape = struct.pack(f">{array.ndim}I", *array.shape)
    path.write_bytes(gzip.compress(bytes([0, 0, 8, array.ndim]) + shape + bytes(array)))
    return path


@pytest.fixture
def folder(tmp_path) -> Path:
    """Give a folder with two small splits under the published names."""
    for split, count in (("train", 20), ("t10k", 7)):
        images = np.random.randint(0, 256, (count, 28, 28), dtype=np.uint8)
        write_idx(tmp_path / f"{split}-{FILES[0]}.gz", images)
        labels = np.random.randint(0, 10, count, dtype=np.uint8)
        write_idx(tmp_path / f"{split}-{FILES[1]}.gz", labels)
    return tmp_path


def from_folder(folder: Path, train: bool, **options) -> ImageDataset:
    """Read a small split with the class under test."""
    split = "train" if train else "t10k"
    return ImageDataset.from_idx(
        *(folder / f"{split}-{file}.gz" for file in FILES), **options
    )


def assert_same_sample(ours, theirs):
    """Expect two samples, or slices of samples, to be equal in value and type."""
    (image, label), (stock_image, stock_label) = ours, theirs
    assert isinstance(image, type(stock_image))
    assert (image.shape, image.dtype) == (stock_image.shape, stock_image.dtype)
    assert (image.asnumpy() == stock_image.asnumpy()).all()
    assert type(label) is type(stock_label)
    assert label.dtype == stock_label.dtype
    assert np.array_equal(label, stock_label)


# As Gluon's own


@pytest.mark.parametrize(
    "idx",
    [0, 3, -1, np.int64(2), slice(0, 5), slice(2, 7), slice(None), slice(0, 7, 3)],
)
@pytest.mark.parametrize("train", [True, False])
def test_indexing_is_gluons(folder, train, idx):
    """A number and a slice give what Gluon's class gives, to the type of the label."""
    ours, stock = from_folder(folder, train), StockMNIST(str(folder), train)
    assert len(ours) == len(stock)
    assert_same_sample(ours[idx], stock[idx])


def test_documented_types(small_set):
    """Images are uint8 NDArrays with a channel axis at the end, labels are int32."""
    image, label = small_set[0]
    images, labels = small_set[2:5]
    assert (image.shape, image.dtype, label.dtype) == ((28, 28, 1), np.uint8, np.int32)
    assert (images.shape, images.dtype) == ((3, 28, 28, 1), np.uint8)
    assert (labels.tolist(), labels.dtype) == ([2, 3, 4], np.int32)
    assert isinstance(image, nd.NDArray)


@pytest.mark.parametrize("idx", [1, slice(1, 4)])
def test_transform_is_gluons(folder, idx):
    """A transform is called with image and label; what it returns is the sample."""

    def transform(image, label):
        return image.astype("float32") / 255, label + 100

    ours = from_folder(folder, True, transform=transform)
    stock = StockMNIST(str(folder), True, transform)
    assert_same_sample(ours[idx], stock[idx])


def test_transform_first_is_gluons(folder):
    """Gluon's transforms of the image alone go with it."""
    to_tensor = vision.transforms.ToTensor()
    ours = from_folder(folder, True).transform_first(to_tensor)
    stock = StockMNIST(str(folder), True).transform_first(to_tensor)
    assert len(ours) == len(stock) == 20
    for sample, stock_sample in zip(ours, stock):
        assert_same_sample(sample, stock_sample)


def test_goes_through_gluons_loader(folder):
    """Gluon's DataLoader makes the same batches of it as of its own class."""
    loaders = [
        mx.gluon.data.DataLoader(dataset, batch_size=8)
        for dataset in (from_folder(folder, True), StockMNIST(str(folder), True))
    ]
    for (X, y), (stock_X, stock_y) in zip(*loaders):
        assert_same_sample((X, y.asnumpy()), (stock_X, stock_y.asnumpy()))
        assert y.dtype == stock_y.dtype == np.int32


def test_iteration_ends(small_set):
    """A for loop sees each sample once."""
    assert [int(label) for _, label in small_set] == list(range(10)) * 2
    with pytest.raises(IndexError):
        small_set[20]


# What is refused


def refusal(kind, call, *arguments, **options) -> str:
    """Give the message with which a call is refused, which is always one line."""
    with pytest.raises(kind) as info:
        call(*arguments, **options)
    assert len(str(info.value).splitlines()) == 1
    return str(info.value)


IMAGES, LABELS = np.zeros((4, 28, 28), np.uint8), np.array([0, 1, 2, 9], np.uint8)


@pytest.mark.parametrize(
    ("images", "labels", "reason"),
    [
        (IMAGES, LABELS[:3], r"each of the 4 images, found labels of shape (3,)"),
        (IMAGES[:3], LABELS, r"each of the 3 images, found labels of shape (4,)"),
        (IMAGES, LABELS[:, None], "shape (4, 1)"),
        (IMAGES, LABELS + 1, "from 0 to 9, found 1 to 10"),
        (IMAGES, LABELS.astype(int) - 1, "from 0 to 9, found -1 to 8"),
        (IMAGES, LABELS.astype("float32"), "whole numbers as labels, found float32"),
        (IMAGES, LABELS > 1, "whole numbers as labels, found bool"),
        (IMAGES[0], LABELS, "found uint8 of shape (28, 28)"),
        (IMAGES[0, 0], LABELS, "found uint8 of shape (28,)"),
        (IMAGES[..., None, None], LABELS, "found uint8 of shape (4, 28, 28, 1, 1)"),
        (IMAGES.astype("float32"), LABELS, "found float32 of shape (4, 28, 28)"),
        (IMAGES[:0], LABELS[:0], "found uint8 of shape (0, 28, 28)"),
        (IMAGES[:, :0], LABELS, "found uint8 of shape (4, 0, 28)"),
    ],
)
def test_what_does_not_fit_together_is_refused(images, labels, reason):
    """The message says what was expected and what was found, and names the data."""
    message = refusal(DataError, ImageDataset, images, labels, title="my data")
    assert message.startswith("my data: expected ")
    assert reason in message


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int32", "int64"])
@pytest.mark.parametrize("shape", [(4, 8, 10), (4, 8, 10, 1), (4, 8, 10, 3)])
def test_what_fits_is_accepted(shape, dtype):
    """Grey or colour images of any size, with labels of any whole type."""
    dataset = ImageDataset(np.zeros(shape, np.uint8), LABELS.astype(dtype))
    assert dataset.images.shape == (*shape, 1)[:4]
    assert (dataset.labels.tolist(), dataset.labels.dtype) == ([0, 1, 2, 9], np.int32)


def test_from_idx_swapped(folder):
    """Labels where the images belong are noticed, with the file's name."""
    images, labels = (folder / f"train-{file}.gz" for file in FILES)
    message = refusal(DataError, ImageDataset.from_idx, labels, images)
    assert message.startswith("train-labels-idx1-ubyte.gz: expected images")


def test_from_idx_of_two_sets(folder):
    """Images of one split with labels of the other are noticed."""
    images, labels = folder / f"train-{FILES[0]}.gz", folder / f"t10k-{FILES[1]}.gz"
    message = refusal(DataError, ImageDataset.from_idx, images, labels)
    assert "one label for each of the 20 images" in message


def test_from_idx_of_a_damaged_file(folder):
    """A damaged file is named with its place."""
    images, labels = (folder / f"train-{file}.gz" for file in FILES)
    labels.write_bytes(labels.read_bytes()[:-9])
    assert str(labels) in refusal(DataError, ImageDataset.from_idx, images, labels)


def test_from_idx_takes_the_other_arguments(folder):
    """Title, classes and revision are handed on; the title is the file's by default."""
    assert "train-images" in from_folder(folder, True).title
    own = from_folder(folder, True, title="own", classes=TEXT_LABELS, revision="second")
    assert (own.title, own.classes, own.revision) == ("own", TEXT_LABELS, "second")
    assert repr(own) == "ImageDataset(20 images of own)"


# The published sets


@pytest.mark.parametrize("train", [True, False])
def test_fashion_mnist_is_the_published_one(fashion, train):
    """Counts, first labels and class sizes are those that were published."""
    dataset = fashion[not train]
    assert dataset.images.shape == (60_000 if train else 10_000, 28, 28, 1)
    assert dataset.labels[:10].tolist() == FASHION_FIRST[train]
    assert set(np.bincount(dataset.labels)) == {len(dataset) // 10}
    assert dataset.revision == sources.OFFICIAL
    assert dataset.title == "Fashion-MNIST"


@pytest.mark.parametrize("train", [True, False])
def test_mnist_is_the_published_one(digits, train):
    """Counts and first labels are those that were published."""
    dataset = digits[not train]
    assert dataset.images.shape == (60_000 if train else 10_000, 28, 28, 1)
    assert dataset.labels[:10].tolist() == DIGITS_FIRST[train]
    assert dataset.classes == tuple("0123456789")


@pytest.mark.parametrize(
    ("name", "mean", "deviation"),
    [("fashion", 0.2860, 0.3530), ("digits", 0.1307, 0.3081)],
)
def test_pixels_are_the_published_ones(request, name, mean, deviation):
    """Mean and standard deviation of the training pixels are the well-known ones."""
    train_set, _ = request.getfixturevalue(name)
    counts = np.bincount(train_set.images.ravel(), minlength=256)
    values = np.arange(256) / 255
    found = np.average(values, weights=counts)
    assert found == pytest.approx(mean, abs=5e-5)
    variance = np.average((values - found) ** 2, weights=counts)
    assert variance**0.5 == pytest.approx(deviation, abs=5e-5)


def test_fashion_mnist_equals_gluons_reading(fashion):
    """Gluon's own class reads the same numbers from the same files, all of them."""
    _, test_set = fashion
    if not (test_set.folder / "t10k-images-idx3-ubyte.gz").is_file():
        pytest.skip("needs compressed files, which Gluon's class reads")
    stock = StockMNIST(str(test_set.folder), train=False)
    assert_same_sample(test_set[:], stock[:])


def test_mnist_is_not_taken_for_fashion_mnist(digits):
    """The folder of the wrong data set is refused by name."""
    message = refusal(DataError, FashionMNIST, digits[0].folder)
    assert "it is MNIST's train-images-idx3-ubyte" in message


@pytest.mark.parametrize("dataset", [FashionMNIST, MNIST])
def test_arguments_are_gluons(fashion, digits, dataset):
    """Root, train and transform may be given by position, as to Gluon's class."""
    folder = (fashion if dataset is FashionMNIST else digits)[0].folder
    data = dataset(str(folder), False, lambda image, label: (image.shape, label + 1))
    shape, label = data[0]
    first = FASHION_FIRST if dataset is FashionMNIST else DIGITS_FIRST
    assert (len(data), shape, label) == (10_000, (28, 28, 1), first[False][0] + 1)


# The stand-in


def test_stand_in_is_deterministic_and_says_what_it_is():
    """One seed, one set; another seed or split, others; the title owns up."""
    first, again = (SyntheticFashion(num_images=30, seed=2) for _ in range(2))
    assert (first.images == again.images).all()
    assert (first.labels == again.labels).all()
    assert "not Fashion-MNIST" in first.title
    assert first.classes == TEXT_LABELS


def test_no_image_of_the_stand_in_is_in_both_splits():
    """Training and test images differ for neighbouring seeds, too."""
    drawn = [
        SyntheticFashion(train, num_images=30, seed=seed).images.reshape(30, -1)
        for seed in range(3)
        for train in (True, False)
    ]
    assert len(np.unique(np.concatenate(drawn), axis=0)) == 6 * 30


@pytest.mark.parametrize("num_images", [0, -1])
def test_stand_in_of_no_images_is_refused(num_images):
    """At least one image has to be asked for."""
    refusal(ArgumentError, SyntheticFashion, num_images=num_images)


# Names of the classes


@pytest.mark.parametrize(
    "labels",
    [
        [9, 0, 6],
        (9.0, 0.0, 6.0),
        np.array([9, 0, 6], "uint8"),
        np.array([9, 0, 6], "float32"),
        nd.array([9, 0, 6]),
        nd.array([9, 0, 6], dtype="int32"),
        iter([9, 0, 6]),
    ],
    ids=lambda labels: f"{type(labels).__name__}",
)
def test_labels_to_text(labels):
    """Labels of any numeric type, in any container, become the book's names."""
    assert get_fashion_mnist_labels(labels) == ["ankle boot", "t-shirt", "shirt"]


def test_text_labels_are_the_books():
    """All ten names are those that the book's own package gives."""
    book = pytest.importorskip("d2lzh")
    assert get_fashion_mnist_labels(range(10)) == book.get_fashion_mnist_labels(
        range(10)
    )


@pytest.mark.parametrize("label", [-1, 10, 2.5, float("nan"), float("inf"), 1e30])
def test_labels_that_have_no_name_are_refused(label):
    """A number that is no label is named, whether too large, negative or broken."""
    message = refusal(ArgumentError, get_fashion_mnist_labels, np.array([0, label]))
    assert message.startswith("expected labels from 0 to 9, found ")


def test_names_are_exported():
    """`import gluon_softmax as d2l` serves the chapter's names."""
    assert gluon_softmax.FashionMNIST is FashionMNIST
    assert gluon_softmax.get_fashion_mnist_labels is get_fashion_mnist_labels
