"""How cost grows: an epoch of more and more images, in memory and in a file.

Each number of images is measured in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import shutil
import struct
import tempfile
from contextlib import closing
from pathlib import Path
from statistics import median

import matplotlib
import numpy as np
import psutil
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter
from tqdm import tqdm

from ..figures.style import COLOURS, DASHES
from ..storage.processes import python_command
from .machine import describe_machine, format_machine, write
from .peers.serving import read_arrays
from .processes import StandingProcess
from .work.arrays import write_arrays

__all__ = ["PLACES", "find_lack", "measure", "run", "show_scaling"]

IN_MEMORY, IN_FILE = "in memory", "in a file"
PLACES = {  # how many images in each, first those of --quick
    IN_MEMORY: (60_000, 180_000, 600_000, 1_800_000),
    IN_FILE: (60_000, 180_000, 1_800_000, 6_000_000),
}
NUM_QUICK = 2
BYTES = 1.2 * (28 * 28 + 1)  # of an image and its label, and some to spare
NAME = "{samples:,} images {place}"
ROW = "{samples:9,} images {place:9} {median_seconds:8.3f} s {peak_mb:6.0f} MB"
PANELS = (("median_seconds", "seconds per epoch"), ("peak_mb", "peak memory in MB"))


def run(options: argparse.Namespace) -> int:
    """Measure every size; print a line for each, write figure and numbers."""
    most, epochs = (NUM_QUICK, 1) if options.quick else (None, 3)
    sizes = [(samples, place) for place in PLACES for samples in PLACES[place][:most]]
    points, skipped = [], []
    with tempfile.TemporaryDirectory(prefix="gluon-softmax-") as folder:
        write_arrays(options.root, Path(folder, "images.npz"))
        for samples, place in tqdm(sizes, leave=False, disable=None):
            lack = find_lack(samples, place, folder)
            if lack:
                name = NAME.format(samples=samples, place=place)
                skipped.append(f"{name} skipped, {lack}")
            else:
                points.append(measure(samples, place, folder, epochs))
    machine = describe_machine()
    title = format_machine(machine)
    print(title, *map(ROW.format_map, points), *skipped, sep="\n")
    content = {"machine": machine, "points": points, "skipped": skipped}
    write(content, options.output / "scaling", show_scaling(points, title))
    return 0


def find_lack(samples: int, place: str, folder: str) -> str:
    """Return what there is too little of for a size; empty where there is enough."""
    needed = int(BYTES * samples)
    free, kind = psutil.virtual_memory().available, "of free memory"
    if place == IN_FILE:
        free, kind = shutil.disk_usage(folder).free, f"free in {folder}"
    if free >= needed:
        return ""
    return f"needs {needed / 1e9:.1f} GB {kind}, found {free / 1e9:.1f} GB"


def measure(samples: int, place: str, folder: str, epochs: int) -> dict:
    """Train a few epochs in a process of its own; return the size with its cost."""
    images, name = f"{folder}/images.npz", NAME.format(samples=samples, place=place)
    runs, options = "training.repeated", {"samples": samples}
    if place == IN_FILE:
        for file, array in zip(("images", "labels"), read_arrays(images, train=True)):
            write_repeated(array, samples, Path(folder, file))
        runs, options = "training.file", {"folder": folder}
    command = python_command("bench.work.child", runs, images, json.dumps(options))
    with closing(StandingProcess(name, command)) as process:
        process.run()  # compiles, and brings a file into the page cache
        seconds = [process.run()["seconds"] for _ in range(epochs)]
        peak = process.read_peak()
    return {
        "samples": samples,
        "place": place,
        "median_seconds": median(seconds),
        "seconds": seconds,
        "peak_mb": peak,
    }


def write_repeated(array: np.ndarray, samples: int, path: Path) -> None:
    """Write so many rows, those of an array over and over, as an IDX file."""
    shape = samples, *array.shape[1:]
    header = struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *shape)
    with open(path, "wb") as file:
        file.write(header)
        for start in range(0, samples, len(array)):
            file.write(array[: samples - start].tobytes())


def show_scaling(points: list[dict], title: str = "") -> Figure:
    """Draw seconds and memory against images, those in a file with a dashed line."""
    with matplotlib.rc_context({"font.size": 17, "lines.linewidth": 3}):
        figure = Figure(figsize=(13, 5.5), layout="constrained")
        for ax, (cost, unit) in zip(figure.subplots(1, 2), PANELS):
            for place, colour, dashes in zip(PLACES, COLOURS, DASHES):
                rows = [point for point in points if point["place"] == place]
                costs = [row["samples"] for row in rows], [row[cost] for row in rows]
                style = {"color": colour, "linestyle": dashes, "markersize": 10}
                ax.plot(*costs, marker="o", label=place, **style)
            ax.set(xscale="log", yscale="log", xlabel="training images", ylabel=unit)
            ax.xaxis.set_major_formatter("{x:,.0f}")
            ax.yaxis.set_major_formatter("{x:,g}")
            ax.yaxis.set_minor_formatter(LogFormatter())  # where a decade is too much
            ax.grid(alpha=0.3)
        figure.axes[0].legend()
        figure.suptitle(title)
    return figure
