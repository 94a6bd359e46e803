"""Nets from scratch, as the cells of a notebook define them.

Each is the text of a cell that defines `net`; its names can be bound anew between two
batches, as a reader does who runs another cell.
"""

from __future__ import annotations

import types
from functools import partial

import gluon_softmax
from mxnet import autograd, nd

GLOBAL = """
def net(X):
    return nd.dot(X.reshape((-1, W.shape[0])), W) + b
"""

BOOK = """
def net(X):
    return gluon_softmax.net(X, W, b)
"""

PERCEPTRON = """
def relu(X):
    return nd.maximum(X, 0)

def net(X):
    H = relu(nd.dot(X.reshape((-1, W.shape[0])), W) + b)
    return nd.dot(H, W2) + b2
"""

NUMBER = """
def net(X):
    return (nd.dot(X.reshape((-1, W.shape[0])), W) + b) * scale
"""

BRANCH = """
def net(X):
    y_hat = nd.dot(X.reshape((-1, W.shape[0])), W) + b
    if scale > 2:
        return y_hat * 2
    return y_hat
"""

LIST = """
layers = [(W, b), (W2, b2)]

def net(X):
    H = X.reshape((-1, W.shape[0]))
    for weight, bias in layers:
        H = nd.dot(H, weight) + bias
    return H
"""

CLOSURE = """
def make():
    weight, bias = W, b

    def net(X):
        return nd.dot(X.reshape((-1, weight.shape[0])), weight) + bias

    def bind(name, value):
        nonlocal weight, bias
        weight, bias = (value, bias) if name == "W" else (weight, value)

    return net, bind

net, bind = make()
"""

PARTIAL = """
def linear(X, W, b):
    return nd.dot(X.reshape((-1, W.shape[0])), W) + b

net = partial(linear, W=W, b=b)

def bind(name, value):
    net.keywords[name] = value
"""

DEFAULTS = """
def net(X, weight=W, bias=b):
    return nd.dot(X.reshape((-1, weight.shape[0])), weight) + bias

def bind(name, value):
    net.__defaults__ = (value, b) if name == "W" else (W, value)
"""

CALLABLE = """
class Net:
    def __call__(self, X):
        return nd.dot(X.reshape((-1, W.shape[0])), W) + b

net = Net()
"""

METHOD = """
class Net:
    def forward(self, X):
        return nd.dot(X.reshape((-1, W.shape[0])), W) + b

net = Net().forward
"""

DROPOUT = """
def net(X):
    H = nd.dot(X.reshape((-1, W.shape[0])), W) + b
    if autograd.is_training():
        H = H * (nd.random.uniform(0, 1, H.shape) < 0.5) * 2
    return nd.dot(H, W2) + b2
"""

OPERATORS = """
def net(X):
    H = nd.FullyConnected(X, W.T, b, num_hidden=W.shape[1])
    return nd.softmax(nd.Activation(H, act_type="tanh"))
"""

MEAN = """
moving = nd.zeros(1)

def net(X):
    if autograd.is_training():
        moving[:] = 0.9 * moving + 0.1 * X.mean().detach()
    X = X.reshape((-1, W.shape[0])) - moving
    return nd.dot(X, W) + b
"""

COUNTING = """
def net(X):
    global scale
    scale = scale + 0.1
    return (nd.dot(X.reshape((-1, W.shape[0])), W) + b) * scale
"""

LARGEST = """
def net(X):
    X = X.reshape((-1, W.shape[0]))
    return nd.dot(X / (1 + X.max().asscalar()), W) + b
"""

CELLS = {
    "global": GLOBAL,
    "book": BOOK,
    "perceptron": PERCEPTRON,
    "number": NUMBER,
    "branch": BRANCH,
    "list": LIST,
    "closure": CLOSURE,
    "partial": PARTIAL,
    "defaults": DEFAULTS,
    "callable": CALLABLE,
    "method": METHOD,
    "dropout": DROPOUT,
    "operators": OPERATORS,
    "moving mean": MEAN,
    "counting": COUNTING,
    "largest": LARGEST,
}

WRAPPERS = {
    "as it is": lambda net: net,
    "lambda": lambda net: lambda X: net(X),
    "partial": partial,
}
"""What the package is given, made of the net; other ways to pass it go here."""

TWO_LAYERS = {"perceptron", "list", "dropout"}


class Notebook:
    """A namespace with parameters, in which a cell was run.

    Attributes
    ----------
    names : dict
        What the cell can see.
    """

    def __init__(self, name, num_inputs, classes):
        hidden = 5 if name in TWO_LAYERS else classes
        shapes = {"W": (num_inputs, hidden), "b": (hidden,)}
        if name in TWO_LAYERS:
            shapes |= {"W2": (hidden, classes), "b2": (classes,)}
        modules = {"nd": nd, "autograd": autograd, "gluon_softmax": gluon_softmax}
        self.names = {**modules, "partial": partial, "scale": 1.5}
        self.shapes = shapes
        for key, shape in shapes.items():
            self.names[key] = nd.random.normal(scale=0.4, shape=shape)
            self.names[key].attach_grad()
        exec(CELLS[name], self.names)

    @property
    def net(self):
        """The net as it is now."""
        return self.names["net"]

    def arrays(self):
        """List the parameters."""
        return [self.names[key] for key in self.shapes]

    def bind(self, key, value):
        """Bind a name to another value, in the cell's closure as well."""
        self.names[key] = value
        if "bind" in self.names:
            self.names["bind"](key, value)

    def redefine(self):
        """Give the net's function other code, as an editor that reloads does."""
        function = self.names["net"]
        if isinstance(function, types.FunctionType) and not function.__closure__:
            text = "lambda X: nd.dot(X.reshape((-1, W.shape[0])), W) * 2"
            code = compile(text, "cell", "eval")
            function.__code__ = code.co_consts[0]
