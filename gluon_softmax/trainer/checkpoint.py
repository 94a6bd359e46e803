"""A training's state on disk: written whole or not at all, checked when it is read.

A checkpoint is an ``.npz`` of plain arrays, named for the batches that were done; the
newest two are kept. Its SHA-256 is part of it. Nothing in it depends on a clock, and no
pickle is ever loaded.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from reprlib import repr as shorten

import numpy as np

from ..data.identity import find_difference
from ..errors import ArgumentError, DataError, OutputError, check_whole_number
from ..history import History
from ..storage.archive import read_arrays, write_arrays
from ..storage.json_data import MOST_BYTES, decode_json
from ..storage.lock import lock

__all__ = ["CheckpointFolder", "State"]

CHECKPOINT_FORMAT = "gluon_softmax checkpoint 1"
NUM_KEPT = 2
NAME = re.compile(r"checkpoint-(\d{9})\.npz")
LOCK = ".lock"


@dataclass
class State:
    """All that a training needs to go on where it was."""

    params: dict[str, np.ndarray]  # by Gluon's names for them
    momentum: dict[str, np.ndarray]  # none where the coefficient is 0
    epoch: int = 0  # how many are finished
    batch: int = 0  # how many of the next epoch are done
    # Loss, right predictions and samples so far in the epoch; loss and samples since
    # the last line with the running loss; how long the epoch has taken so far.
    sums: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    recent: list[float] = field(default_factory=lambda: [0.0, 0.0])
    seconds: float = 0.0
    history: list[dict] = field(default_factory=list)  # the finished epochs
    running: list[dict] = field(default_factory=list)  # the running losses


class CheckpointFolder:
    """The checkpoints of one training, which no other process uses meanwhile.

    `run` is what the training is, as plain data: network, data set, settings. A
    checkpoint of another one is refused, and so is a folder of something else.
    """

    def __init__(self, path: str | os.PathLike[str], run: dict):
        self.path, self.run = Path(path), run
        self._damaged: list[Path] = []
        with self._explaining():
            self.path.mkdir(parents=True, exist_ok=True)
            names = [path.name for path in self.path.iterdir()]
            _check_names(self.path, names)
            self._lock = lock(self.path / LOCK)

    def close(self) -> None:
        """Release the folder to other processes, as the end of this one does."""
        self._lock.close()

    def exists(self) -> bool:
        """Return whether there is anything to go on from."""
        return bool(self._find())

    def save(self, state: State, number: int) -> Path:
        """Write a checkpoint after so many batches in all; keep the newest two.

        If it cannot be written, an OutputError says so, and those before are there.
        """
        arrays = _pack(state, self.run)
        arrays["sha256"] = np.array(hash_arrays(arrays))
        path = write_arrays(arrays, self.path / f"checkpoint-{number:09}.npz")
        damaged = [old for old in self._damaged if old != path]
        whole = [found for found in self._find() if found not in damaged]
        for old in [*damaged, *whole[NUM_KEPT:]]:
            with suppress(OSError):  # the new one is whole; an old one is no harm
                old.unlink()
        return path

    def load(self) -> State:
        """Read the newest checkpoint that is whole; warn where one is damaged."""
        for path in self._find():
            try:
                return _unpack(read_arrays(path), self.run, path)
            except DataError as error:
                warnings.warn(f"{error}; trying the one before", stacklevel=2)
                self._damaged.append(path)
        raise DataError(
            f"{self.path}: expected a checkpoint to go on from, found none that is "
            "whole: leave out --resume, and name an empty folder, to start anew"
        )

    def _find(self) -> list[Path]:
        """List the checkpoints, the newest first."""
        paths = [path for path in self.path.iterdir() if NAME.fullmatch(path.name)]
        return sorted(paths, reverse=True)

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        """Raise an error that says what is wrong with the folder."""
        try:
            yield
        except BlockingIOError as error:
            raise ArgumentError(
                f"{self.path} is in use by another training: wait for it, or name "
                "another folder"
            ) from error
        except OSError as error:
            raise OutputError(
                f"{self.path} cannot be used for checkpoints "
                f"({error.strerror or error}): name another folder"
            ) from error


def _check_names(folder: Path, names: Iterable[str]) -> None:
    """Check that a folder holds nothing but checkpoints."""
    strange = [n for n in names if not NAME.fullmatch(n) and not n.startswith(".")]
    if strange:
        raise ArgumentError(
            f"{folder}: expected a folder of checkpoints or an empty one, found "
            f"{min(strange)!r} in it: name another folder"
        )


def _pack(state: State, run: dict) -> dict[str, np.ndarray]:
    """Turn a state to arrays; what are not arrays already goes into one text."""
    content = asdict(state)
    arrays = {}
    for kind in ("params", "momentum"):
        named = content.pop(kind)
        arrays.update({f"{kind}/{name}": array for name, array in named.items()})
    head = json.dumps({"format": CHECKPOINT_FORMAT, "run": run, "state": content})
    if len(head) > MOST_BYTES:  # which could not be read back
        raise OutputError(
            f"expected a history of at most {MOST_BYTES:,} characters to keep, found "
            f"{len(head):,}: print and train less often"
        )
    return {**arrays, "head": np.array(head)}


def _unpack(arrays: dict[str, np.ndarray], run: dict, path: Path) -> State:
    """Convert arrays to a state; raise for damaged ones and another training's."""
    try:
        if arrays.pop("sha256", np.array("none")).tolist() != hash_arrays(arrays):
            raise DataError("expected a whole checkpoint, found a damaged one")
        head = decode_json(arrays.pop("head").tolist().encode())
        if head["format"] != CHECKPOINT_FORMAT:
            raise DataError(
                f"expected {CHECKPOINT_FORMAT!r}, found {shorten(head['format'])}"
            )
        found_run = dict(head["run"].items())
        kinds = [
            {n[len(start) :]: a for n, a in arrays.items() if n.startswith(start)}
            for start in ("params/", "momentum/")
        ]
        state = State(*kinds, **head["state"])
        _check_state(state)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise DataError(
            f"{path}: expected a training's state, found something else "
            f"({error!r:.200})"
        ) from error
    _check_run(path, found_run, run)
    return state


def _check_state(state: State) -> None:
    """Check that figures are those of a training."""
    for place in (vars(state), *state.running):
        check_whole_number("epoch", place["epoch"], least=0)
        check_whole_number("batch", place["batch"], least=0)
    losses = [place["loss"] for place in state.running]
    History.from_list(state.history)
    sums = [*state.sums, *state.recent, state.seconds, *losses]
    lengths = len(state.sums), len(state.recent)
    if lengths != (3, 2) or not all(math.isfinite(number) for number in sums):
        raise DataError(f"expected numbers of a training, found {shorten(sums)}")


def _check_run(path: Path, found: dict, wanted: dict) -> None:
    """Check that a checkpoint is of this training, by what it says of that."""
    missing = wanted.keys() - found.keys()
    if missing:
        warnings.warn(
            f"{path} is of an earlier version, which did not keep "
            f"{', '.join(sorted(missing))}: whether that is the same cannot be checked",
            stacklevel=3,
        )
    said = {name: found[name] for name in wanted if name in found}
    difference = find_difference({name: wanted[name] for name in said}, said)
    if difference:
        name, value, other = difference
        raise ArgumentError(
            f"{path}: expected a checkpoint with {name} {shorten(value)}, found one "
            f"with {shorten(other)}: give the same data and options as before, or name "
            "another folder"
        )


def hash_arrays(arrays: dict[str, np.ndarray]) -> str:
    """Return the SHA-256 of names, types, shapes and content."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
