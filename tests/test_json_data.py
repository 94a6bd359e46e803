"""JSON from a file: what Python's own reader gives, or one line."""

from __future__ import annotations

import json

import pytest
from gluon_softmax.errors import DataError
from gluon_softmax.storage import json_data
from gluon_softmax.storage.json_data import decode_json, read_json


def test_large_json_is_not_read(tmp_path, monkeypatch):
    """A file has a size, and is not read if that is more than this package writes."""
    (tmp_path / "a.json").write_bytes(bytes(1001))
    monkeypatch.setattr(json_data, "MOST_BYTES", 1000)
    with pytest.raises(DataError, match=r"a.json: expected a file of at most 1,000"):
        read_json(tmp_path / "a.json")


def test_json_is_what_pythons_own_reader_gives(tmp_path):
    """A file that is missing is named."""
    content = json.dumps({"a": [1, 2.5, "短靴", None]}, ensure_ascii=False)
    (tmp_path / "a.json").write_text(content, encoding="utf-8")
    assert read_json(tmp_path / "a.json") == json.loads(content)
    with pytest.raises(DataError, match=r"b.json cannot be read \("):
        read_json(tmp_path / "b.json")


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff", b"[" * 100_000, b"x\n", b'["\\ud800"]']
)
def test_what_is_no_json_gets_one_line(content):
    """Empty, cut, in no UTF-8, nested without end."""
    with pytest.raises(DataError, match="expected JSON, found") as caught:
        decode_json(content)
    assert len(str(caught.value).splitlines()) == 1
