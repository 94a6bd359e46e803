"""One contender as a process, told what to prepare as ``RUNS IMAGES.npz OPTIONS``."""

from __future__ import annotations

import json
import sys
from importlib import import_module

from ..peers.serving import Work, serve

__all__ = ["main", "prepare"]

PACKAGES = ("mxnet", "numpy", "d2lzh")


def main() -> None:
    """Work each time the parent says so."""
    runs, images, options = sys.argv[1:]
    serve(prepare(runs, images, **json.loads(options)), PACKAGES)


def prepare(runs: str, images: str, **options) -> Work:
    """Prepare what a contender runs; only the module that it needs is loaded."""
    module, _, name = runs.partition(".")
    module = import_module(f"..{module}", __name__)
    return getattr(module, f"prepare_{name}")(images, **options)
