"""An accelerator that may be left out: a net and its loss as one graph.

`Engine.accelerate` is the one way in, called by the loops of `chapter/training.py`
before they begin. The graph takes the place of calling the net only where it is known
to do the same, which is looked at again before every batch.
"""

from __future__ import annotations

from threading import local
from typing import TypeVar
from weakref import WeakKeyDictionary

from .graph import Loss, Net, may_have_graph
from .hybrid import hybridize
from .memory import Batches, InTurn
from .runner import BLOCK, Runner

__all__ = ["BLOCK", "ENGINE", "Batches", "Engine", "InTurn", "Loss", "Net", "hybridize"]

AnyLoss = TypeVar("AnyLoss", Loss, None)


class Engine(local):
    """Runs nets as graphs; the memory of one loop serves the next of that thread."""

    def __init__(self):
        self._idle: WeakKeyDictionary[Net, dict[bool, Runner]] = WeakKeyDictionary()

    def accelerate(
        self, net: Net, loss: AnyLoss, data_iter: Batches
    ) -> tuple[Net, AnyLoss, Batches]:
        """Return what stands for a net, its loss and its batches in one loop over them.

        Parameters
        ----------
        net : callable
            Takes `X`, gives `y_hat`.
        loss : callable or None
            Takes ``y_hat, y``, gives one number per sample; None to predict.
        data_iter : iterable of (X, y)

        Returns
        -------
        net, loss, data_iter
            To be used as the loop would have used its own: ``net(X)``, ``loss(y_hat,
            y)`` and ``l.backward()`` for each batch in turn. What they give is an
            `InTurn` where a graph ran, to be read within `BLOCK` batches. They are
            those that were given where there cannot be a graph.
        """
        if not may_have_graph(net, loss):
            return net, loss, data_iter
        kept = self._idle.setdefault(net, {})
        runner = kept.pop(loss is None, None) or Runner(training=loss is not None)
        runner.begin(net, loss)
        batches = _lend(runner, data_iter, kept, loss is None)
        return runner.net, runner.loss, batches


def _lend(runner: Runner, data_iter: Batches, kept: dict, key: bool) -> Batches:
    """Read an epoch, and keep the runner for the next one when it is over."""
    try:
        yield from runner.read(data_iter)
    finally:
        runner.end()
        kept[key] = runner


ENGINE = Engine()
"""The engine of all loops that are not given another, or none."""
