"""The errors that a caller can cause, each with its remedy in the message."""

from __future__ import annotations

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
]


class GluonSoftmaxError(Exception):
    """Base of every error of this package; commands print it in one line."""

    def _render_traceback_(self) -> list[str]:
        """Return what a notebook shows in place of the traceback (IPython asks)."""
        return [f"{type(self).__name__}: {self}"]


class ArgumentError(GluonSoftmaxError, ValueError):
    """An argument has a value that cannot be used."""


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
