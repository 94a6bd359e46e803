"""Three parts of a data set, and the ranges of their pixels."""

from __future__ import annotations

import numpy as np
import pytest
from gluon_softmax import BatchLoader, ImageDataset
from gluon_softmax.data import splits
from gluon_softmax.data.splits import load_splits
from gluon_softmax.errors import ArgumentError
from PIL import Image


@pytest.fixture
def published(small_set, monkeypatch):
    """Let the small set stand for both halves of MNIST."""
    monkeypatch.setitem(splits.DATA_SETS, "mnist", lambda root, train: small_set)
    return small_set


def test_the_end_is_split_off(published):
    """The last images are for validation, in their order, and none is lost."""
    expected, _ = published[15]  # read before, and so kept
    train_set, valid_set, test_set = load_splits("mnist", num_validation=5)
    assert [len(train_set), len(valid_set), len(test_set)] == [15, 5, 20]
    images = np.concatenate([train_set.images, valid_set.images])
    np.testing.assert_array_equal(images, published.images)
    np.testing.assert_array_equal(valid_set.labels, published.labels[15:])
    for name in ("classes", "preparation", "origin"):
        assert getattr(valid_set, name) == getattr(published, name)
    assert (valid_set[0][0] == expected).asnumpy().all()


def test_the_first_images_of_the_rest_are_kept(published):
    """Without a number of images for validation there is no set for it."""
    train_set, valid_set, _ = load_splits("mnist", num_images=7)
    assert valid_set is None
    np.testing.assert_array_equal(train_set.images, published.images[:7])


@pytest.mark.usefixtures("published")
@pytest.mark.parametrize("num_validation", [20, -1, 2.5])
def test_bad_splits(num_validation):
    """A split that leaves nothing, or is no number, is refused."""
    with pytest.raises(ArgumentError, match="validation"):
        load_splits("mnist", num_validation=num_validation)


@pytest.mark.parametrize(
    ("pixels", "mean", "deviation"),
    [("scaled", 0, 1), ("centred", 0.1307, 1), ("normalised", 0.1307, 0.3081)],
)
def test_pixels(published, pixels, mean, deviation):
    """Pixels become what the name says."""
    ((X, _),) = BatchLoader(load_splits("mnist", pixels).train, 20)
    expected = (published.images.transpose(0, 3, 1, 2) / 255 - mean) / deviation
    np.testing.assert_allclose(X.asnumpy(), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("options", "choices"),
    [
        ({"name": "cifar"}, "fashion-mnist, mnist"),
        ({"name": "mnist", "pixels": "dark"}, "scaled, centred, normalised"),
    ],
)
def test_unknown_names(options, choices):
    """What there is to choose from is said."""
    with pytest.raises(ArgumentError, match=choices):
        load_splits(**options)


def test_real_data_are_split(fashion):
    """Counts are those asked for, and the parts are data sets in memory."""
    parts = load_splits("fashion-mnist", num_validation=10_000, num_images=500)
    assert [len(part) for part in parts] == [500, 10_000, 10_000]
    assert isinstance(parts.valid, ImageDataset)


def write_pictures(folder, draw):
    """Write 24 pictures of 12 classes."""
    for number in range(24):
        path = folder / f"class {number % 12:02}" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(draw()).save(path)
    return folder


@pytest.mark.parametrize("kind", [str, lambda path: path])
def test_a_folder_of_pictures_is_a_data_set(tmp_path, kind):
    """With more than ten classes; its pixels are normalised by its own moments."""
    folder = write_pictures(
        tmp_path, lambda: np.random.randint(0, 256, (28, 28)).astype(np.uint8)
    )
    parts = load_splits(kind(folder), "normalised")
    ((X, y),) = BatchLoader(parts.train, 12)
    assert X.asnumpy().mean() == pytest.approx(0, abs=1e-5)
    assert X.asnumpy().std() == pytest.approx(1, abs=1e-5)
    assert sorted(y.asnumpy()) == list(range(12))
    assert len(parts.test) == 12
    assert parts.train.source.classes[11] == "class 11"


def test_pixels_that_are_all_alike_are_centred(tmp_path):
    """There is no deviation to divide by."""
    folder = write_pictures(tmp_path, lambda: np.full((28, 28), 51, np.uint8))
    ((X, _),) = BatchLoader(load_splits(folder, "normalised").train, 12)
    np.testing.assert_allclose(X.asnumpy(), 0, atol=1e-6)
