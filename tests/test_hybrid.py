"""Functions that the user hybridizes: what they give, and what is refused."""

import itertools
from functools import partial

import numpy as np
import pytest
from gluon_softmax import evaluate_accuracy, hybridize
from gluon_softmax.chapter import scratch
from gluon_softmax.errors import ArgumentError
from mxnet import autograd, nd
from mxnet.gluon import nn


def draw_params():
    """Draw W and b with gradients, the same each time."""
    draw = np.random.RandomState(0)
    params = [nd.array(draw.randn(16, 10) / 9), nd.array(draw.randn(10) / 9)]
    for param in params:
        param.attach_grad()
    return params


VARIABLES = {  # what is in a cell, and what is in the next one
    "number": ("net = lambda X: X * scale", "scale = 3.0"),
    "of an inner function": ("net = lambda X: (lambda h: h * scale)(X)", "scale = 3.0"),
    "function": (
        "helper = lambda h: h * 2\nnet = lambda X: (lambda h: helper(h))(X)",
        "helper = lambda h: h * 3",
    ),
    "list": (
        "factors = [2.0]\nnet = lambda X: X * sum(factors)",
        "factors.append(1.0)",
    ),
    "dict": (
        "settings = {str(n): 2.0 for n in range(100)}\n"
        "net = lambda X: X * settings['50']",
        "settings['50'] = 3.0",
    ),
    "new key": (
        "settings = {}\nnet = lambda X: X * settings.get('new', 2.0)",
        "settings['new'] = 3.0",
    ),
    "closure": (
        "def make(scale):\n"
        "    def set_scale(value):\n"
        "        nonlocal scale\n"
        "        scale = value\n"
        "    return lambda X: X * scale, set_scale\n"
        "net, set_scale = make(2.0)",
        "set_scale(3.0)",
    ),
    "default": ("net = lambda X, scale=2.0: X * scale", "net.__defaults__ = (3.0,)"),
    "code": ("net = lambda X: X * 2", "net.__code__ = (lambda X: X * 3).__code__"),
    "partial": (
        "net = partial(lambda X, scale: X * scale, scale=2.0)",
        "net.keywords['scale'] = 3.0",
    ),
    "parameter": ("net = lambda X: X * W", "W = W + 1\nW.attach_grad()"),
    "parameter of an inner function": (
        "net = lambda X: (lambda h: h * W)(X)",
        "W = W + 1\nW.attach_grad()",
    ),
    "parameter in place": ("net = lambda X: X * W", "W[:] = 3"),
    "parameter in a list of lists": (
        "layers = [[W, b]]\nnet = lambda X: X * layers[0][0] + layers[0][1]",
        "layers[0][1] = layers[0][1] + 1\nlayers[0][1].attach_grad()",
    ),
}


@pytest.mark.parametrize(("cell", "next_cell"), VARIABLES.values(), ids=VARIABLES)
def test_a_variable_that_changes_is_seen(cell, next_cell):
    """Wherever in the function it is used, and whatever holds it."""
    names = {"nd": nd, "partial": partial, "scale": 2.0}
    names |= {"W": nd.full((1, 2), 2), "b": nd.zeros((1, 2))}
    for name in ("W", "b"):
        names[name].attach_grad()
    exec(cell, names)
    net, X = hybridize(names["net"]), nd.ones((2, 2))
    assert (net(X) == 2).asnumpy().all()
    exec(next_cell, names)
    assert (net(X) == 3).asnumpy().all()


def test_training_and_prediction_are_recorded_apart():
    """A function may ask which of them it is for."""
    net, X = hybridize(lambda X: X * (2 if autograd.is_training() else 1)), nd.ones(3)
    assert (net(X) == 1).asnumpy().all()
    with autograd.record():
        assert (net(X) == 2).asnumpy().all()


W, B = draw_params()
PLAIN, NUMBERS = nd.ones((16, 10)), "the numbers of its inputs"
UNFIT = {  # functions that cannot be graphs, and what the error says
    "asscalar": (lambda X: nd.dot(X, W) / X.max().asscalar(), NUMBERS),
    "branch": (lambda X: nd.dot(X, W) * (1 if X.sum() > 40 else 2), NUMBERS),
    "random": (lambda X: nd.dot(X, W) + nd.random.normal(shape=(4, 10)), ""),
    "dropout": (lambda X: nd.Dropout(nd.dot(X, W), mode="always"), "two results"),
    "constant": (lambda X: nd.dot(X, PLAIN) + B, "no gradient attached"),
    "tuple": (lambda X: (X, W), "returned tuple"),
    "not recorded": (lambda X: nd.array([1.0]), "not a result"),
}


@pytest.mark.parametrize(("function", "message"), UNFIT.values(), ids=UNFIT)
def test_what_is_seen_to_be_unfit_is_refused(function, message):
    """In one line, with the reason, however it is used."""
    X = nd.array(np.random.RandomState(0).rand(4, 16) + 3.9 / 16)
    with pytest.raises(
        ArgumentError, match=f"cannot be hybridized: .*({message})"
    ) as error:
        hybridize(function)(X)
    assert "\n" not in str(error.value)
    with pytest.raises(ArgumentError, match="cannot be hybridized"):
        evaluate_accuracy([(X, nd.zeros(4))], hybridize(function))


@pytest.mark.parametrize("thing", [nn.Dense(3), 3, None])
def test_only_functions_are_hybridized(thing):
    """Gluon's blocks have a method of their own."""
    with pytest.raises(ArgumentError, match="expected a function"):
        hybridize(thing)


def test_shapes_are_recorded_one_by_one():
    """A function may use the shape of its inputs in Python."""
    net = hybridize(lambda X: X * X.shape[0])
    for n in [*range(1, 40), 1]:
        assert (net(nd.ones((n, 2))) == n).asnumpy().all()


def test_a_long_list_is_known_again():
    """Its length is a new number each time it is asked for."""
    calls, numbers = itertools.count(), [2] * 300

    def double(X):
        next(calls)
        return X * numbers[0]

    function = hybridize(double)
    for _ in range(5):
        assert (function(nd.ones(2)) == 2).asnumpy().all()
    assert next(calls) <= 3
    numbers.append(2)
    assert (function(nd.ones(2)) == 2).asnumpy().all()
    assert next(calls) > 3


def test_its_gradients_are_autograds():
    """Of the inputs too, and added up where that was asked for."""
    W, b = draw_params()
    W.attach_grad("add")
    net, X = hybridize(partial(scratch.net, W=W, b=b)), nd.ones((2, 16))
    X.attach_grad()
    for _ in range(2):
        with autograd.record():
            y_hat = net(X)[:, 0]
        y_hat.backward()
    found = [W.grad.asnumpy(), X.grad.asnumpy()]
    W.attach_grad()
    with autograd.record():
        y_hat = scratch.net(X, W, b)[:, 0]
    y_hat.backward()
    np.testing.assert_allclose(found[0], 2 * W.grad.asnumpy(), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found[1], X.grad.asnumpy(), rtol=1e-4, atol=1e-6)
