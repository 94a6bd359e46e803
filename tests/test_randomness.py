"""Random numbers that are a function of their seed."""

from __future__ import annotations

import numpy as np
from gluon_softmax.data.randomness import random_state


def test_same_seed_same_numbers():
    """Whatever NumPy's global generator does, the numbers are the seed's."""
    first = random_state(3, 1).rand(5)
    np.random.seed(9)
    np.testing.assert_array_equal(random_state(3, 1).rand(5), first)


def test_other_seed_other_numbers():
    """Each part of the seed matters, and so does its place."""
    draws = [random_state(*seed).rand() for seed in [(0, 1), (1, 0), (1, 1), (2, 0)]]
    assert len(set(draws)) == 4


def test_large_seeds_will_do():
    """A seed may be any whole number from 0 on."""
    assert random_state(2**80, 0).rand() != random_state(2**80 + 1, 0).rand()
