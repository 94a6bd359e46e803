"""Training as it goes on: in a notebook, in a terminal, and where there is neither."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from collections import Counter

import gluon_softmax as d2l
import numpy as np
import pytest
from gluon_softmax import Progress
from gluon_softmax.errors import ArgumentError
from gluon_softmax.figures.live import Bar, Lines, LiveCurves, choose_callback
from gluon_softmax.history import Callback, Epoch
from mxnet import gluon, nd

TRAINING = """
import gluon_softmax as d2l
from mxnet import gluon
data = [d2l.SyntheticFashion(train, num_images=600) for train in (True, False)]
loaders, loss = d2l.load_data(*data, 20), gluon.loss.SoftmaxCrossEntropyLoss()
def train(num_epochs, callback=None):
    net = d2l.make_net()
    trainer = d2l.make_trainer(net, 0.1)
    data = (*loaders, loss, num_epochs, 20)
    d2l.train_ch3(net, *data, trainer=trainer, callbacks=callback)
"""
LINE = r"epoch \d, loss \d\.\d{4}, train acc \d\.\d{3}, test acc \d\.\d{3}"


def feed(callback, num_epochs=2, num_batches=10, batch_size=20):
    """Tell a callback of a training, in which a tenth of a batch is right."""
    progress = Progress(num_epochs, num_batches, callbacks=[callback])
    y, y_hat = np.arange(batch_size) % 10, np.eye(10)[[0] * batch_size]
    with progress.training():
        for number in range(1, num_epochs + 1):
            progress.begin_epoch(number)
            for batch in range(1, num_batches + 1):
                progress.add(y_hat, y, y_hat, np.full(batch_size, 1 / batch))
            progress.end_epoch(Epoch(number, 0.5, 0.5, 0.5, 0.1))
    return progress.history


def train(callback, num_epochs=2):
    """Train on drawn garments, the last batch of which is smaller."""
    data = [d2l.SyntheticFashion(train, num_images=210) for train in (True, False)]
    net = d2l.make_net()
    return d2l.train_ch3(
        net,
        *d2l.load_data(*data, 20),
        gluon.loss.SoftmaxCrossEntropyLoss(),
        num_epochs,
        20,
        trainer=d2l.make_trainer(net, 0.1),
        callbacks=callback,
    )


class Terminal(io.StringIO):
    """Takes what is meant for a terminal."""

    def isatty(self):
        """Say that it is one."""
        return True


class Displayed(list):
    """Counts what a cell shows, and keeps the figures."""

    def __call__(self, figure, display_id):
        """Show one for the first time."""
        self.append([figure])
        return self

    def update(self, figure):
        """Show another in its place."""
        self[-1].append(figure)


@pytest.fixture
def displayed(monkeypatch):
    """Keep what IPython would display."""
    import IPython.display

    kept = Displayed()
    monkeypatch.setattr(IPython.display, "display", kept)
    return kept


def test_without_a_terminal_there_are_only_the_books_lines(capsys):
    """Nothing on stderr, and a line per epoch."""
    history = train(None)
    out, err = capsys.readouterr()
    assert out == "".join(f"{epoch}\n" for epoch in history)
    assert not err
    train(Bar("name: "))
    out, err = capsys.readouterr()
    assert re.fullmatch(rf"(name: {LINE}\n){{2}}", out)
    assert not err


def test_the_last_running_figures_are_the_epochs(monkeypatch):
    """What bar and curves show at an epoch's end is what its line says."""
    from tqdm import tqdm

    monkeypatch.setattr(sys, "stderr", Terminal())
    shown = []
    monkeypatch.setattr(
        tqdm, "set_postfix_str", lambda bar, text, refresh: shown.append((text, bar))
    )
    history = train(Bar())
    for epoch in history:
        last = [text for text, _ in shown if text.startswith(f"epoch {epoch.epoch},")]
        expected = f"epoch {epoch.epoch}, loss {epoch.loss:.4f}, acc"
        assert last[-1] == f"{expected} {epoch.train_acc:.3f}"
    assert shown[-1][1].n == shown[-1][1].total == 2 * 210


def test_curves_within_an_epoch_are_means_since_the_last_point(displayed):
    """Weighted by their samples, the points of an epoch make the epoch's figure."""
    history = train(LiveCurves(every=11))
    left, right = displayed[-1][-1].axes
    for ax, column in ((left, "loss"), (right, "train_acc")):
        within = ax.lines[-1]
        assert within.get_label() == "within the epoch"
        points = dict(zip(*within.get_data()))
        for epoch in history:  # of 11 batches
            expected = getattr(epoch, column)
            assert points[epoch.epoch] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("every", "drawn"),
    [(None, 2), (1, 22), (4, 2 + 5), (5, 2 + 4), (20, 2 + 1), (21, 2)],
)
def test_one_figure_is_redrawn(every, drawn, displayed, capsys):
    """Once per epoch, and whenever so many batches more are done: here of 20."""
    history = feed(LiveCurves(every))
    assert [len(figures) for figures in displayed] == [drawn]
    assert capsys.readouterr().out == "".join(f"{epoch}\n" for epoch in history)


def test_each_training_has_its_own_figure(displayed):
    """A callback that is used again begins anew."""
    callback = LiveCurves(title="some data")
    feed(callback)
    feed(callback, num_epochs=3)
    assert [len(figures) for figures in displayed] == [2, 3]
    assert displayed[1][0].get_suptitle() == "some data"
    assert len(displayed[1][0].axes[0].lines[0].get_xdata()) == 1


@pytest.mark.parametrize("every", [0, -1, 1.5, True])
def test_every_must_be_a_number_of_batches(every):
    """Whole, and at least one."""
    with pytest.raises(ArgumentError, match="every to be a whole number from 1"):
        LiveCurves(every)


def test_an_iterator_without_a_length_will_do(displayed):
    """Batches from a generator: no share of an epoch, no total."""
    for callback in (LiveCurves(every=1), Bar()):
        feed(callback, num_epochs=1, num_batches=3)
        data = ((X, y) for X, y in [(nd.ones((4, 3)), nd.zeros(4))] * 3)
        test_iter = [(nd.ones((4, 3)), nd.zeros(4))]
        net = d2l.make_net()
        trainer, loss = d2l.make_trainer(net, 0.1), gluon.loss.SoftmaxCrossEntropyLoss()
        d2l.train_ch3(
            net, data, test_iter, loss, 1, 4, trainer=trainer, callbacks=callback
        )
    assert [len(figures) for figures in displayed] == [4, 1]


def test_several_callbacks_are_told_the_same(capsys):
    """Each is called in turn, and each at the end, even of a training that fails."""
    seen = Counter()

    class Counting(Callback):
        def on_train_begin(self, progress):
            seen["begins"] += 1

        def on_batch_end(self, progress):
            seen["batches"] += 1

        def on_epoch_end(self, progress):
            seen["epochs"] += 1

        def on_train_end(self, progress):
            seen["ends"] += 1

    train([Counting(), Lines("name: "), Counting()])
    assert seen == {"begins": 2, "batches": 2 * 22, "epochs": 4, "ends": 2}
    assert capsys.readouterr().out.startswith("name: epoch 1, ")
    with pytest.raises(AttributeError):
        train([Counting(), object()])
    assert seen["ends"] == seen["begins"] == 3


@pytest.mark.parametrize(("stream", "kind"), [(io.StringIO, Lines), (Terminal, Bar)])
def test_what_is_chosen_depends_on_stderr(stream, kind, monkeypatch):
    """A terminal gets the bar, anything else lines."""
    monkeypatch.setattr(sys, "stderr", stream())
    assert type(choose_callback()) is kind


@pytest.fixture(scope="module")
def notebook():
    """Run both ways of training in cells of a real kernel; count its messages."""
    reason = "needs nbclient and ipykernel: pip install nbclient ipykernel"
    nbclient = pytest.importorskip("nbclient", reason=reason)
    pytest.importorskip("ipykernel", reason=reason)
    import nbformat

    codes = [TRAINING, "train(3)", "train(2, d2l.LiveCurves(every=10))", "print('end')"]
    cells = [nbformat.v4.new_code_cell(code) for code in codes]
    kinds = [Counter() for _ in cells]

    class Client(nbclient.NotebookClient):
        def process_message(self, msg, cell, cell_index):
            kinds[cell_index][msg["msg_type"]] += 1
            return super().process_message(msg, cell, cell_index)

    book = nbformat.v4.new_notebook(cells=cells)
    Client(book, kernel_name="python3", timeout=120).execute()
    return book.cells, kinds


@pytest.mark.slow
@pytest.mark.parametrize(("cell", "epochs", "drawn"), [(1, 3, 3), (2, 2, 2 + 6)])
def test_a_notebook_has_one_output_that_is_updated(cell, epochs, drawn, notebook):
    """One display, updated per epoch and per 10 of 30 batches; the lines below it."""
    cells, kinds = notebook
    outputs = cells[cell]["outputs"]
    figures = [output for output in outputs if output.output_type == "display_data"]
    assert len(figures) == 1
    assert "image/png" in figures[0].data
    assert kinds[cell]["display_data"] == 1
    assert kinds[cell]["update_display_data"] == drawn - 1
    text = "".join(output.text for output in outputs if output.output_type == "stream")
    assert re.fullmatch(rf"({LINE}\n){{{epochs}}}", text)


def run_in_terminal(code, columns=120, out_too=True):
    """Run Python with stderr, and stdout too on request, in a terminal."""
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    out = theirs if out_too else subprocess.PIPE
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=theirs, stdout=out, stderr=theirs
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # Linux says so when the other end is closed
            break
        if not part:
            break
        shown += part
    os.close(ours)
    printed = "" if out_too else process.stdout.read().decode()
    assert process.wait(60) == 0, shown.decode()
    return shown.decode(), printed


SLOWED = """
import time
from gluon_softmax.figures.live import Bar
move = Bar.on_batch_end
Bar.on_batch_end = lambda bar, progress: (time.sleep(0.01), move(bar, progress))
train(2, watcher)
"""


@pytest.mark.slow
@pytest.mark.parametrize("watcher", ["None", "Bar('name: ')"])
def test_a_terminal_has_a_bar(watcher):
    """It shows epoch, loss, accuracy, images per second and time left, then goes."""
    code = SLOWED.replace("watcher", watcher, 1)
    shown, _ = run_in_terminal(TRAINING + code)
    name = "training" if watcher == "None" else "name"
    bars = [part for part in shown.split("\r") if f"{name}: " in part and "|" in part]
    pattern = (
        rf"{name}: +\d+%\|.*\| [\d.k]+/1.20k \[\d\d:\d\d<\d\d:\d\d, [\d.]+k? images/s, "
        r"epoch \d, loss \d\.\d{4}, acc \d\.\d{3}\]"
    )
    whole = [bar for bar in bars if re.fullmatch(pattern, bar.strip())]
    assert len(whole) >= 4
    assert len({bar.split("<")[0] for bar in whole}) >= 4
    lines = show_screen(shown)
    prefix = "" if watcher == "None" else "name: "
    assert len(lines) == 2
    assert all(re.fullmatch(prefix + LINE, line) for line in lines)


@pytest.mark.slow
def test_a_pipe_gets_plain_lines_while_the_terminal_has_the_bar():
    """With stdout elsewhere, its lines hold nothing of the bar."""
    code = SLOWED.replace("watcher", "None", 1)
    shown, printed = run_in_terminal(TRAINING + code, out_too=False)
    assert re.fullmatch(rf"({LINE}\n){{2}}", printed)
    assert "images/s" in shown
    assert show_screen(shown) == []


def show_screen(shown):
    """Give the lines that stay on the screen, as a terminal overwrites them."""
    lines = []
    for line in re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", shown).split("\n"):
        cells = []
        for part in line.split("\r"):
            cells[: len(part)] = part
        lines.append("".join(cells).rstrip())
    return [line for line in lines if line]
