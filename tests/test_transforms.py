"""Transforms of whole batches against Gluon's, image by image."""

from __future__ import annotations

import numpy as np
import pytest
from gluon_softmax import BatchLoader, ImageDataset
from gluon_softmax.errors import ArgumentError
from mxnet.gluon.data import DataLoader
from mxnet.gluon.data.vision import transforms as gluon

RGB_MOMENTS = (0.1, 0.2, 0.3), (0.5, 0.6, 0.7)
TRANSFORMS = {
    "ToTensor": [gluon.ToTensor()],
    "Normalize": [gluon.ToTensor(), gluon.Normalize(0.286, 0.353)],
    "Normalize by channel": [gluon.ToTensor(), gluon.Normalize(*RGB_MOMENTS)],
    "Resize": [gluon.Resize(40), gluon.ToTensor()],
    "Resize to a rectangle": [gluon.Resize((20, 30)), gluon.ToTensor()],
    "Cast to float64": [gluon.Cast("float64"), gluon.Cast("float32")],
    "Cast and Resize": [gluon.Cast("float32"), gluon.Resize(10), gluon.ToTensor()],
    "a function": [lambda image: image.astype("float32") * 2],
    "a function between": [gluon.ToTensor(), lambda image: image - 0.5],
    "a transform of Gluon's without a twin": [gluon.CenterCrop(20), gluon.ToTensor()],
}


@pytest.fixture
def dataset():
    """Give 13 random images in colour, of unequal sides."""
    images = np.random.randint(0, 256, (13, 28, 24, 3), dtype=np.uint8)
    return ImageDataset(images, np.arange(13) % 10)


@pytest.mark.parametrize("composed", [False, True])
@pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=TRANSFORMS)
def test_batches_have_gluons_values(dataset, transform, composed):
    """What comes out is what Gluon's loader gives, to the bit."""
    if composed:
        transformed = dataset.transform_first(gluon.Compose(list(transform)))
    else:
        transformed = dataset
        for single in transform:
            transformed = transformed.transform_first(single)
    expected = DataLoader(transformed, batch_size=5)
    batches = list(BatchLoader(transformed, batch_size=5))
    assert len(batches) == len(expected) == 3
    for (X, y), (X_gluon, y_gluon) in zip(batches, expected):
        assert X.dtype == X_gluon.dtype
        np.testing.assert_array_equal(X.asnumpy(), X_gluon.asnumpy())
        np.testing.assert_array_equal(y.asnumpy(), y_gluon.asnumpy())


@pytest.fixture
def small():
    """Give 400 random images, small and grey."""
    images = np.random.randint(0, 256, (400, 6, 6, 1), dtype=np.uint8)
    return ImageDataset(images, np.arange(400) % 10)


def test_flips_mirror_half_of_the_images(small):
    """Each image is as it was or mirrored, about half of them, anew in each epoch."""
    flips = small.transform_first(gluon.RandomFlipLeftRight())
    loader = BatchLoader(flips, 400, seed=4)
    first, second = (next(iter(loader))[0].asnumpy() for _ in range(2))
    loader.epoch = 0
    np.testing.assert_array_equal(next(iter(loader))[0].asnumpy(), first)
    assert (first != second).any()
    is_mirrored = (first == small.images[:, :, ::-1]).all(axis=(1, 2, 3))
    is_same = (first == small.images).all(axis=(1, 2, 3))
    assert (is_mirrored ^ is_same).all()
    assert 150 < is_mirrored.sum() < 250


def test_each_flip_draws_its_own(small):
    """The same ones whether whole batches are flipped or what workers would read."""
    flips, found = [gluon.RandomFlipLeftRight()] * 2, []
    for transforms in (flips, [*flips, lambda image: image]):
        transformed = small.transform_first(gluon.Compose(transforms))
        ((X, _),) = BatchLoader(transformed, 400, seed=4)
        found.append(X.asnumpy())
    np.testing.assert_array_equal(*found)
    assert (found[0] != small.images).any()


@pytest.mark.parametrize(
    ("transform", "message"),
    [
        (lambda image: image.asnumpy().tolist(), "found a list: wrap it in nd.array"),
        (lambda image: None, "found a NoneType"),
        (lambda image: image[: 1 + int(image[0, 0, 0].asscalar()) % 7], "one shape"),
    ],
    ids=["a list", "nothing", "shapes that differ"],
)
def test_what_cannot_be_stacked_is_refused(dataset, transform, message):
    """The error says what was expected, what was found and what to do."""
    with pytest.raises(ArgumentError, match=message):
        list(BatchLoader(dataset.transform_first(transform), 13))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ([gluon.ToTensor(), gluon.RandomFlipLeftRight()], "LeftRight before ToTensor"),
        ([gluon.ToTensor(), gluon.Cast(), gluon.Resize(9)], "Resize before ToTensor"),
        (
            [gluon.ToTensor(), gluon.Compose([gluon.ToTensor()])],
            "expected ToTensor bef",
        ),
        ([gluon.Normalize(0.1, 0.2), gluon.ToTensor()], "Normalize behind ToTensor"),
    ],
)
def test_what_would_act_on_the_wrong_axis_is_refused(dataset, wrong, message):
    """ToTensor moves the channels; behind a function of the user's all is allowed."""
    with pytest.raises(ArgumentError, match=message):
        BatchLoader(dataset.transform_first(gluon.Compose(wrong)), 13)
    BatchLoader(dataset.transform_first(gluon.Compose([abs, *wrong])), 13)


def test_moments_are_one_or_one_for_each_channel(small):
    """Three means for grey images are refused, rather than making three of one."""
    rgb = small.transform_first(gluon.ToTensor())
    rgb = rgb.transform_first(gluon.Normalize(*RGB_MOMENTS))
    with pytest.raises(ArgumentError, match=r"or 1, one for each .* found 3 and 3"):
        list(BatchLoader(rgb, 13))


def test_resize_and_own_transforms_are_not_mixed(dataset):
    """Whether resize comes before or after own transforms would be a guess."""
    with pytest.raises(ArgumentError, match="put Resize into transform_first"):
        BatchLoader(dataset.transform_first(gluon.ToTensor()), 5, resize=14)


def test_random_apply_is_not_taken_for_a_sequence(dataset):
    """Gluon's RandomApply applies its transforms sometimes, not always."""
    never = gluon.RandomApply([lambda image: image * 0], p=0)
    ((X, _),) = BatchLoader(dataset.transform_first(never), 13)
    assert X.asnumpy().any()
