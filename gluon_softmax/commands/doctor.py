"""Is this machine ready for the chapter? What is there, what is amiss, what to do."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, requires, version

from packaging.requirements import Requirement

from .. import compat
from ..errors import InstallationError

__all__ = ["Check", "examine"]

OLDEST, NEWEST = (3, 9), (3, 12)
ENOUGH_SHARED_MEMORY = 256 * 2**20


@dataclass(frozen=True)
class Check:
    """One thing looked at.

    Attributes
    ----------
    subject : str
        What was looked at.
    finding : str
        What was found.
    remedy : str
        What to do about it; empty where all is well.
    essential : bool
        Whether the chapter cannot run until it is mended.
    """

    subject: str
    finding: str
    remedy: str = ""
    essential: bool = True

    def __str__(self) -> str:
        if not self.remedy:
            return f"  ok  {self.subject}: {self.finding}"
        mark = "FAIL" if self.essential else "note"
        return f"{mark}  {self.subject}: {self.finding}; {self.remedy}"


def examine() -> Iterator[Check]:
    """Look at everything that the chapter needs.

    Yields
    ------
    Check
        Python, platform, packages, MXNet itself, system libraries, data, shared memory.
    """
    yield _python()
    yield _platform()
    yield from _packages()
    yield from _libraries()
    yield from map(_import, compat.REPAIRS)
    yield from _data()
    yield _shared_memory()


def _python() -> Check:
    """Look at the interpreter."""
    found = platform.python_version()
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        return Check("Python", f"{found} ({sys.executable})")
    return Check("Python", found, "install Python 3.9, 3.10, 3.11 or 3.12")


def _platform() -> Check:
    """Look at system and processor."""
    found = f"{platform.system()} {platform.machine()}"
    if found == "Linux x86_64":
        return Check("platform", found)
    return Check(
        "platform",
        found,
        "MXNet 1.9.1 has a wheel for Linux x86-64 only: use WSL 2, or a Linux x86-64 "
        "machine or container",
    )


def _packages() -> Iterator[Check]:
    """Look at this package, and at what it requires without extras."""
    yield _package(Requirement("gluon_softmax"))
    try:
        required = map(Requirement, requires("gluon_softmax") or ())
    except PackageNotFoundError:
        return
    for requirement in required:
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield _package(requirement)


def _package(requirement: Requirement) -> Check:
    """Look at one installed package."""
    name = requirement.name
    remedy = f"run {sys.executable} -m pip install '{name}{requirement.specifier}'"
    try:
        found = version(name)
    except PackageNotFoundError:
        return Check(name, "not installed", remedy)
    fits = requirement.specifier.contains(found, prereleases=True)
    return Check(name, found, "" if fits else remedy)


def _libraries() -> Iterator[Check]:
    """Look at the system libraries."""
    for library, remedy in compat.LIBRARIES.items():
        problem = compat.loading_problem(library)
        yield Check(library, problem or "can be loaded", problem and f"run {remedy}")


def _import(package: str) -> Check:
    """Import a package, repaired."""
    try:
        import_module(package)
    except InstallationError as error:
        return Check(f"import {package}", "fails", str(error))
    except (ImportError, OSError, AttributeError) as error:
        return Check(f"import {package}", f"fails ({error})", "reinstall the package")
    return Check(f"import {package}", "works")


def _data() -> Iterator[Check]:
    """Look for the data sets."""
    try:
        from ..data.published import PUBLISHED
        from ..data.sources import take_inventory
    except ImportError as error:  # of a package that is named above
        yield Check("data", f"not looked for ({error})", "install what is missing")
        return
    for name in PUBLISHED:
        for finding in take_inventory(name):
            if finding.problem:
                yield Check("data", finding.split, finding.problem, essential=False)
            else:
                yield Check("data", str(finding))


def _shared_memory() -> Check:
    """Look at the room that Gluon's worker processes have for batches."""
    try:
        size = shutil.disk_usage("/dev/shm").total
    except OSError:
        size = 0
    found = f"{size / 2**20:,.0f} MiB"
    if size >= ENOUGH_SHARED_MEMORY:
        return Check("/dev/shm", found)
    remedy = (
        "Gluon's own DataLoader needs more for its workers (this package's do not): "
        "start Docker with --shm-size=1g"
    )
    return Check("/dev/shm", found, remedy, essential=False)
