"""One function for each reader: any bytes give a result or the package's own error.

Each returns what was read, after using it as its reader's callers do; None where the
bytes are refused.
"""

from __future__ import annotations

import atexit
import resource
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import numpy as np
from gluon_softmax.cluster import hosts
from gluon_softmax.commands.experiments import Experiment
from gluon_softmax.commands.study import Study
from gluon_softmax.data import idx, pictures
from gluon_softmax.data.decoding import open_picture
from gluon_softmax.data.pictures import WHOLE, prepare
from gluon_softmax.errors import DataError, GluonSoftmaxError
from gluon_softmax.history import History
from gluon_softmax.models import model
from gluon_softmax.models.comparison_file import read_comparison
from gluon_softmax.storage.json_data import decode_json
from gluon_softmax.trainer.checkpoint import CheckpointFolder, State

from . import seeds

LONGEST = 1000
"""Characters that one line of an error may have."""
MOST_SECONDS, MOST_KILOBYTES = 60, 10**6
"""What an input may take, and add to the most that the process ever had."""

_folder = tempfile.TemporaryDirectory()
atexit.register(_folder.cleanup)
FOLDER = Path(_folder.name)
(FOLDER / "checkpoints").mkdir()
(FOLDER / "model.npz").write_bytes(seeds.MODEL)


def read(reader: Callable[..., object], *arguments: object) -> object:
    """Return what a reader does; None where it refuses its input in one line."""
    start, before = time.monotonic(), _measure_peak()
    try:
        return reader(*arguments)
    except GluonSoftmaxError as error:
        line = str(error)
        assert len(line.splitlines()) == 1, line
        assert len(line) <= LONGEST, line[:LONGEST]
        return None
    finally:
        assert time.monotonic() - start < MOST_SECONDS
        assert _measure_peak() - before < MOST_KILOBYTES


def _measure_peak() -> int:
    """Return the most memory that the process ever had, in kilobytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def write(content: bytes, name: str = "input") -> Path:
    """Write a file for a reader that takes a path."""
    path = FOLDER / name
    path.write_bytes(content)
    return path


def read_idx(content: bytes) -> object:
    """Read a file, compressed or not, whole and opened."""
    path = write(content)
    array, opened = read(idx.read_idx, path), read(idx.open_idx, path)
    assert (array is None) == (opened is None)
    if array is not None:
        assert len(opened[:1]) == 1
        assert opened.shape == array.shape
    return array


def read_model(content: bytes) -> object:
    """Read a trained model's file."""
    found = read(model.load_model, write(content))
    if found is not None:
        assert "".join([found.data, *found.classes]).encode()
        assert found.scale(np.zeros((1, 28, 28), "uint8")).dtype == "float32"
    return found


def read_checkpoint(content: bytes) -> object:
    """Read a folder with one checkpoint."""
    write(content, "checkpoints/checkpoint-000000001.npz")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # The folder is locked only as long as something refers to it.
        state = read(CheckpointFolder(FOLDER / "checkpoints", seeds.RUN).load)
    if state is not None:
        use_state(state)
    return state


def read_head(content: bytes) -> object:
    """Read a checkpoint whose checksum is right, with any text as its head."""
    text = content.decode("latin1").rstrip("\0")  # NumPy drops them from text
    return read_checkpoint(seeds.save_checkpoint(text))


def use_state(state: State) -> None:
    """Do with a state what a training does that goes on from it."""
    use_histories([History.from_list(state.history)])
    assert state.epoch + state.batch >= 0
    assert sum(state.sums) + sum(state.recent) + state.seconds is not None
    assert (len(state.sums), len(state.recent)) == (3, 2)
    for place in state.running:
        assert f"{place['epoch']:d} {place['batch']:d} {place['loss']:.4f}"


def read_history(content: bytes) -> object:
    """Read the epochs of one training."""
    found = read(lambda: History.from_list(decode_json(content)))
    if found is not None:
        use_histories([found])
    return found


def use_histories(histories: Iterable[History]) -> None:
    """Print the epochs, and write them again."""
    for found in histories:
        assert all(str(epoch) for epoch in found.epochs)
        assert History.from_list(found.to_list()) == found


def read_saved_comparison(content: bytes) -> object:
    """Read a comparison beside a model that is whole."""
    comparison = read(read_comparison, write(content, "comparison.json"))
    if comparison is not None:
        use_histories(comparison.histories.values())
        assert isinstance(comparison.data, str)
        assert isinstance(comparison.settings, dict)
        assert all(f"{number:.1e}" for number in comparison.differences)
    return comparison


def read_study(content: bytes) -> object:
    """Read the runs that a study has kept."""
    found = read(Study, write(content, "study.json"), [Experiment()])
    if found is not None:
        use_histories(found.finished().values())
    return found


def read_picture(content: bytes) -> object:
    """Prepare a picture, as a folder of a data set has it and as `predict` does."""
    path = write(content, "input.png")
    with suppress(DataError), open_picture(path) as (image, _):
        assert prepare(image, WHOLE).pixels.shape == (28, 28)
    found = read(pictures.read_picture, path)
    assert found is None or found.pixels.shape == (28, 28)
    return found


def read_hosts(content: bytes) -> object:
    """Read the machines of a job."""
    return read(hosts.read_hosts, write(content))


READERS: dict[str, Callable[[bytes], object]] = {
    "idx": read_idx,
    "picture": read_picture,
    "hosts": read_hosts,
    "gzip": read_idx,
    "model": read_model,
    "checkpoint": read_checkpoint,
    "head": read_head,
    "history": read_history,
    "comparison": read_saved_comparison,
    "study": read_study,
}
