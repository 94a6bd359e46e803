"""Trains a network of Gluon's layers, saying on the way how the loss is doing."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Union

import mxnet as mx
from mxnet import gluon, nd
from mxnet.gluon import nn

from ..chapter.concise import make_net
from ..chapter.evaluation import evaluate_accuracy
from ..chapter.networks import NETWORKS
from ..chapter.progress import Progress
from ..chapter.training import train_epoch
from ..data.datasets import ImageDataset, TransformedDataset
from ..data.loader import BatchLoader
from ..errors import ArgumentError, check_choice
from ..history import Accumulator, Callback, Epoch, History
from ..models.model import SIDE
from .checkpoint import State
from .distributed import Group
from .settings import Settings, check_shares

__all__ = [
    "MAKERS",
    "NetworkTraining",
    "choose_context",
    "make_optimizer",
]

Batches = Iterable["tuple[nd.NDArray, nd.NDArray]"]
Split = Union[ImageDataset, TransformedDataset]


def _make_softmax(num_outputs: int, ctx: mx.Context) -> nn.Sequential:
    """Make section 3.7's net on a device."""
    net = make_net(num_outputs)
    net.collect_params().reset_ctx(ctx)
    return net


MAKERS = {**NETWORKS, "softmax": _make_softmax}
"""What makes each network that can be trained."""


class NetworkTraining:
    """A network, what trains it, and how far that is.

    Parameters
    ----------
    name : {'perceptron', 'convolutional', 'softmax'}
    train_set, test_set : ImageDataset or TransformedDataset
        Two splits of one data set.
    settings : Settings, optional
        How to train; the defaults of `Settings` if not given.
    ctx : mxnet.Context, optional
        The device to compute on; the processor if not given.
    group : Group, optional
        The processes that train together; this one alone if not given.

    Attributes
    ----------
    net : mxnet.gluon.Block
    history : History
        The epochs that are finished.
    running : list of dict
        Epoch, batch and loss of every line with the running loss.
    progress : Progress
    epoch, batch : int
        How many epochs are finished, and how many batches of the next one.

    Raises
    ------
    ArgumentError
        If there is no such network, or a setting cannot be used.

    Notes
    -----
    Sets the seed of MXNet's generator: the same settings give the same numbers. A
    training that was broken off and goes on does what one in a single go does, to the
    bit: the order of the batches is a function of seed and epoch, and figures are added
    up batch by batch.
    """

    def __init__(
        self,
        name: str,
        train_set: Split,
        test_set: Split,
        settings: Settings | None = None,
        ctx: mx.Context | None = None,
        group: Group | None = None,
    ):
        check_choice("network", name, MAKERS)
        self.settings, self._ctx = settings or Settings(), ctx or mx.cpu()
        self._group = group or Group()
        check_shares(self.settings.batch_size, self._group.size)
        self._load(train_set, test_set)
        mx.random.seed(self.settings.seed)
        source = getattr(train_set, "source", train_set)
        self.net = MAKERS[name](len(source.classes), self._ctx)
        self.net(nd.zeros((1, 1, SIDE, SIDE), self._ctx))  # Gluon learns the shapes
        optimizer = make_optimizer(self.settings.lr, self.settings.momentum)
        self._trainer = self._group.make_trainer(self.net, optimizer)
        self.history, self.running = History(), []
        self.progress = Progress(
            self.settings.num_epochs,
            len(self.train_iter),
            len(train_set),
            lr=self.settings.lr,
        )
        self.epoch, self._seconds = 0, 0.0
        self._recent, self._seen = Accumulator(2), 0
        self._start: float | None = None

    def _load(self, train_set, test_set) -> None:
        """Make the mini-batches, or this process's part of them."""
        size, seed = self.settings.batch_size, self.settings.seed
        self.train_iter = BatchLoader(
            train_set, size, shuffle=True, seed=seed, part=self._group.part
        )
        size = min(size, len(test_set))
        self._test_iter = BatchLoader(test_set, size, part=self._group.test_part)

    @property
    def is_finished(self) -> bool:
        """Whether all epochs are done."""
        return self.epoch >= self.settings.num_epochs

    @property
    def batch(self) -> int:
        """How many batches of the next epoch are done."""
        return self.progress.batch if self.progress.epoch > self.epoch else 0

    @property
    def is_follower(self) -> bool:
        """Whether another process of the group prints and writes."""
        return self._group.rank > 0

    def count_samples_left(self) -> int:
        """Count the samples that this process has still to train on."""
        counts = [self.train_iter.count(n) for n in range(len(self.train_iter))]
        num_epochs = self.settings.num_epochs - self.epoch
        return num_epochs * sum(counts) - sum(counts[: self.batch])

    @property
    def num_batches(self) -> int:
        """How many batches have been done in all."""
        return self.epoch * len(self.train_iter) + self.batch

    def run(self, callbacks: Iterable[Callback] = ()) -> History:
        """Train until all epochs are done, or until a callback stops it.

        Parameters
        ----------
        callbacks : iterable of Callback
            Called while the network trains, after the running loss was added up.

        Returns
        -------
        History

        Raises
        ------
        DivergedError
            If the loss is no longer finite.
        """
        self.progress.history, self.progress.is_stopped = self.history, False
        self.progress.callbacks = [_RunningLoss(self), *callbacks]
        with self.progress.training():
            while not self.is_finished and not self.progress.is_stopped:
                self._run_epoch()
        return self.history

    def _run_epoch(self) -> None:
        """Train to the end of an epoch, and evaluate."""
        self._start = time.perf_counter() - self._seconds
        if self.progress.epoch == self.epoch:
            self._begin_epoch()
        self.train_iter.epoch = self.epoch
        self.train_iter.position = self.batch
        train_epoch(
            self.net,
            _move(self.train_iter, self._ctx),
            gluon.loss.SoftmaxCrossEntropyLoss(),
            self._trainer.step,
            self.settings.batch_size,
            self.progress,
        )
        while self.batch < len(self.train_iter):  # no sample is left for this process
            self._trainer.step_without_samples(self.settings.batch_size)
            self.progress.skip()
        self._finish_epoch()

    def _begin_epoch(self, batch: int = 0, sums: Iterable[float] = (0, 0, 0)) -> None:
        """Begin the next epoch, or go on with one."""
        self.progress.begin_epoch(self.epoch + 1, batch, sums)
        self._seen = 0

    def tell_loss(self) -> None:
        """Add the mean loss since the last time to `running`."""
        self._add_recent()
        total, count = self._group.add_up(self._recent.data)
        place = {"epoch": self.epoch + 1, "batch": self.batch}
        self.running.append({**place, "loss": _divide(total, count)})
        self._recent = Accumulator(2)

    def _add_recent(self) -> None:
        """Add up the batches since the last time."""
        new = self.progress.read()[self._seen :]
        self._seen += len(new)
        for batch in new:
            self._recent.add(batch.loss * batch.samples, batch.samples)

    def _finish_epoch(self) -> None:
        """Evaluate, and tell the callbacks."""
        batches = range(len(self._test_iter))
        own = sum(self._test_iter.count(number) for number in batches)
        right = own and evaluate_accuracy(_move(self._test_iter, self._ctx), self.net)
        self.progress.read()
        sums = self._group.add_up([*self.progress.sums.data, right * own, own])
        shares = (
            _divide(sums[0], sums[2]),
            _divide(sums[1], sums[2]),
            _divide(sums[3], sums[4]),
        )
        seconds = time.perf_counter() - self._start
        self.epoch, self._seconds = self.epoch + 1, 0.0
        self._recent = Accumulator(2)
        self.progress.end_epoch(Epoch(self.epoch, *shares, seconds))

    def get_state(self) -> State:
        """Return all that is needed to go on; all of a group must ask at once."""
        params, momentum = self._name_arrays()
        self._add_recent()
        is_under_way = self.progress.epoch > self.epoch
        sums = self.progress.sums.data if is_under_way else [0.0, 0.0, 0.0]
        if is_under_way and self._start is not None:
            self._seconds = time.perf_counter() - self._start
        return State(
            {name: array.asnumpy() for name, array in params.items()},
            {name: array.asnumpy() for name, array in momentum.items()},
            self.epoch,
            self.batch,
            self._group.add_up(sums),
            self._group.add_up(self._recent.data if is_under_way else [0.0, 0.0]),
            self._seconds,
            self.history.to_list(),
            list(self.running),
        )

    def set_state(self, state: State) -> None:
        """Go on from a state; the first process of a group is enough.

        Parameters
        ----------
        state : State
            Of the same network, data set and settings.
        """
        self._trainer.make_momentum()
        for arrays, saved in zip(self._name_arrays(), (state.params, state.momentum)):
            for name in arrays.keys() & saved.keys():  # no momentum before a first step
                arrays[name][:] = nd.array(saved[name], self._ctx)
        self.epoch, self._seconds = state.epoch, state.seconds
        self._begin_epoch(state.batch, state.sums)
        self._recent.data = list(state.recent)
        self.history = History.from_list(state.history)
        self.running = list(state.running)

    def share_state(self) -> None:
        """Bring all processes of a group to where the first one is."""
        self._trainer.make_momentum()
        place = nd.array([self.epoch, self.batch], self._ctx)
        arrays = [array for kind in self._name_arrays() for array in kind.values()]
        self._group.share([*arrays, place])
        self.epoch, batch = place.asnumpy().astype(int).tolist()
        self._begin_epoch(batch, self.progress.sums.data)

    def _name_arrays(self) -> tuple[dict[str, nd.NDArray], dict[str, nd.NDArray]]:
        """Return parameters and momentum by Gluon's names for them."""
        named = self.net._collect_params_with_prefix()
        params = {name: param.data(self._ctx) for name, param in named.items()}
        momentum = self._trainer.find_momentum(named)
        return params, momentum


def choose_context(name: str) -> mx.Context:
    """Return the device of a name, if this machine has it.

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
            "choose cpu, or install an MXNet that was built for the GPU",
            argument="ctx",
        )
    return mx.Context(name)


def make_optimizer(lr: float, momentum: float) -> mx.optimizer.SGD:
    """Make stochastic gradient descent with momentum for a net of many parameters.

    Parameters
    ----------
    lr, momentum : float

    Returns
    -------
    mxnet.optimizer.SGD
        Steps as Gluon's own ``sgd`` does, faster on a processor.
    """
    return _OneByOne(learning_rate=lr, momentum=momentum)


class _RunningLoss(Callback):
    """Adds up the running loss, after every `print_every` batches."""

    def __init__(self, training: NetworkTraining):
        self._training = training

    def on_batch_end(self, progress) -> None:
        """Add up where a line is due."""
        if progress.batch % self._training.settings.print_every == 0:
            self._training.tell_loss()


def _divide(total: float, count: float) -> float:
    """Divide; where figures are not added up, one process may have had no sample."""
    return total / count if count else 0.0


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
