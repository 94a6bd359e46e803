"""Blocks as users write them, each with something that only calling it does."""

from __future__ import annotations

import mxnet as mx
from mxnet import autograd, nd
from mxnet.gluon import Block, HybridBlock, nn


class Residual(nn.HybridSequential):
    """Layers whose input is added to what they give."""

    def hybrid_forward(self, F, x):
        return x + super().hybrid_forward(F, x)


class Doubled(nn.Sequential):
    """Layers in sequence, all of them twice as large."""

    def forward(self, x):
        return super().forward(x) * 2


class Tripled(nn.Dense):
    """A dense layer that looks like Gluon's and is not."""

    def hybrid_forward(self, F, x, weight, bias=None):
        return super().hybrid_forward(F, x, weight, bias) * 3


class OwnDense(nn.Dense):
    """A dense layer with a name of its own and nothing else."""


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


class Idle(nn.HybridSequential):
    """A block with a child that it does not use."""

    def __init__(self):
        super().__init__()
        self.idle = nn.Dense(2, in_units=2)

    def hybrid_forward(self, F, x):
        return F.tanh(x)


class Watching(Block):
    """A block that tells a world of its calls; its input is what it gives."""

    def __init__(self, world, keep=False):
        super().__init__()
        self._tell = world.kept.append if keep else lambda x: world.count()

    def forward(self, x):
        self._tell(x)
        return x


class Moody(Block):
    """A block that computes something else in training."""

    def forward(self, x):
        return x * 3 if autograd.is_training() else x


class Recording(Block):
    """A block that computes something else when autograd records it."""

    def forward(self, x):
        return x * 2 if autograd.is_recording() else x


class Alternating(Block):
    """A block that computes something else at every other call."""

    def __init__(self):
        super().__init__()
        self.calls = 0

    def forward(self, x):
        self.calls += 1
        return x * (1 + self.calls % 2)


class Remembering(Block):
    """A block that adds a part of the batch before."""

    def __init__(self):
        super().__init__()
        self.last = 0

    def forward(self, x):
        result = x + self.last
        self.last = x.mean().asscalar() * 0.1
        return result


class Reversed(autograd.Function):
    """An operator in Python, whose gradient is of its own making."""

    def forward(self, x):
        return x * 1

    def backward(self, dy):
        return -dy


class Reversing(Block):
    """A block of a custom operator."""

    def forward(self, x):
        return Reversed()(x)


class Listed(Block):
    """A block whose layers are in a list, where Gluon does not find them."""

    def __init__(self, layers):
        super().__init__()
        self.layers = list(layers)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


class Named(Block):
    """A block whose layers are attributes."""

    def __init__(self, layers):
        super().__init__()
        self.number = len(layers)
        for i, layer in enumerate(layers):
            setattr(self, f"layer{i}", layer)

    def forward(self, x):
        for i in range(self.number):
            x = getattr(self, f"layer{i}")(x)
        return x


def add_noise(x):
    """Add random numbers while training."""
    if not autograd.is_training():
        return x
    return x + nd.random.normal(scale=0.1, shape=x.shape)


def centre(x):
    """Divide by the largest number, read in Python."""
    return x / (1 + abs(float(x.max().asscalar())))


def normalise(F, x):
    """Subtract the mean of each sample."""
    return F.broadcast_sub(x, x.mean(axis=1, keepdims=True))


def use_numpy(x):
    """Scale by a number that NumPy computes from the batch."""
    return x * float(1 + abs(x.asnumpy()).mean())


def stop_half(x):
    """Stop the gradient of a half of each number."""
    return x / 2 + nd.BlockGrad(x) / 2


def freeze_inside(x):
    """Compute outside of autograd's record."""
    with autograd.pause():
        y = x * 0.1
    return x + y


def make_named_symbol():
    """Make a block of a symbol, with a parameter called `label`."""
    x, label = mx.sym.var("data"), mx.sym.var("label", shape=(1,))
    return mx.gluon.SymbolBlock(mx.sym.broadcast_mul(x, label + 1), x)
