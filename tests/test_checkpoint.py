"""Checkpoints: what goes in comes out to the bit, and nothing else ever does."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
import warnings
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from gluon_softmax import SyntheticFashion
from gluon_softmax.commands.main import main
from gluon_softmax.errors import ArgumentError, DataError, OutputError
from gluon_softmax.history import Callback
from gluon_softmax.trainer.checkpoint import CheckpointFolder, State
from gluon_softmax.trainer.network_training import NetworkTraining
from gluon_softmax.trainer.settings import Settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from small_training import write_program

RUN = {"network": "softmax", "data": "drawn", "seed": 0}
SOON = 120
"""Seconds within which a small training surely ends."""


def make_state():
    """Make a state whose numbers would not survive rounding."""
    draw = np.random.RandomState(0)
    params = {"0.weight": draw.randn(10, 784).astype("f4"), "0.bias": np.ones(10, "f4")}
    momentum = {name: array / 3 for name, array in params.items()}
    return State(
        params,
        momentum,
        epoch=2,
        batch=17,
        sums=[0.1 + 0.2, 5.0, 7.0],
        recent=[1 / 3, 64.0],
        seconds=1.5,
        history=[{"epoch": 1, "loss": 0.1 + 0.2, "train_acc": 1 / 3, "seconds": 0.1}],
        running=[{"epoch": 1, "batch": 300, "loss": 1 / 7}],
    )


def assert_equal(state, other):
    """Compare to the bit."""
    states = [asdict(state), asdict(other)]
    for kind in ("params", "momentum"):
        arrays, others = (s.pop(kind) for s in states)
        assert list(arrays) == list(others)
        for name in arrays:
            assert arrays[name].dtype == others[name].dtype
            np.testing.assert_array_equal(arrays[name], others[name])
    assert states[0] == states[1]


@pytest.fixture
def folder(tmp_path):
    """Return a folder with one checkpoint."""
    folder = CheckpointFolder(tmp_path / "kept", RUN)
    folder.save(make_state(), 145)
    yield folder
    folder.close()


def test_the_newest_two_are_kept(folder):
    """Older ones are removed; the newest one is loaded, whatever the clock says."""
    assert folder.exists()
    for number in (146, 1000):
        path = folder.save(State({}, {}, epoch=number), number)
        os.utime(path, (0, 0))  # as if the clock had been set back
    names = sorted(path.name for path in folder.path.glob("*.npz"))
    assert names == ["checkpoint-000000146.npz", "checkpoint-000001000.npz"]
    assert folder.load().epoch == 1000


class Trap:
    """What makes a folder when a pickle of it is loaded."""

    def __reduce__(self):
        return os.mkdir, ("trapped",)


def change_a_number(content):
    """Return an archive that is whole, but not what was written."""
    arrays = dict(np.load(io.BytesIO(content)))
    return save(**{**arrays, "params/0.bias": arrays["params/0.bias"] + 1})


def save(**arrays):
    """Return the bytes of an archive."""
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


@pytest.mark.filterwarnings("ignore:.*trying the one before")
@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[: len(content) // 2],
        lambda content: b"PK" + os.urandom(2000),
        change_a_number,
        lambda content: save(head=np.array([Trap()], object)),
    ],
    ids=["cut", "noise", "changed", "pickle"],
)
def test_a_damaged_one_is_reported_and_passed_over(
    folder, damage, tmp_path, monkeypatch
):
    """The one before is used to the bit, and nothing that is in a file is run.

    Where none is whole, one line says what to do.
    """
    monkeypatch.chdir(tmp_path)
    path = folder.save(make_state(), 200)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.warns(UserWarning, match=r"000000200.npz: .*trying the one before"):
        state = folder.load()
    assert_equal(state, make_state())
    assert not (tmp_path / "trapped").exists()
    (folder.path / "checkpoint-000000145.npz").write_bytes(b"")
    with pytest.raises(DataError, match="none that is whole: leave out --resume"):
        folder.load()


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(place=st.integers(0, 10**9), value=st.integers(1, 255))
def test_no_changed_byte_goes_unseen(folder, place, value):
    """With any byte changed the state is the same, or it is refused."""
    path = folder.save(make_state(), 145)
    content = bytearray(path.read_bytes())
    content[place % len(content)] ^= value
    path.write_bytes(content)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:  # there are bytes that nothing reads, in the zip's own list
            assert_equal(folder.load(), make_state())
        except DataError:
            assert "trying the one before" in str(caught[0].message)


@pytest.mark.parametrize(
    ("change", "found"),
    [({"network": "perceptron"}, "'softmax'"), ({"seed": 1}, "0")],
)
def test_another_training_is_refused(folder, change, found):
    """The line names what differs."""
    folder.close()
    other = CheckpointFolder(folder.path, {**RUN, **change})
    with pytest.raises(ArgumentError, match=f"{next(iter(change))}.*with {found}:"):
        other.load()


def test_an_older_one_says_what_cannot_be_checked(folder):
    """What an earlier version did not keep is named, and the training goes on."""
    folder.close()
    newer = CheckpointFolder(folder.path, {**RUN, "training set": {}, "lr": 1})
    with pytest.warns(UserWarning, match="did not keep lr, training set: .* cannot be"):
        assert_equal(newer.load(), make_state())
    newer.close()


def test_a_damaged_one_takes_no_place(folder):
    """Two whole ones are kept, whatever its number; it goes when a whole one is new."""
    damaged = folder.path / "checkpoint-999999999.npz"
    damaged.touch()
    with pytest.warns(UserWarning, match="trying the one before"):
        folder.load()
    assert damaged.exists()
    for number in (146, 147):
        folder.save(make_state(), number)
    names = sorted(path.name for path in folder.path.glob("*.npz"))
    assert names == ["checkpoint-000000146.npz", "checkpoint-000000147.npz"]


@pytest.fixture
def pictures(tmp_path):
    """Return a function that makes a folder of the same name with some pictures."""

    def make(parent, classes, shade):
        folder = tmp_path / parent / "pictures"
        for number, name in enumerate(classes):
            (folder / name).mkdir(parents=True)
            for i in range(5):
                image = Image.new("L", (28, 28), shade + 30 * number + i)
                image.save(folder / name / f"{i}.png")
        return folder

    return make


@pytest.mark.parametrize(
    ("classes", "shade", "line"),
    [
        (("apple", "pear"), 0, "classes[0] 'apple', found one with 'cat'"),
        (("cat", "dog"), 1, "digest '"),
        (("cat", "dog", "eel"), 0, "images 12, found one with 8"),
    ],
)
def test_other_data_are_refused(pictures, tmp_path, capsys, classes, shade, line):
    """Other pictures or classes, though title and size agree, are named in one line."""
    train = ["train", "softmax", "--num-epochs", "1", "--batch-size", "4"]
    train += ["--output", str(tmp_path), "--checkpoint", str(tmp_path / "kept")]
    before = pictures("before", ["cat", "dog"], 0)
    assert main([*train, "--data", str(before)]) == 0
    assert main([*train, "--data", str(before)]) == 2
    assert "go on from them with --resume" in capsys.readouterr().err
    moved = before.rename(tmp_path / "pictures")
    assert main([*train, "--resume", "--data", str(moved)]) == 0
    assert "gluon-softmax" not in capsys.readouterr().err
    other = pictures("other", classes, shade)
    assert main([*train, "--resume", "--data", str(other)]) == 2
    *_, said = capsys.readouterr().err.splitlines()
    assert "expected a checkpoint with " in said
    assert line in said


@pytest.mark.parametrize("make", [Path.symlink_to, lambda path, _: os.mkfifo(path)])
def test_a_lock_that_is_no_file(tmp_path, make):
    """What a link points to stays as it is, a pipe is not waited for; one line each."""
    thesis = tmp_path / "thesis.tex"
    thesis.write_text("all of it")
    folder = tmp_path / "kept"
    folder.mkdir()
    make(folder / ".lock", thesis)
    with pytest.raises(OutputError, match=r"\.lock is (a link|no regular file)\)"):
        CheckpointFolder(folder, RUN)
    assert thesis.read_text() == "all of it"


def test_locks_of_windows(folder, monkeypatch):
    """Where there is no fcntl, a held lock is refused with the same error."""

    def locking(descriptor, mode, size):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setitem(sys.modules, "fcntl", None)
    stand_in = SimpleNamespace(locking=locking, LK_NBLCK=2)
    monkeypatch.setitem(sys.modules, "msvcrt", stand_in)
    folder.close()
    with pytest.raises(ArgumentError, match="in use by another training"):
        CheckpointFolder(folder.path, RUN)
    stand_in.locking = lambda *_: None
    assert CheckpointFolder(folder.path, RUN).exists()


def test_two_at_once(folder):
    """The second one is told; it may come in when the first has gone."""
    with pytest.raises(ArgumentError, match="in use by another training"):
        CheckpointFolder(folder.path, RUN)
    folder.close()
    assert CheckpointFolder(folder.path, RUN).exists()


def test_what_could_not_be_read_back_is_not_written(folder):
    """The checkpoint before it stays."""
    state = replace(make_state(), running=make_state().running * 400_000)
    with pytest.raises(OutputError, match="history of at most"):
        folder.save(state, 150)
    assert_equal(folder.load(), make_state())


def test_a_folder_of_something_else(tmp_path):
    """A folder that holds other files is left alone, and so is a file."""
    thesis = tmp_path / "thesis.tex"
    thesis.touch()
    with pytest.raises(ArgumentError, match=r"'thesis.tex'.*another folder"):
        CheckpointFolder(tmp_path, RUN)
    with pytest.raises(OutputError, match="cannot be used for checkpoints"):
        CheckpointFolder(thesis, RUN)
    assert list(tmp_path.iterdir()) == [thesis]


@pytest.mark.parametrize("name", ["softmax", "perceptron", "convolutional"])
@pytest.mark.parametrize("momentum", [0, 0.9])
def test_broken_off_anywhere_ends_at_the_same_bits(tmp_path, name, momentum):
    """Keeping states changes nothing, nor does going on from one in a new object."""
    sets = SyntheticFashion(True, num_images=300), SyntheticFashion(False, None, 100)

    options = Settings(2, 64, 0.05, momentum, print_every=3)  # five batches an epoch
    plain, kept, *others = (NetworkTraining(name, *sets, options) for _ in range(9))
    plain.run()
    states, keep = [], Callback()
    keep.on_batch_end = lambda progress: states.append(kept.get_state())
    keep.on_train_begin = keep.on_epoch_end = keep.on_batch_end
    kept.run([keep])
    assert len(states) == 13
    assert_same_training(kept, plain)
    for number, rest in zip((0, 2, 4, 5, 6, 9, 12), others):
        folder = CheckpointFolder(tmp_path / f"{number}", RUN)
        folder.save(states[number], number)
        rest.set_state(folder.load())
        rest.run()
        assert_same_training(rest, plain)


def assert_same_training(training, other):
    """Compare all that a training leaves, parameters to the bit."""
    state, expected = training.get_state(), other.get_state()
    for kind in ("params", "momentum"):
        arrays, others = getattr(state, kind), getattr(expected, kind)
        assert list(arrays) == list(others)
        for key, array in others.items():
            np.testing.assert_array_equal(arrays[key], array)
    for column in ("loss", "train_acc", "test_acc"):
        figures = other.history.column(column)
        assert training.history.column(column) == pytest.approx(figures, rel=1e-12)
    assert len(state.running) == len(expected.running)
    for line, other_line in zip(state.running, expected.running):
        assert line == pytest.approx(other_line, rel=1e-12)


@pytest.mark.slow
@pytest.mark.heavy
def test_killed_again_and_again_ends_at_the_same_bits(tmp_path):
    """SIGKILL at any moment, in the middle of writing too, changes no parameter."""
    command = [*write_program(tmp_path), "train", "softmax", "--data", "mnist"]
    command += ["--num-epochs", "60", "--batch-size", "16", "--output"]
    plain = [*command, str(tmp_path / "plain")]
    subprocess.run(plain, check=True, timeout=SOON, capture_output=True)
    broken = [*command, str(tmp_path / "broken")]
    broken += ["--checkpoint", str(tmp_path / "kept"), "--every", "5", "--resume"]
    draw = np.random.RandomState(0)
    codes = []
    while len(codes) < 10 and 0 not in codes:  # a fast machine is done before
        with subprocess.Popen(broken, stdout=subprocess.PIPE) as process:
            process.stdout.readline()  # it trains
            time.sleep(draw.uniform(0, 0.5))
            process.send_signal(signal.SIGKILL)
        codes.append(process.returncode)
    assert codes.count(-signal.SIGKILL) > 3
    subprocess.run(broken, check=True, timeout=SOON, capture_output=True)
    paths = [tmp_path / name / "softmax-mnist.npz" for name in ("broken", "plain")]
    assert paths[0].read_bytes() == paths[1].read_bytes()
