"""What a data set is, by content."""

from __future__ import annotations

import json

import numpy as np
import pytest
from gluon_softmax import ImageDataset
from gluon_softmax.data import identity
from gluon_softmax.data.identity import find_difference, identify
from gluon_softmax.data.idx import open_idx
from mxnet.gluon.data.vision.transforms import Compose, Normalize, ToTensor


def make(change=None, **options):
    """Make 30 images, of which one pixel or label may be changed."""
    draw = np.random.RandomState(0)
    images = draw.randint(0, 256, (30, 6, 5), dtype=np.uint8)
    labels = np.arange(30) % 2
    if change is not None:
        array = {"images": images, "labels": labels}[change]
        array[(17,) + (0,) * (array.ndim - 1)] ^= 1
    return ImageDataset(images, labels, **{"classes": ("cat", "dog"), **options})


def test_the_same_content_is_the_same_set():
    """Title and place play no part, nor does a way through JSON."""
    first = identify(make())
    assert first == identify(make(title="elsewhere", revision="2"))
    assert find_difference(json.loads(json.dumps(first)), first) is None
    assert (first["images"], first["shape"]) == (30, [6, 5, 1])


@pytest.mark.parametrize(
    ("other", "name"),
    [
        (make("images"), "digest"),
        (make("labels"), "digest"),
        (make(classes=("dog", "cat")), "classes[0]"),
        (make(classes=("cat", "dog", "eel")), "classes[2]"),
        (make().transform_first(ToTensor()), "transforms[0]"),
    ],
)
def test_what_differs_is_named(other, name):
    """A pixel, a label, the order of the classes, another class, the preparation."""
    assert find_difference(identify(make()), identify(other))[0] == name


def test_transforms_have_their_numbers():
    """Two ways to normalise are not the same."""
    scaled = make().transform_first(ToTensor()).transform_first(Normalize(0.25, 0.5))
    assert identify(scaled)["transforms"] == ["ToTensor", "Normalize(0.25, 0.5)"]
    composed = make().transform_first(Compose([ToTensor(), Normalize(0.25, 0.5)]))
    assert identify(composed) == identify(scaled)


def test_images_in_a_file(tmp_path, monkeypatch):
    """They are told as those in memory are, also where only some are read."""
    dataset = make()
    path = tmp_path / "images"
    head = bytes([0, 0, 8, 3]) + np.array([30, 6, 5], ">i4").tobytes()
    path.write_bytes(head + dataset.images.tobytes())
    stored = ImageDataset(open_idx(path), dataset.labels, classes=dataset.classes)
    assert identify(stored) == identify(dataset)
    monkeypatch.setattr(identity, "MOST_BYTES", 300)
    monkeypatch.setattr(identity, "BLOCK", 4)
    assert identify(stored) == identify(dataset)
    assert identify(stored)["digest"] != identify(make("labels"))["digest"]
