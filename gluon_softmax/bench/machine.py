"""What a measurement was made on."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from .. import __version__

__all__ = ["available_memory", "describe_machine", "describe_versions"]

PACKAGES = ("mxnet", "numpy", "d2lzh")


def describe_machine() -> dict[str, object]:
    """Describe the machine for a reader who wants to compare.

    Returns
    -------
    dict
        Processor, cores that this process may use, memory in GiB, how many processes
        ran in the minute before, system.
    """
    return {
        "cpu": _field("/proc/cpuinfo", "model name") or platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(_kibibytes("MemTotal") / 2**20, 1),
        "load_average": os.getloadavg()[0],
        "system": f"{platform.system()} {platform.release()}",
    }


def describe_versions() -> dict[str, str]:
    """List the versions of Python, this package and what it measures.

    Returns
    -------
    dict of str to str
    """
    versions = {"python": platform.python_version(), "gluon_softmax": __version__}
    return {**versions, **{name: _version(name) for name in PACKAGES}}


def available_memory() -> int:
    """Measure the memory that can be had without swapping.

    Returns
    -------
    int
        Bytes.
    """
    return _kibibytes("MemAvailable") * 1024


def _version(name: str) -> str:
    """Look up a package's version without importing it."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _kibibytes(name: str) -> int:
    """Read one line of /proc/meminfo."""
    return int(_field("/proc/meminfo", name).split()[0])


def _field(path: str, name: str) -> str:
    """Read what stands behind the colon in the first line of a name."""
    for line in Path(path).read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""
