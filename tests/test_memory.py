"""Memory that NumPy fills and MXNet computes on."""

from __future__ import annotations

import gc

import numpy as np
import pytest
from gluon_softmax.data.memory import as_ndarray, empty


@pytest.mark.parametrize("dtype", ["float32", "int32", "uint8"])
def test_what_numpy_writes_mxnet_reads(dtype):
    """Numbers written before and after the handing over are seen."""
    array = empty((2, 3), dtype)
    array[:] = np.arange(6).reshape(2, 3)
    shared = as_ndarray(array)
    assert np.dtype(shared.dtype) == dtype
    array[0, 0] = 9
    np.testing.assert_array_equal(shared.asnumpy(), [[9, 1, 2], [3, 4, 5]])


def test_memory_outlives_the_numpy_side():
    """The NDArray keeps its numbers when the NumPy array is gone."""
    array = empty((1000, 100), "float32")
    array[:] = 7
    shared = as_ndarray(array)
    del array
    gc.collect()
    junk = [empty((1000, 100), "float32") for _ in range(5)]
    for other in junk:
        other[:] = 0
    assert (shared.asnumpy() == 7).all()


def test_memory_outlives_the_mxnet_side():
    """The NumPy array keeps its numbers when nobody asked for the NDArray."""
    array = empty((1000, 100), "float32")
    array[:] = 7
    gc.collect()
    junk = [empty((1000, 100), "float32") for _ in range(5)]
    for other in junk:
        other[:] = 0
    assert (array == 7).all()


@pytest.mark.parametrize(
    "part", [lambda a: a[1:], lambda a: a.T, lambda a: a.reshape(6), lambda a: a + 1]
)
def test_parts_and_results_are_copied(part):
    """What is not the whole array becomes an NDArray of its own."""
    array = empty((2, 3), "float32")
    array[:] = np.arange(6).reshape(2, 3)
    expected = np.array(part(array))
    shared = as_ndarray(part(array))
    array[:] = -1
    np.testing.assert_array_equal(shared.asnumpy(), expected)


def test_any_array_will_do():
    """An array of NumPy's own is copied."""
    assert as_ndarray(np.arange(3, dtype="int32")).asnumpy().tolist() == [0, 1, 2]
