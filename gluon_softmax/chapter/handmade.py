"""Softmax regression by hand: NumPy, the gradient derived on paper, momentum.

For scores z of one sample with label y, the loss is ``log(sum(exp(z))) - z[y]``, so its
gradient is softmax(z) minus the one-hot vector of y. The chain rule through
``z = x W + b`` then gives x times that for W, and that itself for b. All is done for a
whole batch at once; nothing here calls MXNet's operators or autograd. The chapter's
loop trains it all the same: its losses have a `backward` of their own.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import check_choice
from .results import to_numpy

__all__ = ["MomentumTrainer", "SoftmaxRegression", "draw_start", "log_softmax"]


class SoftmaxRegression:
    """The model, with its gradient derived by hand; its start is copied.

    Examples
    --------
    >>> model = SoftmaxRegression(np.eye(2), np.zeros(2))
    >>> losses = model.loss(model(np.array([[1.0, 0.0]])), np.array([0]))
    >>> losses.backward()
    >>> dW, db = model.gradients
    >>> db.round(4)
    array([-0.2689,  0.2689])
    """

    def __init__(self, W: np.ndarray, b: np.ndarray):
        self.params = [W.copy(), b.copy()]

    def scores(self, X: np.ndarray) -> np.ndarray:
        """Compute scores (n, classes) of images (n, ...)."""
        W, b = self.params
        return X.reshape(len(X), -1) @ W + b

    def __call__(self, X: Any) -> np.ndarray:
        """Compute scores (n, classes) of images (n, ...), kept for `backward`."""
        self._X = to_numpy(X)
        return self.scores(self._X)

    def loss(self, y_hat: np.ndarray, y: Any) -> Losses:
        """Compute the losses (n,) of the batch that was scored last, in nats.

        Their ``backward()`` puts the gradients of their sum into ``gradients``.
        """
        log_p, samples = log_softmax(y_hat), np.arange(len(y))
        y = to_numpy(y).astype(int)
        losses = (-log_p[samples, y]).view(Losses)
        error = np.exp(log_p)  # (n, classes)
        error[samples, y] -= 1  # softmax minus one-hot
        losses.model, losses.error = self, error
        return losses


class Losses(np.ndarray):
    """The losses of a batch, shape (n,), and the gradients for its scores."""

    model: SoftmaxRegression
    error: np.ndarray

    def backward(self) -> None:
        """Compute the gradients for W and b of the sum of the losses."""
        X = self.model._X.reshape(len(self), -1)  # (n, inputs)
        self.model.gradients = [X.T @ self.error, self.error.sum(axis=0)]


class MomentumTrainer:
    """Gradient descent with momentum: ``v = m v - lr g``, then ``param = param + v``.

    The model's parameters are changed in place; a momentum coefficient of 0 is plain
    gradient descent.
    """

    def __init__(self, model: SoftmaxRegression, lr: float, momentum: float = 0.0):
        self.model, self.learning_rate, self.momentum = model, lr, momentum
        self.velocities = [np.zeros_like(param) for param in model.params]

    def step(self, batch_size: int) -> None:
        """Step against the gradients, which were summed over a batch."""
        model = self.model
        for param, v, g in zip(model.params, self.velocities, model.gradients):
            v *= self.momentum
            v -= self.learning_rate / batch_size * g
            param += v


def draw_start(
    num_inputs: int, num_outputs: int, start: str = "normal", seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the weights (num_inputs, num_outputs) to start from; the biases are 0.

    They are Normal(0, 0.01), or for ``xavier`` uniform up to
    ``sqrt(6 / (num_inputs + num_outputs))`` (Glorot and Bengio, AISTATS 2010).
    """
    check_choice("start", start, ("normal", "xavier"))
    shape = (num_inputs, num_outputs)
    draw = np.random.RandomState(seed)
    if start == "normal":
        W = draw.normal(0, 0.01, shape)
    else:
        limit = np.sqrt(6 / sum(shape))
        W = draw.uniform(-limit, limit, shape)
    return W.astype("float32"), np.zeros(num_outputs, "float32")


def log_softmax(scores: np.ndarray) -> np.ndarray:
    """Compute the logarithm of the softmax of each row, which cannot overflow."""
    scores = scores - scores.max(axis=1, keepdims=True)
    return scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
