"""What training a network took, alone or in a job."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from statistics import median

__all__ = ["IMAGES", "Cost", "Run"]

IMAGES = 60_000  # of a whole epoch


@dataclass(frozen=True)
class Run:
    """One network to train.

    Attributes
    ----------
    network : str
    batch_size : int
        Of all workers together.
    images : int
        How many are trained on in an epoch that is measured.
    """

    network: str
    batch_size: int
    images: int


@dataclass(frozen=True)
class Cost:
    """What training a network took.

    Attributes
    ----------
    run : Run
    workers : int
        0 for one process without a store.
    steps : int
        In an epoch that was measured.
    seconds : list of float
        Of each epoch that was counted.
    waited, exchanging : list of float
        Of each epoch that waited for its exchanges, and of these alone; empty without
        a store.
    bytes : int
        Pushed and pulled by one worker in a step.
    """

    run: Run
    workers: int
    steps: int
    seconds: list[float]
    waited: list[float]
    exchanging: list[float]
    bytes: int

    @property
    def step(self) -> float:
        """Seconds per step, by the median epoch."""
        return median(self.seconds) / self.steps

    @property
    def epoch(self) -> float:
        """Seconds for all steps of 60,000 images, trained on fewer or not."""
        return self.step * math.ceil(IMAGES / self.run.batch_size)

    @property
    def share(self) -> float:
        """What part of the time was communication, by the median epoch that waited."""
        pairs = zip(self.exchanging, self.waited)
        shares = [exchanging / waited for exchanging, waited in pairs]
        return median(shares) if shares else 0.0

    @property
    def exchange(self) -> float:
        """Seconds of communication per step, by the median epoch that waited."""
        return median(self.exchanging) / self.steps if self.exchanging else 0.0

    def __str__(self) -> str:
        who = f"a job of {self.workers}" if self.workers else "one process alone"
        what = f"{self.run.network:13} batch {self.run.batch_size:5,}"
        what += f" of {self.run.images:6,} images"
        line = f"{what}  {who:17} {self.epoch:8.3f} s per epoch"
        if not self.workers:
            return line
        return f"{line}, {self.share:4.0%} exchanging {self.bytes:,} bytes per step"

    def to_dict(self) -> dict:
        """Bring the cost to what JSON can hold."""
        return {
            **asdict(self),
            "seconds_per_step": self.step,
            "seconds_per_epoch": self.epoch,
            "share_exchanging": self.share,
            "seconds_per_exchange": self.exchange,
        }
