"""What may be odd about a net's parameters before training begins.

Each quirk is a function of a world whose net is made; those of `LATE` want parameters
that have their numbers.
"""

from functools import partial
from operator import methodcaller

from mxnet.gluon import nn

from .changes import STATIC, by_name, put
from .updaters import add_up


def rename(*names):
    def change(world):
        for param, name in zip(world.params(), names):
            param.name, param._var = name, None  # graphs keep the name they knew

    return change


def freeze(*bounds):
    def change(world):
        for param in world.params()[slice(*bounds)]:
            param.grad_req = "null"

    return change


def add_unused(block):
    block.params.get("unused", shape=(2,), init="ones")


def multiply(world):
    for number, param in enumerate(world.params()):
        param.lr_mult, param.wd_mult = 1 + number % 3, number % 2


def pair(world):
    """Yield pairs of dense layers in sequence whose weights are of one shape."""
    dense = [layer for layer in world.layers() if isinstance(layer, nn.Dense)]
    for layer, other in zip(dense, dense[1:]):
        if layer.weight.shape == other.weight.shape:
            yield layer, other


def tie(world, hybridize=False):
    """Have dense layers share a weight; some may compile it into their own graphs."""
    for layer, other in pair(world):
        other._reg_params["weight"] = layer.weight
    for layer in world.layers()[::2] if hybridize else []:
        layer.hybridize()


def count_reads(world):
    """Count how often parameters are read, by methods of their own."""
    for param in world.params():
        param.data = lambda ctx=None, read=param.data: world.count() or read(ctx)


def hold_one_array(world):
    """Have the parameters of two dense layers hold the same arrays."""
    for layer, other in pair(world):
        other.weight._data = layer.weight._data
        other.weight._grad = layer.weight._grad


def halve(block, inputs):
    """Write to the first of a layer's inputs."""
    inputs[0][:] = inputs[0] * 0.5


EARLY = {
    "frozen first": freeze(1),
    "frozen biases": freeze(1, None, 2),
    "frozen": freeze(None),
    "gradients added up": add_up,
    "multipliers": multiply,
    "hooks": lambda world: [world.hook(layer) for layer in world.layers()],
    "hybridized layers": lambda world: [
        layer.hybridize() for layer in world.layers()[1::2]
    ],
    **by_name(
        {
            "block": {
                "unused parameter": add_unused,
                "hybridized": methodcaller("hybridize"),
                "hybridized statically": methodcaller("hybridize", static_alloc=True),
                "hybridized in shape": methodcaller("hybridize", **STATIC),
                "images written to": methodcaller("register_forward_pre_hook", halve),
            },
            nn.Dense: {
                "own initializer": lambda dense: put(init="xavier")(dense.weight)
            },
            nn.Activation: {"hybridized activations": methodcaller("hybridize")},
        }
    ),
}

LATE = {
    "called data": rename("data"),
    "called label": rename("label", "data"),
    "called before": rename("before"),
    "of one name": rename("same", "same"),
    "counted": count_reads,
    "of one array": hold_one_array,
    "tied": tie,
    "tied and hybridized": partial(tie, hybridize=True),
    **by_name(
        {
            "block": {"double precision": methodcaller("cast", "float64")},
            "arrays": {"attached": methodcaller("attach_grad", "add")},
            "notebook": {"without a gradient": methodcaller("detach", "b")},
        }
    ),
}

QUIRKS = EARLY | LATE
