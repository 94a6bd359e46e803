"""Functions that the user hybridizes: what they give, and what is refused."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from gluon_softmax import ImageDataset, evaluate_accuracy, hybridize, load_data
from gluon_softmax import train_ch3 as train
from gluon_softmax.chapter import scratch
from gluon_softmax.errors import ArgumentError
from mxnet import autograd, gluon, nd
from mxnet.gluon import nn

LOSSES = {
    "from scratch": scratch.cross_entropy,
    "hybridized": hybridize(scratch.cross_entropy),
    "Gluon's": gluon.loss.SoftmaxCrossEntropyLoss(),
}


@pytest.fixture
def loaders():
    """Load mini-batches of 84 and 20 images, the last one smaller."""
    draw = np.random.RandomState(0)
    images = draw.randint(0, 256, (104, 4, 4), dtype="uint8")
    data = ImageDataset(images[:84], np.arange(84) % 10)
    return load_data(data, ImageDataset(images[84:], np.arange(20) % 10), 16, seed=1)


def draw_params():
    """Draw W and b with gradients, the same each time."""
    draw = np.random.RandomState(0)
    params = [nd.array(draw.randn(16, 10) / 9), nd.array(draw.randn(10) / 9)]
    for param in params:
        param.attach_grad()
    return params


@pytest.mark.parametrize("name", LOSSES)
def test_training_gives_the_numbers_of_the_function(name, loaders):
    """Parameters and figures, with each kind of loss, with the engine and without."""
    results = []
    for hybrid, options in ((False, {}), (True, {}), (True, {"engine": None})):
        params = draw_params()
        net = partial(scratch.net, W=params[0], b=params[1])
        net = hybridize(net) if hybrid else net
        loaders[0].epoch = 0
        history = train(net, *loaders, LOSSES[name], 3, 16, params, 0.1, **options)
        figures = [history.column(c) for c in ("loss", "train_acc", "test_acc")]
        results.append([np.array(figures), *(p.asnumpy() for p in params)])
    for found in results[1:]:
        for array, expected in zip(found, results[0]):
            np.testing.assert_allclose(array, expected, rtol=1e-5, atol=1e-6)


def test_variables_may_be_of_any_kind():
    """A global's, a closure's, an argument's or in a list; and each may change."""
    params, scale = draw_params(), 2.0

    def helper(X):
        return nd.dot(X, params[0]) * scale

    net = hybridize(lambda X: helper(X) + params[1])
    X = nd.ones((3, 16))
    W, b = (param.asnumpy() for param in params)
    np.testing.assert_allclose(
        net(X).asnumpy(), (W.sum(0) * 2 + b)[None].repeat(3, 0), rtol=1e-4
    )
    scale = 3.0
    np.testing.assert_allclose(net(X).asnumpy()[0], W.sum(0) * 3 + b, rtol=1e-4)
    params[0] = params[0] * 0 + 1
    params[0].attach_grad()
    np.testing.assert_allclose(net(X).asnumpy()[0], 48 + b, rtol=1e-4)
    params[1][:] = 0  # in place
    np.testing.assert_allclose(net(X).asnumpy()[0], np.full(10, 48), rtol=1e-4)


def test_training_and_prediction_are_recorded_apart():
    """A function may ask which of them it is for."""
    W, _ = draw_params()
    net = hybridize(lambda X: nd.dot(X, W) * (2 if autograd.is_training() else 1))
    X = nd.ones((1, 16))
    plain = net(X).asnumpy()
    with autograd.record():
        trained = net(X)
    np.testing.assert_allclose(trained.asnumpy(), plain * 2, rtol=1e-6)


def test_parameters_may_be_in_lists_of_lists():
    """As the layers of a net from scratch; each may be made anew."""
    layers = [draw_params(), draw_params()]
    layers[1][0] = layers[1][0][:10].copy()
    layers[1][0].attach_grad()

    def plain(X):
        for W, b in layers:
            X = nd.dot(X, W) + b
        return X

    net, X = hybridize(plain), nd.ones((2, 16))
    np.testing.assert_allclose(net(X).asnumpy(), plain(X).asnumpy(), rtol=1e-5)
    layers[0][1] = layers[0][1] + 1
    layers[0][1].attach_grad()
    np.testing.assert_allclose(net(X).asnumpy(), plain(X).asnumpy(), rtol=1e-5)


class Model:
    """Something that is called, and is no function."""

    def __call__(self, X):
        return X


def list_unfit():
    """List functions that cannot be graphs, with what the error says."""
    W, b = draw_params()
    plain = nd.ones((16, 10))
    numbers = "the numbers of its inputs"
    unfit = {
        "asscalar": (lambda X: nd.dot(X, W) / X.max().asscalar(), numbers),
        "branch": (lambda X: nd.dot(X, W) * (1 if X.sum() > 40 else 2), numbers),
        "random": (lambda X: nd.dot(X, W) + nd.random.normal(shape=(4, 10)), ""),
        "dropout": (lambda X: nd.Dropout(nd.dot(X, W), mode="always"), "two results"),
        "constant": (lambda X: nd.dot(X, plain) + b, "no gradient attached"),
        "tuple": (lambda X: (X, W), "returned tuple"),
        "not recorded": (lambda X: nd.array([1.0]), "not a result"),
    }
    for name, case in unfit.items():
        yield pytest.param(*case, id=name)


@pytest.mark.parametrize(("function", "message"), list(list_unfit()))
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


@pytest.mark.parametrize("thing", [nn.Dense(3), Model(), 3, None])
def test_only_functions_are_hybridized(thing):
    """Gluon's blocks have a method of their own."""
    with pytest.raises(ArgumentError, match="expected a function"):
        hybridize(thing)


def test_shapes_are_recorded_one_by_one():
    """A function may use the shape of its inputs in Python."""
    W, _ = draw_params()
    net = hybridize(lambda X: nd.dot(X, W) / X.shape[0])
    for n in [*range(1, 40), 1]:
        found = net(nd.ones((n, 16))).asnumpy()
        np.testing.assert_allclose(found[0], W.asnumpy().sum(0) / n, rtol=1e-4)


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


def redefine(body: str):
    """Make a function whose globals are its own, and return both."""
    variables = {"scale": 2.0, "W": nd.ones((1, 2)), "nd": nd}
    exec(body, variables)
    return variables["net"], variables


@pytest.mark.parametrize(
    ("body", "change"),
    [
        (
            "def net(X):\n    return (lambda h: h * scale)(X)",
            lambda variables: variables.update(scale=3.0),
        ),
        (
            "def helper(h):\n    return h * 2\n"
            "def net(X):\n    return (lambda h: helper(h))(X)",
            lambda variables: variables.update(helper=lambda h: h * 3),
        ),
        (
            "factors = [2.0]\n"
            "def net(X):\n    for f in factors:\n        X = X * f\n    return X",
            lambda variables: variables["factors"].append(1.5),
        ),
        (
            "settings = {str(n): 2.0 for n in range(100)}\n"
            "def net(X):\n    return X * settings['50']",
            lambda variables: variables["settings"].update({"50": 3.0}),
        ),
        (
            "settings = {}\ndef net(X):\n    return X * settings.get('new', 2.0)",
            lambda variables: variables["settings"].update(new=3.0),
        ),
    ],
)
def test_a_variable_that_changes_is_seen(body, change):
    """Wherever in the function it is used, and whatever holds it."""
    function, variables = redefine(body)
    net, X = hybridize(function), nd.ones((2, 2))
    assert (net(X) == function(X)).asnumpy().all()
    change(variables)
    assert (net(X) == function(X)).asnumpy().all()
    assert net(X)[0, 0].asscalar() == 3


def test_a_parameter_of_an_inner_function_is_found():
    """It is a variable of the module all the same."""
    body = "W.attach_grad()\ndef net(X):\n    return (lambda h: h * W)(X)"
    function, _ = redefine(body)
    X = nd.ones((2, 2))
    np.testing.assert_array_equal(hybridize(function)(X).asnumpy(), X.asnumpy())
