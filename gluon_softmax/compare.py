"""From scratch, Gluon and NumPy by hand: the same start and batches, and the proof."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

import mxnet as mx
import numpy as np
from mxnet import gluon, nd

from . import concise, handmade, scratch
from .chapter.training import train
from .checks import check_momentum, check_positive, check_whole_number
from .data.datasets import ImageDataset
from .data.loader import load_data
from .history import Epoch, History
from .live import Watcher

__all__ = [
    "GLUON",
    "HANDMADE",
    "SCRATCH",
    "VERSIONS",
    "Comparison",
    "Version",
    "make_versions",
    "run_comparison",
]

SCRATCH = "from scratch"
GLUON = "Gluon"
HANDMADE = "NumPy by hand"
VERSIONS = (SCRATCH, GLUON, HANDMADE)


@dataclass
class Version:
    """One implementation of softmax regression, ready to train.

    Attributes
    ----------
    net : callable
        Takes images, gives probabilities or scores of shape (n, 10).
    train : callable
        Takes ``train_iter, test_iter, num_epochs, batch_size`` and on request
        `valid_iter` and `report`, as `training.train` does; yields an `Epoch` for each.
    params : callable
        Gives the parameters as they are now: weights (784, 10) and biases (10,).
    """

    net: Callable[[nd.NDArray], nd.NDArray]
    train: Callable[..., Iterator[Epoch]]
    params: Callable[[], tuple[np.ndarray, np.ndarray]]


@dataclass
class Comparison:
    """What a comparison found; tables, figures and JSON are read from it.

    Attributes
    ----------
    data : str
        Title of the data set.
    settings : dict
        ``num_epochs``, ``batch_size``, ``lr``, ``momentum`` and ``seed``.
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


def make_versions(
    W: np.ndarray, b: np.ndarray, lr: float, momentum: float = 0.0
) -> dict[str, Version]:
    """Make all versions, starting from the same parameters.

    Parameters
    ----------
    W, b : numpy.ndarray
        Weights (inputs, classes) and biases (classes,).
    lr, momentum : float
        Learning rate, and what part of a step the next one keeps.

    Returns
    -------
    dict of str to Version
    """
    return {
        SCRATCH: _from_scratch(W, b, lr, momentum),
        GLUON: _with_gluon(W, b, lr, momentum),
        HANDMADE: _by_hand(W, b, lr, momentum),
    }


def run_comparison(
    train_set: ImageDataset,
    test_set: ImageDataset,
    num_epochs: int = 5,
    batch_size: int = 256,
    lr: float = 0.1,
    seed: int = 0,
    momentum: float = 0.0,
    watch: Callable[[str, Version], Watcher] = lambda name, version: Watcher(),
) -> Comparison:
    """Train all versions from the same start on the same batches.

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
    momentum : float
        What part of a step the next one keeps, from 0 to below 1.
    watch : callable, optional
        Takes a version's name and the version; gives what watches it train.

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
    check_momentum(momentum)
    settings = {
        "num_epochs": num_epochs,
        "batch_size": batch_size,
        "lr": lr,
        "momentum": momentum,
        "seed": seed,
    }
    result = Comparison(train_set.title, settings, test_set)
    train_iter, test_iter = load_data(train_set, test_set, batch_size, seed=seed)
    states = {}
    start = _draw_start(train_set, seed)
    for name, version in make_versions(*start, lr, momentum).items():
        train_iter.epoch = 0  # the same batches again
        watcher = watch(name, version)
        data = (train_iter, test_iter, num_epochs, batch_size)
        with watcher.watch(num_epochs, train_iter):
            epochs = version.train(*data, report=watcher.see)
            result.histories[name], states[name] = _follow(epochs, version, watcher)
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


def _from_scratch(W: np.ndarray, b: np.ndarray, lr: float, momentum: float) -> Version:
    """Set up section 3.6."""
    params = [nd.array(W), nd.array(b)]
    for param in params:
        param.attach_grad()
    updater = {"params": params, "lr": lr}
    if momentum:
        updater = {"trainer": scratch.MomentumTrainer(params, lr, momentum)}
    net = partial(scratch.net, W=params[0], b=params[1])
    return Version(
        net=net,
        train=_loop(net, scratch.cross_entropy, updater),
        params=lambda: tuple(param.asnumpy() for param in params),
    )


def _with_gluon(W: np.ndarray, b: np.ndarray, lr: float, momentum: float) -> Version:
    """Set up section 3.7."""
    net = concise.make_net(len(b))
    net(nd.zeros((1, len(W))))  # a first pass, from which Gluon learns the shapes
    net[0].weight.set_data(nd.array(W.T))  # Gluon keeps weights as (classes, inputs)
    net[0].bias.set_data(nd.array(b))
    updater = {"trainer": concise.make_trainer(net, lr, momentum)}
    return Version(
        net=net,
        train=_loop(net, gluon.loss.SoftmaxCrossEntropyLoss(), updater),
        params=lambda: (
            net[0].weight.data().asnumpy().T,
            net[0].bias.data().asnumpy(),
        ),
    )


def _by_hand(W: np.ndarray, b: np.ndarray, lr: float, momentum: float) -> Version:
    """Set up the version whose gradient is derived by hand."""
    model = handmade.SoftmaxRegression(W, b)
    updater = handmade.Momentum(model.params, lr, momentum)
    return Version(
        net=lambda X: nd.array(model.scores(X.asnumpy())),
        train=partial(handmade.train, model, updater),
        params=lambda: tuple(param.copy() for param in model.params),
    )


def _loop(net, loss, updater: dict) -> Callable[..., Iterator[Epoch]]:
    """Give the chapter's training loop all but the data."""

    def run(train_iter, test_iter, num_epochs, batch_size, **options):
        data = (train_iter, test_iter, loss, num_epochs, batch_size)
        return train(net, *data, **updater, **options)

    return run


def _follow(
    epochs: Iterator[Epoch], version: Version, watcher: Watcher
) -> tuple[History, list[tuple[np.ndarray, ...]]]:
    """Run the training; keep its figures and the parameters after each epoch."""
    history, states = History(), []
    for epoch in epochs:
        history.append(epoch)
        states.append(version.params())
        watcher.see_epoch(history)
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
