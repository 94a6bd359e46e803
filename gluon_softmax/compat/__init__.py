"""The repairs that MXNet 1.9.1 and d2lzh 1.0.0 need today.

Both packages are no longer developed, and Python, NumPy and IPython have moved on.
`install` makes Python run the functions below just before either package is imported
for the first time, so `import mxnet` works after `import gluon_softmax`, while
`import gluon_softmax` itself loads neither.
"""

from __future__ import annotations

import ctypes
import importlib.util
import sys
import warnings
from collections.abc import Callable
from importlib.machinery import ModuleSpec

from ..errors import InstallationError

__all__ = ["LIBRARIES", "REPAIRS", "install"]

LIBRARIES = {
    "libgomp.so.1": "apt-get install libgomp1 (or: yum install libgomp)",
    "libquadmath.so.0": "apt-get install libquadmath0 (or: yum install libquadmath)",
}
"""System libraries that MXNet's wheel leaves out, with the command that brings each."""


def loading_problem(library: str) -> str:
    """Try to load a system library; say why it cannot be, or give an empty text."""
    try:
        ctypes.CDLL(library)
    except OSError as error:
        return str(error)
    return ""


def require_libraries() -> None:
    """Check that the system libraries are there that libmxnet.so is linked to.

    Symptom: `OSError: libgomp.so.1: cannot open shared object file`. Cause: the wheel
    leaves both libraries out for licence reasons. Can go when MXNet ships them.
    """
    problems = {library: loading_problem(library) for library in LIBRARIES}
    missing = [library for library, problem in problems.items() if problem]
    if missing:
        raise InstallationError(
            f"MXNet needs {' and '.join(missing)}, which cannot be loaded "
            f"({'; '.join(problems[library] for library in missing)}): "
            f"run {' and '.join(LIBRARIES[library] for library in missing)}"
        )


def require_numpy_below_2() -> None:
    """Check that NumPy is older than 2, which no alias can make fit.

    Symptom: `ImportError: cannot import name 'PZERO' from 'numpy'`. Cause: MXNet 1.9.1
    imports dozens of names that NumPy 2 removed. Can go with the next MXNet.
    """
    import numpy

    if int(numpy.__version__.split(".")[0]) >= 2:
        raise InstallationError(
            f"MXNet 1.9.1 needs NumPy below 2, found {numpy.__version__}: "
            f"run {sys.executable} -m pip install 'numpy<2'"
        )


def restore_numpy_bool() -> None:
    """Return NumPy its alias `numpy.bool` back.

    Symptom: `AttributeError: module 'numpy' has no attribute 'bool'` from
    `mxnet/numpy/utils.py`. Cause: NumPy 1.24 removed the alias. The builtin would do
    for MXNet, but `numpy.ma` later takes the alias for a scalar type. Can go when
    MXNet stops using it.
    """
    import numpy

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy 1.20-1.23 only deprecate it
        if hasattr(numpy, "bool"):
            return
    numpy.bool = numpy.bool_


def restore_distutils() -> None:
    """Make `distutils` importable on Python 3.12, where setuptools carries it.

    Symptom: `ModuleNotFoundError: No module named 'distutils'`. Cause: Python 3.12
    removed it (PEP 632); setuptools hooks its own copy in when it is imported. Can go
    when MXNet stops importing it.
    """
    if importlib.util.find_spec("distutils") is not None:
        return
    try:
        import setuptools  # noqa: F401
    except ImportError as error:
        raise InstallationError(
            "MXNet needs distutils, which Python 3.12 leaves to setuptools: "
            f"run {sys.executable} -m pip install setuptools"
        ) from error


def restore_set_matplotlib_formats() -> None:
    """Return IPython its function `display.set_matplotlib_formats` back.

    Symptom: `AttributeError: module 'IPython.display' has no attribute
    'set_matplotlib_formats'` from every figure function of d2lzh. Cause: IPython moved
    it to matplotlib-inline. Can go when d2lzh asks there.
    """
    from IPython import display
    from matplotlib_inline.backend_inline import set_matplotlib_formats

    if not hasattr(display, "set_matplotlib_formats"):
        display.set_matplotlib_formats = set_matplotlib_formats


REPAIRS: dict[str, tuple[Callable[[], None], ...]] = {
    "mxnet": (
        require_libraries,
        require_numpy_below_2,
        restore_numpy_bool,
        restore_distutils,
    ),
    "d2lzh": (restore_set_matplotlib_formats,),
}
"""What is repaired just before each package is imported."""


class RepairFinder:
    """Runs a package's repairs when Python looks for it, and finds nothing itself."""

    def find_spec(self, fullname: str, path=None, target=None) -> ModuleSpec | None:
        """Repair what `fullname` needs, and leave the finding to the other finders."""
        for repair in REPAIRS.get(fullname, ()):
            repair()
        return None


def install() -> None:
    """Have the repairs of each package run before its first import.

    For a package that is imported already they run at once.
    """
    if not any(isinstance(finder, RepairFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, RepairFinder())
    for package in REPAIRS.keys() & sys.modules.keys():
        RepairFinder().find_spec(package)
