"""What may be odd about a net's parameters before training begins.

Each quirk is a function of a world whose net is made; those of `LATE` want parameters
that have their numbers.
"""

from __future__ import annotations

from mxnet.gluon import nn


def rename(*names):
    """Return a quirk that renames the first parameters."""

    def change(world):
        for param, name in zip(world.params(), names):
            param.name = name

    return change


def freeze(select):
    """Return a quirk that freezes some parameters."""

    def change(world):
        for param in world.params()[select]:
            param.grad_req = "null"

    return change


def add_up(world):
    """Have gradients added up."""
    for param in world.params():
        if param.grad_req == "write":
            param.grad_req = "add"


def add_unused(world):
    """Give the block a parameter that it does not use."""
    if world.block is not None:
        world.block.params.get("unused", shape=(2,), init="ones")


def multiply(world):
    """Give parameters learning rates and weight decays of their own."""
    for number, param in enumerate(world.params()):
        param.lr_mult, param.wd_mult = 1 + number % 3, number % 2


def cast(world):
    """Compute in double precision."""
    if world.block is not None:
        world.block.cast("float64")


def hook_layers(world):
    """Count the calls of each layer by hooks."""
    for layer in world.layers():
        world.hook(layer)


def tie(world):
    """Have the last two dense layers of one shape share a weight."""
    dense = [layer for layer in world.layers() if isinstance(layer, nn.Dense)]
    for layer, other in zip(dense, dense[1:]):
        if layer.weight.shape == other.weight.shape:
            other._reg_params["weight"] = layer.weight


def hybridize(**options):
    """Return a quirk that compiles the block."""
    return lambda world: world.block and world.block.hybridize(**options)


def hybridize_layers(world):
    """Compile single layers."""
    for layer in world.layers()[1::2]:
        layer.hybridize()


def own_initializer(world):
    """Take another initializer for weights than the block's."""
    for layer in world.layers():
        if isinstance(layer, nn.Dense):
            layer.weight.init = "xavier"


def attach(world):
    """Attach gradients to the arrays behind parameters, which are added up."""
    for array in world.arrays():
        array.attach_grad("add")


def freeze_array(world):
    """Take the gradient from one array of a notebook."""
    if world.notebook:
        world.notebook.bind("b", world.notebook.names["b"].detach())


def tie_hybridized(world):
    """Have layers share a weight, of which one compiles it into a graph of its own."""
    tie(world)
    for layer in world.layers()[::2]:
        layer.hybridize()


def halve(block, inputs):
    """Write to the first of a layer's inputs."""
    inputs[0][:] = inputs[0] * 0.5


def write_to_images(world):
    """Have the first layer write to what it is given."""
    for layer in world.layers()[:1]:
        layer.register_forward_pre_hook(halve)


EARLY = {
    "frozen first": freeze(slice(1)),
    "frozen biases": freeze(slice(1, None, 2)),
    "frozen": freeze(slice(None)),
    "gradients added up": add_up,
    "unused parameter": add_unused,
    "multipliers": multiply,
    "own initializer": own_initializer,
    "hooks": hook_layers,
    "hybridized": hybridize(),
    "hybridized statically": hybridize(static_alloc=True),
    "hybridized in shape": hybridize(static_alloc=True, static_shape=True),
    "hybridized layers": hybridize_layers,
    "images written to": write_to_images,
}

LATE = {
    "called data": rename("data"),
    "called label": rename("label", "data"),
    "called before": rename("before"),
    "of one name": rename("same", "same"),
    "double precision": cast,
    "tied": tie,
    "tied and hybridized": tie_hybridized,
    "attached": attach,
    "without a gradient": freeze_array,
}

QUIRKS = EARLY | LATE
