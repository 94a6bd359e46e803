"""Section 3.6 against NumPy float64 and finite differences."""

from __future__ import annotations

import numpy as np
import pytest
import reference
from gluon_softmax import cross_entropy, init_params, naive_softmax, net, sgd, softmax
from gluon_softmax.chapter import scratch
from mxnet import autograd, gluon, nd


@pytest.fixture
def batch():
    """Give 8 samples of 6 pixels, their labels, and parameters for 4 classes."""
    X = np.random.rand(8, 6)
    labels = np.random.randint(0, 4, 8)
    return X, labels, np.random.randn(6, 4), np.random.randn(4)


def test_start_is_drawn_as_the_book_says():
    """Weights are Normal(0, 0.01), biases 0, and both have gradients."""
    W, b = init_params()
    assert W.shape == (784, 10)
    assert b.shape == (10,)
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


def test_cross_entropy_agrees_with_float64(batch):
    """The loss of each sample is minus the log-probability of its label."""
    X, labels, W, b = batch
    y_hat = net(nd.array(X), nd.array(W), nd.array(b))
    losses = cross_entropy(y_hat, nd.array(labels, dtype="int32")).asnumpy()
    np.testing.assert_allclose(
        losses, reference.cross_entropy(X @ W + b, labels), rtol=1e-5
    )


def test_gradient_agrees_with_finite_differences(batch):
    """What autograd gives is what a small change of each parameter does to the loss."""
    X, labels, W, b = batch
    params = [nd.array(W), nd.array(b)]
    for param in params:
        param.attach_grad()
    with autograd.record():
        loss = cross_entropy(net(nd.array(X), *params), nd.array(labels)).sum()
    loss.backward()

    def total(W, b):
        return reference.cross_entropy(X @ W + b, labels).sum()

    small = 1e-6
    for index in np.ndindex(W.shape):
        step = np.zeros_like(W)
        step[index] = small
        slope = (total(W + step, b) - total(W - step, b)) / (2 * small)
        assert params[0].grad[index].asscalar() == pytest.approx(slope, abs=1e-4)
    np.testing.assert_allclose(
        params[1].grad.asnumpy(), reference.gradient(X, labels, W, b)[1], atol=1e-5
    )


def test_sgd_steps_against_the_gradient():
    """A step is the learning rate times the gradient, divided by the batch size."""
    param = nd.array([1.0, 2.0])
    param.attach_grad()
    with autograd.record():
        loss = (param**2).sum()
    loss.backward()
    sgd([param], lr=0.5, batch_size=10)
    np.testing.assert_allclose(param.asnumpy(), [0.9, 1.8], rtol=1e-6)


def test_net_takes_images_of_any_layout(batch):
    """Images are flattened, whether they have a channel axis or not."""
    X, _, W, b = batch
    params = nd.array(W), nd.array(b)
    flat = net(nd.array(X), *params).asnumpy()
    images = net(nd.array(X).reshape((8, 1, 2, 3)), *params).asnumpy()
    np.testing.assert_array_equal(flat, images)


def test_momentum_is_gluons():
    """After three steps parameters are those of Gluon's sgd with momentum."""
    start = np.random.randn(4, 3).astype("float32")
    gradients = [nd.random.normal(shape=(4, 3)) for _ in range(3)]
    W = nd.array(start)
    W.attach_grad()
    trainer = scratch.MomentumTrainer([W], lr=0.3, momentum=0.9)
    param = gluon.Parameter("W", shape=(4, 3))
    param.initialize()
    param.set_data(nd.array(start))
    gluons = gluon.Trainer([param], "sgd", {"learning_rate": 0.3, "momentum": 0.9})
    for gradient in gradients:
        W.grad[:] = gradient
        param.grad()[:] = gradient
        param.data()._fresh_grad = True  # as a backward pass leaves it
        trainer.step(8)
        gluons.step(8)
    np.testing.assert_allclose(W.asnumpy(), param.data().asnumpy(), atol=1e-6)
    assert abs(W.asnumpy() - start).max() > 0.1
