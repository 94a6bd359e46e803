"""Which MXNet runs on this machine, and what it needs of the system."""

from __future__ import annotations

import ctypes
import platform
import sys
import sysconfig
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution

from ..errors import InstallationError

__all__ = [
    "OLDEST_PYTHON",
    "Platform",
    "describe",
    "find_mxnet",
    "find_problem",
    "loading_problem",
    "require_libraries",
    "require_platform",
    "this_platform",
]

OLDEST_PYTHON = (3, 9)


@dataclass(frozen=True)
class Platform:
    """The last MXNet that has a wheel for a kind of machine, and what it is linked to.

    The wheels leave these libraries out: `libraries` has the command that brings each.
    """

    mxnet: str
    libraries: dict[str, str]


_APT = "apt-get install {} (or your system's package of that name)"
_VISUAL_CPP = "install Microsoft's Visual C++ Redistributable (x64)"
PLATFORMS = {
    ("Linux", "x86_64"): Platform(
        "1.9.1",
        {
            "libgomp.so.1": "apt-get install libgomp1 (or: yum install libgomp)",
            "libquadmath.so.0": (
                "apt-get install libquadmath0 (or: yum install libquadmath)"
            ),
        },
    ),
    ("Linux", "aarch64"): Platform(
        "1.9.1",
        {
            "libgomp.so.1": _APT.format("libgomp1"),
            "libgfortran.so.5": _APT.format("libgfortran5"),
            "libopenblas.so.0": _APT.format("libopenblas0-pthread"),
            "liblapacke.so.3": _APT.format("liblapacke"),
        },
    ),
    ("Darwin", "x86_64"): Platform("1.9.1", {}),
    ("Windows", "AMD64"): Platform(
        "1.7.0.post2", {"vcomp140.dll": _VISUAL_CPP, "msvcp140.dll": _VISUAL_CPP}
    ),
}
"""The systems and processors, in the words of `platform`, that have a wheel."""

DISTRIBUTIONS = (*(f"mxnet-cu{v}" for v in (112, 110, 102, 101, 100, 92)), "mxnet")
"""The packages that bring a module mxnet; all but the last compute on GPUs too."""

APPLE_SILICON = (
    "MXNet has no wheel for Apple's own processors: install an x86-64 Python (with "
    "conda: CONDA_SUBDIR=osx-64 conda create -n d2l python=3.12), or use Docker"
)
ELSEWHERE = (
    "MXNet has wheels for Linux (x86-64, aarch64), macOS (x86-64) and Windows (x86-64) "
    "only: use one of these, a container, or a hosted notebook"
)


def describe() -> str:
    """Name system, processor and Python's word size."""
    return f"{platform.system()} {platform.machine()}, {_word_size()}-bit Python"


def find_problem() -> str:
    """Return what to do where no MXNet can run; an empty text where one can."""
    found = platform.python_version()
    if sys.version_info[:2] < OLDEST_PYTHON:
        return f"Python 3.9 or later is needed, found {found}: install a newer one"
    if _word_size() != 64:
        return f"MXNet needs a 64-bit Python, found {describe()}: install that one"
    if "musl" in (sysconfig.get_config_var("HOST_GNU_TYPE") or ""):
        return (
            "MXNet needs glibc, and this Python (of Alpine, say) is built for musl: "
            "use a Debian or Ubuntu image, python:3.12-slim say"
        )
    if (platform.system(), platform.machine()) == ("Darwin", "arm64"):
        return APPLE_SILICON
    return "" if _key() in PLATFORMS else f"{ELSEWHERE}; found {describe()}"


def require_platform() -> None:
    """Check that there is an MXNet for this machine.

    Symptom: pip finds no version, or the library cannot be loaded. Cause: there is no
    wheel for every machine. Can go with the next MXNet.
    """
    problem = find_problem()
    if problem:
        raise InstallationError(problem)


def this_platform() -> Platform:
    """Return what this machine needs.

    Raises
    ------
    InstallationError
        If no MXNet runs here.
    """
    require_platform()
    return PLATFORMS[_key()]


def find_mxnet() -> Distribution | None:
    """Find MXNet as it is installed, under whichever name, without importing it."""
    for name in DISTRIBUTIONS:
        with suppress(PackageNotFoundError):
            return distribution(name)
    return None


def loading_problem(library: str) -> str:
    """Try to load a system library; say why it cannot be, or give an empty text."""
    try:
        ctypes.CDLL(library)
    except OSError as error:
        return str(error)
    return ""


def require_libraries() -> None:
    """Check that the system libraries are there that MXNet's library is linked to.

    Symptom: `OSError: libgomp.so.1: cannot open shared object file`. Cause: the wheel
    leaves them out for licence reasons. Can go when MXNet ships them.
    """
    libraries = this_platform().libraries
    problems = {library: loading_problem(library) for library in libraries}
    missing = [library for library, problem in problems.items() if problem]
    if missing:
        remedies = dict.fromkeys(libraries[library] for library in missing)
        raise InstallationError(
            f"MXNet needs {' and '.join(missing)}, which cannot be loaded "
            f"({'; '.join(problems[library] for library in missing)}): "
            f"run {' and '.join(remedies)}"
        )


def _key() -> tuple[str, str]:
    """Return system and processor."""
    return platform.system(), platform.machine()


def _word_size() -> int:
    """Return the bits of a pointer of this Python, whatever the processor is."""
    return 64 if sys.maxsize > 2**32 else 32
