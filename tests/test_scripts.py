"""The chapter's scripts, run small on the real data."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

SCRIPTS = Path(__file__).parent.parent / "scripts"


def load(name):
    """Import a script as a module, without running it."""
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.usefixtures("fashion")
def test_section_3_5_times_every_number_of_workers(tmp_path, capsys):
    """The first sample is an ankle boot, and each reading takes its time."""
    seconds = load("section_3_5_fashion_mnist").main(folder=tmp_path)
    assert list(seconds) == [0, 1, 2, 4]
    assert all(0 < value < 60 for value in seconds.values())
    out = capsys.readouterr().out
    assert "label: 9, int32, ankle boot" in out
    assert "60,000 training images, 10,000 test images" in out
    assert out.count(" 6,000\n") == 10
    assert "235 batches, the last of 96 images" in out
    assert (tmp_path / "section_3_5_samples.png").is_file()


@pytest.mark.usefixtures("fashion")
def test_section_3_6_trains(tmp_path, capsys):
    """The naive softmax breaks at 89, and an epoch gives the known loss."""
    script = load("section_3_6_softmax_regression_scratch")
    history = script.main(num_epochs=1, folder=tmp_path)
    assert history[0].loss == pytest.approx(0.787, abs=0.01)
    out = capsys.readouterr().out
    assert "7,850 parameters" in out
    assert "scores [89, 0]: naive [nan" in out
    assert "loss:   [2.3026 0.6931]" in out
    assert (tmp_path / "section_3_6_predictions.svg").is_file()
    assert (tmp_path / "section_3_6_errors.svg").is_file()


@pytest.mark.usefixtures("fashion")
def test_section_3_6_steps_on_a_copy(capsys):
    """The loss of one batch falls from that of guessing; training starts afresh."""
    script = load("section_3_6_softmax_regression_scratch")
    train_iter, _ = script.load(None, 256, 0, 1000)
    params = script.draw_start(0)
    before = [param.asnumpy() for param in params]
    losses = script.take_steps(params, train_iter, lr=0.1)
    assert losses[0] == pytest.approx(np.log(10), abs=0.1)
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 1.5
    for param, old in zip(params, before):
        np.testing.assert_array_equal(param.asnumpy(), old)
    assert train_iter.epoch == 0


@pytest.mark.usefixtures("fashion")
def test_section_3_6_shows_errors(tmp_path, monkeypatch):
    """Asked for errors, it draws test images whose two names differ, and no other."""
    script = load("section_3_6_softmax_regression_scratch")
    _, test_iter = script.load(None, 256, 0, 1000)
    drawn = []
    draw = script.d2l.show_predictions
    monkeypatch.setattr(
        script.d2l, "show_predictions", lambda *a: drawn.append(a) or draw(*a)
    )
    one_class = script.nd.one_hot(script.nd.zeros(256), 10)
    script.draw_predictions(lambda X: one_class, test_iter, tmp_path / "a", wrong=True)
    ((X, true_labels, pred_labels),) = drawn
    assert len(X) == len(true_labels) == 9
    assert pred_labels == ["t-shirt"] * 9
    assert "t-shirt" not in true_labels


@pytest.mark.usefixtures("fashion")
def test_section_3_7_trains(capsys):
    """An epoch with Gluon gives the loss that the one from scratch gives."""
    history = load("section_3_7_softmax_regression_gluon").main(num_epochs=1)
    assert history[0].loss == pytest.approx(0.787, abs=0.01)
    out = capsys.readouterr().out
    assert "weights before: (10, 0)" in out
    assert "weights after:  (10, 784)" in out
    assert "scores (104, 0): in two steps inf, in one 104.0000" in out


@pytest.mark.slow
@pytest.mark.usefixtures("fashion")
def test_comparison_returns_its_result(tmp_path):
    """The comparison leaves its figures and returns what they show."""
    script = load("compare_scratch_and_gluon")
    comparison = script.main(num_epochs=1, folder=tmp_path)
    assert comparison.differences[0] < 1e-5
    assert (tmp_path / "comparison.json").is_file()
    assert (tmp_path / "templates.png").is_file()


@pytest.mark.usefixtures("digits")
def test_by_hand_prints_iterations_and_epochs(tmp_path, capsys):
    """Every so many iterations, the epochs' means and validation, the test at last."""
    settings = {"num_epochs": 2, "num_images": 5000, "print_every": 20}
    history = load("by_hand").main(**settings, folder=tmp_path)
    out = capsys.readouterr().out
    assert "images: 5,000, 5,000, 10,000" in out
    assert out.count("  iteration") == 4
    assert out.count("valid acc") == 2
    assert out.count("test acc") == 1
    assert history[-1].test_acc > 0.85
    assert (tmp_path / "by_hand_losses.png").is_file()


def test_by_hand_checks_its_gradient(monkeypatch):
    """Finite differences agree with the gradient, and not with a wrong one."""
    script = load("by_hand")
    assert script.check_gradient() < 1e-8
    model = script.handmade.SoftmaxRegression
    derive = model.gradient

    def halve(self, X, y):
        losses, scores, gradients = derive(self, X, y)
        return losses, scores, [gradient / 2 for gradient in gradients]

    monkeypatch.setattr(model, "gradient", halve)
    assert script.check_gradient() > 0.1


@pytest.mark.parametrize("script", sorted(SCRIPTS.glob("*.py")), ids=lambda s: s.stem)
def test_scripts_open_as_notebooks(script):
    """Each script is made of cells, prose first, and runs only when it is meant to."""
    lines = script.read_text().splitlines()
    assert lines[0] == "# %% [markdown]"
    assert sum(line.startswith("# %%") for line in lines) >= 10
    assert lines.count('# %% tags=["parameters"]') == 1
    assert lines.count('if __name__ == "__main__":') >= 4
    assert "# ## Exercises" in lines or script.stem == "exercises"


@pytest.mark.parametrize("script", sorted(SCRIPTS.glob("*.py")), ids=lambda s: s.stem)
def test_scripts_are_imported_in_silence(script, capsys):
    """Imported, a script prints nothing."""
    load(script.stem)
    assert capsys.readouterr().out == ""
