"""What callers get wrong, each with its remedy, and the checks that say so."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Integral
from typing import Any

__all__ = [
    "ArgumentError",
    "ContenderError",
    "DataError",
    "DivergedError",
    "DownloadError",
    "GluonSoftmaxError",
    "InstallationError",
    "JobError",
    "OutputError",
    "WorkerError",
    "check_batch_size",
    "check_choice",
    "check_labels",
    "check_momentum",
    "check_positive",
    "check_whole_number",
    "show",
]


LONGEST = 250
"""Characters of a name that are shown."""


def show(name: object, keep: str = "") -> str:
    """Return a name as it may be shown: no character of it acts on a terminal.

    Control characters and bytes that are no UTF-8 become visible, `keep` excepted; of a
    very long name both ends are shown.
    """
    text = str(name)
    if len(text) > LONGEST and not keep:
        text = f"{text[: LONGEST // 2]}…{text[-LONGEST // 2 :]}"
    return "".join(c if c.isprintable() or c in keep else ascii(c)[1:-1] for c in text)


class GluonSoftmaxError(Exception):
    """Base of every error of this package; commands print it in one line."""

    def __str__(self) -> str:
        """Return the message; a name in it may be anything."""
        return show(super().__str__(), keep="\n")

    def _render_traceback_(self) -> list[str]:
        """Return what a notebook shows in place of the traceback (IPython asks)."""
        return [f"{type(self).__name__}: {self}"]


class ArgumentError(GluonSoftmaxError, ValueError):
    """An argument has a value that cannot be used.

    Attributes
    ----------
    argument : str
        Its name, where the message begins with it; a command names its option instead.
    """

    def __init__(self, message: str, argument: str = ""):
        super().__init__(message)
        self.argument = argument


class ContenderError(GluonSoftmaxError, RuntimeError):
    """A process of the benchmark died, or did not answer as it should."""


class DataError(GluonSoftmaxError, ValueError):
    """A data file is damaged, or is not the data set it is taken for."""


class DownloadError(DataError):
    """A data set is neither on this machine nor to be had from any mirror."""


class DivergedError(GluonSoftmaxError, ValueError):
    """The training loss is no longer a finite number."""


class InstallationError(GluonSoftmaxError, ImportError):
    """MXNet cannot be imported on this machine as it is set up now."""


class JobError(GluonSoftmaxError, RuntimeError):
    """A process of a job on several processes failed, and the job with it."""


class OutputError(GluonSoftmaxError, ValueError):
    """A result cannot be written where it was asked for."""


class WorkerError(GluonSoftmaxError, RuntimeError):
    """A worker process ended, or what it was to read raised an error."""


def check_whole_number(name: str, value: object, least: int) -> None:
    """Check that a value is a whole number from `least` on; a bool is none here."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise ArgumentError(
            f"expected {name} to be a whole number from {least} on, found {value!r}",
            argument=name,
        )


def check_batch_size(batch_size: int, num_samples: int) -> None:
    """Check that a data set of so many samples has a batch of this size."""
    check_whole_number("batch_size", batch_size, least=1)
    if batch_size > num_samples:
        raise ArgumentError(
            f"expected a batch_size of at most {num_samples:,}, the size of the data "
            f"set, found {batch_size:,}",
            argument="batch_size",
        )


def check_positive(name: str, value: float) -> None:
    """Check that a value is a finite number above 0."""
    if not 0 < value < float("inf"):
        raise ArgumentError(
            f"expected {name} to be a number above 0, found {value!r}", argument=name
        )


def check_momentum(value: float) -> None:
    """Check that a momentum coefficient is at least 0 and below 1."""
    if not 0 <= value < 1:
        raise ArgumentError(
            f"expected momentum to be at least 0 and below 1, found {value!r}",
            argument="momentum",
        )


def check_choice(name: str, value: object, choices: Iterable[str]) -> None:
    """Check that a value is one of the choices."""
    choices = list(choices)
    if value not in choices:
        raise ArgumentError(
            f"expected {name} to be one of {', '.join(choices)}, found {value!r}",
            argument=name,
        )


def check_labels(labels: Any, num_classes: float, name: str = "labels") -> None:
    """Check that an array holds numbers of classes, whole ones of any type."""
    low, high = labels.min(), labels.max()
    is_whole = labels.dtype.kind != "f" or not (labels % 1).any()  # a nan is not whole
    if not is_whole or low < 0 or high >= num_classes:
        raise ArgumentError(
            f"expected whole {name} from 0 to {num_classes - 1:.0f}, found {low} to "
            f"{high}: check them, or give as many outputs or names as there are classes"
        )
