"""Nets of Gluon: layers by name, and what holds them together.

Each layer is a function of the world that makes it; sizes are kept small, and every
layer of `FLAT` goes after any other.
"""

from functools import partial
from itertools import count

from mxnet import autograd, nd
from mxnet.gluon import contrib, nn

from . import blocks

numbers = count()
"""MXNet keeps for ever what synchronised layers of one name share."""


def of(kind, *values, **options):
    """Return what makes a thing of a kind, whatever the world."""
    return lambda world: kind(*values, **options)


def chain(*layers, kind=nn.HybridSequential):
    net = kind()
    net.add(*layers)
    return net


def chain_of(*makes, kind=nn.HybridSequential):
    return lambda world: chain(*(make(world) for make in makes), kind=kind)


def hybrid(function):
    return of(nn.HybridLambda, function)


def reshape(*shape):
    return hybrid(lambda F, x: F.reshape(x, shape))


def on_rows(kind, *values, **options):
    """Return what applies a layer of one spatial dimension to images."""
    return chain_of(
        reshape(0, 0, -1), of(kind, *values, **options), reshape(0, 0, -1, 1)
    )


def on_volumes(kind, *values, **options):
    """Return what applies a layer of three spatial dimensions to images."""
    expand = hybrid(lambda F, x: F.expand_dims(x, 2))
    return chain_of(expand, of(kind, *values, **options), reshape(0, 0, -3, 0))


def on_indices(kind):
    """Return what embeds numbers that are rounded to indices.

    They are not recorded: MXNet crashes on their gradient.
    """
    indices = of(nn.Lambda, lambda x: nd.floor(nd.clip(x.detach() * 2 + 2, 0, 4)))
    return chain_of(indices, of(kind, 5, 2), of(nn.Flatten), kind=nn.Sequential)


def side_by_side(kind):
    """Return what runs layers on one input and joins what they give."""
    layers = chain_of(of(nn.Dense, 2), of(nn.Dense, 3), kind=kind)
    return chain_of(of(nn.Flatten), layers, kind=nn.Sequential)


def repeat(world):
    layer = nn.Dense(5, activation="tanh")
    return chain(nn.Dense(5), layer, layer)


def share(world):
    first = nn.Dense(5, in_units=5)
    return chain(nn.Dense(5), first, nn.Dense(5, in_units=5, params=first.params))


def hook_before(world):
    layer = nn.Dense(4)
    layer.register_forward_pre_hook(lambda *called: world.count())
    return layer


def hook_all(world):
    layer = nn.Activation("tanh")
    layer.register_forward_pre_hook(lambda block, inputs: setattr(block, "seen", 1))
    layer.register_op_hook(lambda *called: None)
    return layer


def alternate(world):
    """Double every other batch."""
    calls = count(1)
    return blocks.Own(lambda x: x * (1 + next(calls) % 2))


def remember(world):
    """Add the mean of the batch before."""
    means = [0]

    def add(x):
        means.append(x.mean().asscalar() * 0.1)
        return x + means[-2]

    return blocks.Own(add)


def leave_idle(world):
    """Make a block with a child that it does not use."""
    layer = nn.HybridLambda("tanh")
    layer.register_child(nn.Dense(2, in_units=2))
    return layer


def tell(function, x):
    """Pass a batch on, after a look at it."""
    function(x)
    return x


LAMBDAS = {
    "Lambda": lambda x: x * 2,
    "Lambda by name": "tanh",
    "Lambda of a mode": lambda x: x * (2 if autograd.is_training() else 1),
    "Lambda of a shape": lambda x: x * (1 + len(x)),
    "Lambda of a slice": lambda x: nd.concat(x, x[:, :1]),
    "Lambda of a size": lambda x: x * 2 if float(x.sum().asscalar()) > 0 else x,
    "Lambda of noise": lambda x: (
        x + nd.random.normal(0, 0.1, x.shape) if autograd.is_training() else x
    ),
    "Lambda of a maximum": lambda x: x / (1 + abs(float(x.max().asscalar()))),
    "Lambda of NumPy": lambda x: x * float(1 + abs(x.asnumpy()).mean()),
    "Lambda of half a gradient": lambda x: x / 2 + nd.BlockGrad(x) / 2,
    "Lambda unrecorded": blocks.compute_unrecorded,
}

HYBRID_LAMBDAS = {
    "HybridLambda": lambda F, x: F.square(x) / 4,
    "HybridLambda by name": "sigmoid",
    "HybridLambda of a mode": lambda F, x: x * (2 if autograd.is_training() else 1),
    "HybridLambda of the batch": lambda F, x: F.broadcast_sub(
        x, x.mean(axis=1, keepdims=True)
    ),
    "HybridLambda of the kind": lambda F, x: x * (2 if F is nd else 1),
}

OWN = {
    "of a mode": lambda x: x * 3 if autograd.is_training() else x,
    "of autograd": lambda x: x * 2 if autograd.is_recording() else x,
    "own gradient": lambda x: blocks.Reversed()(x),
}
"""What blocks of the user's compute."""

FLAT = {
    "Dense": of(nn.Dense, 5),
    "Dense relu": of(nn.Dense, 5, activation="relu"),
    "Dense softsign": of(nn.Dense, 5, activation="softsign"),
    "Dense without bias": of(nn.Dense, 4, use_bias=False),
    "Dense of rows": of(nn.Dense, 4, flatten=False),
    "Dense of known size": chain_of(of(nn.Dense, 4), of(nn.Dense, 4, in_units=4)),
    **{name: of(nn.Activation, name) for name in ("relu", "sigmoid", "softrelu")},
    **{
        kind.__name__: of(kind)
        for kind in (nn.PReLU, nn.ELU, nn.SELU, nn.GELU, nn.Swish)
    },
    "LeakyReLU": of(nn.LeakyReLU, 0.1),
    "Flatten": of(nn.Flatten),
    "Identity": of(contrib.nn.Identity),
    "Dropout": of(nn.Dropout, 0.5),
    "Dropout of features": of(nn.Dropout, 0.5, axes=(0,)),
    "BatchNorm": of(nn.BatchNorm, epsilon=0.1),
    "BatchNorm of its start": of(nn.BatchNorm, epsilon=0.1, use_global_stats=True),
    "BatchNorm unscaled": of(nn.BatchNorm, epsilon=0.1, scale=False, center=False),
    "SyncBatchNorm": lambda world: contrib.nn.SyncBatchNorm(
        num_devices=1, epsilon=0.1, prefix=f"synchronised{next(numbers)}_"
    ),
    "LayerNorm": chain_of(of(nn.Dense, 4), of(nn.LayerNorm, epsilon=0.1)),
    "Embedding": on_indices(nn.Embedding),
    "SparseEmbedding": on_indices(contrib.nn.SparseEmbedding),
    "Concurrent": side_by_side(contrib.nn.Concurrent),
    "HybridConcurrent": side_by_side(contrib.nn.HybridConcurrent),
    "twice": repeat,
    "shared": share,
    "nested": chain_of(chain_of(of(nn.Dense, 4)), kind=nn.Sequential),
    "residual": chain_of(
        of(nn.Dense, 4), chain_of(of(nn.Dense, 4), kind=blocks.Residual)
    ),
    "subclass": of(blocks.Tripled, 4),
    "empty subclass": of(blocks.derive(nn.Dense), 4),
    "subclass of Sequential": chain_of(of(nn.Dense, 4), kind=blocks.Doubled),
    "replaced forward": lambda world: blocks.double(nn.Dense(4), "forward"),
    "replaced hybrid_forward": lambda world: blocks.double(
        nn.Activation("sigmoid"), "hybrid_forward"
    ),
    "hook": lambda world: world.hook(nn.Dense(4)),
    "pre-hook": hook_before,
    "hooks of all kinds": hook_all,
    **{name: of(nn.Lambda, function) for name, function in LAMBDAS.items()},
    "Lambda of a number": lambda world: nn.Lambda(lambda x: x * world.number),
    **{name: hybrid(function) for name, function in HYBRID_LAMBDAS.items()},
    "HybridLambda of a number": lambda world: nn.HybridLambda(
        lambda F, x: x * world.number
    ),
    **{name: of(blocks.Own, function) for name, function in OWN.items()},
    "counting": lambda world: blocks.Own(partial(tell, lambda x: world.count())),
    "keeping": lambda world: blocks.Own(partial(tell, world.kept.append)),
    "alternating": alternate,
    "remembering": remember,
    "parameter in Python": of(blocks.Scaled),
    "parameter as a number": of(blocks.Read),
    "parameter and constant": of(blocks.HybridScaled),
    "idle child": leave_idle,
    "SymbolBlock": of(blocks.make_named_symbol),
}

USUAL = ("Dense", "Dense relu", "relu", "Dropout", "BatchNorm", "Flatten", "nested")
"""What most nets are made of."""

IMAGE = {
    "Conv2D": of(nn.Conv2D, 2, 3, padding=1),
    "Conv2D relu": of(nn.Conv2D, 2, 3, padding=1, activation="relu"),
    "Conv2D in groups": chain_of(
        of(nn.Conv2D, 2, 1), of(nn.Conv2D, 2, 3, padding=1, groups=2, use_bias=False)
    ),
    "Conv2D strided": of(nn.Conv2D, 2, 3, strides=2, padding=2, dilation=2),
    "Conv1D": on_rows(nn.Conv1D, 2, 3, padding=1),
    "Conv3D": on_volumes(nn.Conv3D, 2, 3, padding=1),
    "Conv2DTranspose": of(nn.Conv2DTranspose, 2, 3, padding=1),
    "Conv1DTranspose": on_rows(nn.Conv1DTranspose, 2, 3, padding=1),
    "Conv3DTranspose": on_volumes(nn.Conv3DTranspose, 2, 3, padding=1),
    "MaxPool2D": of(nn.MaxPool2D, 2, ceil_mode=True, padding=1),
    "MaxPool1D": on_rows(nn.MaxPool1D, 2, padding=1),
    "MaxPool3D": on_volumes(nn.MaxPool3D, 2, padding=1),
    "AvgPool2D": of(nn.AvgPool2D, 2, padding=1),
    "AvgPool2D of its own": of(nn.AvgPool2D, 2, padding=1, count_include_pad=False),
    "AvgPool1D": on_rows(nn.AvgPool1D, 2, padding=1),
    "AvgPool3D": on_volumes(nn.AvgPool3D, 2, padding=1),
    "GlobalMaxPool2D": of(nn.GlobalMaxPool2D),
    "GlobalAvgPool2D": of(nn.GlobalAvgPool2D),
    "GlobalMaxPool1D": on_rows(nn.GlobalMaxPool1D),
    "GlobalAvgPool1D": on_rows(nn.GlobalAvgPool1D),
    "GlobalMaxPool3D": on_volumes(nn.GlobalMaxPool3D),
    "GlobalAvgPool3D": on_volumes(nn.GlobalAvgPool3D),
    "ReflectionPad2D": chain_of(
        of(nn.Conv2D, 2, 1),
        hybrid(lambda F, x: x.repeat(2, 2).repeat(2, 3)),
        of(nn.ReflectionPad2D, 1),
    ),
    "PixelShuffle1D": chain_of(
        of(nn.Conv2D, 4, 1), on_rows(contrib.nn.PixelShuffle1D, 2)
    ),
    "PixelShuffle2D": chain_of(of(nn.Conv2D, 4, 1), of(contrib.nn.PixelShuffle2D, 2)),
    "PixelShuffle3D": chain_of(
        of(nn.Conv2D, 8, 1), on_volumes(contrib.nn.PixelShuffle3D, 2)
    ),
    "InstanceNorm": of(nn.InstanceNorm, epsilon=0.1),
    "GroupNorm": chain_of(of(nn.Conv2D, 4, 1), of(nn.GroupNorm, 2, epsilon=0.1)),
    "BatchNorm of images": of(nn.BatchNorm, epsilon=0.1),
    "BatchNorm of columns": of(nn.BatchNorm, axis=3, epsilon=0.1),
    "BatchNormReLU": of(nn.BatchNormReLU, epsilon=0.1),
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
    "in a list": blocks.Listed,
    "attributes": blocks.Named,
    "with prefix": partial(chain, kind=partial(nn.HybridSequential, prefix="net_")),
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
    makes = IMAGE | FLAT
    layers = [makes[name](world) for name in case.layers]
    return CONTAINERS[case.container](*layers, nn.Dense(case.classes))
