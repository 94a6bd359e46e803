"""What a measurement was made on, and where its results go."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from .. import __version__

__all__ = [
    "available_memory",
    "describe_machine",
    "format_machine",
    "progress",
    "write",
]

PACKAGES = ("mxnet", "numpy", "d2lzh")


def describe_machine() -> dict[str, object]:
    """Return processor, usable cores, memory, load in the minute before, and system."""
    return {
        "cpu": _read_field("/proc/cpuinfo", "model name") or platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(_read_memory("MemTotal") / 2**30, 1),
        "load_average": os.getloadavg()[0],
        "system": f"{platform.system()} {platform.release()}",
    }


def format_machine(machine: dict) -> str:
    """Return in one line what `describe_machine` found."""
    return f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB"


def available_memory() -> int:
    """Return how many bytes of memory can be had without swapping."""
    return _read_memory("MemAvailable")


def write(content: dict, path: Path, figure=None) -> None:
    """Write numbers, versions added, and their figure, and print where.

    The path has no suffix.
    """
    from ..figures.output import save
    from ..storage.atomic import write_json

    versions = {"python": platform.python_version(), "gluon_softmax": __version__}
    versions.update({name: version(name) for name in PACKAGES})
    content = {"versions": versions, **content}
    written = save(figure, path) if figure else []
    written.append(write_json(content, path.with_suffix(".json")))
    for file in written:
        print(f"wrote {file}")


@contextmanager
def progress(total: int) -> Iterator[Callable[[str], None]]:
    """Show on a terminal how many of the steps are done.

    Yields what is to be called after each step, with the name of what was done.
    """
    from tqdm import tqdm

    with tqdm(total=total, leave=False, disable=None, file=sys.stderr) as bar:

        def report(name: str) -> None:
            bar.set_description(name, refresh=False)
            bar.update()

        yield report


def _read_memory(name: str) -> int:
    """Return the bytes that one line of /proc/meminfo counts."""
    return int(_read_field("/proc/meminfo", name).split()[0]) * 1024


def _read_field(path: str, name: str) -> str:
    """Return what stands behind the colon in the first line of a name."""
    for line in Path(path).read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""
