"""Sections 3.6 and 3.7 side by side: the same start, the same batches, the proof."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

import mxnet as mx
import numpy as np
from mxnet import gluon, nd

from . import concise, scratch
from .checks import check_positive, check_whole_number
from .data.datasets import ImageDataset
from .data.loader import load_data
from .history import Epoch, History
from .training import train

__all__ = [
    "SCRATCH",
    "GLUON",
    "Comparison",
    "Version",
    "make_versions",
    "run_comparison",
]

SCRATCH = "from scratch"
GLUON = "Gluon"


@dataclass
class Version:
    """One implementation of softmax regression, ready to train.

    Attributes
    ----------
    net : callable
        Takes images, gives probabilities or scores of shape (n, 10).
    loss : callable
        Takes ``y_hat, y``, gives one number per sample.
    updater : dict
        What `train_ch3` is to train with: ``params`` and ``lr``, or ``trainer``.
    params : callable
        Gives the parameters as they are now: weights (784, 10) and biases (10,).
    """

    net: Callable[[nd.NDArray], nd.NDArray]
    loss: Callable[[nd.NDArray, nd.NDArray], nd.NDArray]
    updater: dict
    params: Callable[[], tuple[np.ndarray, np.ndarray]]


@dataclass
class Comparison:
    """What a comparison found; tables, figures and JSON are read from it.

    Attributes
    ----------
    data : str
        Title of the data set.
    settings : dict
        ``num_epochs``, ``batch_size``, ``lr`` and ``seed``.
    histories : dict of str to History
        One for each version.
    differences : list of float
        After each epoch, the largest absolute difference between any parameter of one
        version and the same parameter of another.
    params : dict of str to tuple of numpy.ndarray
        The trained weights (784, 10) and biases (10,) of each version.
    predictions : dict of str to numpy.ndarray
        Each version's prediction for every test image, shape (n,), int.
    test_set : ImageDataset
        The images and labels that the predictions are for.
    """

    data: str
    settings: dict
    test_set: ImageDataset
    histories: dict[str, History] = field(default_factory=dict)
    differences: list[float] = field(default_factory=list)
    params: dict[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)
    predictions: dict[str, np.ndarray] = field(default_factory=dict)

    def to_dict(self) -> dict:
        """Give data set, settings, epochs and differences as plain data, for JSON."""
        return {
            "data": self.data,
            "settings": self.settings,
            "histories": {name: h.to_list() for name, h in self.histories.items()},
            "largest_parameter_difference": self.differences,
        }


def make_versions(W: np.ndarray, b: np.ndarray, lr: float) -> dict[str, Version]:
    """Make both versions, starting from the same parameters.

    Parameters
    ----------
    W, b : numpy.ndarray
        Weights (inputs, classes) and biases (classes,).
    lr : float
        Learning rate.

    Returns
    -------
    dict of str to Version
    """
    return {SCRATCH: _from_scratch(W, b, lr), GLUON: _with_gluon(W, b, lr)}


def run_comparison(
    train_set: ImageDataset,
    test_set: ImageDataset,
    num_epochs: int = 5,
    batch_size: int = 256,
    lr: float = 0.1,
    seed: int = 0,
    report: Callable[[str, Epoch], None] = lambda name, epoch: None,
) -> Comparison:
    """Train both versions from the same start on the same batches.

    Parameters
    ----------
    train_set, test_set : ImageDataset
        Two splits of one data set.
    num_epochs, batch_size : int
        How often to go through the training set, and in how large steps.
    lr : float
        Learning rate.
    seed : int
        Seed of the start and of the batches.
    report : callable, optional
        Called with a version's name and each `Epoch` as soon as it is finished.

    Returns
    -------
    Comparison

    Raises
    ------
    ArgumentError
        If a setting cannot be used.
    DivergedError
        If a loss is no longer finite.
    """
    check_whole_number("num_epochs", num_epochs, least=1)
    check_positive("lr", lr)
    settings = {
        "num_epochs": num_epochs,
        "batch_size": batch_size,
        "lr": lr,
        "seed": seed,
    }
    result = Comparison(train_set.title, settings, test_set)
    train_iter, test_iter = load_data(train_set, test_set, batch_size, seed=seed)
    states = {}
    for name, version in make_versions(*_draw_start(train_set, seed), lr).items():
        train_iter.epoch = 0  # the same batches again
        epochs = train(
            version.net,
            train_iter,
            test_iter,
            version.loss,
            num_epochs,
            batch_size,
            **version.updater,
        )
        result.histories[name], states[name] = _follow(epochs, version, name, report)
        result.params[name] = states[name][-1]
        result.predictions[name] = _predict(version.net, test_iter)
    result.differences = _largest_differences(states)
    return result


def _draw_start(train_set: ImageDataset, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw the parameters that every version starts from."""
    mx.random.seed(seed)
    num_inputs = train_set.images[0].size
    return tuple(
        param.asnumpy()
        for param in scratch.init_params(num_inputs, len(train_set.classes))
    )


def _from_scratch(W: np.ndarray, b: np.ndarray, lr: float) -> Version:
    """Set up section 3.6."""
    params = [nd.array(W), nd.array(b)]
    for param in params:
        param.attach_grad()
    return Version(
        net=partial(scratch.net, W=params[0], b=params[1]),
        loss=scratch.cross_entropy,
        updater={"params": params, "lr": lr},
        params=lambda: tuple(param.asnumpy() for param in params),
    )


def _with_gluon(W: np.ndarray, b: np.ndarray, lr: float) -> Version:
    """Set up section 3.7."""
    net = concise.make_net(len(b))
    net(nd.zeros((1, len(W))))  # a first pass, from which Gluon learns the shapes
    net[0].weight.set_data(nd.array(W.T))  # Gluon keeps weights as (classes, inputs)
    net[0].bias.set_data(nd.array(b))
    return Version(
        net=net,
        loss=gluon.loss.SoftmaxCrossEntropyLoss(),
        updater={"trainer": concise.make_trainer(net, lr)},
        params=lambda: (
            net[0].weight.data().asnumpy().T,
            net[0].bias.data().asnumpy(),
        ),
    )


def _follow(
    epochs: Iterator[Epoch],
    version: Version,
    name: str,
    report: Callable[[str, Epoch], None],
) -> tuple[History, list[tuple[np.ndarray, ...]]]:
    """Run the training; keep its figures and the parameters after each epoch."""
    history, states = History(), []
    for epoch in epochs:
        history.append(epoch)
        states.append(version.params())
        report(name, epoch)
    return history, states


def _predict(net: Callable[[nd.NDArray], nd.NDArray], test_iter) -> np.ndarray:
    """Predict the class of every test image."""
    scores = [net(X).argmax(axis=1) for X, _ in test_iter]
    return nd.concat(*scores, dim=0).asnumpy().astype(int)


def _largest_differences(
    states: dict[str, list[tuple[np.ndarray, ...]]],
) -> list[float]:
    """Compare the versions' parameters after each epoch."""
    differences = []
    for versions in zip(*states.values()):
        flat = [np.concatenate([p.ravel() for p in params]) for params in versions]
        differences.append(float(np.ptp(flat, axis=0).max()))
    return differences
