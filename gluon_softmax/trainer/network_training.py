"""Trains a network of Gluon's layers, alone or with other processes, from any batch."""

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
from ..data.batches import Batches
from ..data.datasets import ImageDataset, TransformedDataset
from ..data.loader import BatchLoader
from ..data.pictures import SIDE
from ..errors import ArgumentError, check_choice
from ..history import Callback, Epoch, History
from .checkpoint import State
from .distributed import Group
from .running_loss import RunningLoss
from .settings import Settings, check_shares

__all__ = ["MAKERS", "NetworkTraining", "choose_context", "move"]

Split = Union[ImageDataset, TransformedDataset]


def _make_softmax(num_outputs: int, ctx: mx.Context) -> nn.Sequential:
    """Make section 3.7's net on a device."""
    net = make_net(num_outputs)
    net.collect_params().reset_ctx(ctx)
    return net


MAKERS = {**NETWORKS, "softmax": _make_softmax}
"""What makes each network that can be trained."""


class NetworkTraining:
    """One of the networks of `MAKERS`, what trains it, and how far that is.

    Sets the seed of MXNet's generator: the same settings give the same numbers. A
    training that was broken off and goes on does what one in a single go does, to the
    bit: the order of the batches is a function of seed and epoch, and figures are added
    up batch by batch. A group of processes trains together; alone if none is given.

    Attributes
    ----------
    net : mxnet.gluon.Block
    history : History
        The epochs that are finished.
    progress : Progress
    epoch : int
        How many epochs are finished.
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
        self._group.check_data(train_set, test_set)
        self._load(train_set, test_set)
        mx.random.seed(self.settings.seed)
        self.net = MAKERS[name](len(train_set.source.classes), self._ctx)
        self.net(nd.zeros((1, 1, SIDE, SIDE), self._ctx))  # Gluon learns the shapes
        lr, momentum = self.settings.lr, self.settings.momentum
        self._trainer = self._group.make_trainer(self.net, lr, momentum)
        num_epochs, num_batches = self.settings.num_epochs, len(self._train_iter)
        self.progress = Progress(num_epochs, num_batches, len(train_set), lr=lr)
        self._running_loss = RunningLoss(self.settings.print_every, self._group)
        self.history, self.epoch = History(), 0
        self._start, self._seconds = None, 0.0  # when it went on, and what was before

    def _load(self, train_set: Split, test_set: Split) -> None:
        """Make the mini-batches, or this process's part of them."""
        size, seed = self.settings.batch_size, self.settings.seed
        self._train_iter = BatchLoader(
            train_set, size, shuffle=True, seed=seed, part=self._group.part
        )
        size = min(size, len(test_set))
        self._test_iter = BatchLoader(test_set, size, part=self._group.test_part)

    @property
    def running(self) -> list[dict]:
        """Epoch, batch and loss of every line with the running loss."""
        return self._running_loss.lines

    @property
    def is_finished(self) -> bool:
        """Whether all epochs are done."""
        return self.epoch >= self.settings.num_epochs

    @property
    def is_follower(self) -> bool:
        """Whether another process of the group prints and writes."""
        return self._group.rank > 0

    @property
    def _is_under_way(self) -> bool:
        """Whether an epoch has begun."""
        return self.progress.epoch > self.epoch

    @property
    def batch(self) -> int:
        """How many batches of the next epoch are done."""
        return self.progress.batch if self._is_under_way else 0

    @property
    def num_batches(self) -> int:
        """How many batches have been done in all."""
        return self.epoch * len(self._train_iter) + self.batch

    def count_samples_left(self) -> int:
        """Count the samples that this process has still to train on."""
        counts = _count_samples(self._train_iter)
        num_epochs = self.settings.num_epochs - self.epoch
        return num_epochs * sum(counts) - sum(counts[: self.batch])

    def run(self, callbacks: Iterable[Callback] = ()) -> History:
        """Train until all epochs are done, or until a callback stops it.

        The callbacks are called after the running loss was added up.
        """
        self.progress.history, self.progress.is_stopped = self.history, False
        self.progress.callbacks = [self._running_loss, *callbacks]
        with self.progress.training():
            while not self.is_finished and not self.progress.is_stopped:
                self._start = time.perf_counter() - self._seconds
                if not self._is_under_way:
                    self.progress.begin_epoch(self.epoch + 1)
                self._train_epoch()
                self._finish_epoch()
        return self.history

    def _train_epoch(self) -> None:
        """Train to the end of an epoch, from the batch where it is."""
        self._train_iter.epoch, self._train_iter.position = self.epoch, self.batch
        if any(_count_samples(self._train_iter)[self.batch :]):
            train_epoch(
                self.net,
                move(self._train_iter, self._ctx),
                gluon.loss.SoftmaxCrossEntropyLoss(),
                self._trainer.step,
                self.settings.batch_size,
                self.progress,
            )
        while self.batch < len(self._train_iter):  # only others have a sample of it
            self._trainer.step_without_samples(self.settings.batch_size)
            self.progress.skip()

    def _finish_epoch(self) -> None:
        """Evaluate, and tell the callbacks."""
        own_sums = [*self.progress.sums.data, *self._evaluate()]
        loss, right, count, test_right, test_count = self._group.add_up(own_sums)
        # A process whose figures are not added up may have had no sample.
        count, test_count = max(count, 1), max(test_count, 1)
        figures = loss / count, right / count, test_right / test_count
        seconds = time.perf_counter() - self._start
        self.epoch, self._seconds = self.epoch + 1, 0.0
        self.progress.end_epoch(Epoch(self.epoch, *figures, seconds))

    def _evaluate(self) -> tuple[int, int]:
        """Count this process's test samples that are right, and all of them."""
        count = sum(_count_samples(self._test_iter))
        if not count:
            return 0, 0
        share = evaluate_accuracy(move(self._test_iter, self._ctx), self.net)
        return round(share * count), count

    def get_state(self) -> State:
        """Return all that is needed to go on; all of a group must ask at once."""
        sums, recent = [0.0, 0.0, 0.0], [0.0, 0.0]
        if self._is_under_way:
            recent = self._running_loss.count(self.progress)
            sums = self.progress.sums.data
            if self._start is not None:
                self._seconds = time.perf_counter() - self._start
        params, momentum = self._name_arrays()
        return State(
            params={name: array.asnumpy() for name, array in params.items()},
            momentum={name: array.asnumpy() for name, array in momentum.items()},
            epoch=self.epoch,
            batch=self.batch,
            sums=self._group.add_up(sums),
            recent=self._group.add_up(recent),
            seconds=self._seconds,
            history=self.history.to_list(),
            running=list(self.running),
        )

    def set_state(self, state: State) -> None:
        """Go on from a state; the first process of a group is enough."""
        for arrays, saved in zip(self._name_arrays(), (state.params, state.momentum)):
            for name in arrays.keys() & saved.keys():  # older ones: none before a step
                arrays[name][:] = nd.array(saved[name], self._ctx)
        self.epoch, self._seconds = state.epoch, state.seconds
        self.history = History.from_list(state.history)
        self.progress.begin_epoch(self.epoch + 1, state.batch, state.sums)
        self._running_loss.begin_epoch()
        self._running_loss.recent.add(*state.recent)
        self._running_loss.lines = list(state.running)

    def share_state(self) -> None:
        """Move all processes of a group to where the first one is."""
        place = nd.array([self.epoch, self.batch], self._ctx)
        params, momentum = self._name_arrays()
        self._group.share([*params.values(), *momentum.values(), place])
        self.epoch, batch = place.asnumpy().astype(int).tolist()
        self.progress.begin_epoch(self.epoch + 1, batch, self.progress.sums.data)

    def _name_arrays(self) -> tuple[dict[str, nd.NDArray], dict[str, nd.NDArray]]:
        """Return parameters and momentum by Gluon's names for them."""
        params = self._trainer.params.items()
        arrays = {name: param.data(self._ctx) for name, param in params}
        return arrays, self._trainer.momentum


def _count_samples(batches: BatchLoader) -> list[int]:
    """Count the samples of each batch that this process reads."""
    return [batches.count(number) for number in range(len(batches))]


def move(batches: Batches, ctx: mx.Context) -> Batches:
    """Copy batches to the device; the loader's own are where the processor reads."""
    if ctx.device_type == "cpu":
        return batches
    return ((X.as_in_context(ctx), y.as_in_context(ctx)) for X, y in batches)


def choose_context(name: str) -> mx.Context:
    """Return the device 'cpu' or 'gpu', if this machine has it."""
    check_choice("ctx", name, ("cpu", "gpu"))
    if name == "gpu" and not mx.context.num_gpus():
        raise ArgumentError(
            "expected ctx to be cpu, found 'gpu': MXNet finds no GPU on this machine; "
            "choose cpu, or install an MXNet that was built for the GPU",
            argument="ctx",
        )
    return mx.Context(name)
