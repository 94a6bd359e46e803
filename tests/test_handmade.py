"""The gradient by hand against finite differences."""

from __future__ import annotations

import numpy as np
import pytest
import reference
from gluon_softmax.chapter import handmade
from gluon_softmax.errors import ArgumentError


@pytest.fixture
def batch():
    """Return a batch of float64 images, and labels."""
    return np.random.rand(5, 1, 2, 3), np.array([0, 2, 1, 2, 2])


def test_gradient_is_that_of_finite_differences(batch):
    """Each number moved a little changes the summed loss as the gradient says."""
    X, y = batch
    model = handmade.SoftmaxRegression(np.random.randn(6, 3), np.random.randn(3))
    model.loss(model(X), y).backward()
    for param, gradient in zip(model.params, model.gradients):
        for index in np.ndindex(param.shape):
            sums = []
            for change in (1e-6, -2e-6):
                param[index] += change
                sums.append(model.loss(model(X), y).sum())
            param[index] += 1e-6
            slope = (sums[0] - sums[1]) / 2e-6
            assert gradient[index] == pytest.approx(slope, abs=1e-7)


def test_losses_are_the_references(batch):
    """Scores and losses are those of another derivation, without overflow."""
    X, y = batch
    W, b = np.random.randn(6, 3) * 1000, np.random.randn(3)
    model = handmade.SoftmaxRegression(W, b)
    scores = model(X)
    np.testing.assert_allclose(scores, X.reshape(5, 6) @ W + b)
    losses = model.loss(scores, y)
    np.testing.assert_allclose(losses, reference.cross_entropy(scores, y))


def test_momentum_adds_up_steps():
    """Three steps on a constant slope go 1, 1 + m and 1 + m + m^2 far."""
    model = handmade.SoftmaxRegression(np.zeros((1, 1)), np.zeros(1))
    model.gradients = [np.full((1, 1), 20.0), np.zeros(1)]
    trainer = handmade.MomentumTrainer(model, lr=0.1, momentum=0.5)
    for _ in range(3):
        trainer.step(batch_size=2)
    assert model.params[0] == pytest.approx(-(1 + 1.5 + 1.75))
    assert model.params[1] == 0


@pytest.mark.parametrize(
    ("start", "spread"), [("normal", 0.01), ("xavier", np.sqrt(2 / 794))]
)
def test_starts_have_their_spread(start, spread):
    """Weights vary as the name says, around 0, the same for one seed."""
    W, b = handmade.draw_start(784, 10, start, seed=3)
    assert W.std() == pytest.approx(spread, rel=0.05)
    assert abs(W.mean()) < spread / 20
    assert not b.any()
    np.testing.assert_array_equal(handmade.draw_start(784, 10, start, seed=3)[0], W)


def test_unknown_start():
    """A start that is none is refused with the choices."""
    with pytest.raises(ArgumentError, match=r"normal.*xavier.*'zeros'"):
        handmade.draw_start(784, 10, "zeros")
