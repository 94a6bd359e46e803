"""The version in NumPy; `test_training` and `test_scripts` train it."""

from __future__ import annotations

import numpy as np
import pytest
import reference
from gluon_softmax.chapter import handmade
from gluon_softmax.errors import ArgumentError


def test_losses_cannot_overflow():
    """Scores and losses are those of another derivation, however large."""
    X, y = np.random.rand(5, 1, 2, 3), np.array([0, 2, 1, 2, 2])
    W, b = np.random.randn(6, 3) * 1000, np.random.randn(3)
    model = handmade.SoftmaxRegression(W, b)
    scores = model(X)
    np.testing.assert_allclose(scores, X.reshape(5, 6) @ W + b)
    losses = model.loss(scores, y)
    np.testing.assert_allclose(losses, reference.cross_entropy(scores, y))


@pytest.mark.parametrize(
    ("start", "spread"), [("normal", 0.01), ("xavier", np.sqrt(2 / 794))]
)
def test_starts_have_their_spread(start, spread):
    W, b = handmade.draw_start(784, 10, start, seed=3)
    assert W.std() == pytest.approx(spread, rel=0.05)
    assert abs(W.mean()) < spread / 20
    assert not b.any()
    np.testing.assert_array_equal(handmade.draw_start(784, 10, start, seed=3)[0], W)


def test_unknown_start():
    with pytest.raises(ArgumentError, match=r"normal.*xavier.*'zeros'"):
        handmade.draw_start(784, 10, "zeros")
