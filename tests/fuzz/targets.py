"""One function for each reader: any bytes give a result or the package's own error.

Each gives what was read, after using it as its reader's callers do; None where the
bytes are refused.
"""

from __future__ import annotations

import atexit
import gzip
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from gluon_softmax import archive, checkpoint, history, json_data, models
from gluon_softmax.data import idx
from gluon_softmax.errors import GluonSoftmaxError

from . import seeds

LONGEST = 1000
"""Characters that one line of an error may have."""

_folder = tempfile.TemporaryDirectory()
atexit.register(_folder.cleanup)
FOLDER = Path(_folder.name)


def read(reader: Callable[..., object], *arguments: object) -> object:
    """Give what a reader gives; None where it refuses its input in one line."""
    try:
        return reader(*arguments)
    except GluonSoftmaxError as error:
        line = str(error)
        assert len(line.splitlines()) == 1, line
        assert len(line) <= LONGEST, line[:LONGEST]
        return None


def write(content: bytes, name: str = "input") -> Path:
    """Write a file for a reader that takes a path."""
    path = FOLDER / name
    path.write_bytes(content)
    return path


def fuzz_idx(content: bytes) -> object:
    """A file, compressed or not, read whole and opened."""
    path = write(content)
    array = read(idx.read_idx, path)
    opened = read(idx.open_idx, path)
    assert (array is None) == (opened is None)
    if array is not None:
        assert len(opened[:1]) == 1
        assert opened.shape == array.shape
        assert read(idx.decode_idx, idx.encode_idx(array)).shape == array.shape
    return array


def fuzz_idx_gzip(content: bytes) -> object:
    """What a whole gzip file holds."""
    array = read(idx.read_idx, write(gzip.compress(content, 1, mtime=0)))
    plain = read(idx.decode_idx, content)
    assert (array is None) == (plain is None)
    return array


def fuzz_npz(content: bytes) -> object:
    """The file of some arrays."""
    arrays = read(archive.decode_arrays, content)
    for array in (arrays or {}).values():
        assert not array.dtype.hasobject
        array.tobytes()
    return arrays


def fuzz_npy(content: bytes) -> object:
    """One array of a file whose checksums are right."""
    return fuzz_npz(seeds.zip_member(content))


def fuzz_model(content: bytes) -> object:
    """A trained model's file."""
    model = read(models.load_model, write(content))
    if model is not None:
        assert all(isinstance(name, str) for name in (model.data, *model.classes))
        assert model.scale(np.zeros((1, 28, 28), "uint8")).dtype == "float32"
    return model


def fuzz_checkpoint(content: bytes) -> object:
    """A folder with one checkpoint."""
    folder = checkpoint.CheckpointFolder(FOLDER / "checkpoints", seeds.RUN)
    (folder.path / "checkpoint-000000001.npz").write_bytes(content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            state = read(folder.load)
    finally:
        folder._locked.close()
    if state is not None:
        use_state(state)
    return state


def fuzz_checkpoint_head(content: bytes) -> object:
    """A checkpoint whose checksum is right, with any text as its head."""
    text = content.decode("latin1").rstrip("\0")  # NumPy drops them from text
    return fuzz_checkpoint(seeds.pack(seeds.make_checkpoint(text)))


def use_state(state: checkpoint.State) -> None:
    """Do with a state what a training does that goes on from it."""
    use_history(history.History.from_list(state.history))
    assert state.epoch + state.batch >= 0
    assert sum(state.sums) + sum(state.recent) + state.seconds is not None
    assert (len(state.sums), len(state.recent)) == (3, 2)
    for place in state.running:
        assert f"{place['epoch']:d} {place['batch']:d} {place['loss']:.4f}"


def fuzz_history(content: bytes) -> object:
    """The epochs of one training, as JSON."""
    found = read(lambda: history.History.from_list(json_data.decode_json(content)))
    if found is not None:
        use_history(found)
    return found


def use_history(found: history.History) -> None:
    """Print the epochs, and write them again."""
    assert all(str(epoch) for epoch in found.epochs)
    assert history.History.from_list(found.to_list()) == found


def fuzz_comparison(content: bytes) -> object:
    """A comparison's JSON beside a model that is whole."""
    from gluon_softmax.comparison_file import read_comparison

    if not (FOLDER / "model.npz").exists():
        write(seeds.MODEL, "model.npz")
    comparison = read(read_comparison, write(content, "comparison.json"))
    if comparison is not None:
        for found in comparison.histories.values():
            use_history(found)
        assert isinstance(comparison.data, str)
        assert isinstance(comparison.settings, dict)
        assert all(f"{number:.1e}" for number in comparison.differences)
    return comparison


def fuzz_study(content: bytes) -> object:
    """The runs that a study has kept."""
    from gluon_softmax.study import Experiment, Study

    found = read(Study, write(content, "study.json"), [Experiment()])
    if found is not None:
        for history in found.finished().values():
            use_history(history)
    return found


TARGETS: dict[str, Callable[[bytes], object]] = {
    name[len("fuzz_") :]: function
    for name, function in list(globals().items())
    if name.startswith("fuzz_")
}
