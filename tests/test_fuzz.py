"""Damaged files: every reader refuses them in one line, and in little memory."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest
from fuzz import seeds
from fuzz.damage import damage_bytes, damage_json, damage_npz
from fuzz.readers import READERS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

SETTINGS = settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def choose(damage, *names: str) -> st.SearchStrategy:
    """Choose a reader, one of its valid files, and damage to that."""
    pairs = [(name, content) for name in names for content in seeds.VALID[name]]
    return st.sampled_from(pairs).flatmap(
        lambda pair: st.tuples(st.just(pair[0]), damage(pair[1]))
    )


def to_bytes(content: object) -> bytes:
    """Return a file's bytes, of what JSON is made of too."""
    return content if isinstance(content, bytes) else json.dumps(content).encode()


@pytest.mark.parametrize("name", READERS)
def test_valid_files_are_read(name):
    """What damage begins with is whole, so that damage is all that is wrong."""
    for content in seeds.VALID[name]:
        assert READERS[name](to_bytes(content)) is not None


@SETTINGS
@given(choose(damage_bytes, "idx", "gzip"), st.booleans())
def test_damaged_idx(damaged, compress):
    """IDX, compressed or not; the same compressed is refused or read alike."""
    name, content = damaged
    found = READERS[name](content)
    if compress and name == "idx":
        assert (READERS["gzip"](gzip.compress(content)) is None) == (found is None)


@SETTINGS
@given(choose(damage_bytes, "picture", "hosts"))
def test_damaged_picture(damaged):
    """A picture in every format that is decoded; a job's machines."""
    name, content = damaged
    READERS[name](content)


@SETTINGS
@given(choose(damage_npz, "model", "checkpoint"))
def test_damaged_npz(damaged):
    """A model and a checkpoint."""
    name, content = damaged
    READERS[name](content)


@SETTINGS
@given(choose(damage_json, "head", "history", "comparison", "study"))
def test_damaged_json(damaged):
    """A checkpoint's head, a history, a comparison and a study."""
    name, content = damaged
    READERS[name](content)


NO_CHARACTER = np.array([0x110000], "<u4").view("<U1").reshape(())
NESTED = b"[" * 100_000
LONG = "x" * 2000
CHANGES = [
    ("history", {"loss": "0.5"}),
    ("history", {"epoch": True}),
    ("history", {"x\ny": 1}),
    ("history", {LONG: 1}),
    ("head", {"run": []}),
    ("head", {"run": {**seeds.RUN, "seed": 1}}),
    ("head", {"run": {"seed": LONG}}),
    ("state", {"x\ny": 1}),
    ("state", {"epoch": -1}),
    ("state", {"recent": [0.5]}),
    ("state", {"sums": [10**400, 0, 0]}),
    ("state", {"history": [1]}),
    ("state", {"running": [{"epoch": "", "batch": 1}]}),
    ("comparison", {"data": 1}),
    ("comparison", {"settings": []}),
    ("comparison", {"largest_parameter_difference": [None]}),
    ("comparison", {"models": {"Gluon": {"file": "x" * 300, "sha256": ""}}}),
    ("comparison", {"models": {"Gluon": {"file": "a\nb", "sha256": ""}}}),
    ("study", {"data": []}),
    ("study", {"data": "x\ny"}),
    ("model", {"format": NO_CHARACTER}),
    ("model", {"format": np.zeros(2**21, "S1")}),
    ("model", {"pixel_mean": np.array([0.5])}),
    ("model", {"classes": np.array("ab")}),
    (
        "model",
        {
            "classes": np.zeros(0, "U1"),
            "W": np.zeros((784, 0), "f4"),
            "b": np.zeros(0, "f4"),
        },
    ),
    ("model", {"classes": np.zeros(2**17, "U1")}),
    ("comparison", {"settings": {"lr": "\ud800"}}),
    ("comparison", {"histories": {}}),
]
"""What broke a reader once, or what it took for valid."""
MAKERS = {
    "history": lambda change: [{**seeds.EPOCH, **change}],
    "head": lambda change: {**seeds.HEAD, **change},
    "state": lambda change: {**seeds.HEAD, "state": {**seeds.STATE, **change}},
    "comparison": lambda change: {**seeds.COMPARISON, **change},
    "study": lambda change: {
        "runs": [{"experiment": change, "history": [seeds.EPOCH]}]
    },
    "model": lambda change: seeds.save({**seeds.MODEL_ARRAYS, **change}),
}


@pytest.mark.parametrize(("name", "change"), CHANGES)
def test_what_was_mended_stays_mended(name, change):
    """One change to a valid file."""
    content = to_bytes(MAKERS[name](change))
    assert READERS["head" if name == "state" else name](content) is None


@pytest.mark.parametrize("content", [NESTED, b"[{}]", b"{}", b"[1]", b"1" * 5000])
@pytest.mark.parametrize("name", ["history", "head", "comparison", "study"])
def test_json_of_something_else_is_refused(name, content):
    """Nested without end, of another kind, a number too long for Python."""
    assert READERS[name](content) is None


def test_a_checkpoint_whose_checksum_is_no_text_is_refused():
    """It cannot even be encoded."""
    assert READERS["checkpoint"](seeds.save({"sha256": NO_CHARACTER})) is None
