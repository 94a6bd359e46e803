"""Softmax regression by hand: NumPy, the gradient derived on paper, momentum.

For scores z of one sample with label y, the loss is ``log(sum(exp(z))) - z[y]``, so its
gradient is softmax(z) minus the one-hot vector of y. The chain rule through
``z = x W + b`` then gives x times that for W, and that itself for b. All is done for a
whole batch at once; nothing here calls MXNet's operators or autograd.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from .chapter.training import Accumulator
from .errors import ArgumentError, DivergedError
from .history import Epoch, Progress

__all__ = ["Momentum", "SoftmaxRegression", "draw_start", "evaluate", "train"]

STARTS = ("normal", "xavier")


class SoftmaxRegression:
    """The model, with its gradient derived by hand.

    Parameters
    ----------
    W, b : numpy.ndarray
        Weights (inputs, classes) and biases (classes,) to start from; copied.

    Examples
    --------
    >>> model = SoftmaxRegression(np.eye(2), np.zeros(2))
    >>> losses, scores, (dW, db) = model.gradient(np.array([[1.0, 0.0]]), np.array([0]))
    >>> losses.round(4), db.round(4)
    (array([0.3133]), array([-0.2689,  0.2689]))
    """

    def __init__(self, W: np.ndarray, b: np.ndarray):
        self.params = [W.copy(), b.copy()]

    def scores(self, X: np.ndarray) -> np.ndarray:
        """Compute scores (n, classes) of images (n, ...)."""
        W, b = self.params
        return X.reshape(len(X), -1) @ W + b

    def gradient(
        self, X: np.ndarray, y: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
        """Compute the losses of a batch, and the gradient of their sum.

        Parameters
        ----------
        X : numpy.ndarray
            Images, shape (n, ...).
        y : numpy.ndarray
            Labels, shape (n,), int.

        Returns
        -------
        losses : numpy.ndarray
            Cross-entropy of each sample, shape (n,), in nats.
        scores : numpy.ndarray
            Shape (n, classes).
        gradients : list of numpy.ndarray
            For W, shape (inputs, classes), and b, shape (classes,).
        """
        scores = self.scores(X)
        log_p = log_softmax(scores)
        samples = np.arange(len(y))
        error = np.exp(log_p)  # (n, classes)
        error[samples, y] -= 1
        X = X.reshape(len(X), -1)  # (n, inputs)
        return -log_p[samples, y], scores, [X.T @ error, error.sum(axis=0)]


class Momentum:
    """Gradient descent with momentum: ``v = m v - lr g``, then ``param = param + v``.

    Parameters
    ----------
    params : list of numpy.ndarray
        Changed in place.
    lr : float
        Learning rate.
    momentum : float
        What part of a step the next one keeps; 0 is plain gradient descent.
    """

    def __init__(self, params: list[np.ndarray], lr: float, momentum: float = 0.0):
        self.params, self.learning_rate, self.momentum = params, lr, momentum
        self.velocities = [np.zeros_like(param) for param in params]

    def step(self, gradients: list[np.ndarray], batch_size: int) -> None:
        """Step against gradients that were summed over a batch."""
        for param, v, gradient in zip(self.params, self.velocities, gradients):
            v *= self.momentum
            v -= self.learning_rate / batch_size * gradient
            param += v


def draw_start(
    num_inputs: int, num_outputs: int, start: str = "normal", seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the weights to start from; the biases are 0.

    Parameters
    ----------
    num_inputs, num_outputs : int
        Pixels and classes.
    start : {'normal', 'xavier'}
        Normal(0, 0.01), or uniform up to ``sqrt(6 / (num_inputs + num_outputs))``.
    seed : int
        Seed of the draw.

    Returns
    -------
    W, b : numpy.ndarray
        float32, shapes (num_inputs, num_outputs) and (num_outputs,).

    Notes
    -----
    Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural
    networks", AISTATS 2010, for the second.
    """
    shape = (num_inputs, num_outputs)
    draw = np.random.RandomState(seed)
    if start == "normal":
        W = draw.normal(0, 0.01, shape)
    elif start == "xavier":
        limit = np.sqrt(6 / sum(shape))
        W = draw.uniform(-limit, limit, shape)
    else:
        raise ArgumentError(f"expected start to be one of {STARTS}, found {start!r}")
    return W.astype("float32"), np.zeros(num_outputs, "float32")


def log_softmax(scores: np.ndarray) -> np.ndarray:
    """Compute the logarithm of the softmax of each row, which cannot overflow."""
    scores = scores - scores.max(axis=1, keepdims=True)
    return scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))


def evaluate(model: SoftmaxRegression, data_iter: Iterable) -> tuple[float, float]:
    """Compute the mean loss of a data set, and the share predicted right.

    Parameters
    ----------
    model : SoftmaxRegression
    data_iter : iterable of (X, y)
        Mini-batches, as a `BatchLoader` gives them.

    Returns
    -------
    loss, accuracy : float
    """
    metric = Accumulator(3)
    for X, y in _read(data_iter):
        scores = model.scores(X)
        losses = -log_softmax(scores)[np.arange(len(y)), y]
        metric.add(losses.sum(), (scores.argmax(axis=1) == y).sum(), len(y))
    return metric[0] / metric[2], metric[1] / metric[2]


def train(
    model: SoftmaxRegression,
    updater: Momentum,
    train_iter: Iterable,
    test_iter: Iterable,
    num_epochs: int,
    batch_size: int,
    valid_iter: Iterable | None = None,
    report: Callable[[Progress], None] = lambda progress: None,
) -> Iterator[Epoch]:
    """Train, and give each epoch's figures as soon as they are known.

    Parameters
    ----------
    model : SoftmaxRegression
    updater : Momentum
    train_iter, test_iter : iterable of (X, y)
        Mini-batches, gone through once per epoch.
    num_epochs, batch_size : int
        How often; and what the summed gradient of every batch is divided by.
    valid_iter : iterable of (X, y), optional
        What to evaluate after each epoch; the test set then waits for the last one.
    report : callable, optional
        Called with the `Progress` of each iteration.

    Yields
    ------
    Epoch

    Raises
    ------
    DivergedError
        If the loss is no longer finite.
    """
    for number in range(1, num_epochs + 1):
        start = time.perf_counter()
        settings = (batch_size, report, number)
        loss, train_acc = _train_epoch(model, updater, train_iter, *settings)
        valid = (None, None) if valid_iter is None else evaluate(model, valid_iter)
        is_time_to_test = valid_iter is None or number == num_epochs
        test_acc = evaluate(model, test_iter)[1] if is_time_to_test else None
        seconds = time.perf_counter() - start
        yield Epoch(number, loss, train_acc, test_acc, seconds, *valid)


def _train_epoch(
    model: SoftmaxRegression,
    updater: Momentum,
    train_iter: Iterable,
    batch_size: int,
    report: Callable[[Progress], None],
    epoch: int,
) -> tuple[float, float]:
    """Train for one epoch; give the mean loss and the share predicted right."""
    metric = Accumulator(3)  # loss, right predictions, samples
    for iteration, (X, y) in enumerate(_read(train_iter), start=1):
        losses, scores, gradients = model.gradient(X, y)
        _check_finite(losses, iteration)
        updater.step(gradients, batch_size)
        right = (scores.argmax(axis=1) == y).sum()
        metric.add(losses.sum(), right, len(y))
        figures = float(losses.mean()), float(right / len(y))
        report(Progress(epoch, iteration, len(y), *figures))
    return metric[0] / metric[2], metric[1] / metric[2]


def _read(data_iter: Iterable) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Turn mini-batches to NumPy's arrays."""
    for X, y in data_iter:
        yield X.asnumpy(), y.asnumpy().astype(int)


def _check_finite(losses: np.ndarray, iteration: int) -> None:
    """Stop where a loss is not a finite number."""
    if not np.isfinite(losses).all():
        raise DivergedError(
            f"batch {iteration}: the loss is not finite: "
            "scale the pixels to 0-1 or lower the learning rate"
        )
