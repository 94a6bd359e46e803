"""How cost grows: seconds and memory of an epoch, each size in a process of its own."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import struct
import sys
import tempfile
from pathlib import Path
from statistics import median

import matplotlib
import numpy as np
import psutil
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter
from tqdm import tqdm

from ..figures.style import COLOURS, DASHES
from .machine import describe_machine, format_machine, write
from .processes import StandingProcess, make_environment
from .work.arrays import read_arrays, write_arrays

__all__ = ["AXES", "find_lack", "list_sizes", "measure", "run", "show_scaling"]

USUAL = {
    "samples": 60_000,
    "batch_size": 256,
    "num_workers": 0,
    "threads": max(os.cpu_count() // 2, 1),  # what MXNet itself takes
    "classes": 10,
    "pixels": 28,
}
ROW = "{name:32} {median_seconds:8.3f} s {peak_mb:6.0f} MB"
BYTES = 1.2 * (28 * 28 + 1)  # of an image and its label, and some to spare
AXES = (  # a setting to vary, its unit, and its values, first those two of --quick
    ("samples", "images in memory", (60_000, 180_000, 600_000, 1_800_000)),
    ("samples", "images in a file", (60_000, 180_000, 1_800_000, 6_000_000)),
    ("batch_size", "images per batch", (256, 1024, 1, 8, 64, 8192)),
    ("num_workers", "worker processes", (0, 2, 1, 4)),
    ("threads", "threads", (1, 2)),
    ("classes", "classes", (10, 100, 32, 316, 1000)),
    ("pixels", "pixels along a side", (28, 56, 112)),
)
PANELS = (  # what the figure shows, to be read from the last row of a room
    ("samples", "training images", "median_seconds", "seconds per epoch"),
    ("samples", "training images", "peak_mb", "peak memory in MB"),
    ("batch_size", "images per batch", "median_seconds", "seconds per epoch"),
    ("classes", "classes", "median_seconds", "seconds per epoch"),
)


def run(options: argparse.Namespace) -> int:
    """Measure every size; print a line for each, write figure and numbers."""
    sizes, epochs = list_sizes(options.quick), 1 if options.quick else 3
    points, skipped = [], []
    with tempfile.TemporaryDirectory(prefix="gluon-softmax-") as folder:
        write_arrays(options.root, Path(folder, "images.npz"))
        for size in tqdm(sizes, leave=False, disable=None):
            lack = find_lack(size, folder)
            if lack:
                skipped.append(f"{size['name']} skipped, {lack}")
            else:
                points.append(measure(size, folder, epochs))
    machine = describe_machine()
    title = format_machine(machine)
    print(title, *map(ROW.format_map, points), *skipped, sep="\n")
    content = {"machine": machine, "points": points, "skipped": skipped}
    write(content, options.output / "scaling", show_scaling(points, title))
    return 0


def list_sizes(quick: bool = False) -> list[dict]:
    """List what is to be measured, each size with its name and all settings."""
    return [
        {
            "name": f"{label}: {value:,}",
            **USUAL,
            option: value,
            "varied": option,
            "from_file": "file" in label,
        }
        for option, label, values in AXES
        for value in sorted(values[:2] if quick else values)
    ]


def find_lack(size: dict, folder: str) -> str:
    """Return what there is too little of for a size; empty where there is enough."""
    needed = int(BYTES * size["samples"])
    free, place = psutil.virtual_memory().available, "of free memory"
    if size["from_file"]:
        free, place = shutil.disk_usage(folder).free, f"free in {folder}"
    if free >= needed:
        return ""
    return f"needs {needed / 1e9:.1f} GB {place}, found {free / 1e9:.1f} GB"


def measure(size: dict, folder: str, epochs: int) -> dict:
    """Train a few epochs in a process of its own; return the size with its cost."""
    images = str(Path(folder, "images.npz"))
    text = json.dumps({"size": size, "images": images, "folder": folder})
    command = [sys.executable, "-m", "gluon_softmax.bench.work.growth", text]
    environment = make_environment(OMP_NUM_THREADS=str(size["threads"]))
    if size["from_file"]:
        for name, array in zip(("images", "labels"), read_arrays(images, train=True)):
            write_repeated(array, size["samples"], Path(folder, name))
    with StandingProcess(size["name"], command, environment) as process:
        process.run()  # compiles, and brings a file into the page cache
        seconds = [process.run()["seconds"] for _ in range(epochs)]
        peak = round(process.stop()["peak"] * 1.024e-3, 1)
    cost = {"median_seconds": median(seconds), "seconds": seconds, "peak_mb": peak}
    return {**size, **cost}


def write_repeated(array: np.ndarray, samples: int, path: Path) -> None:
    """Write so many rows, those of an array over and over, as an IDX file."""
    shape = samples, *array.shape[1:]
    header = struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *shape)
    with open(path, "wb") as file:
        file.write(header)
        for start in range(0, samples, len(array)):
            file.write(array[: samples - start].tobytes())


def show_scaling(points: list[dict], title: str = "") -> Figure:
    """Draw what `measure` found; the file's line is dashed."""
    with matplotlib.rc_context({"font.size": 17, "lines.linewidth": 3}):
        figure = Figure(figsize=(13, 10), layout="constrained")
        for ax, (option, label, cost, unit) in zip(figure.subplots(2, 2).flat, PANELS):
            _draw_lines(ax, [p for p in points if p["varied"] == option], option, cost)
            ax.set(xscale="log", yscale="log", xlabel=label, ylabel=unit)
            ax.xaxis.set_major_formatter("{x:,.0f}")
            ax.yaxis.set_major_formatter("{x:,g}")
            ax.yaxis.set_minor_formatter(LogFormatter())  # where a decade is too much
            ax.grid(alpha=0.3)
        figure.axes[0].legend()
        figure.suptitle(title)
    return figure


def _draw_lines(ax, points: list[dict], option: str, cost: str) -> None:
    """Draw a line for images in memory, and one for images in a file."""
    for from_file, name in enumerate(("in memory", "in a file")):
        rows = [point for point in points if point["from_file"] == from_file]
        values, costs = [row[option] for row in rows], [row[cost] for row in rows]
        style = {"color": COLOURS[from_file], "linestyle": DASHES[from_file]}
        ax.plot(values, costs, marker="o", markersize=10, label=name, **style)
