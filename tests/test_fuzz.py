"""Damaged files: every reader refuses them in one line, and in little memory."""

from __future__ import annotations

import gzip
import json
import tracemalloc

import numpy as np
import pytest
from fuzz import seeds
from fuzz.damage import damage_bytes, damage_json, damage_npz
from fuzz.readers import READERS, write
from gluon_softmax.data.idx import read_idx
from gluon_softmax.errors import DataError
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
    """Return a valid file's bytes."""
    return content if isinstance(content, bytes) else json.dumps(content).encode()


@pytest.mark.parametrize("name", READERS)
def test_valid_files_are_read(name):
    """What damage begins with is whole, so that damage is all that is wrong."""
    assert len(seeds.VALID[name]) >= 1
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


def change_epoch(**figures: object) -> bytes:
    """Return a history of one epoch with some figures changed."""
    return to_bytes([{**seeds.EPOCH, **figures}])


def change_state(**figures: object) -> bytes:
    """Return a checkpoint's head with some figures changed."""
    return to_bytes({**seeds.HEAD, "state": {**seeds.STATE, **figures}})


def change_comparison(**entries: object) -> bytes:
    """Return a comparison with some entries changed."""
    return to_bytes({**seeds.make_comparison(), **entries})


def change_study(**settings: object) -> bytes:
    """Return a study's file with some settings changed."""
    return to_bytes({"runs": [{"experiment": settings, "history": [seeds.EPOCH]}]})


def name_model(name: str) -> bytes:
    """Return a comparison whose model has another file name."""
    return change_comparison(models={"Gluon": {"file": name, "sha256": ""}})


def change_model(**arrays: np.ndarray) -> bytes:
    """Return a model's file with some arrays changed."""
    return seeds.save({**seeds.make_model(), **arrays})


NO_CHARACTER = np.array([0x110000], "<u4").view("<U1").reshape(())
NESTED = b"[" * 100_000


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("history", change_epoch(valid_acc=0.5)),
        ("history", change_epoch(loss=None)),
        ("history", change_epoch(loss=float("nan"))),
        ("history", change_epoch(loss=10**400)),
        ("history", change_epoch(loss="0.5")),
        ("history", change_epoch(epoch=1.5)),
        ("history", change_epoch(epoch=True)),
        ("history", change_epoch(**{"x\ny": 1})),
        ("history", change_epoch(**{"x" * 2000: 1})),
        ("history", b"[{}]"),
        ("history", b"{}"),
        ("history", b"[1]"),
        ("history", NESTED),
        ("history", b"1" * 5000),
        ("head", NESTED),
        ("head", to_bytes({**seeds.HEAD, "run": []})),
        ("head", to_bytes({**seeds.HEAD, "run": {**seeds.RUN, "seed": 1}})),
        ("head", to_bytes({**seeds.HEAD, "run": {"seed": "x" * 2000}})),
        ("head", to_bytes({**seeds.HEAD, "format": "x" * 2000})),
        ("head", change_state(**{"x\ny": 1})),
        ("head", change_state(epoch=-1)),
        ("head", change_state(sums=None)),
        ("head", change_state(recent=[0.5])),
        ("head", change_state(sums=[10**400, 0, 0])),
        ("head", change_state(history=[1])),
        ("head", change_state(running=[{"epoch": "", "batch": 1}])),
        ("checkpoint", seeds.save({"sha256": NO_CHARACTER})),
        ("comparison", NESTED),
        ("comparison", change_comparison(data=1)),
        ("comparison", change_comparison(settings=[])),
        ("comparison", change_comparison(largest_parameter_difference=[None])),
        ("comparison", change_comparison(histories={"Gluon": [1]})),
        ("comparison", name_model("x" * 300)),
        ("comparison", name_model("a\nb")),
        ("comparison", name_model("a\0b")),
        ("comparison", name_model("\ud800")),
        ("study", NESTED),
        ("study", b"\xe5" * 2000),
        ("study", b'{"runs": 1}'),
        ("study", change_study(data=[])),
        ("study", change_study(data="x\ny")),
        ("study", change_study(data="x" * 2000)),
        ("model", change_model(format=NO_CHARACTER)),
        ("model", change_model(format=np.zeros(2**21, "S1"))),
        ("model", change_model(pixel_mean=np.array([0.5]))),
        ("model", change_model(pixel_mean=np.array(1j))),
        ("model", change_model(classes=np.array([1, 2]))),
        ("model", change_model(classes=np.array("ab"))),
    ],
)
def test_what_was_found_stays_mended(name, content):
    """Inputs that broke a reader once, or that it took for valid."""
    assert READERS[name](content) is None


def test_a_small_gzip_takes_little_memory():
    """What would unpack to 64 MiB is refused before it does."""
    path = write(gzip.compress(seeds.IDX[0] + bytes(2**26), 1))
    tracemalloc.start()
    with pytest.raises(DataError):
        read_idx(path)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 2**25
