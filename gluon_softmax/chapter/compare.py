"""From scratch, Gluon and NumPy by hand: the same start and batches, and the proof."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial

import mxnet as mx
import numpy as np
from mxnet import gluon, nd

from ..data.datasets import ImageDataset
from ..data.loader import BatchLoader, load_data
from ..engine import hybridize
from ..errors import check_momentum, check_positive, check_whole_number
from ..history import Callback, History
from . import concise, handmade, scratch
from .training import train

__all__ = [
    "GLUON",
    "HANDMADE",
    "SCRATCH",
    "VERSIONS",
    "Comparison",
    "Version",
    "make_scratch",
    "make_versions",
    "run_comparison",
]

SCRATCH = "from scratch"
GLUON = "Gluon"
HANDMADE = "NumPy by hand"
VERSIONS = {"scratch": SCRATCH, "gluon": GLUON, "numpy": HANDMADE}
"""What options and files call each version, and its title in tables and figures."""


@dataclass
class Version:
    """One implementation of softmax regression, ready to train.

    Attributes
    ----------
    net : callable
        Takes images, gives probabilities or scores of shape (n, 10).
    train : callable
        Takes ``train_iter, test_iter, num_epochs, batch_size`` and on request
        `valid_iter` and `callbacks`, as `training.train` does; returns a `History`.
    params : callable
        Gives the parameters as they are now: weights (784, 10) and biases (10,).
    """

    net: Callable[[nd.NDArray], nd.NDArray]
    train: Callable[..., History]
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
    hybridized : History
        Of the version from scratch with net and loss hybridized.
    hybrid_difference : float
        The largest absolute difference between any parameter of that and the same
        parameter of the version as it is written, after any epoch.
    """

    data: str
    settings: dict
    test_set: ImageDataset
    histories: dict[str, History] = field(default_factory=dict)
    differences: list[float] = field(default_factory=list)
    params: dict[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)
    predictions: dict[str, np.ndarray] = field(default_factory=dict)
    hybridized: History = field(default_factory=History)
    hybrid_difference: float = 0.0

    def to_dict(self) -> dict:
        """Return data set, settings, epochs and differences as plain data, for JSON."""
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
        SCRATCH: make_scratch(W, b, lr, momentum),
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
    make_callbacks: Callable[[str, Version], Iterable[Callback]] = lambda *_: (),
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
    make_callbacks : callable, optional
        Takes a version's name and the version; returns the callbacks of its training.

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
    loaders = load_data(train_set, test_set, batch_size, seed=seed)
    states = {}
    start = _draw_start(train_set, seed)
    for name, version in make_versions(*start, lr, momentum).items():
        result.histories[name], states[name] = _train_from_start(
            version, loaders, num_epochs, make_callbacks(name, version)
        )
        result.params[name] = states[name][-1]
        result.predictions[name] = _predict(version.net, loaders[1])
    result.differences = _largest_differences(*states.values())
    hybrid = make_scratch(*start, lr, momentum, hybrid=True)
    result.hybridized, kept = _train_from_start(hybrid, loaders, num_epochs)
    result.hybrid_difference = max(_largest_differences(states[SCRATCH], kept))
    return result


def _train_from_start(
    version: Version,
    loaders: tuple[BatchLoader, BatchLoader],
    num_epochs: int,
    callbacks: Iterable[Callback] = (),
) -> tuple[History, list[tuple[np.ndarray, ...]]]:
    """Train a version; return its history and its parameters after each epoch."""
    train_iter, test_iter = loaders
    train_iter.epoch = 0  # the same batches again
    states = _States(version)
    history = version.train(
        train_iter,
        test_iter,
        num_epochs,
        train_iter.batch_size,
        callbacks=[states, *callbacks],
    )
    return history, states.states


def _draw_start(train_set: ImageDataset, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw the parameters that every version starts from."""
    mx.random.seed(seed)
    num_inputs = train_set.images[0].size
    return tuple(
        param.asnumpy()
        for param in scratch.init_params(num_inputs, len(train_set.classes))
    )


def make_scratch(
    W: np.ndarray, b: np.ndarray, lr: float, momentum: float = 0.0, hybrid: bool = False
) -> Version:
    """Make section 3.6's version, as it is written or hybridized."""
    params = [nd.array(W), nd.array(b)]
    for param in params:
        param.attach_grad()
    updater = partial(scratch.sgd, params, lr)
    if momentum:
        updater = scratch.MomentumTrainer(params, lr, momentum).step
    net, loss = partial(scratch.net, W=params[0], b=params[1]), scratch.cross_entropy
    if hybrid:
        net, loss = hybridize(net), hybridize(loss)
    return Version(
        net=net,
        train=partial(_train, net, loss, updater, lr),
        params=lambda: tuple(param.asnumpy() for param in params),
    )


def _with_gluon(W: np.ndarray, b: np.ndarray, lr: float, momentum: float) -> Version:
    """Set up section 3.7."""
    net = concise.make_net(len(b))
    net(nd.zeros((1, len(W))))  # a first pass, from which Gluon learns the shapes
    net[0].weight.set_data(nd.array(W.T))  # Gluon keeps weights as (classes, inputs)
    net[0].bias.set_data(nd.array(b))
    loss = gluon.loss.SoftmaxCrossEntropyLoss()
    updater = concise.make_trainer(net, lr, momentum).step
    return Version(
        net=net,
        train=partial(_train, net, loss, updater, lr),
        params=lambda: (
            net[0].weight.data().asnumpy().T,
            net[0].bias.data().asnumpy(),
        ),
    )


def _by_hand(W: np.ndarray, b: np.ndarray, lr: float, momentum: float) -> Version:
    """Set up the version whose gradient is derived by hand."""
    model = handmade.SoftmaxRegression(W, b)
    return Version(
        net=lambda X: nd.array(model.scores(X.asnumpy())),
        train=partial(
            _train, model, model.loss, handmade.make_updater(model, lr, momentum), lr
        ),
        params=lambda: tuple(param.copy() for param in model.params),
    )


def _train(
    net, loss, updater, lr, train_iter, test_iter, num_epochs, batch_size, **options
) -> History:
    """Train a version with the chapter's loop."""
    return train(
        net,
        train_iter,
        test_iter,
        loss,
        num_epochs,
        updater,
        batch_size,
        lr=lr,
        **options,
    )


class _States(Callback):
    """Keeps the parameters of a version after each epoch."""

    def __init__(self, version: Version):
        self._version = version
        self.states: list[tuple[np.ndarray, ...]] = []

    def on_epoch_end(self, progress) -> None:
        """Keep the present parameters."""
        self.states.append(self._version.params())


def _predict(net: Callable[[nd.NDArray], nd.NDArray], test_iter) -> np.ndarray:
    """Predict the class of every test image."""
    scores = [net(X).argmax(axis=1) for X, _ in test_iter]
    return nd.concat(*scores, dim=0).asnumpy().astype(int)


def _largest_differences(*states: list[tuple[np.ndarray, ...]]) -> list[float]:
    """Compare the versions' parameters after each epoch."""
    differences = []
    for versions in zip(*states):
        flat = [np.concatenate([p.ravel() for p in params]) for params in versions]
        differences.append(float(np.ptp(flat, axis=0).max()))
    return differences
