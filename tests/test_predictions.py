"""What a net predicts, against plain loops over the same numbers."""

from __future__ import annotations

import gluon_softmax as d2l
import numpy as np
import pytest
from gluon_softmax.errors import ArgumentError
from mxnet import nd

SCORES = np.array([[1, 3, 0], [2, 0, 1], [0, 5, 1], [4, 1, 1], [0, 1, 2]], "float32")
LABELS = np.array([1, 0, 0, 0, 1])
BATCHES = [(nd.array(SCORES[:3]), LABELS[:3]), (nd.array(SCORES[3:]), LABELS[3:])]


def identity(X):
    return X


def test_classes_are_those_of_the_largest_scores():
    assert d2l.predict(identity, BATCHES).tolist() == [1, 0, 1, 0, 2]


@pytest.mark.parametrize("net", [identity, nd.softmax])
def test_probabilities_are_softmax_of_scores_and_stay_themselves(net):
    """A net of section 3.7 gives scores, one of section 3.6 probabilities."""
    exponentials = np.exp(SCORES.astype("float64"))
    expected = [row / row.sum() for row in exponentials]
    np.testing.assert_allclose(d2l.predict_proba(net, BATCHES), expected, atol=1e-6)


def test_scores_beyond_the_exponential_of_float32():
    batches = [(nd.array([[1000, 0], [-1000, -1001]]), nd.array([0, 1]))]
    found = d2l.predict_proba(identity, batches)
    np.testing.assert_allclose(found[:, 0], [1, 1 / (1 + np.exp(-1))], atol=1e-6)


def test_precision_and_recall_of_each_class():
    """Class 1: 2 predicted, 1 of these is right; 2 are there, 1 of these is found."""
    report = d2l.classification_report(identity, BATCHES, ["a", "<b>", "c"])
    assert report.precision.tolist()[:2] == [1, 0.5]
    np.testing.assert_allclose(report.recall, [2 / 3, 0.5, np.nan])
    assert report.support.tolist() == [3, 2, 0]
    assert str(report).splitlines()[2] == "<b>        0.500   0.500        2"
    assert "&lt;b&gt;" in report._repr_html_()


def test_names_are_those_of_the_data_set(small_set):
    test_iter = d2l.BatchLoader(small_set, 16)
    report = d2l.classification_report(lambda X: nd.ones((len(X), 10)), test_iter)
    assert report.classes == list(small_set.classes)


@pytest.mark.parametrize(
    ("net", "batches", "message"),
    [
        (identity, [], "gave no batch"),
        (lambda X: X * np.inf, BATCHES, "expected finite scores"),
        (lambda X: X[:, 0], BATCHES, "expected scores of shape"),
        (lambda X: X[:, :1], BATCHES, "expected whole labels from 0 to 0"),
    ],
)
def test_what_is_no_prediction_is_refused(net, batches, message):
    with pytest.raises(ArgumentError, match=message):
        d2l.predict(net, batches)
