"""Trains a network of Gluon's layers, saying on the way how the loss is doing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import mxnet as mx
from mxnet import gluon, nd
from mxnet.gluon import nn

from .checks import check_choice
from .concise import make_net
from .data.datasets import ImageDataset, TransformedDataset
from .data.loader import BatchLoader
from .errors import ArgumentError, DivergedError
from .history import Epoch, History
from .networks import NETWORKS
from .settings import Settings
from .training import Accumulator, evaluate_accuracy, train_epoch

__all__ = ["MAKERS", "choose_context", "make_trainer", "train_network"]

Batches = Iterable["tuple[nd.NDArray, nd.NDArray]"]
ReportLoss = Callable[[int, int, float], None]
ReportEpoch = Callable[[Epoch, gluon.Block], None]


def _make_softmax(num_outputs: int, ctx: mx.Context) -> nn.Sequential:
    """Make section 3.7's net on a device."""
    net = make_net(num_outputs)
    net.collect_params().reset_ctx(ctx)
    return net


MAKERS = {**NETWORKS, "softmax": _make_softmax}
"""What makes each network that can be trained."""


def train_network(
    name: str,
    train_set: ImageDataset | TransformedDataset,
    test_set: ImageDataset | TransformedDataset,
    settings: Settings | None = None,
    ctx: mx.Context | None = None,
    report_loss: ReportLoss = lambda epoch, batch, loss: None,
    report_epoch: ReportEpoch = lambda epoch, net: None,
) -> History:
    """Make a network and train it with stochastic gradient descent.

    Parameters
    ----------
    name : {'perceptron', 'convolutional', 'softmax'}
    train_set, test_set : ImageDataset or TransformedDataset
        Two splits of one data set, for `BatchLoader`.
    settings : Settings, optional
        How to train; the defaults of `Settings` if not given.
    ctx : mxnet.Context, optional
        The device to compute on; the processor if not given.
    report_loss : callable, optional
        Called after every `print_every` batches with the numbers of epoch and batch,
        from 1, and the mean loss of these batches.
    report_epoch : callable, optional
        Called after each epoch with its figures and the net as it then is.

    Returns
    -------
    History
        Loss, accuracies and seconds of each epoch.

    Raises
    ------
    ArgumentError
        If there is no such network, or a setting cannot be used.
    DivergedError
        If the loss is no longer finite.

    Notes
    -----
    Sets the seed of MXNet's generator: the same settings give the same numbers. The
    chapter's loop goes through an epoch in pieces of `print_every` batches; the mean
    loss of a piece is the running loss.
    """
    check_choice("network", name, MAKERS)
    settings, ctx = settings or Settings(), ctx or mx.cpu()
    train_iter = BatchLoader(train_set, settings.batch_size, True, seed=settings.seed)
    test_iter = BatchLoader(test_set, min(settings.batch_size, len(test_set)))
    mx.random.seed(settings.seed)
    net = MAKERS[name](len(getattr(train_set, "source", train_set).classes), ctx)
    history = History()
    for epoch in _train(net, train_iter, test_iter, settings, ctx, report_loss):
        history.append(epoch)
        report_epoch(epoch, net)
    return history


def choose_context(name: str) -> mx.Context:
    """Give the device of a name, if this machine has it.

    Parameters
    ----------
    name : {'cpu', 'gpu'}

    Returns
    -------
    mxnet.Context

    Raises
    ------
    ArgumentError
        If there is no such device here.
    """
    check_choice("ctx", name, ("cpu", "gpu"))
    if name == "gpu" and not mx.context.num_gpus():
        raise ArgumentError(
            "expected ctx to be cpu, found 'gpu': MXNet finds no GPU on this machine; "
            "choose cpu, or install an MXNet that was built for the GPU"
        )
    return mx.Context(name)


def make_trainer(net: gluon.Block, lr: float, momentum: float) -> gluon.Trainer:
    """Make stochastic gradient descent with momentum for a net of many parameters.

    Parameters
    ----------
    net : mxnet.gluon.Block
    lr, momentum : float

    Returns
    -------
    mxnet.gluon.Trainer
        Steps as Gluon's own ``sgd`` does, faster on a processor.
    """
    optimizer = _OneByOne(learning_rate=lr, momentum=momentum)
    return gluon.Trainer(net.collect_params(), optimizer)


def _train(
    net: gluon.Block,
    train_iter: BatchLoader,
    test_iter: BatchLoader,
    settings: Settings,
    ctx: mx.Context,
    report_loss: ReportLoss,
) -> Iterator[Epoch]:
    """Train, and give each epoch's figures as soon as they are known."""
    trainer = make_trainer(net, settings.lr, settings.momentum)
    for number in range(1, settings.num_epochs + 1):
        start = time.perf_counter()
        metric = Accumulator(3)  # loss, right predictions, samples
        for last, count, piece in _cut(train_iter, settings.print_every, ctx):
            l, acc = _train_piece(net, piece, trainer, settings, (number, last))
            metric.add(l * count, acc * count, count)
            if last % settings.print_every == 0:
                report_loss(number, last, l)
        figures = metric[0] / metric[2], metric[1] / metric[2]
        test_acc = evaluate_accuracy(_move(test_iter, ctx), net)
        yield Epoch(number, *figures, test_acc, time.perf_counter() - start)


def _cut(
    train_iter: BatchLoader, size: int, ctx: mx.Context
) -> Iterator[tuple[int, int, Batches]]:
    """Cut an epoch to pieces: number of the last batch, samples, batches."""
    batches, left = iter(_move(train_iter, ctx)), len(train_iter.dataset)
    for first in range(0, len(train_iter), size):
        last = min(first + size, len(train_iter))
        count = min((last - first) * train_iter.batch_size, left)
        left -= count
        yield last, count, islice(batches, size)


def _train_piece(
    net: gluon.Block,
    piece: Batches,
    trainer: gluon.Trainer,
    settings: Settings,
    place: tuple[int, int],
) -> tuple[float, float]:
    """Train on a piece of an epoch; give the mean loss and the training accuracy."""
    loss = gluon.loss.SoftmaxCrossEntropyLoss()
    try:
        return train_epoch(net, piece, loss, trainer.step, settings.batch_size)
    except DivergedError as error:
        epoch, last = place
        raise DivergedError(
            f"epoch {epoch}, before batch {last + 1}: the loss is no longer finite: "
            f"lower the learning rate, now {settings.lr:g}"
        ) from error


def _move(batches: Batches, ctx: mx.Context) -> Batches:
    """Bring batches to the device; the loader's own are where the processor reads."""
    if ctx.device_type == "cpu":
        return batches
    return ((X.as_in_context(ctx), y.as_in_context(ctx)) for X, y in batches)


class _OneByOne(mx.optimizer.SGD):
    """Steps one array after the other.

    MXNet's operator for several arrays at once takes three times as long on a
    processor: a third of the time that the perceptron trains.
    """

    def __init__(self, **options):
        super().__init__(**options)
        self.aggregate_num = 0

    def update_multi_precision(self, index, weight, grad, state):
        """Step one array."""
        self._update_count(index)
        options = {"lr": self.learning_rate, "rescale_grad": self.rescale_grad}
        if state is None:
            nd.sgd_update(weight, grad, out=weight, **options)
        else:
            options["momentum"] = self.momentum
            nd.sgd_mom_update(weight, grad, state, out=weight, **options)
