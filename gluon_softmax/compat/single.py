"""Arrays of a single number that convert to it, as all once did in NumPy."""

from __future__ import annotations

import warnings
from functools import wraps
from types import ModuleType

import numpy as np

__all__ = ["SingleNumber", "convert_single_numbers"]


class SingleNumber(np.ndarray):
    """An array of one number, which `float`, `int` and "%f" take for that number."""

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __repr__(self) -> str:
        return repr(self.view(np.ndarray))


def convert_single_numbers(ndarray: ModuleType) -> None:
    """Have MXNet's `asnumpy` return single numbers as what converts to a number.

    Symptom: `TypeError: only 0-dimensional arrays can be converted to Python scalars`
    from section 3.2 as printed, whose losses have the shape (1,). Cause: NumPy ended
    the conversion of other shapes. Can go when MXNet has arrays without axes.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # NumPy 1.25 and later deprecate it
            float(np.ones(1))
    except TypeError:
        ndarray.NDArray.asnumpy = _converting(ndarray.NDArray.asnumpy)


def _converting(asnumpy):
    """Return `asnumpy` with single numbers that convert."""

    @wraps(asnumpy)
    def converting(self) -> np.ndarray:
        array = asnumpy(self)
        is_single = array.size == 1 and array.ndim
        return array.view(SingleNumber) if is_single else array

    return converting
