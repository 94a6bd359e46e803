"""One contender as a process: ``python -m gluon_softmax.bench.work KEY IMAGES.npz``."""

from __future__ import annotations

import sys
from importlib import import_module

from ..contenders import CONTENDERS
from ..peers.serving import Work, serve

PACKAGES = ("mxnet", "numpy", "d2lzh")


def prepare(key: str, images: str) -> Work:
    """Prepare a contender; only the module that it needs is loaded."""
    contender = next(found for found in CONTENDERS if found.key == key)
    module, _, name = contender.runs.partition(".")
    module = import_module(f"gluon_softmax.bench.work.{module}")
    return getattr(module, f"prepare_{name}")(images, **contender.options)


if __name__ == "__main__":
    serve(prepare(*sys.argv[1:]), PACKAGES)
