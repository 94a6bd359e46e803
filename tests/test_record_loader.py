"""Mini-batches of shards against the batches of the same images in memory."""

from __future__ import annotations

from itertools import chain

import numpy as np
import pytest
from gluon_softmax import BatchLoader, ImageDataset
from gluon_softmax.data.packing import pack
from gluon_softmax.data.record_loader import RecordLoader, part_sizes
from gluon_softmax.errors import ArgumentError, DataError
from mxnet.gluon.data.vision.transforms import Normalize, ToTensor

NUM_IMAGES = 103


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Give a folder of four shards; the first pixel of each image is its number."""
    images = np.random.randint(0, 256, (NUM_IMAGES, 28, 28), dtype=np.uint8)
    images[:, 0, 0] = np.arange(NUM_IMAGES)
    dataset = ImageDataset(images, np.arange(NUM_IMAGES) % 10)
    folder = tmp_path_factory.mktemp("packed") / "out"
    pack(dataset, dataset, (0.5, 0.25), folder, 4)
    return folder, dataset


def numbers(loader) -> list[int]:
    """Give the numbers of the images of an epoch, in its order."""
    return [
        round(float(pixel) * 255)
        for X, _ in loader
        for pixel in X[:, 0, 0, 0].asnumpy()
    ]


@pytest.mark.parametrize(
    "transforms", [(ToTensor(),), (ToTensor(), Normalize(0.5, 0.25))], ids=len
)
def test_batches_are_those_in_memory(folder, transforms):
    """Types, shapes and every bit of pixels and labels, of the last batch too."""
    folder, dataset = folder
    loader = RecordLoader(folder, 20, shuffle=True, seed=0, transforms=transforms)
    order = numbers(RecordLoader(folder, 20, shuffle=True, seed=0))
    dataset = ImageDataset(dataset.images[order], dataset.labels[order])
    for transform in transforms:
        dataset = dataset.transform_first(transform)
    expected = list(BatchLoader(dataset, 20))
    found = list(loader)
    assert len(loader) == len(found) == len(expected) == 6
    for (X, y), (X_expected, y_expected) in zip(found, expected):
        assert (X.shape, X.dtype, y.dtype) == (X_expected.shape, np.float32, np.int32)
        np.testing.assert_array_equal(X.asnumpy(), X_expected.asnumpy())
        np.testing.assert_array_equal(y.asnumpy(), y_expected.asnumpy())


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("num_parts", [1, 2, 3, 7])
def test_parts_give_every_sample_once_per_epoch(folder, num_parts, shuffle):
    """In the second epoch as in the first."""
    loaders = [
        RecordLoader(folder[0], 10, "test", shuffle, 1, num_parts, part_index)
        for part_index in range(num_parts)
    ]
    for _ in range(3):
        found = [numbers(loader) for loader in loaders]
        assert sorted(chain(*found)) == list(range(NUM_IMAGES))
        assert [len(part) for part in found] == part_sizes(NUM_IMAGES, num_parts)
        assert [len(part) for part in found] == [len(each.dataset) for each in loaders]


@pytest.mark.parametrize("num_parts", [2, 3, 7])
def test_even_parts_do_the_same_steps(folder, num_parts):
    """All give as many samples as the smallest part, batch by batch."""
    sizes = [
        [
            len(y)
            for _, y in RecordLoader(
                folder[0], 6, num_parts=num_parts, part_index=part_index, even=True
            )
        ]
        for part_index in range(num_parts)
    ]
    assert all(each == sizes[0] for each in sizes)
    assert sum(sizes[0]) == min(part_sizes(NUM_IMAGES, num_parts))


def test_the_order_is_a_function_of_seed_and_epoch(folder):
    """An epoch can be replayed; batch size and a loop left early change nothing."""
    loader = RecordLoader(folder[0], 20, shuffle=True, seed=3)
    first, second = numbers(loader), numbers(loader)
    assert first != second
    loader.epoch = 0
    assert numbers(loader) == first
    loader.epoch = 0
    next(iter(loader))
    assert numbers(loader) == second
    assert numbers(RecordLoader(folder[0], 7, shuffle=True, seed=3)) == first
    assert numbers(RecordLoader(folder[0], 20, shuffle=True, seed=4)) != first


def test_a_part_has_all_classes(folder):
    """Parts are neighbours in the shards, which are mixed."""
    for part_index in range(2):
        loader = RecordLoader(folder[0], 50, num_parts=2, part_index=part_index)
        labels = np.concatenate([y.asnumpy() for _, y in loader])
        assert set(labels) == set(range(10))


@pytest.mark.parametrize("num_parts", range(1, 40))
def test_part_sizes(num_parts):
    """They add up, and an empty part is refused."""
    try:
        sizes = part_sizes(30, num_parts)
    except ArgumentError:
        assert -(-30 // num_parts) * (num_parts - 1) >= 30
    else:
        assert (sum(sizes), len(sizes), min(sizes) > 0) == (30, num_parts, True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 104}, "batch_size of at most 103"),
        (
            {"batch_size": 35, "num_parts": 3, "part_index": 2},
            "batch_size of at most 33",
        ),
        ({"batch_size": 0}, "batch_size to be a whole number from 1"),
        ({"split": "valid"}, "split to be one of train, test"),
        ({"num_parts": 2, "part_index": 2}, "part_index below num_parts, 2, found 2"),
        ({"num_parts": 0}, "num_parts to be a whole number from 1"),
        ({"num_parts": 104}, "no part of the 103 samples is empty"),
        ({"seed": -1}, "seed to be a whole number from 0"),
    ],
)
def test_bad_arguments(folder, options, message):
    """They are refused before MXNet is asked."""
    with pytest.raises(ArgumentError, match=message):
        RecordLoader(folder[0], **{"batch_size": 10, **options})


def test_a_damaged_shard(folder, tmp_path):
    """It is told when the loader is made."""
    for path in folder[0].iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    shard = tmp_path / "train-00002-of-00004.rec"
    shard.write_bytes(shard.read_bytes()[:-100])
    with pytest.raises(
        DataError, match=r"train-00002-of-00004\.rec: expected the file"
    ):
        RecordLoader(tmp_path, 10)
    assert len(RecordLoader(tmp_path, 10, "test")) == 11
