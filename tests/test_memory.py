"""Memory that NumPy fills and MXNet computes on."""

import gc

import numpy as np
import pytest
from gluon_softmax.compat.internals import address
from gluon_softmax.engine.memory import Ring, as_ndarray, empty
from mxnet import nd


@pytest.mark.parametrize("dtype", ["float32", "int32", "uint8"])
def test_what_numpy_writes_mxnet_reads(dtype):
    """Numbers written before and after the handing over are seen."""
    array = empty((2, 3), dtype)
    array[:] = np.arange(6).reshape(2, 3)
    shared = as_ndarray(array)
    assert np.dtype(shared.dtype) == dtype
    array[0, 0] = 9
    np.testing.assert_array_equal(shared.asnumpy(), [[9, 1, 2], [3, 4, 5]])


@pytest.mark.parametrize("keep", [as_ndarray, lambda array: array], ids=["MXNet", ""])
def test_memory_outlives_the_other_side(keep):
    """What is kept has its numbers when the other array is gone, or was never made."""
    array = empty((1000, 100), "float32")
    array[:] = 7
    kept = keep(array)
    del array
    gc.collect()
    junk = [empty((1000, 100), "float32") for _ in range(5)]
    for other in junk:
        other[:] = 0
    assert kept.min() == kept.max() == 7


@pytest.mark.parametrize(
    "part",
    [lambda a: a[1:], lambda a: a.T, lambda a: a.reshape(6), lambda a: a + 1, np.array],
)
def test_all_but_whole_arrays_are_copied(part):
    """A part, a result or another array becomes an NDArray of its own."""
    array = empty((2, 3), "float32")
    array[:] = np.arange(6).reshape(2, 3)
    expected = np.array(part(array))
    shared = as_ndarray(part(array))
    array[:] = -1
    np.testing.assert_array_equal(shared.asnumpy(), expected)


def test_arrays_of_a_ring_come_in_turn():
    """After so many arrays of a shape and type the first comes again, as it was."""
    ring = Ring(2)
    first, second = (ring.empty((3,), "float32") for _ in range(2))
    first[:], second[:] = 1, 2
    assert ring.empty((3,), "int32") is not first
    assert ring.empty((3,), "float32") is first
    ring.restart()
    assert ring.empty((3,), "float32") is first
    assert as_ndarray(ring.empty((3,), "float32")).asnumpy().tolist() == [2, 2, 2]


def test_other_arrays_are_copied_to_the_place_given():
    """What NumPy made goes to the next array of a ring, what a ring made stays."""
    ring = Ring(2)
    place = ring.empty((3,), "int32")
    ring.restart()
    assert as_ndarray(np.arange(3, dtype="int32"), ring.empty) is place.owner
    assert place.tolist() == [0, 1, 2]
    assert as_ndarray(place, ring.empty) is place.owner


def test_address():
    """Two handles of one array agree, and its copy does not."""
    array = nd.ones(3)
    assert address(array.detach()) == address(array) != address(array.copy())
