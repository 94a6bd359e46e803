"""The names that NumPy no longer has, lent to it while MXNet is imported.

Symptom: `AttributeError: module 'numpy' has no attribute 'bool'` (from NumPy 1.24 on),
`'PZERO'` (from 2.0 on) and a dozen more, from `mxnet/numpy`. Cause: MXNet copies them
into its own `mxnet.numpy`. Can go with the next MXNet.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["lend_numpy_names"]

CONSTANTS = {
    "PZERO": 0.0,
    "NZERO": -0.0,
    "PINF": math.inf,
    "NINF": -math.inf,
    "Inf": math.inf,
    "NaN": math.nan,
    "NAN": math.nan,
}
SUCCESSORS = {
    "bool": "bool_",  # numpy.ma takes the builtin, which it once was, amiss
    "alltrue": "all",
    "sometrue": "any",
    "product": "prod",
    "cumproduct": "cumprod",
    "in1d": "isin",
    "row_stack": "vstack",
    "round_": "round",
    "trapz": "trapezoid",
}
"""What stands in NumPy for each name today."""
FINANCIAL = ("mirr", "npv", "pmt", "ppmt", "pv", "rate")
KEPT = ("bool", "Inf")
"""What MXNet asks NumPy for later too: in indexing, and in Gluon's event handlers."""


@contextmanager
def lend_numpy_names() -> Iterator[None]:
    """Lend NumPy the names that it lacks for the length of a block.

    Afterwards others see NumPy as it is, whose `hasattr(numpy, "PZERO")` tells them its
    version; what MXNet needs later stays.
    """
    import numpy

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy deprecates some before they go
        lent = {name: v for name, v in _values().items() if not hasattr(numpy, name)}
    vars(numpy).update(lent)
    try:
        yield
    finally:
        for name in lent.keys() - KEPT:
            delattr(numpy, name)


def _values() -> dict[str, object]:
    """Return what each name stands for, in this NumPy."""
    import numpy

    values = {name: _explain_absence(name) for name in FINANCIAL}
    for name, successor in SUCCESSORS.items():
        values[name] = getattr(numpy, successor, None)
    return {**values, **CONSTANTS, "msort": lambda a: numpy.sort(a, axis=0)}


def _explain_absence(name: str) -> Callable:
    """Return a function that says where a financial function has gone."""

    def absent(*arguments, **options):
        raise NotImplementedError(f"NumPy has no {name} any more: use numpy_financial")

    return absent
