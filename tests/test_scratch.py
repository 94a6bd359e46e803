"""Section 3.6 against NumPy float64."""

from __future__ import annotations

import numpy as np
import pytest
import reference
from gluon_softmax import (
    MomentumTrainer,
    cross_entropy,
    init_params,
    naive_softmax,
    net,
    softmax,
)
from mxnet import autograd, gluon, nd


def test_start_is_drawn_as_the_book_says():
    """Weights are Normal(0, 0.01), biases 0, and both have gradients."""
    W, b = init_params()
    assert (W.shape, b.shape) == ((784, 10), (10,))
    assert W.grad is not None
    assert b.grad is not None
    assert not b.asnumpy().any()
    assert abs(W.asnumpy().mean()) < 0.0005
    assert W.asnumpy().std() == pytest.approx(0.01, rel=0.05)


@pytest.mark.parametrize("function", [softmax, naive_softmax])
def test_softmax_agrees_with_float64(function):
    """Both forms give probabilities where no score is large."""
    scores = np.random.randn(50, 10) * 5
    probabilities = function(nd.array(scores)).asnumpy()
    np.testing.assert_allclose(probabilities, reference.softmax(scores), rtol=2e-5)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)


@pytest.mark.parametrize(("score", "overflows"), [(50, False), (88, False), (89, True)])
def test_naive_softmax_overflows_at_89(score, overflows):
    """The exponential of 89 is beyond float32, that of 50 is not."""
    scores = nd.array([[score, 0.0]])
    assert np.isnan(naive_softmax(scores).asnumpy()).any() == overflows
    np.testing.assert_array_equal(softmax(scores).asnumpy()[0].round(6), [1, 0])


@pytest.mark.parametrize("shape", [(8, 6), (8, 1, 2, 3)])
def test_loss_and_gradient_agree_with_float64(shape):
    """Of images of any layout: they are flattened."""
    X, labels = np.random.rand(8, 6), np.random.randint(0, 4, 8)
    W, b = np.random.randn(6, 4), np.random.randn(4)
    params = [nd.array(W), nd.array(b)]
    for param in params:
        param.attach_grad()
    with autograd.record():
        y_hat = net(nd.array(X).reshape(shape), *params)
        l = cross_entropy(y_hat, nd.array(labels, dtype="int32"))
    l.backward()
    expected = reference.cross_entropy(X @ W + b, labels)
    np.testing.assert_allclose(l.asnumpy(), expected, rtol=1e-5)
    for param, gradient in zip(params, reference.gradient(X, labels, W, b)):
        np.testing.assert_allclose(param.grad.asnumpy(), gradient, atol=1e-5)


def test_momentum_is_gluons():
    """After three steps parameters are those of Gluon's sgd with momentum."""
    start = nd.random.normal(shape=(4, 3))
    W = start.copy()
    W.attach_grad()
    param = gluon.Parameter("W", shape=(4, 3))
    param.initialize()
    param.set_data(start)
    gluons = gluon.Trainer([param], "sgd", {"learning_rate": 0.3, "momentum": 0.9})
    ours = MomentumTrainer([W], lr=0.3, momentum=0.9)
    for _ in range(3):
        factor = nd.random.normal(shape=(4, 3))
        with autograd.record():
            l = (W * factor).sum() + (param.data() * factor).sum()
        l.backward()
        ours.step(8)
        gluons.step(8)
    np.testing.assert_allclose(W.asnumpy(), param.data().asnumpy(), atol=1e-6)
    assert abs(W - start).max().asscalar() > 0.1
