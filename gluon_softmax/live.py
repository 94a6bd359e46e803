"""How training goes, shown while it goes: a progress bar, curves that redraw."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager

from .checks import check_whole_number
from .history import History, Progress

__all__ = ["Bar", "Lines", "LiveCurves", "Together", "Watcher", "choose_watcher"]


class Watcher:
    """Is told how training goes; shows nothing itself."""

    @contextmanager
    def watch(self, num_epochs: int, train_iter: Iterable) -> Iterator[None]:
        """Begin to watch, and end with the block.

        Parameters
        ----------
        num_epochs : int
            How many epochs there will be.
        train_iter : iterable of (X, y)
            The mini-batches of each; a `BatchLoader` tells how many samples it has.
        """
        yield

    def see(self, progress: Progress) -> None:
        """Take in some batches."""

    def see_epoch(self, history: History) -> None:
        """Take in an epoch, the last of the history."""

    def say(self, text: str) -> None:
        """Take in a line; where nothing is shown, drop it."""


class Lines(Watcher):
    """Prints the line of the book after each epoch.

    Parameters
    ----------
    prefix : str
        What begins each line.
    """

    def __init__(self, prefix: str = ""):
        self.prefix = prefix

    def say(self, text: str) -> None:
        """Print a line."""
        print(text, flush=True)

    def see_epoch(self, history: History) -> None:
        """Print the epoch's line."""
        self.say(f"{self.prefix}{history[-1]}")


class Bar(Lines):
    """Lines, and below them a bar: loss, accuracy, images per second and time left.

    The bar is on stderr, and only where that is a terminal.

    Parameters
    ----------
    prefix : str
        What begins each line, and names the bar.
    total : int, optional
        How many samples there will be, if not as many as the loader's data set has in
        all epochs.
    """

    def __init__(self, prefix: str = "", total: int | None = None):
        super().__init__(prefix)
        self.total = total

    @contextmanager
    def watch(self, num_epochs: int, train_iter: Iterable) -> Iterator[None]:
        """Show the bar for the length of the block."""
        from tqdm import tqdm

        with tqdm(
            desc=self.prefix.rstrip(": ") or "training",
            total=self.total or _count_samples(num_epochs, train_iter),
            unit=" images",
            unit_scale=True,
            leave=False,
            disable=None,
            dynamic_ncols=True,
        ) as self._bar:
            self._running = _Running()
            yield

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        self._bar.write(text)
        sys.stdout.flush()  # tqdm leaves that to whoever reads a pipe

    def see(self, progress: Progress) -> None:
        """Move the bar on."""
        if self._bar.disable:
            return
        loss, acc = self._running.add(progress)
        figures = f"epoch {progress.epoch}, loss {loss:.4f}, acc {acc:.3f}"
        self._bar.set_postfix_str(figures, refresh=False)
        self._bar.update(progress.samples)


class LiveCurves(Lines):
    """Lines, and above them curves that redraw in one output cell of a notebook.

    Parameters
    ----------
    every : int, optional
        Redraw after so many batches as well as after each epoch; the figures of up to
        four batches come at once. Each drawing takes about as long as an epoch of
        softmax regression.
    title : str, optional
        What to write above the curves.

    Examples
    --------
    >>> watcher = LiveCurves(every=50)
    """

    def __init__(self, every: int | None = None, title: str = ""):
        super().__init__()
        if every is not None:
            check_whole_number("every", every, least=1)
        self.every, self.title = every, title
        self._handle = None

    @contextmanager
    def watch(self, num_epochs: int, train_iter: Iterable) -> Iterator[None]:
        """Start new curves."""
        self._handle, self._history, self._drawn = None, History(), 0
        self._running, self._points = _Running(), []
        self._batches = len(train_iter) if hasattr(train_iter, "__len__") else None
        yield

    def see(self, progress: Progress) -> None:
        """Redraw after so many batches."""
        if self.every is None or self._batches is None:
            return
        loss, acc = self._running.add(progress)
        done = progress.epoch - 1 + progress.batch / self._batches
        self._points.append((done, loss, acc))
        total = (progress.epoch - 1) * self._batches + progress.batch
        if total // self.every > self._drawn // self.every:
            self._draw()
        self._drawn = total

    def see_epoch(self, history: History) -> None:
        """Redraw, and print the epoch's line."""
        self._history = history
        self._draw()
        super().see_epoch(history)

    def _draw(self) -> None:
        """Put the curves where they were before, or in the cell for the first time."""
        from IPython.display import display

        from .figures import show_live_curves

        figure = show_live_curves(self._history, self._points, self.title)
        if self._handle is None:
            self._handle = display(figure, display_id=True)
        else:
            self._handle.update(figure)


class Together(Watcher):
    """Tells several watchers the same.

    Parameters
    ----------
    *watchers : Watcher
    """

    def __init__(self, *watchers: Watcher):
        self.watchers = watchers

    @contextmanager
    def watch(self, num_epochs: int, train_iter: Iterable) -> Iterator[None]:
        """Let all of them watch."""
        with ExitStack() as stack:
            for watcher in self.watchers:
                stack.enter_context(watcher.watch(num_epochs, train_iter))
            yield

    def say(self, text: str) -> None:
        """Tell each."""
        for watcher in self.watchers:
            watcher.say(text)

    def see(self, progress: Progress) -> None:
        """Tell each."""
        for watcher in self.watchers:
            watcher.see(progress)

    def see_epoch(self, history: History) -> None:
        """Tell each."""
        for watcher in self.watchers:
            watcher.see_epoch(history)


def choose_watcher() -> Watcher:
    """Choose live curves in a notebook, a progress bar in a terminal, else lines.

    Returns
    -------
    Watcher
    """
    if in_notebook():
        return LiveCurves()
    return Bar() if sys.stderr.isatty() else Lines()


def in_notebook() -> bool:
    """Say whether this is a cell of a notebook; IPython in a terminal is none."""
    if "IPython" not in sys.modules:
        return False
    from IPython import get_ipython

    return hasattr(get_ipython(), "kernel")


class _Running:
    """Mean loss and accuracy of an epoch so far."""

    def __init__(self):
        self._epoch, self._sums = 0, (0.0, 0.0, 0)

    def add(self, progress: Progress) -> tuple[float, float]:
        """Take in some batches; give loss and accuracy with them."""
        if progress.epoch != self._epoch:
            self._epoch, self._sums = progress.epoch, (0.0, 0.0, 0)
        loss, right, count = self._sums
        loss += progress.loss * progress.samples
        right += progress.acc * progress.samples
        count += progress.samples
        self._sums = loss, right, count
        return loss / count, right / count


def _count_samples(num_epochs: int, train_iter: Iterable) -> int | None:
    """Count the samples of a whole training, where the loader knows its data set."""
    dataset = getattr(train_iter, "dataset", None)
    return None if dataset is None else num_epochs * len(dataset)
