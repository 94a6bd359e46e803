"""The mean loss since the last time that it was told, within an epoch."""

from __future__ import annotations

from ..chapter.progress import Progress
from ..history import Accumulator, Callback
from .distributed import Group

__all__ = ["RunningLoss"]


class RunningLoss(Callback):
    """Tells the running loss after every so many batches of an epoch.

    Attributes
    ----------
    lines : list of dict
        Epoch, batch and loss of each time that it was told.
    recent : Accumulator
        Loss and samples since then, in this process, of the batches that were counted.
    """

    def __init__(self, every: int, group: Group):
        self._every, self._group = every, group
        self.lines: list[dict] = []
        self.begin_epoch()

    def begin_epoch(self) -> None:
        """Begin with an epoch, or with the rest of one."""
        self.recent, self._num_counted = Accumulator(2), 0

    def on_batch_end(self, progress: Progress) -> None:
        """Report the loss where it is time."""
        if progress.batch % self._every:
            return
        loss, num_samples = self._group.add_up(self.count(progress))
        mean = loss / max(num_samples, 1)  # this process may have had none
        place = {"epoch": progress.epoch, "batch": progress.batch}
        self.lines.append({**place, "loss": mean})
        self.recent = Accumulator(2)

    def on_epoch_end(self, progress: Progress) -> None:
        """Begin anew with the next epoch."""
        self.begin_epoch()

    def count(self, progress: Progress) -> list[float]:
        """Return loss and samples since the last line, after waiting for them."""
        new = progress.read()[self._num_counted :]
        self._num_counted += len(new)
        for batch in new:
            self.recent.add(batch.loss * batch.samples, batch.samples)
        return self.recent.data
