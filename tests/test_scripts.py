"""The chapter's scripts, run small on the real data."""

from __future__ import annotations

import contextlib
import inspect
import io
import re
from functools import partial
from pathlib import Path
from textwrap import dedent
from types import SimpleNamespace

import gluon_softmax as d2l
import mxnet as mx
import numpy as np
import pytest
from gluon_softmax.chapter import handmade, scratch
from gluon_softmax.data.splits import load_splits

SCRIPTS = Path(__file__).parent.parent / "scripts"
FROM_SCRATCH = "section_3_6_softmax_regression_scratch"
GLUON = "section_3_7_softmax_regression_gluon"
TOP = '# %% tags=["parameters"]\n'


def run(name, **parameters):
    """Run a script with some parameters changed; return its names, and `out`."""
    before, _, after = read(name).partition(TOP)
    cell, _, rest = after.partition("\n# %%")
    assert set(parameters) <= set(re.findall(r"\w+", cell)), "no such parameters"
    changes = "".join(f"{key} = {value!r}\n" for key, value in parameters.items())
    names = {"__name__": "__main__"}
    code = f"{before}{cell}\n{changes}# %%{rest}"
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(compile(code, name, "exec", dont_inherit=True), names)
    return SimpleNamespace(**names, out=out.getvalue())


@pytest.fixture(scope="module")
def from_scratch(fashion, tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("figures"))
    return run(FROM_SCRATCH, num_epochs=2, num_images=6000, folder=folder)


@pytest.mark.slow
@pytest.mark.usefixtures("fashion")
def test_section_3_5_times_every_number_of_workers(tmp_path):
    script = run("section_3_5_fashion_mnist", folder=str(tmp_path))
    assert list(script.seconds) == [0, 1, 2, 4]
    assert all(0 < value < 60 for value in script.seconds.values())
    assert "label: 9, int32, ankle boot" in script.out
    assert "60,000 training images, 10,000 test images" in script.out
    assert script.out.count(" 6,000\n") == 10
    assert "235 batches, the last of 96 images" in script.out
    assert (tmp_path / "section_3_5_samples.png").is_file()


def test_section_3_6_shows_small_examples(from_scratch):
    for line in (
        "7,850 parameters",
        "axis 0: [[5.0, 7.0, 9.0]]\naxis 1: [[6.0], [15.0]]",
        "scores [88, 0]: naive [1.0",
        "scores [89, 0]: naive [nan",
        "loss: [2.3026 0.6931]",
        "accuracy: 0.5",
    ):
        assert line in from_scratch.out


def test_section_3_6_shows_predictions_and_errors(from_scratch):
    files = sorted(file.stem for file in Path(from_scratch.folder).glob("*.svg"))
    assert files == [f"section_3_6_{name}" for name in ("errors", "net", "predictions")]
    right = from_scratch.predicted == from_scratch.y
    np.testing.assert_array_equal(from_scratch.wrong, np.flatnonzero(~right)[:9])
    pairs = list(zip(from_scratch.true_labels, from_scratch.pred_labels))
    assert len(pairs) == 9
    assert all(true != predicted for true, predicted in pairs)


def test_section_3_6_trains_as_the_package_does(from_scratch):
    """The loop of the lesson prints what `d2l.train_ch3` does, with equal weights."""
    train_set, _, test_set = load_splits("fashion-mnist", num_images=6000)
    train_iter, test_iter = d2l.load_data(train_set, test_set, 256, seed=0)
    mx.random.seed(0)
    W, b = d2l.init_params()
    net = partial(d2l.net, W=W, b=b)
    history = d2l.train_ch3(
        net, train_iter, test_iter, d2l.cross_entropy, 2, 256, [W, b], 0.1, callbacks=[]
    )
    lines = [line for line in from_scratch.out.splitlines() if line.startswith("epoch")]
    assert lines == [str(epoch) for epoch in history]
    assert history[1].loss < history[0].loss < np.log(10)
    np.testing.assert_array_equal(from_scratch.W.asnumpy(), W.asnumpy())
    np.testing.assert_array_equal(from_scratch.b.asnumpy(), b.asnumpy())


@pytest.mark.parametrize(
    ("head", "function"),
    [
        ("def naive_softmax(X):", scratch.naive_softmax),
        ("def softmax(X):", scratch.softmax),
        ("def net(X):", scratch.net),  # `W` and `b` are global, as in the book
        ("def cross_entropy(y_hat, y):", scratch.cross_entropy),
        ("def sgd(params, lr, batch_size):", scratch.sgd),
    ],
)
def test_section_3_6_defines_what_the_package_does(head, function):
    assert f"\n{head}\n{read_body(function)}\n" in read(FROM_SCRATCH)


def test_section_3_6_has_the_packages_loop(from_scratch):
    """Record, net, loss, backward and update; arguments in the package's order."""
    loops = [
        dedent(re.search(r" +with autograd.record.*?updater\(", code, re.DOTALL)[0])
        for code in (read(FROM_SCRATCH), inspect.getsource(d2l.train_epoch))
    ]
    assert loops[0] == loops[1]
    for name in ("accuracy", "evaluate_accuracy", "train_epoch", "train_ch3"):
        ours, theirs = (
            list(inspect.signature(getattr(place, name)).parameters)
            for place in (from_scratch, d2l)
        )
        assert ours == theirs[: len(ours)]


@pytest.mark.usefixtures("fashion")
def test_section_3_7_trains_as_the_package_does():
    """The net, its start and its trainer are those of the package's functions."""
    script = run(GLUON, num_epochs=1)
    assert "weights before: (10, 0)" in script.out
    assert "weights after:  (10, 784)" in script.out
    assert "scores (104, 0): in two steps inf, in one 104.0000" in script.out
    assert script.history[0].loss == pytest.approx(0.787, abs=0.01)
    mx.random.seed(0)
    net = d2l.make_net()
    net(next(iter(script.test_iter))[0])  # draws the weights
    script.train_iter.epoch = 0
    trainer = d2l.make_trainer(net, 0.1)
    d2l.train_epoch(net, script.train_iter, script.loss, trainer.step, 256)
    for name in ("weight", "bias"):
        found, expected = (getattr(dense, name) for dense in (script.net[0], net[0]))
        np.testing.assert_array_equal(found.data().asnumpy(), expected.data().asnumpy())


@pytest.mark.slow
@pytest.mark.usefixtures("fashion")
def test_comparison_prints_and_keeps_its_numbers(tmp_path):
    """A line per epoch of each version; figures, models and numbers are in files."""
    name = "compare_scratch_and_gluon"
    script = run(name, num_epochs=1, num_images=2000, folder=str(tmp_path))
    comparison = script.comparison
    assert comparison.differences[0] < 1e-5
    assert f"after each epoch:\n  {comparison.differences[0]:.1e}\n" in script.out
    for version, history in comparison.histories.items():
        assert f"{version}\n  {history[0]}\n" in script.out
    assert len(comparison.histories) == 3
    saved = {file.name for file in tmp_path.iterdir()}
    assert saved >= {"comparison.json", "model-gluon.npz"}
    assert saved >= {f"{name}.png" for name in script.figures}


@pytest.mark.usefixtures("digits")
def test_by_hand_trains_as_the_package_does(tmp_path):
    """Epochs and the test set at last; weights are `handmade`'s."""
    settings = {"num_epochs": 2, "num_images": 5000, "every": 20}
    script = run("by_hand", **settings, folder=str(tmp_path))
    assert 0 < script.difference < 1e-8  # from finite differences
    assert "images: 5,000, 5,000, 10,000" in script.out
    assert [script.out.count(line) for line in ("valid acc", "test acc")] == [2, 1]
    assert script.test_acc > 0.85
    assert (tmp_path / "by_hand_losses.png").is_file()
    model = handmade.SoftmaxRegression(*handmade.draw_start(784, 10, "xavier", 0))
    script.train_iter.epoch = 0
    history = d2l.train(
        model,
        script.train_iter,
        script.test_iter,
        model.loss,
        num_epochs=2,
        updater=handmade.MomentumTrainer(model, lr=0.01, momentum=0.9).step,
        batch_size=100,
        valid_iter=script.valid_iter,
    )
    assert script.means == pytest.approx(history.column("loss"), rel=1e-5)
    assert script.valid_acc == pytest.approx(history[-1].valid_acc)
    assert script.test_acc == pytest.approx(history[-1].test_acc)
    for param, expected in zip(script.params, model.params):
        np.testing.assert_allclose(param, expected, atol=1e-6)


def read(name):
    return (SCRIPTS / f"{name}.py").read_text()


def read_body(function):
    """Return the code of a function of the package, below its docstring."""
    return inspect.getsource(function).rpartition('"""\n')[2]


@pytest.mark.parametrize("script", sorted(SCRIPTS.glob("*.py")), ids=lambda s: s.stem)
def test_scripts_open_as_notebooks(script):
    """Each is made of flat cells, prose first, with its parameters at the top."""
    lines = script.read_text().splitlines()
    assert lines[0] == "# %% [markdown]"
    assert sum(line.startswith("# %%") for line in lines) >= 10
    assert lines.count(TOP.rstrip()) == 1
    assert "__main__" not in script.read_text()
    assert "# ## Exercises" in lines or script.stem == "exercises"
