"""The ideas' script against NumPy float64 and the published numbers."""

from __future__ import annotations

import runpy

import numpy as np
import pytest
import reference
from gluon_softmax.charts import show_bars
from test_scripts import SCRIPTS, load

NAMES = ["NumPy, by definition", "softmax, cross_entropy", "log_softmax, pick"]
NAMES += ["SoftmaxCrossEntropyLoss"]
SCORES = np.array([[0.1, 0.2, 0.9], [1.1, 0.1, 0.2], [0.2, 2.1, 0.1]])
LABELS = np.array([2, 0, 1])


@pytest.fixture(scope="module")
def script():
    """Give the script as a module."""
    return load("concepts")


@pytest.fixture(scope="module")
def found(script, tmp_path_factory):
    """Run the script once; give its numbers."""
    return script.main(folder=tmp_path_factory.mktemp("figures"))


def test_two_steps_make_probabilities(found):
    """Exponentials are positive, probabilities add up to 1, the order stays."""
    steps = {name: step.astype("float64") for name, step in found["two steps"].items()}
    assert list(steps) == ["scores", "exponentials", "probabilities"]
    assert steps["scores"].min() < 0 < steps["exponentials"].min()
    np.testing.assert_allclose(
        steps["probabilities"], reference.softmax(steps["scores"][None])[0], rtol=1e-6
    )
    orders = {tuple(step.argsort()) for step in steps.values()}
    assert orders == {(0, 2, 1)}


def test_a_batch_is_its_samples_below_each_other(script, capsys):
    """Shapes are those of the book, and the first row is the first sample's."""
    found = script.compute_in_vectors(batch_size=7)
    assert found["one sample"].shape == (1, 3)
    assert found["mini-batch"].shape == (7, 3)
    np.testing.assert_allclose(found["mini-batch"][0], found["one sample"][0], 1e-6)
    assert len(np.unique(found["mini-batch"][:, 0])) == 7
    out = capsys.readouterr().out
    assert "X (1, 4), W (4, 3), b (1, 3), O (1, 3), Y_hat (1, 3)" in out
    assert "X (7, 4), W (4, 3), b (1, 3), O (7, 3), Y_hat (7, 3)" in out


def test_sums_keep_an_axis_or_not(found):
    """Sums are the published ones, and only the kept axis divides row by row."""
    sums = found["sums"]
    for axis, expected in ((0, [5, 7, 9]), (1, [6, 15])):
        np.testing.assert_array_equal(sums[f"sum over axis {axis}"], expected)
        kept = np.expand_dims(expected, axis)
        np.testing.assert_array_equal(sums[f"sum over axis {axis}, kept"], kept)
    np.testing.assert_allclose(sums["row sums of softmax"], [1, 1], rtol=1e-6)
    kept = sums["row sums of square / its sums, kept"]
    np.testing.assert_allclose(kept, [1, 1], rtol=1e-6)
    wrong = [1 / 3 + 2 / 7, 3 / 3 + 4 / 7]
    np.testing.assert_allclose(sums["row sums of square / its sums"], wrong, rtol=1e-6)


def test_labels_are_picked(found):
    """The probabilities of the labels are 0.1 and 0.5, and one of two is right."""
    np.testing.assert_allclose(found["labels"]["picked"], [0.1, 0.5], rtol=1e-6)
    assert found["labels"]["accuracy"] == 0.5


def test_only_squared_error_tells_the_predictions_apart(found):
    """Squared error asks how the rest is spread; cross-entropy does not."""
    losses = found["losses"]
    np.testing.assert_allclose(losses["squared error"], [0.12, 0.16], rtol=1e-5)
    np.testing.assert_allclose(losses["cross-entropy"], -np.log([0.6] * 2), rtol=1e-6)


def test_likeliest_is_the_least_loss(found):
    """Likelihood and loss agree on the best model, whose loss is the entropy."""
    likelihood, loss, entropy = found["likelihood"].values()
    np.testing.assert_allclose(likelihood, np.exp(-10 * loss), rtol=1e-12)
    assert likelihood.argmax() == loss.argmin() == 2
    assert loss[2] == pytest.approx(entropy)
    assert entropy == pytest.approx(0.8979, abs=5e-5)


def test_ten_sigmoids_are_no_distribution(found, script):
    """Only softmax adds up to 1, and only there the others give way."""
    answers = found["answers"]
    assert answers["one softmax"].sum() == pytest.approx(1)
    assert answers["ten sigmoids"].sum() == pytest.approx(4.93, abs=0.01)
    logits = np.log(answers["ten sigmoids"] / (1 - answers["ten sigmoids"]))
    expected = reference.softmax(logits[None].astype("float64"))[0]
    np.testing.assert_allclose(answers["one softmax"], expected, rtol=1e-4)


def test_sigmoids_and_softmax_are_drawn(script, tmp_path, monkeypatch, capsys):
    """The figure shows both answers; the print says what a raised score changes."""
    drawn = []
    monkeypatch.setattr(
        script, "show_bars", lambda *args: drawn.append(args) or show_bars(*args)
    )
    answers = script.compare_answers(tmp_path)
    ((labels, groups, *_),) = drawn
    assert labels[3] == "3\n(2)"
    assert list(groups) == ["ten sigmoids (sum 4.93)", "one softmax (sum 1.00)"]
    np.testing.assert_array_equal(list(groups.values()), list(answers.values()))
    assert (tmp_path / "concepts_sigmoids_and_softmax.svg").is_file()
    sigmoids, softmax = capsys.readouterr().out.splitlines()[1:4:2]
    assert sigmoids.endswith("class 3 +0.072, all others together +0.000")
    assert softmax.endswith("class 3 +0.244, all others together -0.244")


def test_losses_are_the_published_ones(found):
    """One sample gives 0.9729, the batch of three 0.4966, in each of the four ways."""
    assert found["by hand"]["sum"] == pytest.approx(3.2314, abs=5e-5)
    assert found["by hand"]["loss"] == pytest.approx(0.9729, abs=5e-5)
    for name, loss in (("sample", 0.9729), ("batch", 0.4966)):
        assert list(found[name]) == NAMES
        assert list(found[name].values()) == pytest.approx([loss] * 4, abs=5e-5)


def test_four_ways_are_four(script, monkeypatch):
    """Each way computes the loss itself: on other scores all agree with float64."""
    scores, labels = np.random.randn(6, 5) * 3, np.array([0, 1, 2, 3, 4, 0])
    expected = reference.cross_entropy(scores, labels).mean()
    losses = script.lose_in_four_ways(scores, labels)
    assert list(losses.values()) == pytest.approx([expected] * 4, rel=1e-5)


def test_gradient_is_softmax_minus_one_hot(found):
    """Formula, autograd and finite differences agree with the reference."""
    expected = reference.softmax(SCORES) - np.eye(3)[LABELS]
    assert list(found["gradient"]) == [
        "softmax - one-hot",
        "autograd",
        "finite differences",
    ]
    for gradient, close in zip(found["gradient"].values(), (1e-6, 1e-5, 1e-9)):
        np.testing.assert_allclose(gradient, expected, atol=close)
        np.testing.assert_allclose(gradient.sum(axis=1), 0, atol=close)


def test_cells_print_what_main_prints(script, tmp_path, monkeypatch, capsys):
    """Run cell by cell, the script says the same as in one go."""
    monkeypatch.chdir(tmp_path)
    script.main()
    in_one_go = capsys.readouterr().out
    runpy.run_path(str(SCRIPTS / "concepts.py"), run_name="__main__")
    assert capsys.readouterr().out == in_one_go
