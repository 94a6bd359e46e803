"""Trains a network of Gluon's layers, saying on the way how the loss is doing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from typing import Union

import mxnet as mx
from mxnet import gluon, nd
from mxnet.gluon import nn

from .chapter.training import Accumulator, evaluate_accuracy, train_epoch
from .checkpoint import State
from .checks import check_choice
from .concise import make_net
from .data.datasets import ImageDataset, TransformedDataset
from .data.loader import BatchLoader
from .data.streams import Stream
from .distributed import Group
from .errors import ArgumentError, DivergedError
from .history import Epoch, History, Progress
from .models import SIDE
from .networks import NETWORKS
from .settings import Settings, check_shares

__all__ = [
    "MAKERS",
    "Hooks",
    "NetworkTraining",
    "choose_context",
    "make_optimizer",
    "train_network",
]

Batches = Iterable["tuple[nd.NDArray, nd.NDArray]"]
Split = Union[ImageDataset, TransformedDataset, Stream]
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
    train_set: Split,
    test_set: Split,
    settings: Settings | None = None,
    ctx: mx.Context | None = None,
    report_loss: ReportLoss = lambda epoch, batch, loss: None,
    report_epoch: ReportEpoch = lambda epoch, net: None,
) -> History:
    """Make a network and train it with stochastic gradient descent.

    Parameters
    ----------
    name, train_set, test_set, settings, ctx
        As for `NetworkTraining`.
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
    """
    training = NetworkTraining(name, train_set, test_set, settings, ctx)
    for epoch in training.run(Hooks(report_loss=report_loss)):
        report_epoch(epoch, training.net)
    return training.history


@dataclass
class Hooks:
    """What is called while a network trains.

    Attributes
    ----------
    report : callable
        Takes a `Progress`, whenever the figures of some batches are known.
    report_loss : callable
        Takes epoch, batch and running loss, after every `print_every` batches.
    save : callable
        Called after every `every` batches, and at the end of each epoch.
    every : int, optional
        How often that is; at the ends of epochs only if not given.
    should_stop : callable
        Asked before each batch; training ends where it says True.
    """

    report: Callable[[Progress], None] = lambda progress: None
    report_loss: ReportLoss = lambda epoch, batch, loss: None
    save: Callable[[], None] = lambda: None
    every: int | None = None
    should_stop: Callable[[], bool] = lambda: False


class NetworkTraining:
    """A network, what trains it, and how far that is.

    Parameters
    ----------
    name : {'perceptron', 'convolutional', 'softmax'}
    train_set, test_set : ImageDataset, TransformedDataset or Stream
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
    epoch, batch : int
        How many epochs are finished, and how many batches of the next one.

    Raises
    ------
    ArgumentError
        If there is no such network, or a setting cannot be used.

    Notes
    -----
    Sets the seed of MXNet's generator: the same settings give the same numbers. The
    chapter's loop goes through an epoch in pieces that end where a line is due or a
    checkpoint; so a training that was broken off and goes on does what one in a single
    go does, to the bit.
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
        self.epoch = self.batch = 0
        self._sums, self._recent, self._seconds = Accumulator(3), Accumulator(2), 0.0

    def _load(self, train_set, test_set) -> None:
        """Make the mini-batches, or this process's part of them."""
        size, seed = self.settings.batch_size, self.settings.seed
        self.train_iter = _choose_loader(train_set)(
            size, shuffle=True, seed=seed, part=self._group.part
        )
        size = min(size, len(test_set))
        self._test_iter = _choose_loader(test_set)(size, part=self._group.test_part)

    @property
    def is_finished(self) -> bool:
        """Whether all epochs are done."""
        return self.epoch >= self.settings.num_epochs

    @property
    def is_follower(self) -> bool:
        """Whether another process of the group prints and writes."""
        return self._group.rank > 0

    @property
    def num_workers(self) -> int:
        """How many processes train."""
        return self._group.size

    def count_samples_left(self) -> int:
        """Count the samples that this process has still to train on."""
        counts = [self.train_iter.count(n) for n in range(len(self.train_iter))]
        num_epochs = self.settings.num_epochs - self.epoch
        return num_epochs * sum(counts) - sum(counts[: self.batch])

    @property
    def num_batches(self) -> int:
        """How many batches have been done in all."""
        return self.epoch * len(self.train_iter) + self.batch

    def run(self, hooks: Hooks | None = None) -> Iterator[Epoch]:
        """Train until all epochs are done, or until it is asked to stop.

        Parameters
        ----------
        hooks : Hooks, optional

        Yields
        ------
        Epoch
            As soon as one is finished.

        Raises
        ------
        DivergedError
            If the loss is no longer finite.
        """
        hooks = hooks or Hooks()
        while not self.is_finished and not hooks.should_stop():
            epoch = self._run_epoch(hooks)
            if epoch is None:
                return
            yield epoch
            hooks.save()

    def _run_epoch(self, hooks: Hooks) -> Epoch | None:
        """Train to the end of an epoch, and evaluate; None if asked to stop before."""
        start = time.perf_counter() - self._seconds
        self.train_iter.epoch = self.epoch
        self.train_iter.position = self.batch
        batches = iter(_move(self.train_iter, self._ctx))
        while self.batch < len(self.train_iter):
            if hooks.should_stop():
                return None
            self._run_piece(batches, hooks)
            self._seconds = time.perf_counter() - start
            is_due = hooks.every and self.num_batches % hooks.every == 0
            if is_due and not (self._group.size > 1 and hooks.should_stop()):
                hooks.save()
        return self._finish_epoch(start)

    def _run_piece(self, batches: Iterator, hooks: Hooks) -> None:
        """Train up to where a line or a checkpoint is due; count what was done."""
        first, last = self.batch, self._find_end(hooks.every)
        done = _Counter(first, hooks.report, self.epoch)
        own = sum(self.train_iter.count(n) > 0 for n in range(first, last))
        if own:
            piece = chain([next(batches)], islice(batches, own - 1))
            self._train_piece(_until(piece, hooks.should_stop), done, last)
        if own < last - first and done.batch == first + own:
            self._trainer.step_without_samples(self.settings.batch_size)
            done.batch += 1
        self.batch = done.batch
        if self._group.size > 1 and hooks.should_stop():
            return  # the others may be elsewhere: nothing can be added up
        self._sums.add(*done.sums.data)
        self._recent.add(done.sums[0], done.sums[2])
        if self.batch % self.settings.print_every == 0:
            self._tell_loss(hooks.report_loss)

    def _find_end(self, every: int | None) -> int:
        """Say after which batch of the epoch a line or a checkpoint is due next."""
        ends = [len(self.train_iter)]
        ends.append(self.batch + _left(self.batch, self.settings.print_every))
        if every:
            ends.append(self.batch + _left(self.num_batches, every))
        return min(ends)

    def _train_piece(self, piece: Batches, done: _Counter, last: int) -> None:
        """Train on a piece of an epoch."""
        loss = gluon.loss.SoftmaxCrossEntropyLoss()
        step, size = self._trainer.step, self.settings.batch_size
        try:
            train_epoch(self.net, piece, loss, step, size, done.see)
        except DivergedError as error:
            raise DivergedError(
                f"epoch {self.epoch + 1}, before batch {last + 1}: the loss is no "
                f"longer finite: lower the learning rate, now {self.settings.lr:g}"
            ) from error

    def _tell_loss(self, report_loss: ReportLoss) -> None:
        """Tell the running loss."""
        total, count = self._group.add_up(self._recent.data)
        place = {"epoch": self.epoch + 1, "batch": self.batch}
        self.running.append({**place, "loss": _divide(total, count)})
        self._recent = Accumulator(2)
        report_loss(*self.running[-1].values())

    def _finish_epoch(self, start: float) -> Epoch:
        """Evaluate, and begin to count anew."""
        batches = range(len(self._test_iter))
        own = sum(self._test_iter.count(number) for number in batches)
        right = own and evaluate_accuracy(_move(self._test_iter, self._ctx), self.net)
        sums = self._group.add_up([*self._sums.data, right * own, own])
        shares = (
            _divide(sums[0], sums[2]),
            _divide(sums[1], sums[2]),
            _divide(sums[3], sums[4]),
        )
        seconds = time.perf_counter() - start
        self.epoch, self.batch, self._seconds = self.epoch + 1, 0, 0.0
        self._sums, self._recent = Accumulator(3), Accumulator(2)
        self.history.append(Epoch(self.epoch, *shares, seconds))
        return self.history[-1]

    def get_state(self) -> State:
        """Give all that is needed to go on; all of a group must ask at once."""
        params, momentum = self._name_arrays()
        return State(
            {name: array.asnumpy() for name, array in params.items()},
            {name: array.asnumpy() for name, array in momentum.items()},
            self.epoch,
            self.batch,
            self._group.add_up(self._sums.data),
            self._group.add_up(self._recent.data),
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
        self.epoch, self.batch = state.epoch, state.batch
        self._sums.data, self._recent.data = list(state.sums), list(state.recent)
        self._seconds = state.seconds
        self.history = History.from_list(state.history)
        self.running = list(state.running)

    def share_state(self) -> None:
        """Bring all processes of a group to where the first one is."""
        self._trainer.make_momentum()
        place = nd.array([self.epoch, self.batch], self._ctx)
        arrays = [array for kind in self._name_arrays() for array in kind.values()]
        self._group.share([*arrays, place])
        self.epoch, self.batch = place.asnumpy().astype(int).tolist()

    def _name_arrays(self) -> tuple[dict[str, nd.NDArray], dict[str, nd.NDArray]]:
        """Give parameters and momentum by Gluon's names for them."""
        named = self.net._collect_params_with_prefix()
        params = {name: param.data(self._ctx) for name, param in named.items()}
        momentum = self._trainer.find_momentum(named)
        return params, momentum


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


def _choose_loader(dataset) -> Callable[..., Batches]:
    """Give what makes mini-batches: a data set that streams does so itself."""
    return getattr(dataset, "make_loader", None) or partial(BatchLoader, dataset)


class _Counter:
    """Adds up what a piece of an epoch reports, and passes it on."""

    def __init__(self, first: int, report: Callable[[Progress], None], epoch: int):
        self._first, self._report, self._epoch = first, report, epoch
        self.batch, self.sums = first, Accumulator(3)

    def see(self, progress: Progress) -> None:
        """Take in some batches."""
        self.batch = self._first + progress.batch
        count = progress.samples
        self.sums.add(progress.loss * count, progress.acc * count, count)
        self._report(progress._replace(epoch=self._epoch + 1, batch=self.batch))


def _until(batches: Batches, should_stop: Callable[[], bool]) -> Batches:
    """Give batches, the first one always, until it is time to stop."""
    for batch in batches:
        yield batch
        if should_stop():
            return


def _divide(total: float, count: float) -> float:
    """Divide; where figures are not added up, one process may have had no sample."""
    return total / count if count else 0.0


def _left(done: int, every: int) -> int:
    """Say how many are left to the next multiple."""
    return every - done % every


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
