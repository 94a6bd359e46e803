"""Damaged files: every reader refuses them in one line, and in little memory."""

from __future__ import annotations

import gzip
import json
import random
import tracemalloc
import zipfile

import numpy as np
import pytest
from gluon_softmax import archive
from fuzz import seeds
from fuzz.damage import damage, damage_bytes
from fuzz.targets import TARGETS, fuzz_checkpoint, write
from gluon_softmax.data.idx import read_idx
from gluon_softmax.errors import DataError
from gluon_softmax.models import load_model
from hypothesis import given, settings
from hypothesis import strategies as st

VALID = seeds.make_seeds()
BOMB = 2**26
"""Bytes that small files below would unpack to."""
MOST_MEMORY = 2**25


@pytest.mark.parametrize("name", TARGETS)
def test_valid_files_are_read(name):
    """What damage begins with is whole, so that damage is all that is wrong."""
    assert len(VALID[name]) >= 1
    for content in VALID[name]:
        assert TARGETS[name](content) is not None


def read_damaged(name: str, content: bytes, draw: random.Random, times: int) -> None:
    """Damage a valid file more and more, and read it each time."""
    for _ in range(times):
        content = damage(name, content, draw, damage_bytes)
        TARGETS[name](content)


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=40, deadline=None)
@given(st.data())
def test_damage_is_refused_in_one_line(name, data):
    """Whatever is cut, doubled, changed, buried or lied about."""
    content = data.draw(st.sampled_from(VALID[name]))
    read_damaged(name, content, data.draw(st.randoms()), times=4)


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_much_damage_is_refused_in_one_line(name):
    """The same with many files, in little memory."""
    draw = random.Random(0)
    tracemalloc.start()
    for _ in range(60):
        read_damaged(name, draw.choice(VALID[name]), draw, times=5)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < MOST_MEMORY


def change_epoch(**figures: object) -> bytes:
    """Give a history of one epoch with some figures changed."""
    return seeds.to_json([{**seeds.EPOCH, **figures}])


def change_state(**figures: object) -> bytes:
    """Give a checkpoint's head with some figures changed."""
    return seeds.to_json({**seeds.HEAD, "state": {**seeds.STATE, **figures}})


def change_comparison(**entries: object) -> bytes:
    """Give a comparison with some entries changed."""
    return seeds.to_json({**seeds.make_comparison(), **entries})


def change_study(**settings: object) -> bytes:
    """Give a study's file with some settings changed."""
    return seeds.to_json({"runs": [{"experiment": settings, "history": [seeds.EPOCH]}]})


def name_model(name: str) -> bytes:
    """Give a comparison whose model has another file name."""
    return change_comparison(models={"Gluon": {"file": name, "sha256": ""}})


def change_model(**arrays: np.ndarray) -> bytes:
    """Give a model's file with some arrays changed."""
    return seeds.pack({**seeds.make_model(), **arrays})


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
        ("history", b'{"":' * 100_000),
        ("history", b"1" * 5000),
        ("checkpoint_head", NESTED),
        ("checkpoint_head", seeds.to_json({**seeds.HEAD, "run": []})),
        ("checkpoint_head", seeds.to_json({**seeds.HEAD, "run": {"seed": "x" * 2000}})),
        ("checkpoint_head", seeds.to_json({**seeds.HEAD, "format": "x" * 2000})),
        ("checkpoint_head", change_state(**{"x\ny": 1})),
        ("checkpoint_head", change_state(epoch=-1)),
        ("checkpoint_head", change_state(sums=None)),
        ("checkpoint_head", change_state(recent=[0.5])),
        ("checkpoint_head", change_state(sums=[10**400, 0, 0])),
        ("checkpoint_head", change_state(history=[1])),
        ("checkpoint_head", change_state(running=[{"epoch": "", "batch": 1}])),
        ("checkpoint", seeds.pack({"sha256": NO_CHARACTER})),
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
        ("model", change_model(pixel_mean=np.array([0.5]))),
        ("model", change_model(pixel_mean=np.array(1j))),
        ("model", change_model(classes=np.array([1, 2]))),
        ("model", change_model(classes=np.array("ab"))),
        ("npz", seeds.zip_member(VALID["npy"][0], zipfile.ZIP_BZIP2)),
        ("npz", seeds.zip_member(VALID["npy"][0], zipfile.ZIP_LZMA)),
    ],
)
def test_what_was_found_stays_mended(name, content):
    """Inputs that broke a reader once, or that it took for valid."""
    assert TARGETS[name](content) is None


def lie_about_size(content: bytes) -> bytes:
    """Make the list of a zip say that its only member unpacks to 200 bytes."""
    start = content.rindex(b"PK\1\2") + 24
    return content[:start] + (200).to_bytes(4, "little") + content[start + 4 :]


def make_bombs() -> dict[str, tuple]:
    """Give readers, each with a small file that would unpack to much."""
    zeros = bytes(BOMB)
    return {
        "gzip": (
            lambda c: read_idx(write(c)),
            gzip.compress(VALID["idx"][0] + zeros, 1),
        ),
        "deflate": (
            archive.decode_arrays,
            lie_about_size(seeds.zip_member(zeros, zipfile.ZIP_DEFLATED)),
        ),
        "bzip2": (
            archive.decode_arrays,
            lie_about_size(seeds.zip_member(zeros, zipfile.ZIP_BZIP2)),
        ),
        "text": (
            lambda c: load_model(write(c)),
            change_model(format=np.zeros(2**21, "S1")),
        ),
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gzip", "deflate", "bzip2", "text"])
def test_small_files_take_little_memory(name):
    """What would unpack to 64 MiB is refused before it does."""
    reader, content = make_bombs()[name]
    tracemalloc.start()
    with pytest.raises(DataError):
        reader(content)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < MOST_MEMORY


def test_a_checkpoint_of_another_run_is_refused():
    """It is whole, but not of the training that goes on."""
    head = json.dumps({**seeds.HEAD, "run": {**seeds.RUN, "seed": 1}})
    assert fuzz_checkpoint(seeds.pack(seeds.make_checkpoint(head))) is None
