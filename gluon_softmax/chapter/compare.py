"""From scratch, Gluon and NumPy by hand: the same start and batches, and the proof."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import mxnet as mx
import numpy as np
from mxnet import nd

from ..data.datasets import ImageDataset
from ..data.loader import BatchLoader, load_data
from ..errors import check_momentum, check_positive, check_whole_number
from ..history import Callback, History
from . import scratch
from .progress import Progress
from .versions import SCRATCH, Params, Version, make_scratch, make_versions

__all__ = ["Comparison", "run_comparison"]


@dataclass
class Comparison:
    """What a comparison found; tables, figures and JSON are read from it.

    Attributes
    ----------
    data : str
        Title of the data set.
    settings : dict
        ``num_epochs``, ``batch_size``, ``lr``, ``momentum`` and ``seed``.
    test_set : ImageDataset
        The images and labels that the predictions are for.
    histories, params, predictions : dict
        Of each version: its history, its trained weights (784, 10) and biases (10,),
        and its prediction for every test image, shape (n,).
    differences : list of float
        After each epoch, the largest absolute difference between any parameter of one
        version and the same parameter of another.
    hybridized : History
        Of the version from scratch with net and loss hybridized.
    hybrid_difference : float
        The largest such difference between that and the version as it is written.
    """

    data: str
    settings: dict
    test_set: ImageDataset
    histories: dict[str, History] = field(default_factory=dict)
    differences: list[float] = field(default_factory=list)
    params: dict[str, Params] = field(default_factory=dict)
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
    num_epochs, batch_size, lr, momentum
        As for `train_ch3` and `make_trainer`, which raise the same errors.
    seed : int
        Seed of the start and of the batches.
    make_callbacks : callable, optional
        Takes a version's name and the version; returns the callbacks of its training.
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
    mx.random.seed(seed)
    start = scratch.init_params(train_set.images[0].size, len(train_set.classes))
    W, b = (param.asnumpy() for param in start)
    states = {}
    for name, version in make_versions(W, b, lr, momentum).items():
        result.histories[name], states[name] = _train_from_start(
            version, loaders, num_epochs, make_callbacks(name, version)
        )
        result.params[name] = states[name][-1]
        scores = [version.net(X) for X, _ in loaders[1]]
        predicted = nd.concat(*scores, dim=0).argmax(axis=1)
        result.predictions[name] = predicted.asnumpy().astype(int)
    result.differences = _largest_differences(*states.values())
    hybrid = make_scratch(W, b, lr, momentum, hybrid=True)
    result.hybridized, kept = _train_from_start(hybrid, loaders, num_epochs)
    result.hybrid_difference = max(_largest_differences(states[SCRATCH], kept))
    return result


def _train_from_start(
    version: Version,
    loaders: tuple[BatchLoader, BatchLoader],
    num_epochs: int,
    callbacks: Iterable[Callback] = (),
) -> tuple[History, list[Params]]:
    """Train a version; return its history and its parameters after each epoch."""
    train_iter, test_iter = loaders
    train_iter.epoch = 0  # the same batches again
    states = _States(version)
    history = version.train(
        train_iter=train_iter,
        test_iter=test_iter,
        num_epochs=num_epochs,
        batch_size=train_iter.batch_size,
        callbacks=[states, *callbacks],
    )
    return history, states.states


class _States(Callback):
    """Keeps the parameters of a version after each epoch."""

    def __init__(self, version: Version):
        self._version = version
        self.states: list[Params] = []

    def on_epoch_end(self, progress: Progress) -> None:
        """Keep the present parameters."""
        self.states.append(self._version.params())


def _largest_differences(*states: list[Params]) -> list[float]:
    """Compare the versions' parameters after each epoch."""
    differences = []
    for versions in zip(*states):
        flat = [np.concatenate([p.ravel() for p in params]) for params in versions]
        differences.append(float(np.ptp(flat, axis=0).max()))
    return differences
