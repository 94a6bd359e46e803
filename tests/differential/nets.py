"""Nets of Gluon: layers by name, and what holds them together.

Each layer is a function of the world that makes it; sizes are kept small, and every
layer of `FLAT` goes after any other.
"""

from __future__ import annotations

from functools import partial
from itertools import count

from mxnet import autograd, nd
from mxnet.gluon import contrib, nn

from . import blocks

concurrent = contrib.nn.Concurrent, contrib.nn.HybridConcurrent
numbers = count()
"""MXNet keeps for ever what synchronised layers of one name share."""


def chain(*layers, kind=nn.HybridSequential):
    """Put layers in sequence."""
    net = kind()
    net.add(*layers)
    return net


def shape_as(*shape):
    """Make a layer that reshapes."""
    return nn.HybridLambda(lambda F, x: F.reshape(x, shape))


def on_rows(*layers):
    """Apply layers of one spatial dimension to images."""
    return chain(shape_as(0, 0, -1), *layers, shape_as(0, 0, -1, 1))


def on_volumes(*layers):
    """Apply layers of three spatial dimensions to images."""
    expand = nn.HybridLambda(lambda F, x: F.expand_dims(x, 2))
    return chain(expand, *layers, shape_as(0, 0, -3, 0))


def repeat(twice):
    """Use one layer twice."""
    layer = nn.Dense(5, activation="tanh")
    return chain(nn.Dense(5), *[layer] * twice)


def share():
    """Share the parameters of two layers."""
    first = nn.Dense(5, in_units=5)
    return chain(nn.Dense(5), first, nn.Dense(5, in_units=5, params=first.params))


def join(kind):
    """Run layers side by side."""
    layers = chain(nn.Dense(2), nn.Dense(3), kind=kind)
    return chain(nn.Flatten(), layers, kind=nn.Sequential)


def replace_forward():
    """Make a dense layer whose `forward` was replaced."""
    layer = nn.Dense(4)
    layer.forward = lambda x, original=layer.forward: original(x) * 2
    return layer


def replace_hybrid_forward():
    """Make an activation whose `hybrid_forward` was replaced."""
    layer = nn.Activation("relu")
    layer.hybrid_forward = lambda F, x: F.sigmoid(x) * 2
    return layer


def hook(world, pre=False):
    """Make a layer that counts its calls by a hook."""
    layer = nn.Dense(4)
    register = layer.register_forward_pre_hook if pre else layer.register_forward_hook
    register(lambda *called: world.count())
    return layer


def change_by_hook():
    """Make a layer whose output a hook writes to."""
    layer = nn.Activation("tanh")
    layer.register_forward_pre_hook(lambda block, inputs: setattr(block, "seen", 1))
    layer.register_op_hook(lambda *called: None)
    return layer


def round_off(x):
    """Turn numbers to indices, unrecorded: MXNet crashes on their gradient."""
    return nd.floor(nd.clip(x.detach() * 2 + 2, 0, 4))


def embed():
    """Embed numbers that are rounded to indices."""
    layers = nn.Lambda(round_off), nn.Embedding(5, 2), nn.Flatten()
    return chain(*layers, kind=nn.Sequential)


def embed_sparsely():
    """Embed the same with a sparse gradient."""
    layers = nn.Lambda(round_off), contrib.nn.SparseEmbedding(5, 2), nn.Flatten()
    return chain(*layers, kind=nn.Sequential)


FLAT = {
    "Dense": lambda world: nn.Dense(5),
    "Dense relu": lambda world: nn.Dense(5, activation="relu"),
    "Dense softsign": lambda world: nn.Dense(5, activation="softsign"),
    "Dense without bias": lambda world: nn.Dense(4, use_bias=False),
    "Dense of rows": lambda world: nn.Dense(4, flatten=False),
    "Dense of known size": lambda world: chain(nn.Dense(4), nn.Dense(4, in_units=4)),
    "relu": lambda world: nn.Activation("relu"),
    "sigmoid": lambda world: nn.Activation("sigmoid"),
    "softrelu": lambda world: nn.Activation("softrelu"),
    "LeakyReLU": lambda world: nn.LeakyReLU(0.1),
    "PReLU": lambda world: nn.PReLU(),
    "ELU": lambda world: nn.ELU(),
    "SELU": lambda world: nn.SELU(),
    "GELU": lambda world: nn.GELU(),
    "Swish": lambda world: nn.Swish(),
    "Flatten": lambda world: nn.Flatten(),
    "Identity": lambda world: contrib.nn.Identity(),
    "Dropout": lambda world: nn.Dropout(0.5),
    "Dropout of features": lambda world: nn.Dropout(0.5, axes=(0,)),
    "BatchNorm": lambda world: nn.BatchNorm(epsilon=0.1),
    "BatchNorm of its start": lambda world: nn.BatchNorm(
        epsilon=0.1, use_global_stats=True
    ),
    "BatchNorm unscaled": lambda world: nn.BatchNorm(
        epsilon=0.1, scale=False, center=False
    ),
    "SyncBatchNorm": lambda world: contrib.nn.SyncBatchNorm(
        num_devices=1, epsilon=0.1, prefix=f"synchronised{next(numbers)}_"
    ),
    "LayerNorm": lambda world: chain(nn.Dense(4), nn.LayerNorm(epsilon=0.1)),
    "Embedding": lambda world: embed(),
    "SparseEmbedding": lambda world: embed_sparsely(),
    "Concurrent": lambda world: join(concurrent[0]),
    "HybridConcurrent": lambda world: join(concurrent[1]),
    "twice": lambda world: repeat(2),
    "shared": lambda world: share(),
    "nested": lambda world: chain(chain(nn.Dense(4)), kind=nn.Sequential),
    "residual": lambda world: chain(
        nn.Dense(4), chain(nn.Dense(4), kind=blocks.Residual)
    ),
    "subclass": lambda world: blocks.Tripled(4),
    "empty subclass": lambda world: blocks.OwnDense(4),
    "subclass of Sequential": lambda world: chain(nn.Dense(4), kind=blocks.Doubled),
    "replaced forward": lambda world: replace_forward(),
    "replaced hybrid_forward": lambda world: replace_hybrid_forward(),
    "hook": hook,
    "pre-hook": partial(hook, pre=True),
    "hooks of all kinds": lambda world: change_by_hook(),
    "Lambda": lambda world: nn.Lambda(lambda x: x * 2),
    "Lambda by name": lambda world: nn.Lambda("tanh"),
    "Lambda of a mode": lambda world: nn.Lambda(
        lambda x: x * (2 if autograd.is_training() else 1)
    ),
    "Lambda of a number": lambda world: nn.Lambda(lambda x: x * world.number),
    "Lambda of a shape": lambda world: nn.Lambda(lambda x: x * (1 + len(x))),
    "Lambda of a slice": lambda world: nn.Lambda(lambda x: nd.concat(x, x[:, :1])),
    "Lambda of a size": lambda world: nn.Lambda(
        lambda x: x * 2 if float(x.sum().asscalar()) > 0 else x
    ),
    "Lambda of noise": lambda world: nn.Lambda(blocks.add_noise),
    "Lambda of a maximum": lambda world: nn.Lambda(blocks.centre),
    "Lambda of NumPy": lambda world: nn.Lambda(blocks.use_numpy),
    "Lambda of half a gradient": lambda world: nn.Lambda(blocks.stop_half),
    "Lambda unrecorded": lambda world: nn.Lambda(blocks.freeze_inside),
    "HybridLambda": lambda world: nn.HybridLambda(lambda F, x: F.square(x) / 4),
    "HybridLambda by name": lambda world: nn.HybridLambda("sigmoid"),
    "HybridLambda of a mode": lambda world: nn.HybridLambda(
        lambda F, x: x * (2 if autograd.is_training() else 1)
    ),
    "HybridLambda of a number": lambda world: nn.HybridLambda(
        lambda F, x: x * world.number
    ),
    "HybridLambda of the batch": lambda world: nn.HybridLambda(blocks.normalise),
    "HybridLambda of the kind": lambda world: nn.HybridLambda(
        lambda F, x: x * (2 if F is nd else 1)
    ),
    "parameter in Python": lambda world: blocks.Scaled(),
    "parameter as a number": lambda world: blocks.Read(),
    "parameter and constant": lambda world: blocks.HybridScaled(),
    "idle child": lambda world: blocks.Idle(),
    "counting": blocks.Watching,
    "keeping": partial(blocks.Watching, keep=True),
    "of a mode": lambda world: blocks.Moody(),
    "of autograd": lambda world: blocks.Recording(),
    "alternating": lambda world: blocks.Alternating(),
    "remembering": lambda world: blocks.Remembering(),
    "own gradient": lambda world: blocks.Reversing(),
    "SymbolBlock": lambda world: blocks.make_named_symbol(),
}

USUAL = ("Dense", "Dense relu", "relu", "Dropout", "BatchNorm", "Flatten", "nested")
"""What most nets are made of."""

IMAGE = {
    "Conv2D": lambda world: nn.Conv2D(2, 3, padding=1),
    "Conv2D relu": lambda world: nn.Conv2D(2, 3, padding=1, activation="relu"),
    "Conv2D in groups": lambda world: chain(
        nn.Conv2D(2, 1), nn.Conv2D(2, 3, padding=1, groups=2, use_bias=False)
    ),
    "Conv2D strided": lambda world: nn.Conv2D(2, 3, strides=2, padding=2, dilation=2),
    "Conv1D": lambda world: on_rows(nn.Conv1D(2, 3, padding=1)),
    "Conv3D": lambda world: on_volumes(nn.Conv3D(2, 3, padding=1)),
    "Conv2DTranspose": lambda world: nn.Conv2DTranspose(2, 3, padding=1),
    "Conv1DTranspose": lambda world: on_rows(nn.Conv1DTranspose(2, 3, padding=1)),
    "Conv3DTranspose": lambda world: on_volumes(nn.Conv3DTranspose(2, 3, padding=1)),
    "MaxPool2D": lambda world: nn.MaxPool2D(2, ceil_mode=True, padding=1),
    "MaxPool1D": lambda world: on_rows(nn.MaxPool1D(2, padding=1)),
    "MaxPool3D": lambda world: on_volumes(nn.MaxPool3D(2, padding=1)),
    "AvgPool2D": lambda world: nn.AvgPool2D(2, padding=1),
    "AvgPool2D of its own": lambda world: nn.AvgPool2D(
        2, padding=1, count_include_pad=False
    ),
    "AvgPool1D": lambda world: on_rows(nn.AvgPool1D(2, padding=1)),
    "AvgPool3D": lambda world: on_volumes(nn.AvgPool3D(2, padding=1)),
    "GlobalMaxPool2D": lambda world: nn.GlobalMaxPool2D(),
    "GlobalAvgPool2D": lambda world: nn.GlobalAvgPool2D(),
    "GlobalMaxPool1D": lambda world: on_rows(nn.GlobalMaxPool1D()),
    "GlobalAvgPool1D": lambda world: on_rows(nn.GlobalAvgPool1D()),
    "GlobalMaxPool3D": lambda world: on_volumes(nn.GlobalMaxPool3D()),
    "GlobalAvgPool3D": lambda world: on_volumes(nn.GlobalAvgPool3D()),
    "ReflectionPad2D": lambda world: chain(
        nn.Conv2D(2, 1),
        nn.HybridLambda(lambda F, x: x.repeat(2, 2).repeat(2, 3)),
        nn.ReflectionPad2D(1),
    ),
    "PixelShuffle1D": lambda world: chain(
        nn.Conv2D(4, 1), on_rows(contrib.nn.PixelShuffle1D(2))
    ),
    "PixelShuffle2D": lambda world: chain(
        nn.Conv2D(4, 1), contrib.nn.PixelShuffle2D(2)
    ),
    "PixelShuffle3D": lambda world: chain(
        nn.Conv2D(8, 1), on_volumes(contrib.nn.PixelShuffle3D(2))
    ),
    "InstanceNorm": lambda world: nn.InstanceNorm(epsilon=0.1),
    "GroupNorm": lambda world: chain(nn.Conv2D(4, 1), nn.GroupNorm(2, epsilon=0.1)),
    "BatchNorm of images": lambda world: nn.BatchNorm(epsilon=0.1),
    "BatchNorm of columns": lambda world: nn.BatchNorm(axis=3, epsilon=0.1),
    "BatchNormReLU": lambda world: nn.BatchNormReLU(epsilon=0.1),
}

USUAL_IMAGE = ("Conv2D", "Conv2D relu", "MaxPool2D", "AvgPool2D", "GlobalAvgPool2D")

CONTAINERS = {
    "Sequential": partial(chain, kind=nn.Sequential),
    "HybridSequential": chain,
    "bare": lambda *layers: layers[0] if len(layers) == 1 else chain(*layers),
    "nested": lambda *layers: chain(chain(*layers[:-1]), layers[-1]),
    "twice nested": lambda *layers: chain(
        chain(chain(*layers), kind=nn.Sequential), kind=nn.Sequential
    ),
    "subclass": partial(chain, kind=blocks.Doubled),
    "in a list": lambda *layers: blocks.Listed(layers),
    "attributes": lambda *layers: blocks.Named(layers),
    "with prefix": lambda *layers: chain(
        *layers, kind=partial(nn.HybridSequential, prefix="net_")
    ),
}

WRAPPERS = {
    "as it is": lambda block: block,
    "lambda": lambda block: lambda X: block(X),
    "partial": partial,
    "method": lambda block: block.forward,
    "scaled": lambda block: lambda X: block(X * 2),
    "softmax": lambda block: lambda X: nd.softmax(block(X)),
    "first of two": lambda block: lambda X: [block(X), X][0],
}
"""What the package is given, made of the block."""


def make_net(world):
    """Make a net of a case's layers, and a last one with an output per class."""
    case = world.case
    names = IMAGE | FLAT
    layers = [names[name](world) for name in case.layers]
    head = nn.Dense(case.classes)
    return CONTAINERS[case.container](*layers, head)
