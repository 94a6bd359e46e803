"""Figures of what a net predicts: errors, calibration, learning rates."""

from __future__ import annotations

import gluon_softmax as d2l
import numpy as np
import pytest
from gluon_softmax.errors import ArgumentError
from mxnet import nd

P = [(0.6, 0.4), (0.7, 0.3), (0.05, 0.95), (0.1, 0.9), (0.2, 0.8)]
BATCHES = [(nd.array(P[:3]), np.array([0, 1, 0])), (nd.array(P[3:]), np.array([1, 0]))]


def give(X):
    return X


def make_data():
    """Two pixels of each image are its probabilities, which `read` finds again."""
    images = np.zeros((5, 1, 28, 28), "float32")
    images[:, 0, 0, :2] = P
    labels = np.array([0, 1, 0, 1, 0])
    return [(nd.array(images[:2]), labels[:2]), (nd.array(images[2:]), labels[2:])]


def read(X):
    return X[:, 0, 0, :2]


def test_the_surest_errors_come_first():
    figure = d2l.show_errors(read, make_data(), ["a", "b"], count=2)
    assert [ax.get_title() for ax in figure.axes] == ["a\nnot b 0.95", "a\nnot b 0.80"]
    shown = [ax.images[0].get_array()[0, 1] for ax in figure.axes]
    np.testing.assert_allclose(shown, [0.95, 0.8], atol=1e-6)
    assert figure.get_suptitle().startswith("3 of 5 wrong")


def test_nothing_wrong_is_said():
    with pytest.raises(ArgumentError, match="found all of 1 right"):
        d2l.show_errors(read, [(make_data()[0][0][:1], np.array([0]))])


def test_calibration_is_the_share_that_is_right():
    """Confidences 0.6, 0.7, 0.8, 0.9 and 0.95, right: the first and the fourth."""
    figure = d2l.show_calibration(give, BATCHES)
    curve = figure.axes[0].lines[1]
    np.testing.assert_allclose(curve.get_xdata(), [0.6, 0.7, 0.8, 0.925], atol=1e-6)
    assert curve.get_ydata().tolist() == [1, 0, 0, 0.5]
    error = (0.4 + 0.7 + 0.8 + 2 * 0.425) / 5
    assert figure.get_suptitle() == f"expected calibration error {error:.3f}"
    heights = [bar.get_height() for bar in figure.axes[1].patches]
    assert heights == [0, 0, 0, 0, 0, 0, 1, 1, 1, 2]


def test_loss_against_learning_rate():
    def make(loss):
        return d2l.History([d2l.Epoch(1, loss, 0.5, None, 0.1)])

    histories = {0.1: make(0.7), 0.01: make(1.3), 10: d2l.History()}
    (line,) = d2l.show_learning_rates(histories).axes[0].lines
    assert line.get_xydata().tolist() == [[0.01, 1.3], [0.1, 0.7]]
    with pytest.raises(ArgumentError, match="found none"):
        d2l.show_learning_rates({10: d2l.History()})
