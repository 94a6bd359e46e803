"""The index of packed shards: what is written is read, and damage is told."""

from __future__ import annotations

import hashlib
import json

import pytest
from gluon_softmax.data.packed import Packed, check_path, digest, is_packed
from gluon_softmax.errors import ArgumentError, DataError

PACKED = Packed(
    title="pets",
    revision="first",
    classes=("cat", "dog"),
    shape=(28, 20),
    moments=(0.25, 0.5),
    num_shards=2,
    counts={"train": [3, 4], "test": [1, 2]},
    sha256={"train.idx": "00"},
)


@pytest.fixture
def content(tmp_path) -> dict:
    """Give what index.json holds."""
    PACKED.write(tmp_path)
    return json.loads((tmp_path / "index.json").read_text())


def refusal(folder) -> str:
    """Read an index that is refused; give the message, of one line."""
    with pytest.raises(DataError) as caught:
        Packed.read(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_is_written_is_read(tmp_path):
    """All of it, types included."""
    assert not is_packed(tmp_path)
    PACKED.write(tmp_path)
    assert is_packed(tmp_path)
    assert Packed.read(tmp_path) == PACKED
    assert PACKED.num_images("train") == 7
    assert PACKED.shards("test") == ["test-00000-of-00002", "test-00001-of-00002"]


@pytest.mark.parametrize(
    "change",
    [
        {"classes": ["cat"]},
        {"classes": 5},
        {"shape": [28]},
        {"moments": ["a", "b"]},
        {"num_shards": 0},
        {"num_shards": 4},
        {"counts": {"train": [3, 4]}},
        {"counts": {"train": [3, -4], "test": [1, 2]}},
        {"sha256": 7},
        {"more": 1},
    ],
)
def test_content_that_does_not_fit_is_refused(tmp_path, content, change):
    """Wrong types, missing numbers and unknown names."""
    (tmp_path / "index.json").write_text(json.dumps({**content, **change}))
    assert "found a damaged file: pack the data again" in refusal(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "7", '{"format": 1}', "\udcff"])
def test_no_index_at_all(tmp_path, text):
    """Other JSON, and what is no JSON."""
    content = text.encode("utf-8", "surrogateescape")
    (tmp_path / "index.json").write_bytes(content)
    assert "found a damaged file" in refusal(tmp_path)


def test_another_version(tmp_path, content):
    """A format of the future is named."""
    (tmp_path / "index.json").write_text(json.dumps({**content, "format": 2}))
    assert "expected format 1, found 2" in refusal(tmp_path)


def test_no_file(tmp_path):
    """A folder without an index is named."""
    assert f"{tmp_path}/index.json cannot be read (No such file" in refusal(tmp_path)


def test_digest(tmp_path):
    """The checksum is that of hashlib, for a file of more than one piece too."""
    content = bytes(range(256)) * 5000
    (tmp_path / "file").write_bytes(content)
    assert digest(tmp_path / "file") == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("name", ["a;b", "a#b", "a?b"])
def test_paths_that_mean_more_to_mxnet(tmp_path, name):
    """They are refused; other characters are not."""
    with pytest.raises(ArgumentError, match="in its path, which mean"):
        check_path(tmp_path / name)
    assert check_path(tmp_path / "数 据") == str(tmp_path / "数 据")
