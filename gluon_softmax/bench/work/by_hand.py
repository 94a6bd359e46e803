"""Softmax regression in NumPy, its gradient derived by hand, and its floor."""

from __future__ import annotations

import numpy as np

from .arrays import read_pixels
from .serving import Work

__all__ = ["prepare_blas", "prepare_numpy"]

BATCH_SIZE, LR, NUM_CLASSES = 256, 0.1, 10


def prepare_numpy(data: str) -> Work:
    """Prepare an epoch of training and evaluating in float32.

    Parameters
    ----------
    data : str
        Where the images are, as for `read_arrays`.

    Returns
    -------
    callable
    """
    (X, y), test = read_pixels(data, True), read_pixels(data, False)
    rng = np.random.default_rng()
    W = rng.normal(0, 0.01, (X.shape[1], NUM_CLASSES)).astype(np.float32)
    b = np.zeros(NUM_CLASSES, np.float32)

    def work() -> dict:
        order = rng.permutation(len(X))
        totals = np.zeros(2)  # loss, right predictions
        for start in range(0, len(X), BATCH_SIZE):
            batch = order[start : start + BATCH_SIZE]
            totals += _step(X.take(batch, axis=0), y.take(batch), W, b)
        loss, train_acc = totals / len(X)
        test_acc = _evaluate(*test, W, b)
        return {"loss": loss, "train_acc": train_acc, "test_acc": test_acc}

    return work


def prepare_blas(data: str) -> Work:
    """Prepare the matrix products of such an epoch, and nothing else.

    Parameters
    ----------
    data : str
        Where the images are, as for `read_arrays`.

    Returns
    -------
    callable
    """
    X, test_X = read_pixels(data, True)[0], read_pixels(data, False)[0]
    W = np.zeros((X.shape[1], NUM_CLASSES), np.float32)

    def work() -> dict:
        for start in range(0, len(X), BATCH_SIZE):
            batch = X[start : start + BATCH_SIZE]
            batch.T @ (batch @ W)  # shaped as the gradient of the scores is
        for start in range(0, len(test_X), BATCH_SIZE):
            test_X[start : start + BATCH_SIZE] @ W
        return {}

    return work


def _step(
    X: np.ndarray, y: np.ndarray, W: np.ndarray, b: np.ndarray
) -> tuple[float, int]:
    """Take one step in place; give the summed loss and the right predictions."""
    rows = np.arange(len(X))
    scores = X @ W + b  # (n, classes)
    right = (scores.argmax(axis=1) == y).sum()
    scores -= scores.max(axis=1, keepdims=True)
    p = np.exp(scores)
    partition = p.sum(axis=1, keepdims=True)
    loss = (np.log(partition[:, 0]) - scores[rows, y]).sum()
    p /= partition
    p[rows, y] -= 1  # the gradient of the summed loss in the scores
    W -= LR / BATCH_SIZE * (X.T @ p)
    b -= LR / BATCH_SIZE * p.sum(axis=0)
    return float(loss), int(right)


def _evaluate(X: np.ndarray, y: np.ndarray, W: np.ndarray, b: np.ndarray) -> float:
    """Compute the share of predictions that are right, batch by batch."""
    right = 0
    for start in range(0, len(X), BATCH_SIZE):
        batch = slice(start, start + BATCH_SIZE)
        right += int(((X[batch] @ W + b).argmax(axis=1) == y[batch]).sum())
    return right / len(X)
