"""How training goes, shown while it goes: a progress bar, curves that redraw."""

from __future__ import annotations

import sys

from ..errors import check_whole_number
from ..history import Callback

__all__ = [
    "Bar",
    "Lines",
    "LiveCurves",
    "MeanSince",
    "choose_callback",
    "in_notebook",
]


class Lines(Callback):
    """Prints the line of the book after each epoch, with a prefix."""

    def __init__(self, prefix: str = ""):
        self.prefix = prefix

    def say(self, text: str) -> None:
        """Print a line."""
        print(text, flush=True)

    def on_epoch_end(self, progress) -> None:
        """Print the epoch's line."""
        self.say(f"{self.prefix}{progress.history[-1]}")


class Bar(Lines):
    """Lines, and below them a bar: loss, accuracy, images per second and time left.

    The bar is on stderr, and only where that is a terminal. The prefix names it, too;
    `total` is how many samples there will be, if not all of the loader's data set.
    """

    def __init__(self, prefix: str = "", total: int | None = None):
        super().__init__(prefix)
        self.total = total

    def on_train_begin(self, progress) -> None:
        """Show the bar."""
        from tqdm import tqdm

        samples = progress.num_samples
        self._seen = 0
        self._bar = tqdm(
            desc=self.prefix.rstrip(": ") or "training",
            total=self.total or (samples and progress.num_epochs * samples),
            unit=" images",
            unit_scale=True,
            leave=False,
            disable=None,
            dynamic_ncols=True,
        )

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        self._bar.write(text)
        sys.stdout.flush()  # tqdm leaves that to whoever reads a pipe

    def on_batch_end(self, progress) -> None:
        """Move the bar on by the batches that were read since."""
        new = progress.batches[self._seen :]
        if self._bar.disable or not new:
            return
        self._seen += len(new)
        loss, right, count = progress.sums.data
        figures = f"loss {loss / count:.4f}, acc {right / count:.3f}"
        self._bar.set_postfix_str(f"epoch {progress.epoch}, {figures}", refresh=False)
        self._bar.update(sum(batch.samples for batch in new))

    def on_epoch_end(self, progress) -> None:
        """Move the bar to the end of the epoch, and print its line."""
        self.on_batch_end(progress)
        self._seen = 0
        super().on_epoch_end(progress)

    def on_train_end(self, progress) -> None:
        """Remove the bar."""
        self._bar.close()


class LiveCurves(Lines):
    """Lines, and above them curves that redraw in one output cell of a notebook.

    That is after each epoch, and also `every` so many batches, if given: each drawing
    takes about as long as an epoch of softmax regression.
    """

    def __init__(self, every: int | None = None, title: str = ""):
        super().__init__()
        if every is not None:
            check_whole_number("every", every, least=1)
        self.every, self.title = every, title
        self._handle = None

    def on_train_begin(self, progress) -> None:
        """Start new curves."""
        self._handle, self._points, self._since = None, [], MeanSince()

    def on_batch_end(self, progress) -> None:
        """Redraw after so many batches, with the mean of those since the last time."""
        if self.every is None or progress.num_batches is None:
            return
        if progress.done % self.every == 0:
            self._points.append(self._since.read(progress))
            self._draw(progress)

    def on_epoch_end(self, progress) -> None:
        """Redraw, and print the epoch's line."""
        self._draw(progress)
        super().on_epoch_end(progress)

    def _draw(self, progress) -> None:
        """Put the curves where they were before, or in the cell for the first time."""
        from IPython.display import display

        from .curves import show_curves

        figure = show_curves(
            progress.history, self.title, self._points, progress.num_epochs
        )
        if self._handle is None:
            self._handle = display(figure, display_id=True)
        else:
            self._handle.update(figure)


class MeanSince:
    """Computes the mean loss and accuracy of the batches since it was last asked."""

    def __init__(self):
        self._epoch, self._seen = 0, 0

    def read(self, progress) -> tuple[float, float, float]:
        """Return the epochs done, and the mean of this one's new batches by samples."""
        if progress.epoch != self._epoch:
            self._epoch, self._seen = progress.epoch, 0
        new = progress.read()[self._seen :]
        self._seen += len(new)
        count = sum(batch.samples for batch in new)
        loss = sum(batch.loss * batch.samples for batch in new)
        acc = sum(batch.acc * batch.samples for batch in new)
        done = progress.done / progress.num_batches
        return done, loss / count, acc / count


def choose_callback() -> Callback:
    """Return live curves in a notebook, a progress bar in a terminal, else lines."""
    if in_notebook():
        return LiveCurves()
    return Bar() if sys.stderr.isatty() else Lines()


def in_notebook() -> bool:
    """Return whether this is a cell of a notebook; IPython in a terminal is none."""
    if "IPython" not in sys.modules:
        return False
    from IPython import get_ipython

    return hasattr(get_ipython(), "kernel")
