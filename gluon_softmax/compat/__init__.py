"""The repairs that MXNet, d2lzh 1.0.0 and the code of the book need today.

MXNet and d2lzh are no longer developed, and Python, NumPy and IPython have moved on.
`install` has Python mend each package below when it is imported for the first time, so
`import mxnet` works after `import gluon_softmax`, which itself loads none of them.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from types import ModuleType

from ..errors import InstallationError
from .arm import use_mended_library
from .numpy_names import lend_numpy_names
from .platforms import require_libraries, require_platform
from .repairs import (
    fork_workers,
    restore_distutils,
    restore_set_matplotlib_formats,
)

__all__ = ["REPAIRS", "Repairs", "install", "require_libraries", "require_mxnet"]


@dataclass(frozen=True)
class Repairs:
    """What is done before, during and after the first import of a module."""

    before: tuple[Callable[[], None], ...] = ()
    during: Callable[[], AbstractContextManager] = nullcontext
    after: tuple[Callable[[ModuleType], None], ...] = ()


REPAIRS = {
    "mxnet": Repairs(
        (require_platform, require_libraries, restore_distutils, use_mended_library),
        lend_numpy_names,
    ),
    "mxnet.gluon.data.dataloader": Repairs(after=(fork_workers,)),
    "IPython.display": Repairs(after=(restore_set_matplotlib_formats,)),
}
"""The modules that are mended, and how; the package adds Gluon's data sets."""


class RepairFinder:
    """Has the modules that the other finders find mended when they are imported."""

    def find_spec(self, fullname: str, path=None, target=None) -> ModuleSpec | None:
        """Find a module that needs repairs; leave all others to the other finders."""
        if fullname not in REPAIRS:
            return None
        others = (finder for finder in sys.meta_path if finder is not self)
        found = (finder.find_spec(fullname, path, target) for finder in others)
        spec = next(filter(None, found), None)
        if spec is not None:
            execute = spec.loader.exec_module
            spec.loader.exec_module = partial(_repaired, REPAIRS[fullname], execute)
        elif fullname == "mxnet":
            spec = ModuleSpec(fullname, _Missing())
        return spec


class _Missing(Loader):
    """Stands for MXNet where it is not installed."""

    def exec_module(self, module: ModuleType) -> None:
        """Raise what installs it, where Python would miss a module."""
        require_mxnet()


def require_mxnet() -> None:
    """Check that MXNet is installed, and what it needs of the system, but import none.

    Symptom: `ModuleNotFoundError: No module named 'mxnet'`. Cause: pip cannot install
    it everywhere together with this package. Can go with the next MXNet.
    """
    require_libraries()
    if isinstance(importlib.util.find_spec("mxnet").loader, _Missing):
        raise InstallationError("MXNet is not installed: run gluon-softmax setup")


def _repaired(repairs: Repairs, execute: Callable, module: ModuleType) -> None:
    """Execute a module's code, with its repairs."""
    for repair in repairs.before:
        repair()
    with repairs.during():
        execute(module)
    for repair in repairs.after:
        repair(module)


def install() -> None:
    """Have each module mended at its first import, or now if it is imported already."""
    if not any(isinstance(finder, RepairFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, RepairFinder())
    for name in REPAIRS.keys() & sys.modules.keys():
        for repair in REPAIRS[name].after:
            repair(sys.modules[name])
