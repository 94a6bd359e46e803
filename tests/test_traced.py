"""Which functions a record may stand in for."""

from __future__ import annotations

from functools import partial

import mxnet as mx
import numpy as np
import pytest
from gluon_softmax import scratch
from gluon_softmax.engine.traced import is_straight, is_traceable, trace
from mxnet import autograd, gluon, nd, random
from mxnet.gluon import nn

num_inputs = 4
W, b = nd.ones((num_inputs, 3)), nd.zeros(3)
W.attach_grad()
b.attach_grad()
X, y = nd.random.uniform(shape=(2, 2, 2)), nd.array([0, 2], dtype="int32")
seen = []


def softmax(X):
    """As section 3.6.3 prints it."""
    X_exp = X.exp()
    partition = X_exp.sum(axis=1, keepdims=True)
    return X_exp / partition


def net(X):
    """As section 3.6.4 prints it, with global parameters."""
    return softmax(nd.dot(X.reshape((-1, num_inputs)), W) + b)


def cross_entropy(y_hat, y):
    """As section 3.6.5 prints it."""
    return -nd.pick(y_hat, y).log()


def printing(X):
    """Print in passing."""
    print(X.shape)
    return net(X)


def branching(X):
    """Decide by a number."""
    if X.shape[0] > 1:
        return net(X)
    return X


def looping(X):
    """Repeat."""
    for _ in range(2):
        X = X + 1
    return net(X)


def writing(X):
    """Change what is outside."""
    global num_inputs
    num_inputs = 4
    return net(X)


def in_place(X):
    """Change what was passed."""
    X += 1
    return net(X)


def keeping(X):
    """Keep what was passed."""
    seen.append(X)
    return net(X)


class Scaled:
    """An object that can be called."""

    def __call__(self, X):
        """Give the scores."""
        return net(X)


STRAIGHT = {
    "the book's net": net,
    "the book's loss": cross_entropy,
    "ours": partial(scratch.net, W=W, b=b),
    "naive": scratch.naive_softmax,
    "a module's name": lambda X: mx.nd.dot(X, W),
    "a constant": lambda X: nd.maximum(X, 0),
}
OTHERS = {
    "printing": printing,
    "branching": branching,
    "looping": looping,
    "writing": writing,
    "in place": in_place,
    "keeping": keeping,
    "an expression that branches": lambda X: X if num_inputs else -X,
    "looking at a number": lambda X: X / X.max().asscalar(),
    "leaving MXNet": lambda X: nd.array(X.asnumpy()),
    "drawing": lambda X: X * nd.random.uniform(shape=X.shape),
    "indexing by numbers": lambda X: X[X.argmax(axis=1)],
    "reading an object": lambda X: X * seen[0],
    "calling a layer": lambda X: nn.Dense(3)(X),
    "an argument that is a function": partial(lambda f, X: f(X), print),
    "an object": Scaled(),
    "a built-in function": abs,
    "NumPy's function": np.exp,
}


@pytest.mark.parametrize("function", STRAIGHT.values(), ids=STRAIGHT)
def test_straight_functions(function):
    """The chapter's code calls the same operators every time."""
    assert is_straight(function)


@pytest.mark.parametrize("function", OTHERS.values(), ids=OTHERS)
def test_other_functions(function):
    """What may do anything else is not straight."""
    assert not is_straight(function)


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        (None, True),
        (cross_entropy, True),
        (gluon.loss.SoftmaxCrossEntropyLoss(), True),
        (printing, False),
    ],
)
def test_losses(loss, expected):
    """A loss is to be as plain as the net."""
    assert is_traceable(net, loss) == expected


def test_the_record_computes_what_the_functions_do():
    """Losses, predictions and gradients of another batch are those of the functions."""
    random.seed(3)
    graph = trace(net, cross_entropy, X, y)
    other = nd.random.uniform(shape=X.shape)
    arrays = {"data": other, "label": y, **graph.arrays}
    executor = graph.symbol.bind(mx.cpu(), arrays)
    l, y_hat = (output.asnumpy() for output in executor.forward())
    np.testing.assert_array_equal(y_hat, net(other).asnumpy())
    np.testing.assert_array_equal(l, cross_entropy(net(other), y).asnumpy())
    assert graph.trained()[0] is W
    assert graph.key == trace(net, cross_entropy, X, y).key


def test_tracing_leaves_no_trace():
    """The gradients are what they were, and still those of the user's arrays."""
    W.grad[:] = 7
    trace(net, cross_entropy, X, y)
    assert (W.grad.asnumpy() == 7).all()
    with autograd.record():
        l = cross_entropy(net(X), y)
    l.backward()
    assert (W.grad.asnumpy() != 7).all()


def added_up():
    """Give an array whose gradients add up."""
    array = nd.ones((4, 3))
    array.attach_grad(grad_req="add")
    return array


NO_RECORD = {
    "gradients that add up": (added_up(), cross_entropy),
    "no gradient": (nd.ones((4, 3)), cross_entropy),
    "a loss that ignores the net": (W, lambda y_hat, y: W.sum(axis=1)),
}


def test_a_net_that_computes_nothing():
    """Where no operator is called there is no graph."""
    assert trace(lambda X: X, None, X, y) is None


@pytest.mark.parametrize(("array", "loss"), NO_RECORD.values(), ids=NO_RECORD)
def test_what_a_record_cannot_stand_in_for(array, loss):
    """There is no graph, and the functions are called as they are."""
    assert trace(lambda X: nd.dot(X.reshape((-1, 4)), array), loss, X, y) is None
