"""Reading no further than a file may go."""

from __future__ import annotations

import tracemalloc

import pytest
from gluon_softmax import bounded
from gluon_softmax.bounded import read_bytes


@pytest.mark.parametrize("size", [0, 1, 999, 1000, 1001, 5000])
@pytest.mark.parametrize("least", [1, bounded.LEAST])
def test_one_byte_more_at_most(size, least, tmp_path, monkeypatch):
    """What may be read is read whole; of more, enough to tell."""
    monkeypatch.setattr(bounded, "LEAST", least)
    content = bytes(i % 251 for i in range(size))
    (tmp_path / "file").write_bytes(content)
    assert read_bytes(tmp_path / "file", 1000) == content[:1001]


def test_a_device_has_no_end():
    """Nor any size to go by."""
    assert read_bytes("/dev/zero", 1000) == bytes(1001)


def test_a_small_file_takes_little_memory(tmp_path):
    """However large it might have been."""
    (tmp_path / "file").write_bytes(b"small")
    tracemalloc.start()
    assert read_bytes(tmp_path / "file", 2**28) == b"small"
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 2**18
