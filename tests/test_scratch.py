"""Sections 3.6 and 3.9 from scratch; `test_training` trains 3.6 against float64."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import reference
from gluon_softmax import hybridize, init_params, naive_softmax, softmax
from gluon_softmax.chapter import perceptron
from mxnet import autograd, gluon, nd


@pytest.mark.parametrize(
    ("draw", "shapes"),
    [
        (init_params, [(784, 10), (10,)]),
        (perceptron.init_params, [(784, 256), (256,), (256, 10), (10,)]),
    ],
)
def test_start_is_drawn_as_the_book_says(draw, shapes):
    params = draw()
    assert [param.shape for param in params] == shapes
    assert all(param.grad is not None for param in params)
    for weights, biases in zip(params[::2], params[1::2]):
        assert abs(weights.asnumpy().mean()) < 0.0005
        assert weights.asnumpy().std() == pytest.approx(0.01, rel=0.05)
        assert not biases.asnumpy().any()


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


def derive(X, labels, W1, b1, W2, b2):
    """Derive a perceptron's losses and the gradient of their sum by hand."""
    H = np.maximum(X @ W1 + b1, 0)
    scores = H @ W2 + b2
    error = reference.softmax(scores)
    error[np.arange(len(labels)), labels] -= 1
    dH = (error @ W2.T) * (H > 0)
    gradients = X.T @ dH, dH.sum(axis=0), H.T @ error, error.sum(axis=0)
    return reference.cross_entropy(scores, labels), *gradients


@pytest.mark.parametrize("prepare", [lambda net: net, hybridize])
def test_perceptron_agrees_with_float64(prepare):
    """Autograd gives the gradient that is derived by hand, hybridized or not."""
    shapes = (6, 5), (5,), (5, 4), (4,)
    arrays = [np.random.randn(*shape).astype("float32") for shape in shapes]
    params = [nd.array(array) for array in arrays]
    for param in params:
        param.attach_grad()
    net = prepare(
        partial(perceptron.net, **dict(zip(("W1", "b1", "W2", "b2"), params)))
    )
    loss = gluon.loss.SoftmaxCrossEntropyLoss()
    X, labels = np.random.randn(8, 6), np.random.randint(0, 4, 8)
    with autograd.record():
        l = loss(net(nd.array(X).reshape((8, 1, 2, 3))), nd.array(labels))
    l.backward()
    expected, *gradients = derive(X, labels, *arrays)
    np.testing.assert_allclose(l.asnumpy(), expected, rtol=1e-5, atol=1e-5)
    for param, gradient in zip(params, gradients):
        assert np.abs(gradient).max() > 0.1
        np.testing.assert_allclose(param.grad.asnumpy(), gradient, rtol=1e-4, atol=1e-5)
