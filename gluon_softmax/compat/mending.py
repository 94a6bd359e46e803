"""How a module is mended: what is done before, during and after its first import."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from types import ModuleType

from ..errors import InstallationError
from . import HOMES
from .platforms import require_libraries

__all__ = ["Repairs", "find_mended", "require_mxnet"]


@dataclass(frozen=True)
class Repairs:
    """What is done before, during and after the first import of a module."""

    before: tuple[Callable[[], None], ...] = ()
    during: Callable[[], AbstractContextManager] = nullcontext
    after: tuple[Callable[[ModuleType], None], ...] = ()


def find_mended(name: str, spec: ModuleSpec | None) -> ModuleSpec | None:
    """Return the spec of a module with its repairs, or of what stands for MXNet."""
    if spec is None or spec.loader is None:  # not there, or an empty folder
        return ModuleSpec(name, _Missing()) if name == "mxnet" else None
    repairs = import_module(HOMES[name]).REPAIRS[name]
    spec.loader.exec_module = partial(_execute, repairs, spec.loader.exec_module)
    return spec


def _execute(repairs: Repairs, execute: Callable, module: ModuleType) -> None:
    """Execute a module's code, with its repairs."""
    for repair in repairs.before:
        repair()
    with repairs.during():
        execute(module)
    for repair in repairs.after:
        repair(module)


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
