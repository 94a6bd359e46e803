"""Is this machine ready for the chapter? What is there, what is amiss, what to do."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.metadata import PackageNotFoundError, requires, version

from packaging.requirements import Requirement

from ..compat import platforms
from ..errors import InstallationError

__all__ = ["Check", "examine", "look_at_import", "look_at_mxnet"]


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
        Python, platform, packages, system libraries, MXNet itself, data.
    """
    yield Check("Python", f"{platform.python_version()} ({sys.executable})")
    problem = platforms.find_problem()
    yield Check("platform", platforms.describe(), problem)
    yield from _packages()
    if not problem:
        yield from look_at_mxnet(platforms.this_platform())
    yield from map(look_at_import, ("mxnet", "d2lzh"))
    yield from _data()


def _packages() -> Iterator[Check]:
    """Look at this package, and at what it requires without extras, but MXNet."""
    yield _package(Requirement("gluon_softmax"))
    try:
        required = map(Requirement, requires("gluon_softmax") or ())
    except PackageNotFoundError:
        return
    for requirement in required:
        marker = requirement.marker
        applies = marker is None or marker.evaluate({"extra": ""})
        if applies and requirement.name != "mxnet":
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


def look_at_mxnet(needed: platforms.Platform) -> Iterator[Check]:
    """Look at MXNet as it is installed here, and at the system's libraries."""
    installed = platforms.find_mxnet()
    name = installed.metadata["Name"] if installed else "mxnet"
    check = _package(Requirement(f"{name}=={needed.mxnet}"))
    yield replace(check, remedy=check.remedy and "run gluon-softmax setup")
    for library, remedy in needed.libraries.items():
        problem = platforms.loading_problem(library)
        yield Check(library, problem or "can be loaded", problem and f"run {remedy}")


def look_at_import(package: str) -> Check:
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
