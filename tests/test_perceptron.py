"""Section 3.9 against NumPy float64."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import reference
from gluon_softmax import hybridize, train_ch3
from gluon_softmax.chapter.perceptron import init_params, net, relu
from gluon_softmax.data.loader import BatchLoader
from mxnet import autograd, gluon, nd

NAMES = ("W1", "b1", "W2", "b2")
LOSS = gluon.loss.SoftmaxCrossEntropyLoss()


@pytest.fixture
def params():
    """Give parameters for 6 pixels, 5 hidden units and 4 classes, far from 0."""
    shapes = (6, 5), (5,), (5, 4), (4,)
    arrays = [nd.array(np.random.randn(*shape)) for shape in shapes]
    for array in arrays:
        array.attach_grad()
    return arrays


def derive(X, labels, W1, b1, W2, b2):
    """Derive the gradient of the summed loss by hand, in float64."""
    H = X @ W1 + b1
    dW2, db2 = reference.gradient(np.where(H > 0, H, 0), labels, W2, b2)
    error = reference.softmax(np.where(H > 0, H, 0) @ W2 + b2)
    error[np.arange(len(labels)), labels] -= 1
    dH = (error @ W2.T) * (H > 0)
    return X.T @ dH, dH.sum(axis=0), dW2, db2


def test_start_is_drawn_as_the_book_says():
    """784-256-10: weights from Normal(0, 0.01), biases 0, all with gradients."""
    W1, b1, W2, b2 = params = init_params()
    assert [param.shape for param in params] == [(784, 256), (256,), (256, 10), (10,)]
    assert all(param.grad is not None for param in params)
    for weights, biases in ((W1, b1), (W2, b2)):
        assert weights.asnumpy().std() == pytest.approx(0.01, rel=0.05)
        assert not biases.asnumpy().any()


def test_relu_keeps_what_is_positive():
    """Below 0 there is 0, and no gradient."""
    X = nd.array([[-2.0, -0.5], [0.5, 3.0]])
    X.attach_grad()
    with autograd.record():
        Y = relu(X)
    Y.backward()
    np.testing.assert_array_equal(Y.asnumpy(), [[0, 0], [0.5, 3]])
    np.testing.assert_array_equal(X.grad.asnumpy(), [[0, 0], [1, 1]])


def test_gradient_agrees_with_float64(params):
    """Autograd gives the gradient that is derived by hand."""
    X, labels = np.random.randn(8, 6), np.random.randint(0, 4, 8)
    with autograd.record():
        l = LOSS(net(nd.array(X), *params), nd.array(labels))
    l.backward()
    W1, b1, W2, b2 = (param.asnumpy().astype("float64") for param in params)
    scores = np.maximum(X @ W1 + b1, 0) @ W2 + b2
    expected = reference.cross_entropy(scores, labels)
    np.testing.assert_allclose(l.asnumpy(), expected, rtol=1e-5, atol=1e-5)
    for param, gradient in zip(params, derive(X, labels, W1, b1, W2, b2)):
        assert np.abs(gradient).max() > 0.1
        np.testing.assert_allclose(param.grad.asnumpy(), gradient, rtol=1e-4, atol=1e-5)


def test_it_can_be_hybridized(params):
    """Its graph gives what it gives, in every gradient too."""
    plain = partial(net, **dict(zip(NAMES, params)))
    X, y = nd.array(np.random.randn(8, 1, 2, 3)), nd.array([0, 1, 2, 3] * 2)
    found = []
    for function in (plain, hybridize(plain)):
        with autograd.record():
            l = LOSS(function(X), y)
        l.backward()
        found.append([l.asnumpy(), *(param.grad.asnumpy() for param in params)])
    for array, expected in zip(*found):
        np.testing.assert_allclose(array, expected, rtol=1e-5, atol=1e-6)


def test_train_ch3_serves_it_unchanged(small_set):
    """The loop's result is that of plain calls, batch by batch."""
    start = init_params(num_hiddens=16)
    looped, plain = ([param.copy() for param in start] for _ in range(2))
    for param in looped + plain:
        param.attach_grad()
    train_iter = BatchLoader(small_set, 8, shuffle=True, seed=1)
    test_iter = BatchLoader(small_set, 8)
    looped_net = partial(net, **dict(zip(NAMES, looped)))
    history = train_ch3(looped_net, train_iter, test_iter, LOSS, 2, 8, looped, 0.5)
    train_iter.epoch = 0
    for _ in range(2):
        losses = [step_plainly(plain, X, y) for X, y in train_iter]
    assert history[-1].loss == pytest.approx(np.concatenate(losses).mean(), rel=1e-5)
    for param, expected, before in zip(looped, plain, start):
        assert (param != before).sum().asscalar() > 0
        np.testing.assert_allclose(param.asnumpy(), expected.asnumpy(), atol=1e-6)


def step_plainly(params, X, y):
    """Take one batch through the net, and step by hand; give its losses."""
    with autograd.record():
        l = LOSS(net(X, *params), y)
    l.backward()
    for param in params:
        param -= 0.5 * param.grad / 8
    return l.asnumpy()
