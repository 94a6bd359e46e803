"""The ideas' script against NumPy float64 and the published numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import reference
from test_scripts import run

SCORES = np.array([[0.1, 0.2, 0.9], [1.1, 0.1, 0.2], [0.2, 2.1, 0.1]])
LABELS = np.array([2, 0, 1])


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    return run("concepts", folder=str(tmp_path_factory.mktemp("figures")))


def test_two_steps_make_probabilities(script):
    scores = np.array([-1.0, 2.0, 0.5])
    expected = reference.softmax(scores[None])[0]
    np.testing.assert_allclose(script.probabilities.asnumpy(), expected, rtol=1e-6)
    assert "argmax: 1 before, 1 after" in script.out


def test_a_batch_is_its_samples_below_each_other(script):
    assert "one sample: x (1, 4), W (4, 3), b (1, 3), o (1, 3)" in script.out
    assert "mini-batch: X (5, 4), W (4, 3), b (1, 3), O (5, 3)" in script.out
    rows = script.Y_hat.asnumpy()
    first = script.out.split("first sample alone      ")[1].splitlines()[0]
    assert first == str(rows[0].round(4))
    assert len(np.unique(rows[:, 0])) == 5


def test_sums_keep_an_axis_or_not(script):
    assert "axis 0: [5. 7. 9.] kept: (1, 3)" in script.out
    assert "axis 1: [ 6. 15.] kept: (2, 1)" in script.out
    np.testing.assert_allclose(script.right.asnumpy().sum(axis=1), [1, 1], rtol=1e-6)
    wrong = [1 / 3 + 2 / 7, 3 / 3 + 4 / 7]
    np.testing.assert_allclose(script.wrong.asnumpy().sum(axis=1), wrong, rtol=1e-6)


def test_only_squared_error_tells_the_predictions_apart(script):
    np.testing.assert_allclose(script.squared.asnumpy(), [0.12, 0.16], rtol=1e-5)
    expected = -np.log([0.6] * 2)
    np.testing.assert_allclose(script.entropies.asnumpy(), expected, rtol=1e-6)


def test_likeliest_is_the_least_loss(script):
    """Likelihood and loss agree on the best model, whose loss is the entropy."""
    likelihood, loss = script.likelihood, script.mean_loss
    np.testing.assert_allclose(likelihood, np.exp(-10 * loss), rtol=1e-12)
    assert likelihood.argmax() == loss.argmin() == 2
    assert loss[2] == pytest.approx(script.entropy)
    assert script.entropy == pytest.approx(0.8979, abs=5e-5)


def test_ten_sigmoids_are_no_distribution(script):
    """Only softmax adds up to 1, and only there the others give way."""
    sigmoids, softmax = script.answers.values()
    logits = np.log(sigmoids / (1 - sigmoids))
    expected = reference.softmax(logits[None].astype("float64"))[0]
    np.testing.assert_allclose(softmax, expected, rtol=1e-4)
    assert list(script.bars) == ["ten sigmoids (sum 4.93)", "one softmax (sum 1.00)"]
    assert script.below[3] == "3\n(2)"
    for name in ("net", "sigmoids_and_softmax"):
        assert (Path(script.folder) / f"concepts_{name}.svg").is_file()
    assert "ten sigmoids: sum 4.935\n" in script.out
    assert "class 3 +0.072, all others +0.000" in script.out
    assert "class 3 +0.244, all others -0.244" in script.out


def test_losses_are_the_published_ones(script):
    assert script.total == pytest.approx(3.2314, abs=5e-5)
    assert script.loss == pytest.approx(0.9729, abs=5e-5)
    expected = reference.cross_entropy(SCORES, LABELS)
    assert expected.mean() == pytest.approx(0.4966, abs=5e-5)
    assert len(script.losses) == 4
    for losses in script.losses.values():
        np.testing.assert_allclose(losses, expected, rtol=2e-5)


def test_gradient_is_softmax_minus_one_hot(script):
    expected = reference.softmax(SCORES) - np.eye(3)[LABELS]
    np.testing.assert_allclose(script.by_formula, expected, atol=1e-6)
    np.testing.assert_allclose(script.by_autograd, expected, atol=1e-5)
