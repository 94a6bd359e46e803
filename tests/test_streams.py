"""Packed shards that stay in their files, as training reads them."""

from __future__ import annotations

import numpy as np
import pytest
from gluon_softmax import ImageDataset
from gluon_softmax.data.packing import pack
from gluon_softmax.data.streams import load_streams
from gluon_softmax.errors import ArgumentError
from gluon_softmax.network_training import NetworkTraining
from gluon_softmax.settings import Settings


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Give a folder with 60 images to train on, and 10 to test."""
    images = np.random.RandomState(0).randint(0, 256, (70, 28, 28)).astype(np.uint8)
    labels = np.arange(70) % 10
    sets = [
        ImageDataset(images[:60], labels[:60]),
        ImageDataset(images[60:], labels[60:]),
    ]
    folder = tmp_path_factory.mktemp("packed") / "out"
    pack(*sets, (0.5, 0.25), folder, 2)
    return folder


def count(loader):
    """Count the samples of each batch."""
    return [len(y) for _, y in loader]


@pytest.mark.parametrize(
    ("number", "sizes"), [(1, [16] * 3 + [12]), (2, [8] * 3 + [6])]
)
def test_processes_share_every_batch(folder, number, sizes):
    """Each has as many batches as the others, of equal sizes."""
    train_stream, _ = load_streams(folder)
    for part in range(number):
        loader = train_stream.make_loader(16, True, 3, (part, number))
        assert count(loader) == sizes
        assert [loader.count(n) for n in range(len(loader))] == sizes


@pytest.mark.parametrize("number", [1, 2, 4])
def test_a_small_test_set_is_read_whole(folder, number):
    """Whatever the batch size and the processes, each image is tested once."""
    _, test_stream = load_streams(folder)
    loaders = [test_stream.make_loader(64, part=(k, number)) for k in range(number)]
    assert sum(sum(count(loader)) for loader in loaders) == 10


def test_batches_that_cannot_be_shared(folder):
    """Unequal shares, and batches larger than the data, are refused."""
    train_stream, _ = load_streams(folder)
    with pytest.raises(ArgumentError, match="3 workers can share equally, found 16"):
        train_stream.make_loader(16, True, part=(0, 3))
    with pytest.raises(ArgumentError, match=r"at most 60.*found 64"):
        train_stream.make_loader(64, True)


def test_no_folder_of_shards(tmp_path):
    """Another folder is refused with the remedy."""
    with pytest.raises(ArgumentError, match="write one with gluon-softmax pack"):
        load_streams(tmp_path)


def test_a_net_trains_on_a_stream(folder):
    """Training goes on from the middle of an epoch as on any other data."""
    streams = load_streams(folder, "normalised")
    settings = Settings(2, 16, 0.01)
    whole = NetworkTraining("softmax", *streams, settings)
    whole.run()
    first = NetworkTraining("softmax", *streams, Settings(1, 16, 0.01))
    first.run()
    rest = NetworkTraining("softmax", *streams, settings)
    rest.set_state(first.get_state())
    rest.run()
    expected, found = whole.get_state().params, rest.get_state().params
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array)
