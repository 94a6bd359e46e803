"""The repairs that MXNet, d2lzh 1.0.0 and the code of the book need today.

MXNet and d2lzh are no longer developed, and Python, NumPy and IPython have moved on.
`install` has Python mend each module below when it is imported for the first time, so
`import mxnet` works after `import gluon_softmax`, which itself loads none of them, nor
the repairs.
"""

from __future__ import annotations

import sys
from importlib import import_module

__all__ = ["HOMES", "RepairFinder", "install"]

HOMES = {
    "mxnet": "gluon_softmax.compat.repairs",
    "mxnet.ndarray.ndarray": "gluon_softmax.compat.repairs",
    "mxnet.gluon.data.dataloader": "gluon_softmax.compat.repairs",
    "mxnet.gluon.data.vision.datasets": "gluon_softmax.data.gluons_own",
    "IPython.display": "gluon_softmax.compat.repairs",
}
"""The modules that are mended, and where their `REPAIRS` are."""


class RepairFinder:
    """Has the modules that the other finders find mended when they are imported."""

    def find_spec(self, fullname: str, path=None, target=None):
        """Find a module that needs repairs; leave all others to the other finders."""
        if fullname not in HOMES:
            return None
        from .mending import find_mended

        others = (finder for finder in sys.meta_path if finder is not self)
        found = (finder.find_spec(fullname, path, target) for finder in others)
        return find_mended(fullname, next(filter(None, found), None))


def install() -> None:
    """Have each module mended at its first import, or now if it is imported already."""
    if any(isinstance(finder, RepairFinder) for finder in sys.meta_path):
        return
    sys.meta_path.insert(0, RepairFinder())
    for name in HOMES.keys() & sys.modules.keys():
        for repair in import_module(HOMES[name]).REPAIRS[name].after:
            repair(sys.modules[name])
