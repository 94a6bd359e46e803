"""Training as it goes on: in a notebook, in a terminal, and where there is neither."""

from __future__ import annotations

import inspect
import io
import re
import sys
from collections import Counter
from types import SimpleNamespace

import gluon_softmax as d2l
import numpy as np
import pytest
from gluon_softmax import Bar, Callback, Epoch, Lines, LiveCurves, Progress
from gluon_softmax.errors import ArgumentError
from gluon_softmax.figures.live import choose_callback
from mxnet import gluon

LINE = r"epoch \d, loss \d\.\d{4}, train acc \d\.\d{3}, test acc \d\.\d{3}"


def train(callbacks=None, num_epochs=2, convert=lambda train_iter: train_iter):
    """Train on drawn garments: 11 batches, the last of which is smaller."""
    data = [d2l.SyntheticFashion(train, num_images=210) for train in (True, False)]
    train_iter, test_iter = d2l.load_data(*data, 20)
    net, loss = d2l.make_net(), gluon.loss.SoftmaxCrossEntropyLoss()
    options = {"trainer": d2l.make_trainer(net, 0.1), "callbacks": callbacks}
    batches = convert(train_iter)
    return d2l.train_ch3(net, batches, test_iter, loss, num_epochs, 20, **options)


TRAINING = f"""
import gluon_softmax as d2l
from mxnet import gluon
{inspect.getsource(train)}
"""


def feed(callback, num_epochs=2, num_batches=10):
    """Tell a callback of a training, in which a tenth of a batch is right."""
    progress = Progress(num_epochs, num_batches, callbacks=[callback])
    y, y_hat = np.arange(20) % 10, np.eye(10)[[0] * 20]
    with progress.training():
        for number in range(1, num_epochs + 1):
            progress.begin_epoch(number)
            for batch in range(1, num_batches + 1):
                progress.add(y_hat, y, y_hat, np.full(20, 1 / batch))
            progress.end_epoch(Epoch(number, 0.5, 0.5, 0.5, 0.1))
    return progress.history


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Displayed(list):
    """Keeps what a cell shows: a list of figures for each display."""

    def __call__(self, figure, display_id):
        self.append([figure])
        return self

    def update(self, figure):
        self[-1].append(figure)


@pytest.fixture
def displayed(monkeypatch):
    kept = Displayed()
    monkeypatch.setattr("IPython.display.display", kept)
    return kept


@pytest.mark.parametrize("prefix", [None, "name: "])
def test_without_a_terminal_there_are_only_the_books_lines(prefix, capsys):
    history = train(prefix and Bar(prefix))
    out, err = capsys.readouterr()
    assert out == "".join(f"{prefix or ''}{epoch}\n" for epoch in history)
    assert re.fullmatch(LINE, str(history[-1]))
    assert not err


@pytest.mark.parametrize("callback", [None, Bar("name: ")])
def test_a_terminal_has_a_bar(callback, monkeypatch, capsys):
    """It shows the figures that its epoch's line says, is full at last, and goes."""
    shown, place, terminal = [], "tqdm.tqdm.set_postfix_str", Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(place, lambda *call, refresh: shown.append(call))
    history, prefix = train(callback), callback.prefix if callback else ""
    for epoch in history:
        last = [text for _, text in shown if text.startswith(f"epoch {epoch.epoch},")]
        expected = f"epoch {epoch.epoch}, loss {epoch.loss:.4f}, acc"
        assert last[-1] == f"{expected} {epoch.train_acc:.3f}"
    bar, _ = shown[-1]
    assert bar.n == bar.total == 2 * 210
    first, *_, last = terminal.getvalue().strip("\r").split("\r")
    assert re.fullmatch(rf"{prefix or 'training: '} +0%.*/420 .*images/s\]", first)
    assert not last.strip()
    assert capsys.readouterr().out == "".join(f"{prefix}{epoch}\n" for epoch in history)


def test_curves_within_an_epoch_are_means_since_the_last_point(displayed):
    """Weighted by their samples, the points of an epoch make the epoch's figure."""
    history = train(LiveCurves(every=11))
    for ax, column in zip(displayed[-1][-1].axes, ("loss", "train_acc")):
        points = dict(zip(*ax.lines[-1].get_data()))
        for epoch in history:  # of 11 batches
            expected = getattr(epoch, column)
            assert points[epoch.epoch] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("every", "drawn"), [(None, 2), (1, 22), (4, 2 + 5), (20, 2 + 1), (21, 2)]
)
def test_one_figure_is_redrawn(every, drawn, displayed, capsys):
    """Once per epoch, and whenever so many batches more are done: here of 20."""
    callback = LiveCurves(every, title="some data")
    history = feed(callback)
    assert capsys.readouterr().out == "".join(f"{epoch}\n" for epoch in history)
    feed(callback)  # begins anew
    assert [len(figures) for figures in displayed] == [drawn, drawn]
    assert displayed[0][0].get_suptitle() == "some data"


@pytest.mark.parametrize("every", [0, 1.5])
def test_every_must_be_a_number_of_batches(every):
    with pytest.raises(ArgumentError, match="every to be a whole number from 1"):
        LiveCurves(every)


@pytest.mark.parametrize(
    ("callback", "drawn"), [(LiveCurves(every=1), [1]), (Bar(), [])]
)
def test_an_iterator_without_a_length_will_do(callback, drawn, displayed, capsys):
    """Batches from a generator: no share of an epoch, no total."""
    train(callback, num_epochs=1, convert=iter)
    assert re.fullmatch(f"{LINE}\n", capsys.readouterr().out)
    assert [len(figures) for figures in displayed] == drawn


def test_several_callbacks_are_told_the_same(capsys):
    """Each is called in turn, and each at the end, even of a training that fails."""
    seen = Counter()

    class Counting(Callback):
        def on_train_begin(self, progress):
            seen["begins"] += 1

        def on_train_end(self, progress):
            seen["ends"] += 1

    train([Counting(), Lines("name: "), Counting()])
    assert seen == {"begins": 2, "ends": 2}
    assert capsys.readouterr().out.startswith("name: epoch 1, ")
    with pytest.raises(AttributeError):
        train([Counting(), object()])
    assert seen["ends"] == seen["begins"] == 3


@pytest.mark.parametrize(
    ("shell", "stream", "kind"),
    [
        (SimpleNamespace(kernel=True), io.StringIO, LiveCurves),
        (None, Terminal, Bar),
        (None, io.StringIO, Lines),
    ],
)
def test_what_is_chosen_depends_on_the_place(shell, stream, kind, monkeypatch):
    monkeypatch.setattr("IPython.get_ipython", lambda: shell)
    monkeypatch.setattr(sys, "stderr", stream())
    assert type(choose_callback()) is kind


@pytest.mark.slow
def test_a_notebook_has_one_output_that_is_updated():
    """One display in a real kernel's cell, updated; the lines below it."""
    reason = "needs nbclient and ipykernel: pip install nbclient ipykernel"
    nbclient = pytest.importorskip("nbclient", reason=reason)
    pytest.importorskip("ipykernel", reason=reason)
    import nbformat

    codes = [TRAINING, "h = train()", "h = train(d2l.LiveCurves(every=10))"]
    book = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, codes)))
    nbclient.execute(book, kernel_name="python3", timeout=120)
    for cell in book.cells[1:]:
        figures, lines = [], ""
        for output in cell.outputs:
            if output.output_type == "stream":
                lines += output.text
            else:
                figures.append(output.data)
        assert ["image/png" in figure for figure in figures] == [True]
        assert re.fullmatch(rf"({LINE}\n){{2}}", lines)
