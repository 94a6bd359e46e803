"""Section 3.7 against section 3.6 and NumPy float64."""

from __future__ import annotations

import numpy as np
import pytest
import reference
from gluon_softmax import make_net, make_trainer
from mxnet import autograd, gluon, nd


def test_net_is_one_dense_layer_with_the_books_start():
    """Ten outputs, weights from Normal(0, 0.01), biases 0."""
    net = make_net()
    assert net(nd.zeros((2, 1, 28, 28))).shape == (2, 10)
    weights = net[0].weight.data().asnumpy()
    assert weights.shape == (10, 784)
    assert weights.std() == pytest.approx(0.01, rel=0.05)
    assert not net[0].bias.data().asnumpy().any()


def test_one_step_agrees_with_float64():
    """A step of the trainer is the one derived by hand."""
    X, labels = np.random.rand(8, 6), np.random.randint(0, 4, 8)
    net = make_net(4)
    trainer = make_trainer(net, lr=0.1)
    net(nd.array(X))
    weight, bias = net[0].weight.data(), net[0].bias.data()
    W, b = weight.asnumpy().T, bias.asnumpy()
    with autograd.record():
        l = gluon.loss.SoftmaxCrossEntropyLoss()(net(nd.array(X)), nd.array(labels))
    l.backward()
    trainer.step(8)
    expected = reference.cross_entropy(X @ W + b, labels)
    np.testing.assert_allclose(l.asnumpy(), expected, rtol=1e-5)
    dW, db = reference.gradient(X, labels, W, b)
    np.testing.assert_allclose(weight.asnumpy().T, W - 0.1 * dW / 8, atol=1e-6)
    np.testing.assert_allclose(bias.asnumpy(), b - 0.1 * db / 8, atol=1e-6)
