"""The second edition's names and calls."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import reference
from gluon_softmax import BatchLoader, init_params
from gluon_softmax import net as scratch_net
from gluon_softmax.chapter import second_edition as d2l
from gluon_softmax.chapter.concise import make_net, make_trainer
from mxnet import gluon


@pytest.fixture
def data(small_set):
    """Return three batches, the last one smaller."""
    return BatchLoader(small_set, 8)


def test_each_batch_is_divided_by_its_own_size(data):
    """The smaller last batch steps as far as the others, unlike in edition one."""
    W, b = init_params()
    V, c = W.asnumpy().astype("float64"), b.asnumpy().astype("float64")

    def updater(batch_size):
        d2l.sgd([W, b], 0.1, batch_size)

    net = partial(scratch_net, W=W, b=b)
    d2l.train_epoch_ch3(net, data, d2l.cross_entropy, updater)
    for X, y in data:
        X, y = X.asnumpy().reshape(len(y), 784), y.asnumpy()
        dV, dc = reference.gradient(X, y, V, c)
        V, c = V - 0.1 * dV / len(y), c - 0.1 * dc / len(y)
    np.testing.assert_allclose(W.asnumpy(), V, atol=1e-6)


def test_a_trainer_is_an_updater(data, capsys):
    """Gluon's trainer does in the updater's place, and the history comes back."""
    net = make_net()
    loss = gluon.loss.SoftmaxCrossEntropyLoss()
    history = d2l.train_ch3(net, data, data, loss, 3, make_trainer(net, 0.1))
    assert history[-1].loss < history[0].loss
    assert capsys.readouterr().out.count("epoch") == 3
    assert d2l.evaluate_accuracy(net, data) == history[-1].test_acc


def test_predictions_are_drawn(data):
    """As many images as asked for."""
    assert len(d2l.predict_ch3(make_net(), data, n=5).axes) == 5
