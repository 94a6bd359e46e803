"""Shards as they are written, against MXNet's own reader in Python."""

from __future__ import annotations

import io
import os
import resource
import signal

import gluon_softmax.data.packing as packing
import mxnet as mx
import numpy as np
import pytest
from gluon_softmax import ImageDataset
from gluon_softmax.data.packed import Packed, digest
from gluon_softmax.data.packing import pack
from gluon_softmax.errors import ArgumentError, OutputError
from PIL import Image


def make(num_images: int, seed: int = 0, **options) -> ImageDataset:
    """Give random images of ten classes."""
    images = np.random.RandomState(seed).randint(0, 256, (num_images, 28, 28))
    return ImageDataset(images.astype(np.uint8), np.arange(num_images) % 10, **options)


def read_shard(folder, shard: str) -> dict[int, tuple[float, np.ndarray]]:
    """Read label and pixels of each record by its number."""
    paths = (str(folder / f"{shard}.{kind}") for kind in ("idx", "rec"))
    reader = mx.recordio.MXIndexedRecordIO(*paths, "r")
    records = {}
    for number in reader.keys:
        header, image = mx.recordio.unpack(reader.read_idx(number))
        assert header.id == number
        records[number] = header.label, np.asarray(Image.open(io.BytesIO(image)))
    return records


@pytest.mark.parametrize("num_shards", [1, 3, 4])
def test_every_sample_is_in_one_shard(tmp_path, num_shards):
    """MXNet's reader finds each image and label, to the bit, and none twice."""
    train_set, test_set = make(101), make(41, seed=1)
    packed = pack(train_set, test_set, (0.1, 0.2), tmp_path / "out", num_shards)
    for split, dataset in (("train", train_set), ("test", test_set)):
        shards = [read_shard(tmp_path / "out", s) for s in packed.shards(split)]
        numbers = sorted(number for shard in shards for number in shard)
        assert numbers == list(range(len(dataset)))
        for number, (label, image) in (pair for s in shards for pair in s.items()):
            assert label == dataset.labels[number]
            np.testing.assert_array_equal(image, dataset.images[number][..., 0])


def test_shards_are_balanced(tmp_path):
    """In number they differ by one at most, and each half of one has all classes."""
    dataset = make(403)
    packed = pack(dataset, dataset, (0.1, 0.2), tmp_path / "out", 4)
    shards = [read_shard(tmp_path / "out", s) for s in packed.shards("train")]
    assert sorted(map(len, shards)) == [100, 101, 101, 101]
    for shard in shards:
        labels = [label for label, _ in shard.values()]
        assert set(np.bincount(labels)) <= {10, 11}
        assert len(set(labels[:50])) == len(set(labels[50:])) == 10


def test_the_index_describes_the_set(tmp_path):
    """Title, classes, counts, moments, and the checksum of every other file."""
    dataset = make(40, title="own", classes=tuple("abcdefghij"), revision="first")
    packed = pack(dataset, make(20), (0.25, 0.5), tmp_path / "out", 2)
    assert packed == Packed.read(tmp_path / "out")
    assert (packed.title, packed.revision, packed.shape) == ("own", "first", (28, 28))
    assert packed.classes == tuple("abcdefghij")
    assert packed.counts == {"train": [4] * 10, "test": [2] * 10}
    assert packed.moments == (0.25, 0.5)
    files = {path.name: digest(path) for path in (tmp_path / "out").iterdir()}
    files.pop("index.json")
    assert packed.sha256 == files
    assert len(files) == 2 * (2 + 2 + 1)


def test_the_same_seed_gives_the_same_files(tmp_path):
    """Another seed deals otherwise."""
    sha256 = [
        pack(make(40), make(20), (0, 1), tmp_path / name, 2, seed).sha256
        for name, seed in (("a", 0), ("b", 0), ("c", 1))
    ]
    assert sha256[0] == sha256[1] != sha256[2]


@pytest.mark.parametrize(
    ("num_shards", "message"),
    [
        (0, "shards to be a whole number from 1"),
        (21, "at most 20 shards"),
        (2.5, "2.5"),
    ],
)
def test_bad_numbers_of_shards(tmp_path, num_shards, message):
    """There is an image at least for each shard; nothing is written."""
    with pytest.raises(ArgumentError, match=message):
        pack(make(40), make(20), (0, 1), tmp_path / "out", num_shards)
    assert list(tmp_path.iterdir()) == []


def test_colour_is_refused(tmp_path):
    """MXNet would read it as grey."""
    dataset = ImageDataset(np.zeros((20, 28, 28, 3), np.uint8), np.arange(20) % 10)
    with pytest.raises(ArgumentError, match="expected grey images"):
        pack(dataset, dataset, (0, 1), tmp_path / "out")


@pytest.mark.parametrize("kind", ["file", "full", "link", "broken link"])
def test_what_is_there_is_left_alone(tmp_path, kind):
    """A file, a folder with something in it, and links are refused."""
    output = tmp_path / "out"
    if kind == "file":
        output.write_text("mine")
    elif kind == "full":
        output.mkdir()
        (output / "mine").write_text("mine")
    else:
        output.symlink_to(tmp_path if kind == "link" else tmp_path / "nowhere")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(OutputError, match="empty or not there yet"):
        pack(make(40), make(20), (0, 1), output)
    assert sorted(tmp_path.rglob("*")) == before


def test_an_empty_folder_may_be_there(tmp_path):
    """So may none of its parents."""
    (tmp_path / "out").mkdir()
    for output in (tmp_path / "out", tmp_path / "new" / "deep"):
        pack(make(40), make(20), (0, 1), output)
        assert [path.name for path in output.parent.glob(".*")] == []
        assert Packed.read(output)


@pytest.mark.parametrize("missing", [1, 5000, 1_000_000])
def test_a_full_disk_leaves_nothing(tmp_path, missing):
    """However many bytes are missing, even those that closing the file writes."""
    size = os.path.getsize(_pack_and_name(tmp_path / "whole"))
    child = os.fork()
    if not child:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (max(0, size - missing),) * 2)
        try:
            _pack_and_name(tmp_path / "out")
        except OutputError as error:
            right = "out cannot be written (" in str(error) and "\n" not in str(error)
            os._exit(0 if right else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["whole"]


def test_an_interrupt_leaves_nothing(tmp_path, monkeypatch):
    """Nor does it while the last shard is written."""

    def interrupt(path):
        raise KeyboardInterrupt

    monkeypatch.setattr(packing, "digest", interrupt)
    with pytest.raises(KeyboardInterrupt):
        pack(make(40), make(20), (0, 1), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_what_kills_leaves_nothing_at_the_place(tmp_path, monkeypatch):
    """The process ends at once in the middle: the folder is not there."""
    monkeypatch.setattr(packing, "digest", lambda path: os._exit(9))
    child = os.fork()
    if not child:
        try:
            pack(make(40), make(20), (0, 1), tmp_path / "out")
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert not (tmp_path / "out").exists()


def _pack_and_name(output):
    """Pack; name the largest file."""
    pack(make(200), make(20), (0, 1), output, 1)
    return max(output.iterdir(), key=os.path.getsize)
