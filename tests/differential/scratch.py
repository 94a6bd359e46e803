"""Nets from scratch, as the cells of a notebook define them.

Each is the text of a cell that defines `net`; its names can be bound anew between two
batches, as a reader does who runs another cell.
"""

import types
from functools import partial

import gluon_softmax
from mxnet import autograd, nd


def linear(X, W, b):
    return nd.dot(X.reshape((-1, W.shape[0])), W) + b


NAMES = {
    **{"nd": nd, "autograd": autograd, "gluon_softmax": gluon_softmax},
    **{"partial": partial, "linear": linear, "scale": 1.5},
}
"""What a cell can see, beside its parameters."""

CELLS = {
    "global": "net = lambda X: nd.dot(X.reshape((-1, W.shape[0])), W) + b",
    "book": "net = lambda X: gluon_softmax.net(X, W, b)",
    "perceptron": """
relu = lambda X: nd.maximum(X, 0)
net = lambda X: linear(relu(linear(X, W, b)), W2, b2)
""",
    "number": "net = lambda X: linear(X, W, b) * scale",
    "branch": "net = lambda X: linear(X, W, b) * (2 if scale > 2 else 1)",
    "list": """
layers = [(W, b), (W2, b2)]

def net(X):
    for weight, bias in layers:
        X = linear(X, weight, bias)
    return X
""",
    "closure": """
def make():
    weight, bias = W, b

    def net(X):
        return linear(X, weight, bias)

    def bind(name, value):
        nonlocal weight, bias
        weight, bias = (value, bias) if name == "W" else (weight, value)

    return net, bind

net, bind = make()
""",
    "partial": """
net = partial(linear, W=W, b=b)
bind = lambda name, value: net.keywords.update({name: value})
""",
    "defaults": """
def net(X, weight=W, bias=b):
    return linear(X, weight, bias)

def bind(name, value):
    net.__defaults__ = (value, b) if name == "W" else (W, value)
""",
    "callable": """
class Net:
    def __call__(self, X):
        return linear(X, W, b)

net = Net()
""",
    "method": """
class Net:
    def forward(self, X):
        return linear(X, W, b)

net = Net().forward
""",
    "dropout": """
def net(X):
    H = linear(X, W, b)
    if autograd.is_training():
        H = H * (nd.random.uniform(0, 1, H.shape) < 0.5) * 2
    return linear(H, W2, b2)
""",
    "operators": """
def net(X):
    H = nd.FullyConnected(X, W.T, b, num_hidden=W.shape[1])
    return nd.softmax(nd.Activation(H, act_type="tanh"))
""",
    "moving mean": """
moving = nd.zeros(1)

def net(X):
    if autograd.is_training():
        moving[:] = 0.9 * moving + 0.1 * X.mean().detach()
    return linear(X - moving, W, b)
""",
    "counting": """
def net(X):
    global scale
    scale = scale + 0.1
    return linear(X, W, b) * scale
""",
    "largest": "net = lambda X: linear(X / (1 + X.max().asscalar()), W, b)",
}

WRAPPERS = {
    "as it is": lambda net: net,
    "lambda": lambda net: lambda X: net(X),
    "partial": partial,
    "hybridized": gluon_softmax.hybridize,
}
"""What the package is given, made of the net."""

TWO_LAYERS = {"perceptron", "list", "dropout"}


class Notebook:
    """A namespace with parameters, in which a cell was run."""

    def __init__(self, name, num_inputs, classes):
        hidden = 5 if name in TWO_LAYERS else classes
        self.shapes = {"W": (num_inputs, hidden), "b": (hidden,)}
        if name in TWO_LAYERS:
            self.shapes |= {"W2": (hidden, classes), "b2": (classes,)}
        self.names = dict(NAMES)
        for key, shape in self.shapes.items():
            self.names[key] = nd.random.normal(scale=0.4, shape=shape)
            self.names[key].attach_grad()
        exec(CELLS[name], self.names)

    @property
    def net(self):
        return self.names["net"]

    def arrays(self):
        return [self.names[key] for key in self.shapes]

    def bind(self, key, value):
        """Bind a name to another value, in the cell's closure as well."""
        self.names[key] = value
        if "bind" in self.names:
            self.names["bind"](key, value)

    def detach(self, key):
        self.bind(key, self.names[key].detach())

    def redefine(self):
        """Give the net's function other code, as an editor that reloads does."""
        function = self.names["net"]
        if isinstance(function, types.FunctionType) and not function.__closure__:
            two = "W2" in self.shapes
            text = "linear(linear(X, W, b), W2, b2)" if two else "linear(X, W, b)"
            code = compile(f"lambda X: {text} * 2", "cell", "eval")
            function.__code__ = code.co_consts[0]
