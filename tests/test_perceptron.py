"""Section 3.9 against NumPy float64."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import reference
from gluon_softmax import hybridize
from gluon_softmax.chapter.perceptron import init_params, net
from mxnet import autograd, gluon, nd

NAMES = ("W1", "b1", "W2", "b2")
LOSS = gluon.loss.SoftmaxCrossEntropyLoss()


def derive(X, labels, W1, b1, W2, b2):
    """Derive losses and the gradient of their sum by hand, in float64."""
    H = np.maximum(X @ W1 + b1, 0)
    scores = H @ W2 + b2
    error = reference.softmax(scores)
    error[np.arange(len(labels)), labels] -= 1
    dH = (error @ W2.T) * (H > 0)
    gradients = X.T @ dH, dH.sum(axis=0), H.T @ error, error.sum(axis=0)
    return reference.cross_entropy(scores, labels), *gradients


def test_start_is_drawn_as_the_book_says():
    """784-256-10: weights from Normal(0, 0.01), biases 0, all with gradients."""
    W1, b1, W2, b2 = params = init_params()
    assert [param.shape for param in params] == [(784, 256), (256,), (256, 10), (10,)]
    assert all(param.grad is not None for param in params)
    for weights, biases in ((W1, b1), (W2, b2)):
        assert weights.asnumpy().std() == pytest.approx(0.01, rel=0.05)
        assert not biases.asnumpy().any()


@pytest.mark.parametrize("prepare", [lambda net: net, hybridize])
def test_loss_and_gradient_agree_with_float64(prepare):
    """Autograd gives the gradient that is derived by hand, hybridized or not."""
    shapes = (6, 5), (5,), (5, 4), (4,)
    arrays = [np.random.randn(*shape).astype("float32") for shape in shapes]
    params = [nd.array(array) for array in arrays]
    for param in params:
        param.attach_grad()
    function = prepare(partial(net, **dict(zip(NAMES, params))))
    X, labels = np.random.randn(8, 6), np.random.randint(0, 4, 8)
    with autograd.record():
        l = LOSS(function(nd.array(X).reshape((8, 1, 2, 3))), nd.array(labels))
    l.backward()
    expected, *gradients = derive(X, labels, *arrays)
    np.testing.assert_allclose(l.asnumpy(), expected, rtol=1e-5, atol=1e-5)
    for param, gradient in zip(params, gradients):
        assert np.abs(gradient).max() > 0.1
        np.testing.assert_allclose(param.grad.asnumpy(), gradient, rtol=1e-4, atol=1e-5)
