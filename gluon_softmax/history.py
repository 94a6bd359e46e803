"""What training leaves behind: one record per epoch, for all that prints or draws."""

from __future__ import annotations

import math
import os
from dataclasses import asdict, dataclass, field, fields
from numbers import Integral, Real
from reprlib import repr as shorten
from typing import Any, NamedTuple

from .errors import DataError, InstallationError
from .storage.atomic import write_text

__all__ = ["Accumulator", "Batch", "Callback", "Epoch", "History", "StopTraining"]


@dataclass(frozen=True)
class Epoch:
    """The figures of one epoch.

    Attributes
    ----------
    epoch : int
        Its number, from 1.
    loss : float
        Mean cross-entropy per sample over the epoch, in nats, each batch measured
        before its step.
    train_acc : float
        Share of training samples predicted right, likewise measured along the way.
    test_acc : float, optional
        Share of test samples predicted right at the end of the epoch.
    seconds : float
        Time for training and evaluation.
    valid_loss, valid_acc : float, optional
        Mean cross-entropy and share predicted right of the validation samples, at the
        end of the epoch.
    """

    epoch: int
    loss: float
    train_acc: float
    test_acc: float | None
    seconds: float
    valid_loss: float | None = None
    valid_acc: float | None = None

    def __str__(self) -> str:
        """Return the line that the book prints, with what there is of it."""
        parts = [f"epoch {self.epoch}", f"loss {self.loss:.4f}"]
        parts.append(f"train acc {self.train_acc:.3f}")
        if self.valid_acc is not None:
            parts.append(f"valid loss {self.valid_loss:.4f}")
            parts.append(f"valid acc {self.valid_acc:.3f}")
        if self.test_acc is not None:
            parts.append(f"test acc {self.test_acc:.3f}")
        return ", ".join(parts)


class Batch(NamedTuple):
    """The figures of one mini-batch, measured before its step.

    Attributes
    ----------
    batch : int
        Its number in the epoch, from 1.
    samples : int
        How many samples it had.
    loss, acc : float
        Their mean loss in nats, and the share that was predicted right.
    """

    batch: int
    samples: int
    loss: float
    acc: float


class Accumulator:
    """Sums of `n` quantities over an epoch: section 3.6 of the book's second edition.

    Examples
    --------
    >>> metric = Accumulator(2)
    >>> metric.add(3, 4)
    >>> metric.add(1, 4)
    >>> metric[0] / metric[1]
    0.5
    """

    def __init__(self, n: int):
        self.data = [0.0] * n

    def add(self, *quantities: float) -> None:
        """Add one number to each sum."""
        self.data = [a + float(b) for a, b in zip(self.data, quantities)]

    def __getitem__(self, index: int) -> float:
        return self.data[index]


class StopTraining(Exception):
    """A callback asks for the end of the training, at once."""


class Callback:
    """What is called while a net trains; does nothing itself.

    Each method is given the `Progress` of the training, which has the figures so far
    and can `stop` it.

    Examples
    --------
    >>> class EarlyStopping(Callback):
    ...     def on_epoch_end(self, progress):
    ...         losses = progress.history.column("valid_loss")
    ...         if losses[-1] > min(losses):
    ...             progress.stop()
    """

    def on_train_begin(self, progress: Any) -> None:
        """Act before the first batch."""

    def on_batch_end(self, progress: Any) -> None:
        """Act after the step of each batch."""

    def on_epoch_end(self, progress: Any) -> None:
        """Act when an epoch has been evaluated and is in ``progress.history``."""

    def on_train_end(self, progress: Any) -> None:
        """Act at the end, whether all went well or not."""


@dataclass
class History:
    """The epochs of one training, in order.

    Examples
    --------
    >>> history = History([Epoch(1, 0.787, 0.748, 0.79, 0.1)])
    >>> print(history[-1])
    epoch 1, loss 0.7870, train acc 0.748, test acc 0.790
    >>> history.column("test_acc")
    [0.79]
    """

    epochs: list[Epoch] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.epochs)

    def __getitem__(self, index: int) -> Epoch:
        return self.epochs[index]

    def append(self, epoch: Epoch) -> None:
        """Add the next epoch."""
        self.epochs.append(epoch)

    def column(self, name: str) -> list[float]:
        """List one figure over the epochs, by the name of an attribute of `Epoch`."""
        return [getattr(epoch, name) for epoch in self.epochs]

    def __str__(self) -> str:
        """Return the lines that the book prints, one per epoch."""
        return "\n".join(map(str, self.epochs))

    def _repr_html_(self) -> str:
        """Return what a notebook shows: a row per epoch, a column per figure."""
        names, *rows = self._to_table()
        head = "".join(f"<th>{name}</th>" for name in names)
        cells = ("".join(f"<td>{value:.4g}</td>" for value in row) for row in rows)
        body = "".join(f"<tr>{row}</tr>" for row in cells)
        return f"<table><tr>{head}</tr>{body}</table>"

    def to_frame(self) -> Any:
        """Convert the epochs to a `pandas.DataFrame`, indexed by their numbers.

        Columns are the figures that were measured. `InstallationError` is raised where
        pandas is not installed.
        """
        try:
            import pandas
        except ImportError as error:
            raise InstallationError(
                "the package pandas is not installed: pip install pandas"
            ) from error
        names, *rows = self._to_table()
        return pandas.DataFrame(rows, columns=names).set_index("epoch")

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write the epochs as comma-separated values, below the figures' names.

        `OutputError` is raised if the file cannot be written.
        """
        lines = [",".join(map(str, row)) for row in self._to_table()]
        write_text("\n".join(lines) + "\n", path)

    def _to_table(self) -> list[list]:
        """Return the names of the figures that were measured, and a row per epoch."""
        measured = self.to_list()
        found = {"epoch"}.union(*measured)
        names = [figure.name for figure in fields(Epoch) if figure.name in found]
        rows = ([row.get(name, math.nan) for name in names] for row in measured)
        return [names, *rows]

    def to_list(self) -> list[dict[str, float]]:
        """Return the epochs as plain data, for JSON, without what was not measured."""
        return [
            {name: value for name, value in asdict(epoch).items() if value is not None}
            for epoch in self.epochs
        ]

    @classmethod
    def from_list(cls, epochs: list[dict[str, float]]) -> History:
        """Convert plain data, as `to_list` gave them, to epochs.

        They may come from a file: `DataError` is raised if a figure is missing, or is
        no finite number.
        """
        if not isinstance(epochs, list):
            raise DataError(f"expected a list of epochs, found {shorten(epochs)}")
        return cls([_read_epoch(epoch) for epoch in epochs])


KNOWN = {figure.name for figure in fields(Epoch)}
OPTIONAL = {"test_acc", "valid_loss", "valid_acc"}


def _read_epoch(figures: object) -> Epoch:
    """Convert plain data to one epoch."""
    if not isinstance(figures, dict) or not KNOWN - OPTIONAL <= set(figures) <= KNOWN:
        raise DataError(
            f"expected an epoch with {', '.join(sorted(KNOWN - OPTIONAL))}, found "
            f"{shorten(figures)}"
        )
    for name, value in figures.items():
        _check_figure(name, value)
    if ("valid_loss" in figures) != ("valid_acc" in figures):
        raise DataError("expected valid_loss and valid_acc, found only one of them")
    return Epoch(**{"test_acc": None, **figures})


def _check_figure(name: str, value: object) -> None:
    """Check that figures are finite numbers, and an epoch's number whole."""
    kind = Integral if name == "epoch" else Real
    try:
        is_number = isinstance(value, kind) and math.isfinite(value)
    except OverflowError:  # a whole number beyond any float
        is_number = False
    if not is_number or isinstance(value, bool):
        raise DataError(f"expected a number for {name}, found {shorten(value)}")
