"""What a measurement was made on, and where its results go."""

from __future__ import annotations

import platform
import re
from importlib.metadata import version
from pathlib import Path

import psutil

from .. import __version__
from ..figures.output import save
from ..storage.atomic import write_json
from ..storage.processes import count_cores

__all__ = ["describe_machine", "format_machine", "write"]

PACKAGES = ("mxnet", "numpy", "d2lzh")


def describe_machine() -> dict[str, object]:
    """Return processor, usable cores, memory, load in the minute before, and system."""
    described = Path("/proc/cpuinfo")  # Linux alone has it
    text = described.read_text() if described.exists() else ""
    cpu = re.search(r"model name\s*: (.*)", text)
    return {
        "cpu": cpu[1] if cpu else platform.processor() or platform.machine(),
        "cores": count_cores(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "load_average": psutil.getloadavg()[0],
        "system": f"{platform.system()} {platform.release()}",
    }


def format_machine(machine: dict) -> str:
    """Return in one line what `describe_machine` found."""
    return f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB"


def write(content: dict, path: Path, figure=None) -> None:
    """Write numbers, versions added, and their figure, and print where.

    The path has no suffix.
    """
    versions = {"python": platform.python_version(), "gluon_softmax": __version__}
    versions.update({name: version(name) for name in PACKAGES})
    content = {"versions": versions, **content}
    written = save(figure, path) if figure else []
    written.append(write_json(content, path.with_suffix(".json")))
    for file in written:
        print(f"wrote {file}")
