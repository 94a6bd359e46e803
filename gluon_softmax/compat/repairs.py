"""What MXNet 1.9.1 and 1.7.0, and the code of the book, need mended once imported.

Each function says the symptom, the cause, and when it can go.
"""

from __future__ import annotations

import importlib.util
import multiprocessing
import sys
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType

from ..errors import InstallationError
from .arm import use_mended_library
from .mending import Repairs
from .numpy_names import lend_numpy_names
from .platforms import require_libraries, require_platform

__all__ = [
    "REPAIRS",
    "fork_workers",
    "require_loaded_numpy",
    "restore_distutils",
    "restore_set_matplotlib_formats",
]


def require_loaded_numpy() -> None:
    """Check that the NumPy that is loaded is the one that is installed.

    Symptom: `ValueError: numpy.dtype size changed` in a notebook that loaded NumPy 2
    before pip put NumPy 1 in its place, as on Colab. Cause: MXNet's metadata asks for
    it. Can go with the next MXNet.
    """
    loaded = getattr(sys.modules.get("numpy"), "__version__", "")
    with suppress(PackageNotFoundError):
        installed = version("numpy")
        if loaded and loaded.split(".")[0] != installed.split(".")[0]:
            raise InstallationError(
                f"NumPy {loaded} is loaded, but {installed} was installed meanwhile: "
                "restart Python (Colab: Runtime, Restart session; then go on below "
                "the installation)"
            )


def restore_distutils() -> None:
    """Make `distutils` importable on Python 3.12 and later, from setuptools.

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
            "MXNet needs distutils, which Python 3.12 and later leave to setuptools: "
            f"run {sys.executable} -m pip install setuptools"
        ) from error


def fork_workers(dataloader: ModuleType) -> None:
    """Have Gluon's `DataLoader` fork its worker processes on Linux, as it always did.

    Symptom: `RuntimeError: An attempt has been made to start a new process before the
    current process has finished its bootstrapping phase`, in a script without an `if
    __name__ == "__main__":`. Cause: Python 3.14 starts processes by 'forkserver', which
    imports the script again. Can go when Gluon chooses the method itself.
    """
    chosen = multiprocessing.get_start_method(allow_none=True)
    usual = multiprocessing.get_all_start_methods()[0]
    if sys.platform != "linux" or (chosen or usual) != "forkserver":
        return
    forking = ModuleType("multiprocessing")
    vars(forking).update(vars(multiprocessing))
    context = multiprocessing.get_context("fork")
    for name in ("Pool", "Process", "get_context"):
        setattr(forking, name, getattr(context, name))
    dataloader.multiprocessing = forking


def restore_set_matplotlib_formats(display: ModuleType) -> None:
    """Return IPython its function `display.set_matplotlib_formats` back.

    Symptom: `AttributeError: module 'IPython.display' has no attribute
    'set_matplotlib_formats'` from section 3.2 and every figure function of d2lzh.
    Cause: IPython moved it to matplotlib-inline. Can go when the book asks there.
    """

    def set_matplotlib_formats(*formats, **options):
        from matplotlib_inline import backend_inline

        backend_inline.set_matplotlib_formats(*formats, **options)

    if not hasattr(display, "set_matplotlib_formats"):
        display.set_matplotlib_formats = set_matplotlib_formats


def single_numbers_convert(ndarray: ModuleType) -> None:
    """Have `asnumpy` return what converts to a number; see `single`."""
    from .single import convert_single_numbers  # loads NumPy

    convert_single_numbers(ndarray)


REPAIRS = {
    "mxnet": Repairs(
        (
            require_platform,
            require_libraries,
            require_loaded_numpy,
            restore_distutils,
            use_mended_library,
        ),
        lend_numpy_names,
    ),
    "mxnet.ndarray.ndarray": Repairs(after=(single_numbers_convert,)),
    "mxnet.gluon.data.dataloader": Repairs(after=(fork_workers,)),
    "IPython.display": Repairs(after=(restore_set_matplotlib_formats,)),
}
