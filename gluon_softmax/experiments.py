"""One training as plain settings, so that it can be listed, kept and repeated."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass

import mxnet as mx
from mxnet import gluon

from . import compare, concise, handmade
from .chapter.training import train
from .checks import check_choice, check_momentum, check_positive, check_whole_number
from .data.loader import BatchLoader
from .data.splits import PIXELS, Splits, load_splits
from .history import Callback, History
from .networks import NETWORKS

__all__ = ["MODELS", "Experiment", "run_experiment"]

VERSIONS = {
    "scratch": compare.SCRATCH,
    "gluon": compare.GLUON,
    "numpy": compare.HANDMADE,
}
MODELS = (*VERSIONS, *NETWORKS)
"""Softmax regression from scratch, with Gluon and by hand; the deeper networks."""


@dataclass(frozen=True)
class Experiment:
    """What is trained, on what, and how.

    Attributes
    ----------
    model : str
        One of `MODELS`.
    data : {'mnist', 'fashion-mnist'}
    pixels : {'scaled', 'centred', 'normalised'}
    num_validation : int
        Images cut off the training set, to be evaluated after each epoch.
    start : {'normal', 'xavier'}
        How softmax regression's weights are drawn; networks have their own start.
    num_epochs, batch_size : int
    lr, momentum : float
    seed : int
        Of the start and of the batches.

    Raises
    ------
    ArgumentError
        If a setting cannot be used.
    """

    model: str = "numpy"
    data: str = "mnist"
    pixels: str = "centred"
    num_validation: int = 5000
    start: str = "normal"
    num_epochs: int = 10
    batch_size: int = 100
    lr: float = 0.01
    momentum: float = 0.0
    seed: int = 0

    def __post_init__(self):
        """Refuse what cannot be run before anything is."""
        check_choice("model", self.model, MODELS)
        check_choice("pixels", self.pixels, PIXELS)
        check_choice("start", self.start, handmade.STARTS)
        check_whole_number("num_epochs", self.num_epochs, least=1)
        check_whole_number("batch_size", self.batch_size, least=1)
        check_whole_number("seed", self.seed, least=0)
        check_positive("lr", self.lr)
        check_momentum(self.momentum)

    def to_dict(self) -> dict:
        """Give the settings as plain data, for JSON."""
        return asdict(self)


def run_experiment(
    experiment: Experiment,
    root: str | os.PathLike[str] | None = None,
    num_images: int | None = None,
    callbacks: Iterable[Callback] = (),
) -> History:
    """Train as an experiment says.

    Parameters
    ----------
    experiment : Experiment
    root : path, optional
        The folder to look for the data in first.
    num_images : int, optional
        How many training images to use, the first ones; all if not given.
    callbacks : iterable of Callback
        Called while the model trains.

    Returns
    -------
    History

    Raises
    ------
    ArgumentError, DataError, DownloadError, DivergedError
        As loading and training raise them.
    """
    data = (experiment.data, experiment.pixels, experiment.num_validation)
    splits = load_splits(*data, num_images, root)
    return _train(experiment, _make_loaders(experiment, splits), callbacks)


def _make_loaders(
    experiment: Experiment, splits: Splits
) -> dict[str, BatchLoader | None]:
    """Make the mini-batches of the three parts."""
    train_set, valid_set, test_set = splits
    size, seed = experiment.batch_size, experiment.seed
    return {
        "train_iter": BatchLoader(train_set, size, shuffle=True, seed=seed),
        "test_iter": BatchLoader(test_set, size, seed=seed),
        "valid_iter": valid_set and BatchLoader(valid_set, size, seed=seed),
    }


def _train(
    experiment: Experiment,
    loaders: dict[str, BatchLoader | None],
    callbacks: Iterable[Callback],
) -> History:
    """Train the model that is asked for."""
    settings = {
        "num_epochs": experiment.num_epochs,
        "batch_size": experiment.batch_size,
        "callbacks": callbacks,
    }
    mx.random.seed(experiment.seed)
    if experiment.model in NETWORKS:
        net = NETWORKS[experiment.model]()
        loss = gluon.loss.SoftmaxCrossEntropyLoss()
        updater = concise.make_trainer(net, experiment.lr, experiment.momentum).step
        return train(
            net, loss=loss, updater=updater, lr=experiment.lr, **loaders, **settings
        )
    X, _ = next(iter(loaders["test_iter"]))
    start = handmade.draw_start(X[0].size, 10, experiment.start, experiment.seed)
    versions = compare.make_versions(*start, experiment.lr, experiment.momentum)
    return versions[VERSIONS[experiment.model]].train(**loaders, **settings)
