"""Blocks as users write them, each with something that only calling it does."""

import mxnet as mx
from mxnet import autograd, nd
from mxnet.gluon import Block, HybridBlock, nn


class Residual(nn.HybridSequential):
    """Layers whose input is added to what they give."""

    def hybrid_forward(self, F, x):
        return x + super().hybrid_forward(F, x)


class Own(Block):
    """A block that computes a function of the user's."""

    def __init__(self, function):
        super().__init__()
        self._function = function

    def forward(self, x):
        return self._function(x)


class Scaled(Block):
    """A block that uses its parameter in Python."""

    def __init__(self):
        super().__init__()
        self.scale = self.params.get("scale", shape=(1,), init="ones")

    def forward(self, x):
        return x * self.scale.data()


class Read(Scaled):
    """A block that reads its parameter as a number, so that it gets no gradient."""

    def forward(self, x):
        return x * self.scale.data().asscalar()


class HybridScaled(HybridBlock):
    """A block with a parameter, a constant, and a number that may be changed."""

    def __init__(self):
        super().__init__()
        self.factor = 1.5
        self.scale = self.params.get("scale", shape=(1,), init="ones")
        self.shift = self.params.get_constant("shift", nd.array([0.5]))

    def hybrid_forward(self, F, x, scale, shift):
        return F.broadcast_add(F.broadcast_mul(x, scale), shift) * self.factor


class Reversed(autograd.Function):
    """An operator in Python, whose gradient is of its own making."""

    def forward(self, x):
        return x * 1

    def backward(self, dy):
        return -dy


class Listed(Block):
    """A block whose layers are in a list, where Gluon does not find them."""

    def __init__(self, *layers):
        super().__init__()
        self.layers = list(layers)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


class Named(Block):
    """A block whose layers are attributes."""

    def __init__(self, *layers):
        super().__init__()
        self.number = len(layers)
        for i, layer in enumerate(layers):
            setattr(self, f"layer{i}", layer)

    def forward(self, x):
        for i in range(self.number):
            x = getattr(self, f"layer{i}")(x)
        return x


def multiply(function, factor=2):
    """Return what gives so many times what a function or method does."""
    return lambda *given, **named: function(*given, **named) * factor


def double(owner, name):
    """Replace a method of an object by twice what it gives."""
    setattr(owner, name, multiply(getattr(owner, name)))
    return owner


def derive(kind, factor=1, method="hybrid_forward"):
    """Make a class that looks like Gluon's, and may give so many times as much."""
    original = getattr(kind, method)
    own = {method: multiply(original, factor)} if factor != 1 else {}
    return type("Own" + kind.__name__, (kind,), own)


Doubled, Tripled = derive(nn.Sequential, 2, "forward"), derive(nn.Dense, 3)


def compute_unrecorded(x):
    """Compute a part of the sum outside of autograd's record."""
    with autograd.pause():
        y = x * 0.1
    return x + y


def make_named_symbol():
    """Make a block of a symbol, with a parameter called `label`."""
    x, label = mx.sym.var("data"), mx.sym.var("label", shape=(1,))
    return mx.gluon.SymbolBlock(mx.sym.broadcast_mul(x, label + 1), x)
