"""How cost grows: time and memory of an epoch, each size in a process of its own."""

from __future__ import annotations

import json
import shutil
import struct
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from ..data.idx import encode_idx
from .environment import make_environment
from .machine import available_memory
from .processes import StandingProcess
from .sizes import Size
from .work.arrays import read_arrays

__all__ = ["Point", "lack_of_room", "measure_scaling", "write_repeated"]

BYTES = 28 * 28 + 1  # of an image and its label
SPARE = 1.2  # how much more must be free than is needed


@dataclass(frozen=True)
class Point:
    """What was measured at one size.

    Attributes
    ----------
    size : Size
    seconds : list of float
        Of each counted epoch, evaluation included.
    peak : int
        Peak resident memory in KiB.
    """

    size: Size
    seconds: list[float]
    peak: int

    def __str__(self) -> str:
        megabytes = self.peak * 1.024e-3
        return f"{self.size!s:42} {median(self.seconds):8.3f} s {megabytes:6.0f} MB"

    def to_dict(self) -> dict:
        """Bring the point to what JSON can hold."""
        return {
            **self.size.settings(),
            "varied": self.size.axis.option,
            "mapped": self.size.axis.mapped,
            "median_seconds": median(self.seconds),
            "seconds": self.seconds,
            "peak_mb": round(self.peak * 1.024e-3, 1),
        }


def measure_scaling(
    sizes: Iterable[Size],
    data: str,
    epochs: int,
    skip: Callable[[str], None],
    report: Callable[[], None] = lambda: None,
) -> list[Point]:
    """Measure one size after the other.

    Parameters
    ----------
    sizes : iterable of Size
    data : str
        A folder with the published files, an .npz file, or nothing for the usual
        places.
    epochs : int
        How many are counted, after one that is not.
    skip : callable
        Called with a line for each size that there is no room for.
    report : callable, optional
        Called after each size.

    Returns
    -------
    list of Point

    Raises
    ------
    ContenderError
        If a process fails.
    """
    points = []
    for size in sizes:
        lack = lack_of_room(size)
        if lack:
            skip(f"{size} skipped: {lack}")
        else:
            points.append(_measure(size, data, epochs))
        report()
    return points


def lack_of_room(size: Size) -> str:
    """Say what there is too little of for a size; empty where there is enough.

    Parameters
    ----------
    size : Size

    Returns
    -------
    str
    """
    needed = int(SPARE * BYTES * size.settings()["samples"])
    if size.axis.mapped:
        folder = tempfile.gettempdir()
        free, place = shutil.disk_usage(folder).free, f"free in {folder}"
    else:
        free, place = available_memory(), "of free memory"
    if free >= needed:
        return ""
    return f"needs {needed / 1e9:.1f} GB {place}, found {free / 1e9:.1f} GB"


def write_repeated(array: np.ndarray, samples: int, path: Path) -> None:
    """Write an array, repeated, as an uncompressed IDX file.

    Parameters
    ----------
    array : numpy.ndarray
        Shape (n, ...), uint8.
    samples : int
        How many rows to write.
    path : pathlib.Path
    """
    header = bytearray(encode_idx(array)[: 4 + 4 * array.ndim])
    struct.pack_into(">I", header, 4, samples)
    with open(path, "wb") as file:
        file.write(header)
        for start in range(0, samples, len(array)):
            file.write(array[: samples - start].tobytes())


def _measure(size: Size, data: str, epochs: int) -> Point:
    """Train a few epochs in a process of its own."""
    settings = size.settings()
    environment = make_environment(True, {"OMP_NUM_THREADS": str(settings["threads"])})
    with _files(size, data) as folder:
        text = json.dumps({"data": data, "folder": folder, **settings})
        command = [sys.executable, "-m", "gluon_softmax.bench.work", "growth", text]
        with StandingProcess(str(size), command, environment) as process:
            process.run()  # compiles, and brings a mapped file into the page cache
            seconds = [process.run()["seconds"] for _ in range(epochs)]
            return Point(size, seconds, process.stop()["peak"])


@contextmanager
def _files(size: Size, data: str) -> Iterator[str]:
    """Write what is to be mapped to a folder that goes when it is no longer needed."""
    if not size.axis.mapped:
        yield ""
        return
    with tempfile.TemporaryDirectory(prefix="gluon-softmax-") as folder:
        for name, array in zip(("images", "labels"), read_arrays(data, train=True)):
            write_repeated(array, size.value, Path(folder, name))
        yield folder
