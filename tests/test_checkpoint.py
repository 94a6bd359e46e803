"""Checkpoints: what goes in comes out to the bit, and nothing else ever does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict

import numpy as np
import pytest
from gluon_softmax import SyntheticFashion
from gluon_softmax.errors import ArgumentError, DataError, OutputError
from gluon_softmax.history import Callback
from gluon_softmax.storage.archive import read_arrays, write_arrays
from gluon_softmax.trainer.checkpoint import CheckpointFolder, State
from gluon_softmax.trainer.network_training import NetworkTraining
from gluon_softmax.trainer.settings import Settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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
    """Give a folder with one checkpoint."""
    folder = CheckpointFolder(tmp_path / "kept", RUN)
    folder.save(make_state(), 145)
    return folder


def test_a_state_comes_back_to_the_bit(folder):
    """Arrays, counters and history are those that were saved."""
    assert folder.exists()
    assert_equal(folder.load(), make_state())


def test_the_newest_two_are_kept(folder):
    """Older ones are removed; the newest one is loaded, whatever the clock says."""
    for number in (146, 1000):
        path = folder.save(State({}, {}, epoch=number), number)
        os.utime(path, (0, 0))  # as if the clock had been set back
    names = sorted(path.name for path in folder.path.glob("*.npz"))
    assert names == ["checkpoint-000000146.npz", "checkpoint-000001000.npz"]
    assert folder.load().epoch == 1000


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[: len(content) // 2],
        lambda content: b"",
        lambda content: content[:3000] + b"\0" + content[3001:],
        lambda content: b"PK" + os.urandom(2000),
    ],
    ids=["cut", "empty", "one byte", "noise"],
)
def test_a_damaged_newest_one_is_reported_and_passed_over(folder, damage):
    """The one before is used, with a warning that names the damaged one."""
    path = folder.save(State({"W": np.ones((50, 50), "f4")}, {}, epoch=9), 200)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.warns(UserWarning, match=r"000000200.npz: .*trying the one before"):
        state = folder.load()
    assert_equal(state, make_state())


@pytest.mark.filterwarnings("ignore:.*trying the one before")
def test_only_damaged_ones(folder):
    """Where none is whole, one line says what to do."""
    for path in folder.path.glob("*.npz"):
        path.write_bytes(b"nothing")
    with pytest.raises(DataError, match="none that is whole: leave out --resume"):
        folder.load()


def test_changed_numbers_are_damage_too(folder):
    """An archive that is whole but was changed does not have its own checksum."""
    (path,) = folder.path.glob("*.npz")
    arrays = read_arrays(path)
    arrays["params/0.bias"] = arrays["params/0.bias"] + 1
    write_arrays(arrays, path)
    with (
        pytest.warns(UserWarning, match="found a damaged one"),
        pytest.raises(DataError, match="none that is whole"),
    ):
        folder.load()


def test_a_pickle_is_never_loaded(folder):
    """An array of objects is refused, and what it would run is not run."""
    (path,) = folder.path.glob("*.npz")

    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(path.parent / "trapped"),)

    np.savez(path, head=np.array([Trap()], object))
    with (
        pytest.warns(UserWarning, match="allow_pickle=False"),
        pytest.raises(DataError),
    ):
        folder.load()
    assert not (path.parent / "trapped").exists()


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"network": "perceptron"}, "'softmax'"),
        ({"data": "MNIST"}, "'drawn'"),
        ({"seed": 1}, "with 0"),
        ({"lr": 0.1}, "None"),
    ],
)
def test_another_training_is_refused(folder, change, found):
    """The line names what differs."""
    folder._locked.close()
    other = CheckpointFolder(folder.path, {**RUN, **change})
    with pytest.raises(ArgumentError, match=f"{next(iter(change))}.*{found}"):
        other.load()


def test_two_at_once(folder):
    """The second one is told; it may come in when the first has gone."""
    with pytest.raises(ArgumentError, match="in use by another training"):
        CheckpointFolder(folder.path, RUN)
    folder._locked.close()
    assert CheckpointFolder(folder.path, RUN).exists()


def test_a_folder_of_something_else(tmp_path):
    """A folder that holds other files is left alone."""
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(ArgumentError, match=r"'thesis.tex'.*another folder"):
        CheckpointFolder(tmp_path, RUN)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_file_in_the_way(tmp_path):
    """A path that is no folder is refused."""
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be used for checkpoints"):
        CheckpointFolder(tmp_path / "file", RUN)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 10**9), value=st.integers(1, 255))
def test_no_changed_byte_goes_unseen(tmp_path_factory, place, value):
    """With any byte changed the state is the same, or it is refused."""
    folder = CheckpointFolder(tmp_path_factory.mktemp("bytes") / "kept", RUN)
    path = folder.save(make_state(), 1)
    content = bytearray(path.read_bytes())
    content[place % len(content)] ^= value
    path.write_bytes(content)
    try:
        with (
            pytest.warns(UserWarning, match="trying the one before"),
            pytest.raises(DataError),
        ):
            folder.load()
    except pytest.fail.Exception:  # a byte that nothing reads, in the zip's own list
        assert_equal(folder.load(), make_state())


@pytest.fixture(scope="module")
def drawn():
    """Give a small drawn training and test set."""
    return SyntheticFashion(True, num_images=300), SyntheticFashion(False, None, 100)


@pytest.mark.parametrize("name", ["softmax", "perceptron", "convolutional"])
@pytest.mark.parametrize("momentum", [0, 0.9])
def test_broken_off_anywhere_ends_at_the_same_bits(drawn, tmp_path, name, momentum):
    """Stopped after any batch and gone on in a new object, nothing differs."""
    options = Settings(2, 64, 0.05, momentum, print_every=3)  # five batches an epoch
    whole = NetworkTraining(name, *drawn, options)
    whole.run()
    places = set()
    for num_answers in (0, 2, 4, 5, 8, 11):
        training = NetworkTraining(name, *drawn, options)
        state, place = run_until(training, num_answers)
        places.add(place)
        folder = CheckpointFolder(tmp_path / f"{num_answers}", RUN)
        folder.save(state, place)
        rest = NetworkTraining(name, *drawn, options)
        rest.set_state(folder.load())
        rest.run()
        expected, found = whole.get_state(), rest.get_state()
        for kind in ("params", "momentum"):
            for key, array in getattr(expected, kind).items():
                np.testing.assert_array_equal(getattr(found, kind)[key], array)
        assert rest.history.column("loss") == pytest.approx(
            whole.history.column("loss"), rel=1e-12
        )
        assert rest.history.column("test_acc") == whole.history.column("test_acc")
        assert [r["loss"] for r in rest.running] == pytest.approx(
            [r["loss"] for r in whole.running], rel=1e-12
        )
    assert len(places) > 4


class StopAfter(Callback):
    """Stops a training after so many batches and epochs."""

    def __init__(self, num_events):
        self.left = num_events

    def on_train_begin(self, progress):
        """Stop at once, if it is after nothing."""
        if self.left <= 0:
            progress.stop()

    def on_batch_end(self, progress):
        """Count."""
        self.left -= 1
        self.on_train_begin(progress)

    on_epoch_end = on_batch_end


def run_until(training, num_events):
    """Train until so many batches and epochs have ended."""
    training.run([StopAfter(num_events)])
    return training.get_state(), training.num_batches


PROGRAM = """
import sys
import gluon_softmax
from gluon_softmax.data import splits
from gluon_softmax import SyntheticFashion

def load(root, train):
    return SyntheticFashion(train, num_images=1500 if train else 100)

splits.DATA_SETS["mnist"] = load
from gluon_softmax.commands.main import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.slow
@pytest.mark.heavy
def test_killed_again_and_again_ends_at_the_same_bits(tmp_path):
    """SIGKILL at any moment, in the middle of writing too, changes no parameter."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    common = ["train", "softmax", "--num-epochs", "60", "--batch-size", "16"]
    common += ["--data", "mnist"]
    command = [sys.executable, str(program), *common]
    plain = [*command, "--output", str(tmp_path / "plain")]
    subprocess.run(plain, check=True, timeout=SOON, capture_output=True)
    kept = ["--checkpoint", str(tmp_path / "kept"), "--every", "5", "--resume"]
    broken = [*command, *kept, "--output", str(tmp_path / "broken")]
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
    expected, found = (
        read_arrays(tmp_path / run / "softmax-mnist.npz") for run in ("plain", "broken")
    )
    assert list(expected) == list(found)
    for key in expected:
        np.testing.assert_array_equal(expected[key], found[key])
    histories = [
        json.loads((tmp_path / run / "softmax-mnist.json").read_text())["epochs"]
        for run in ("plain", "broken")
    ]
    for column in ("loss", "train_acc", "test_acc"):
        expected, found = ([epoch[column] for epoch in h] for h in histories)
        assert found == pytest.approx(expected, rel=1e-12)
