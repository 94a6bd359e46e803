"""Memory that NumPy fills and MXNet computes on."""

import gc
import re
from pathlib import Path

import numpy as np
import pytest
from gluon_softmax.engine.memory import LARGE, Ring, as_ndarray, empty
from mxnet import nd


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


def test_other_arrays_are_copied_to_the_place_given():
    """What NumPy made goes to the next array of a ring, what a ring made stays."""
    ring = Ring(2)
    place = ring.empty((3,), "int32")
    ring.restart()
    assert as_ndarray(np.arange(3, dtype="int32"), ring.empty) is place.owner
    assert place.tolist() == [0, 1, 2]
    assert as_ndarray(place, ring.empty) is place.owner


@pytest.mark.parametrize("part", [lambda a: a, lambda a: a[1:], lambda a: a[0]])
def test_arrays_in_turn_are_arrays(part):
    """They and what is made of them have the shape and numbers that MXNet knows."""
    array = Ring(2).empty((2, 3), "float32").owner
    array[:] = nd.arange(6).reshape((2, 3))
    expected = part(np.arange(6.0).reshape(2, 3))
    assert part(array).shape == expected.shape
    assert len(part(array)) == len(expected)
    np.testing.assert_array_equal(part(array).asnumpy(), expected)
    np.testing.assert_array_equal(part(array).peek(), expected)


@pytest.mark.skipif(
    not Path("/sys/kernel/mm/transparent_hugepage").exists(),
    reason="this system has no large pages to be asked for",
)
@pytest.mark.parametrize("make", [empty, Ring(1).empty], ids=["empty", "Ring"])
def test_large_arrays_are_on_large_pages(make):
    """Linux says so of the memory in their middle."""
    array = make((LARGE // 4, 2), "float32")
    middle, flags = array.ctypes.data + array.nbytes // 2, []
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if bounds := re.match(r"([0-9a-f]+)-([0-9a-f]+) ", line):
            start, end = (int(bound, 16) for bound in bounds.groups())
        elif line.startswith("VmFlags:") and start <= middle < end:
            flags = line.split()
    assert "hg" in flags
