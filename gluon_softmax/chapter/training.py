"""Section 3.6.7: the one training loop, for nets from scratch and from Gluon alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import partial

from mxnet import autograd, gluon, nd

from ..data.batches import read_batches
from ..engine import ENGINE, Engine, Loss, Net
from ..errors import ArgumentError, check_whole_number
from ..figures.live import in_notebook
from ..history import Callback, Epoch, History
from .evaluation import evaluate, evaluate_accuracy
from .mistakes import check_params, explaining
from .progress import Progress, count_batches, list_callbacks
from .scratch import sgd

__all__ = ["Updater", "train", "train_ch3", "train_epoch"]

Updater = Callable[[int], object]
"""Steps against the gradients; takes what their sum is divided by."""


def train_epoch(
    net: Net,
    train_iter: Iterable,
    loss: Loss,
    updater: Updater,
    batch_size: int | None = None,
    progress: Progress | None = None,
    engine: Engine | None = ENGINE,
) -> tuple[float, float]:
    """Train for one epoch.

    Section 3.6.7 of the book; `train_epoch_ch3` of its second edition.

    Parameters
    ----------
    net : callable
        Takes images, gives scores or probabilities of shape (n, classes).
    train_iter : iterable of (X, y)
        Mini-batches of images and labels, as for `read_batches`.
    loss : callable
        Takes ``y_hat, y``, gives one number per sample.
    updater : callable
        Takes `batch_size`, steps against the gradients: ``trainer.step``, say.
    batch_size : int, optional
        What the summed gradient of every batch is divided by, the smaller last one
        included, as in the book; the size of each batch if not given, as in the book's
        second edition.
    progress : Progress, optional
        What adds up the figures and tells callbacks.
    engine : Engine or None
        What runs nets of known layers faster; None to call any net as it is.

    Returns
    -------
    loss : float
        Mean loss per sample, each batch measured before its step.
    train_acc : float
        Share of samples predicted right, likewise.

    Raises
    ------
    ArgumentError
        If the loss is not one number per sample, a label is out of range, or MXNet
        refuses an array.
    DivergedError
        If the loss is no longer finite.
    """
    if batch_size is not None:
        check_whole_number("batch_size", batch_size, least=1)
    progress, batches = progress or Progress(), read_batches(train_iter)
    if engine is not None:
        net, loss, batches = engine.accelerate(net, loss, batches)
    with explaining():
        for X, y in batches:
            with autograd.record():
                y_hat = net(X)  # (n, classes)
                l = loss(y_hat, y)  # (n,)
            l.backward()  # of the sum of the losses
            updater(batch_size or len(y))
            progress.add(X, y, y_hat, l)
        return progress.means()


def train(
    net: Net,
    train_iter: Iterable,
    test_iter: Iterable,
    loss: Loss,
    num_epochs: int,
    updater: Updater,
    batch_size: int | None = None,
    valid_iter: Iterable | None = None,
    callbacks: Iterable[Callback] = (),
    lr: float | None = None,
    engine: Engine | None = ENGINE,
    history: History | None = None,
) -> History:
    """Train for some epochs, evaluating after each.

    Parameters
    ----------
    net, train_iter, loss, updater, batch_size, engine
        As for `train_epoch`.
    test_iter : iterable of (X, y)
        Evaluated after each epoch; with a `valid_iter` after the last one only.
    num_epochs : int
        How many times to go through the training set.
    valid_iter : iterable of (X, y), optional
        Evaluated after each epoch, loss and accuracy.
    callbacks : iterable of Callback
        Called while the net trains.
    lr : float, optional
        Learning rate, to be named if the loss diverges.
    history : History, optional
        Gets the epochs, whatever happens; a new one if not given.

    Returns
    -------
    History
        Loss, accuracies and seconds of each epoch.

    Raises
    ------
    ArgumentError, DivergedError
        As `train_epoch` and `evaluate_accuracy` raise them.
    """
    check_whole_number("num_epochs", num_epochs, least=0)
    num_batches, num_samples = count_batches(train_iter)
    progress = Progress(num_epochs, num_batches, num_samples, callbacks, lr)
    progress.history = History() if history is None else history
    with progress.training():
        for number in range(1, num_epochs + 1):
            start = time.perf_counter()
            progress.begin_epoch(number)
            l, train_acc = train_epoch(
                net, train_iter, loss, updater, batch_size, progress, engine
            )
            test_acc = valid_loss = valid_acc = None
            if valid_iter is not None:
                valid_loss, valid_acc = evaluate(valid_iter, net, loss)
            if valid_iter is None or number == num_epochs:
                test_acc = evaluate_accuracy(test_iter, net, engine)
            seconds = time.perf_counter() - start
            progress.end_epoch(
                Epoch(number, l, train_acc, test_acc, seconds, valid_loss, valid_acc)
            )
            if progress.is_stopped:
                break
    return progress.history


def train_ch3(
    net: Net,
    train_iter: Iterable,
    test_iter: Iterable,
    loss: Loss,
    num_epochs: int,
    batch_size: int,
    params: list[nd.NDArray] | None = None,
    lr: float | None = None,
    trainer: gluon.Trainer | None = None,
    valid_iter: Iterable | None = None,
    callbacks: Callback | Iterable[Callback] | None = None,
    engine: Engine | None = ENGINE,
) -> History:
    """Train, print a line per epoch, and return the history.

    Section 3.6.7 of the book.

    Parameters
    ----------
    net : callable
        Takes images, gives scores or probabilities of shape (n, classes).
    train_iter, test_iter : iterable of (X, y)
        Mini-batches of images and labels, gone through once per epoch.
    loss : callable
        Takes ``y_hat, y``, gives one number per sample.
    num_epochs : int
        How many times to go through the training set.
    batch_size : int
        What the summed gradient of every batch is divided by, the smaller last one
        included.
    params : list of mxnet.nd.NDArray, optional
        What to train, with gradients attached; together with `lr`.
    lr : float, optional
        Learning rate of plain gradient descent on `params`.
    trainer : mxnet.gluon.Trainer, optional
        What to train with instead of `params` and `lr`; anything that has its ``step``
        and ``learning_rate`` will do.
    valid_iter : iterable of (X, y), optional
        A validation set: its loss and accuracy are measured after each epoch, and the
        test set after the last one only.
    callbacks : Callback or iterable of Callback, optional
        Called while the net trains; if not given, live curves in a notebook, a progress
        bar in a terminal, and a line per epoch elsewhere.
    engine : Engine or None
        What runs nets of known layers faster, with the same numbers; None to call any
        net as it is.

    Returns
    -------
    History
        Loss, accuracies and seconds of each epoch; those so far, when interrupted in a
        notebook.

    Raises
    ------
    ArgumentError
        If the loss is not one number per sample, a label is out of range, a parameter
        has no gradient, or neither `trainer` nor `params` with `lr` is given.
    DivergedError
        If the loss is no longer finite.
    """
    check_whole_number("batch_size", batch_size, least=1)
    updater, lr = _make_updater(params, lr, trainer)
    history = History()
    try:
        train(
            net,
            train_iter,
            test_iter,
            loss,
            num_epochs,
            updater,
            batch_size,
            valid_iter=valid_iter,
            callbacks=list_callbacks(callbacks),
            lr=lr,
            engine=engine,
            history=history,
        )
    except KeyboardInterrupt:
        if not in_notebook():
            raise
        print(f"interrupted after {len(history)} epochs, which are returned")
    return history


def _make_updater(
    params: list[nd.NDArray] | None, lr: float | None, trainer: gluon.Trainer | None
) -> tuple[Updater, float]:
    """Return what steps after each batch, and its learning rate."""
    if trainer is not None:
        return trainer.step, trainer.learning_rate
    if params is None or lr is None:
        raise ArgumentError(
            "expected either a trainer, or params together with lr, to train with"
        )
    return partial(sgd, check_params(params), lr), lr
