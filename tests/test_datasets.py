"""The data sets against Gluon's own classes and the published facts about them."""

from __future__ import annotations

import gzip
import string
from functools import partial
from pathlib import Path

import gluon_softmax
import numpy as np
import pytest
from gluon_softmax.data.datasets import ImageDataset
from gluon_softmax.data.labels import TEXT_LABELS, get_fashion_mnist_labels
from gluon_softmax.data.mnist import MNIST, FashionMNIST
from gluon_softmax.data.published import OFFICIAL
from gluon_softmax.errors import ArgumentError, DataError
from idx_files import pack_idx
from mxnet import nd
from mxnet.gluon.data import vision

SETS = {"fashion": FashionMNIST, "digits": MNIST}


class StockMNIST(vision.MNIST):
    """Gluon's own class, told not to compare checksums, so that it reads any files."""

    def _get_data(self):
        for kind in ("_train_data", "_train_label", "_test_data", "_test_label"):
            setattr(self, kind, (getattr(self, kind)[0], None))
        vision.MNIST._get_data.__wrapped__(self)  # without this package's repair


@pytest.fixture
def folder(tmp_path) -> Path:
    """Give a folder with two small splits under the published names."""
    for split, count in (("train", 20), ("t10k", 7)):
        images = np.random.randint(0, 256, (count, 28, 28), dtype=np.uint8)
        labels = np.random.randint(0, 10, count, dtype=np.uint8)
        for kind, array in (("images-idx3", images), ("labels-idx1", labels)):
            path = tmp_path / f"{split}-{kind}-ubyte.gz"
            path.write_bytes(gzip.compress(pack_idx(array)))
    return tmp_path


def from_folder(folder: Path, train: bool = True, **options) -> ImageDataset:
    """Read a small split with the class under test."""
    split = "train" if train else "t10k"
    images = folder / f"{split}-images-idx3-ubyte.gz"
    labels = folder / f"{split}-labels-idx1-ubyte.gz"
    return ImageDataset.from_idx(images, labels, **options)


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


@pytest.mark.parametrize("idx", [0, -1, np.int64(2), slice(2, 7), slice(0, 7, 3)])
@pytest.mark.parametrize("train", [True, False])
def test_indexing_is_gluons(folder, train, idx):
    """A number and a slice give what Gluon's class gives, to the type of the label."""
    ours, stock = from_folder(folder, train), StockMNIST(str(folder), train)
    assert len(ours) == len(stock)
    np.testing.assert_array_equal(ours._label, stock._label)
    assert (ours._data == stock._data).asnumpy().all()
    assert_same_sample(ours[idx], stock[idx])


@pytest.mark.parametrize("idx", [1, slice(1, 4)])
def test_transform_is_gluons(folder, idx):
    """A transform is called with image and label; what it returns is the sample."""

    def transform(image, label):
        return image.astype("float32") / 255, label + 100

    ours = from_folder(folder, transform=transform)
    stock = StockMNIST(str(folder), True, transform)
    assert_same_sample(ours[idx], stock[idx])


@pytest.mark.parametrize("lazy", [True, False])
def test_transform_first_is_gluons(folder, lazy):
    """Gluon's transforms of the image alone go with it, each sample once."""
    found = []
    for dataset in (from_folder(folder), StockMNIST(str(folder), True)):
        for transform in (vision.transforms.Cast("float32"), lambda image: image + 1):
            dataset = dataset.transform_first(transform, lazy)
        found.append(list(dataset))
    assert len(found[0]) == len(found[1]) == 20
    for sample, stock_sample in zip(*found):
        assert_same_sample(sample, stock_sample)


# What is refused


IMAGES, LABELS = np.zeros((4, 28, 28), np.uint8), np.array([0, 1, 2, 9], np.uint8)


@pytest.mark.parametrize(
    ("images", "labels", "reason"),
    [
        (IMAGES, LABELS[:3], r"each of the 4 images, found labels of shape (3,)"),
        (IMAGES, np.eye(10)[LABELS], "shape (4, 10): pass labels.argmax(axis=1)"),
        (IMAGES, LABELS + 1, "found 1 to 10: name every class with classes=, and wher"),
        (IMAGES, LABELS.astype(int) - 1, "from 0 to 9, found -1 to 8"),
        (IMAGES, LABELS + np.float32(0.5), "whole numbers as labels, found float32"),
        (IMAGES, LABELS * np.float32("nan"), "whole numbers as labels, found float32"),
        (
            IMAGES,
            ["0", "1", "2", "cat"],
            "among 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, found 'c",
        ),
        (IMAGES, LABELS > 1, "whole numbers as labels, found bool"),
        (IMAGES[0], LABELS, "found uint8 of shape (28, 28)"),
        (IMAGES[..., None, None], LABELS, "found uint8 of shape (4, 28, 28, 1, 1)"),
        (IMAGES.astype("float32"), LABELS, "found float32 of shape (4, 28, 28)"),
        (IMAGES[:0], LABELS[:0], "found uint8 of shape (0, 28, 28)"),
        (IMAGES[:, :3, None, :], LABELS, "(4, 3, 1, 28): bring the channels behind"),
    ],
)
def test_what_does_not_fit_together_is_refused(images, labels, reason):
    """The line says what was expected and what was found, and names the data."""
    with pytest.raises(DataError) as info:
        ImageDataset(images, labels, title="my data")
    assert str(info.value).startswith("my data: expected ")
    assert reason in str(info.value)
    assert len(str(info.value).splitlines()) == 1


@pytest.mark.parametrize(
    "labels",
    [
        LABELS[:, None],
        LABELS.astype("float32"),
        LABELS.astype(str),
        LABELS.astype(str).astype(object),
        LABELS.astype(object),
        LABELS.tolist(),
        nd.array(LABELS),
    ],
    ids=[
        "a column",
        "floats",
        "names",
        "names as objects",
        "numbers as objects",
        "a list",
        "MXNet's",
    ],
)
def test_labels_of_every_form_are_read(labels):
    """They become int32 numbers, whatever they were."""
    found = ImageDataset(nd.array(IMAGES, dtype="uint8"), labels)._label
    assert (found.tolist(), found.dtype) == ([0, 1, 2, 9], np.int32)


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_emnist_and_qmnist_files_are_read(dtype, tmp_path):
    """EMNIST's images lie on their side, its letters begin with 1; QMNIST's labels
    are the first of eight columns.
    """
    images, labels = np.random.randint(0, 256, (52, 28, 28)), np.arange(52) % 26
    letters, digits = tmp_path / "emnist-letters-images", tmp_path / "qmnist-labels"
    letters.write_bytes(pack_idx(images.astype("uint8").transpose(0, 2, 1)))
    (tmp_path / "labels").write_bytes(pack_idx((labels + 1).astype(dtype)))
    columns = np.stack([labels // 3, *[labels] * 7], axis=1)
    digits.write_bytes(pack_idx(columns.astype("int32")))
    options = {"classes": string.ascii_uppercase, "first_label": 1}
    read = partial(ImageDataset.from_idx, letters, tmp_path / "labels", **options)
    upright = read(transpose=True)
    np.testing.assert_array_equal(upright.images[..., 0], images)
    np.testing.assert_array_equal(upright.labels, labels)
    assert f"52 images of 28 x 28 x 1 from {letters}" in upright.describe()
    assert "0 A, 1 B," in upright.describe()
    with pytest.warns(UserWarning, match="turn them with transpose=True"):
        assert (read().images[:].swapaxes(1, 2) == upright.images).all()
    found = ImageDataset.from_idx(letters, digits, transpose=False)
    np.testing.assert_array_equal(found.labels, labels // 3)


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int64"])
@pytest.mark.parametrize("shape", [(4, 8, 10), (4, 8, 10, 1), (4, 8, 10, 3)])
def test_what_fits_is_accepted(shape, dtype):
    """Grey or colour images of any size, with labels of any whole type."""
    dataset = ImageDataset(np.zeros(shape, np.uint8), LABELS.astype(dtype))
    assert dataset.images.shape == (*shape, 1)[:4]
    assert (dataset.labels.tolist(), dataset.labels.dtype) == ([0, 1, 2, 9], np.int32)


@pytest.mark.parametrize(
    ("images", "labels", "reason"),
    [
        ("train-labels-idx1", "train-images-idx3", "^train-labels.*: expected images"),
        ("train-images-idx3", "t10k-labels-idx1", "one label for each of the 20 image"),
    ],
)
def test_files_that_do_not_belong_together_are_refused(folder, images, labels, reason):
    """Swapped, or of two splits."""
    paths = (folder / f"{name}-ubyte.gz" for name in (images, labels))
    with pytest.raises(DataError, match=reason):
        ImageDataset.from_idx(*paths)


def test_from_idx_takes_the_other_arguments(folder):
    """Title, classes and revision are handed on; the title is the file's by default."""
    assert "train-images" in from_folder(folder).title
    own = from_folder(folder, title="own", classes=TEXT_LABELS, revision="second")
    assert (own.title, own.classes, own.revision) == ("own", TEXT_LABELS, "second")
    assert repr(own) == "ImageDataset(20 images of own)"


# The published sets


@pytest.mark.parametrize(
    ("name", "train", "first"),
    [
        ("fashion", True, [9, 0, 0, 3, 0, 2, 7, 2, 5, 5]),
        ("fashion", False, [9, 2, 1, 1, 6, 1, 4, 6, 5, 7]),
        ("digits", True, [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]),
        ("digits", False, [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]),
    ],
)
def test_published_sets_are_the_published_ones(request, name, train, first):
    """Counts and first labels are; arguments go by position, as to Gluon's."""
    dataset = request.getfixturevalue(name)[not train]
    assert dataset.images.shape == (60_000 if train else 10_000, 28, 28, 1)
    assert dataset.labels[:10].tolist() == first
    assert dataset.revision == OFFICIAL
    if name == "fashion":
        assert set(np.bincount(dataset.labels)) == {len(dataset) // 10}
    add = SETS[name](str(dataset.folder), train, lambda image, label: label + 100)
    assert (add.classes, add[0]) == (dataset.classes, first[0] + 100)


@pytest.mark.parametrize(
    ("name", "mean", "deviation"),
    [("fashion", 0.2860, 0.3530), ("digits", 0.1307, 0.3081)],
)
def test_pixels_are_the_published_ones(request, name, mean, deviation):
    """Mean and standard deviation of the training pixels are the well-known ones."""
    pixels = request.getfixturevalue(name)[0].images / np.float32(255)
    assert pixels.mean() == pytest.approx(mean, abs=5e-5)
    assert pixels.std() == pytest.approx(deviation, abs=5e-5)


# Names of the classes


@pytest.mark.parametrize(
    "labels",
    [
        [9, 0, 6],
        np.array([9, 0, 6], "uint8"),
        np.array([9, 0, 6], "float32"),
        nd.array([9, 0, 6]),
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
    expected = book.get_fashion_mnist_labels(range(10))
    assert gluon_softmax.get_fashion_mnist_labels(range(10)) == expected


@pytest.mark.parametrize("label", [-1, 10, 2.5, float("nan"), 1e30])
def test_labels_that_have_no_name_are_refused(label):
    """A number that is no label is named, whether too large, negative or broken."""
    with pytest.raises(ArgumentError, match=r"^expected labels from 0 to 9, found "):
        get_fashion_mnist_labels(np.array([0, label]))
