"""What a net predicts of a data set: classes, probabilities, how well each is known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import NamedTuple

import numpy as np

from .data.batches import read_batches
from .errors import ArgumentError, check_labels, show

__all__ = [
    "ClassReport",
    "classification_report",
    "predict",
    "predict_proba",
    "read_classes",
    "read_predictions",
]


class ClassReport(NamedTuple):
    """How well each class is recognized; prints as a table.

    Attributes
    ----------
    classes : list of str
    precision : array of shape (classes,)
        Share of what was predicted to be of this class that is; nan if nothing was.
    recall : array of shape (classes,)
        Share of what is of this class that was predicted so; nan if nothing is.
    support : array of shape (classes,)
        How many samples are of this class.
    """

    classes: list[str]
    precision: np.ndarray
    recall: np.ndarray
    support: np.ndarray

    def __str__(self) -> str:
        """Return the table, a line per class."""
        width = max(map(len, (*self.classes, "class")))
        lines = [f"{'class':{width}}  precision  recall  support"]
        for name, precision, recall, support in zip(*self):
            figures = f"{precision:9.3f}  {recall:6.3f}  {support:7d}"
            lines.append(f"{name:{width}}  {figures}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        return f'<pre style="font-family: monospace">{escape(str(self))}</pre>'


def predict(net: Callable, data_iter: Iterable) -> np.ndarray:
    """Predict the class of each sample of a data set.

    Parameters
    ----------
    net : callable
        Takes images and gives scores or probabilities of shape (n, classes).
    data_iter : iterable of (X, y)
        Mini-batches, such as `test_iter`.

    Returns
    -------
    array of shape (n,)
        Numbers of classes, in the order of the mini-batches.

    Raises
    ------
    ArgumentError
        If there is no batch, scores and labels do not fit, or scores are not finite.

    Examples
    --------
    >>> from mxnet import nd
    >>> predict(nd.softmax, [(nd.array([[1, 3], [2, 0]]), nd.array([1, 1]))])
    array([1, 0])
    """
    return predict_proba(net, data_iter).argmax(axis=1)


def predict_proba(net: Callable, data_iter: Iterable) -> np.ndarray:
    """Predict the probability of each class, for each sample of a data set.

    Arguments and errors are as for `predict`. Outputs that are probabilities already,
    none below 0 and each row with the sum 1, are returned as they are; others go
    through softmax.

    Returns
    -------
    array of shape (n, classes)
    """
    return read_predictions(net, data_iter)[1]


def classification_report(
    net: Callable, data_iter: Iterable, classes: Sequence[str] | None = None
) -> ClassReport:
    """Compute precision and recall of each class.

    Net, mini-batches and errors are as for `predict`; the names of the classes are
    those of the data set, or numbers, if not given.
    """
    labels, probabilities = read_predictions(net, data_iter)
    num_classes = probabilities.shape[1]
    predicted = probabilities.argmax(axis=1)
    right = np.bincount(labels[labels == predicted], minlength=num_classes)
    support = np.bincount(labels, minlength=num_classes)
    claimed = np.bincount(predicted, minlength=num_classes)
    with np.errstate(invalid="ignore"):  # 0 / 0 is nan
        precision, recall = right / claimed, right / support
    names = read_classes(classes, data_iter, num_classes)
    return ClassReport(list(map(show, names)), precision, recall, support)


def read_classes(
    classes: Sequence[str] | None, data_iter: Iterable, num_classes: int
) -> Sequence[str]:
    """Return the names of the classes: those given, the data set's, or numbers."""
    names = classes or getattr(getattr(data_iter, "dataset", None), "classes", None)
    names = names or list(map(str, range(num_classes)))
    if len(names) != num_classes:
        raise ArgumentError(
            f"expected a name for each of {num_classes} classes, found {len(names)}"
        )
    return names


def read_predictions(
    net: Callable, data_iter: Iterable
) -> tuple[np.ndarray, np.ndarray]:
    """Return the labels (n,) and the predicted probabilities (n, classes)."""
    batches = [(y.asnumpy(), net(X).asnumpy()) for X, y in read_batches(data_iter)]
    if not batches:
        raise ArgumentError(
            "the data gave no batch: pass a data loader, which begins anew"
        )
    labels, outputs = map(np.concatenate, zip(*batches))
    if outputs.ndim != 2 or labels.ndim != 1:
        raise ArgumentError(
            "expected scores of shape (n, classes) and labels of shape (n,), found "
            f"{outputs.shape} and {labels.shape}"
        )
    check_labels(labels, outputs.shape[1])
    return labels.astype(int), _to_probabilities(outputs)


def _to_probabilities(outputs: np.ndarray) -> np.ndarray:
    """Convert scores to probabilities; what are probabilities already stay."""
    if not np.isfinite(outputs).all():
        raise ArgumentError(
            "expected finite scores, found nan or infinite ones: train the net again, "
            "with a smaller lr"
        )
    if (outputs >= 0).all() and np.allclose(outputs.sum(axis=1), 1, rtol=0, atol=1e-4):
        return outputs
    exponentials = np.exp(outputs - outputs.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)
