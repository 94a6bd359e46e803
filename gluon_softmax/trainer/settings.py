"""How a network is trained; knows nothing of MXNet, so that a command starts fast."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import ArgumentError, check_momentum, check_positive, check_whole_number

__all__ = [
    "DATA_SETS",
    "KINDS",
    "MODELS",
    "NETWORKS",
    "PIXELS",
    "STARTS",
    "Settings",
    "add_settings",
    "check_shares",
]

KINDS = ("dist_sync", "dist_async")
"""How several processes share what they learn: in step, or each at its own pace."""

DATA_SETS = ("fashion-mnist", "mnist")
MODELS = ("scratch", "gluon", "numpy", "perceptron", "convolutional")
NETWORKS = ("softmax", "perceptron", "convolutional")
PIXELS = ("scaled", "centred", "normalised")
STARTS = ("normal", "xavier")


@dataclass(frozen=True)
class Settings:
    """How a network is trained, as `HELP` says; the chapter's settings if not given."""

    num_epochs: int = 5
    batch_size: int = 256
    lr: float = 0.1
    momentum: float = 0.0
    seed: int = 0
    print_every: int = 300

    def __post_init__(self):
        for name in ("num_epochs", "batch_size", "print_every"):
            check_whole_number(name, getattr(self, name), least=1)
        check_positive("lr", self.lr)
        check_momentum(self.momentum)
        check_whole_number("seed", self.seed, least=0)


HELP = {
    "num_epochs": "passes over the data",
    "batch_size": "mini-batch size",
    "lr": "learning rate",
    "momentum": "momentum coefficient, from 0 to below 1",
    "seed": "random seed of initial weights and mini-batches",
    "print_every": "batches from one line with the running loss to the next",
}


def add_settings(parser: ArgumentParser, names: Iterable[str]) -> None:
    """Add an option for each of these settings, with its usual value."""
    for name in names:
        default = getattr(Settings, name)
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(
            option, type=type(default), default=default, help=HELP[name]
        )


def check_shares(batch_size: int, num_workers: int) -> None:
    """Check that every worker gets a sample of each batch."""
    if batch_size < num_workers:
        raise ArgumentError(
            f"expected a batch_size of at least {num_workers}, one sample for each "
            f"worker, found {batch_size}: start fewer, or take larger batches",
            argument="batch_size",
        )
