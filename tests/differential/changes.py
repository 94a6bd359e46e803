"""What an updater may change between two batches, by name.

Each change is a function of a world; where there is nothing to change it does nothing.
Those of `BEFORE` come before the updater's own step, those of `AFTER` behind it.
"""

from __future__ import annotations

from unittest.mock import patch

import mxnet as mx
from mxnet import autograd, gluon, init, nd
from mxnet.gluon import nn


def for_arrays(change):
    """Return a change of each array that is trained."""
    return lambda world: [change(array) for array in world.arrays()]


def for_params(change):
    """Return a change of each parameter of Gluon's that has its numbers."""
    return lambda world: [
        change(param) for param in world.params() if param._data is not None
    ]


def for_first(change):
    """Return a change of the first parameter of Gluon's that is trained."""

    def change_first(world):
        for param in world.params():
            if param._data is not None and param.grad_req != "null":
                return change(param)

    return change_first


def for_block(change):
    """Return a change of the net's block, if it has one."""
    return lambda world: world.block is not None and change(world.block)


def for_layers(kind, change):
    """Return a change of each layer of a kind."""
    return lambda world: [
        change(layer) for layer in world.layers() if isinstance(layer, kind)
    ]


def for_trainers(change):
    """Return a change of each trainer."""
    return lambda world: [change(trainer) for trainer in world.trainers]


def attribute(name, value):
    """Return a change that sets an attribute, where there is one."""
    return lambda thing: hasattr(thing, name) and setattr(thing, name, value)


def write(array, value):
    """Write to an array in place."""
    array[:] = value


def rebind(world):
    """Put new arrays in the place of the ones that are trained."""
    for array in world.arrays():
        world.replace(array, array * 0.9)


def mark(array, grad_req="write"):
    """Give an array another gradient."""
    autograd.mark_variables([array], [nd.zeros_like(array)], grad_req)


def wrap_child(block):
    """Put another layer in the place of the first child."""
    for name, child in list(block._children.items())[:1]:
        other = nn.HybridSequential()
        other.add(child, nn.HybridLambda(lambda F, x: x * 2))
        block._children[name] = other


def set_child(block):
    """Set another layer where a block has it as an attribute."""
    if isinstance(getattr(block, "layer0", None), nn.Dense):
        other = nn.Sequential()
        other.add(block.layer0, nn.Lambda(lambda x: x * 2))
        block.layer0 = other


def add_child(block):
    """Add a layer behind the others."""
    if hasattr(block, "add"):
        block.add(nn.Activation("tanh"))


def drop_child(block):
    """Take the last layer but one out."""
    if len(block._children) > 1:
        del block._children[list(block._children)[-2]]


def replace_parameter(layer):
    """Put another parameter in the place of a layer's weight."""
    if layer.weight._data is not None:
        other = gluon.Parameter("other", shape=layer.weight.shape)
        other.initialize(init.Constant(0.1))
        layer._reg_params["weight"] = other


def replace_function(layer):
    """Put another function in the place of a lambda's; it gives the same shape."""
    name = "_func" if isinstance(layer, nn.HybridLambda) else "_func_impl"
    original = getattr(layer, name)
    setattr(layer, name, lambda *given: original(*given) * 3)


def replace_forward(block):
    """Put a function in the place of a block's `forward`."""
    original = block.forward
    block.forward = lambda *given: original(*given) * 2


def replace_hybrid_forward(layer):
    """Put a function in the place of a layer's `hybrid_forward`."""
    original = layer.hybrid_forward
    layer.hybrid_forward = lambda *given, **named: original(*given, **named) * 2


def patch_for_now(world, owner, name, value):
    """Replace what a name means until the example is over."""
    world.stack.enter_context(patch.object(owner, name, value))


def patch_operator(name):
    """Return a change after which an operator gives twice as much."""

    def change(world):
        original = getattr(nd, name)
        doubled = lambda *given, **named: original(*given, **named) * 2  # noqa: E731
        patch_for_now(world, nd, name, doubled)

    return change


def patch_method(kind, name):
    """Return a change after which a method of a class gives twice as much."""

    def change(world):
        original = getattr(kind, name)
        doubled = lambda *given, **named: original(*given, **named) * 2  # noqa: E731
        patch_for_now(world, kind, name, doubled)

    return change


def patch_data(world):
    """Draw a number whenever a parameter is read.

    MXNet breaks on parameters that are computed: it keeps some that it saw before, or
    reads memory that nothing was written to.
    """
    original = gluon.Parameter.data

    def data(param, ctx=None):
        world.kept.append(nd.random.normal(shape=1))
        return original(param, ctx)

    patch_for_now(world, gluon.Parameter, "data", data)


def bind(name, value):
    """Return a change that binds a name in the notebook."""
    return lambda world: world.notebook and world.notebook.bind(name, value)


def lower_momentum(trainer):
    """Set another momentum, where there is one."""
    if getattr(trainer._optimizer, "momentum", 0):
        trainer._optimizer.momentum = 0.2


def evaluate_inside(world):
    """Evaluate the net in the middle of its training."""
    world.kept.append(world.loops.evaluate_accuracy(world.test_iter, world.net))


def fail(world):
    """Stop training by an error."""
    raise KeyError("an updater's own error")


def train_from_now_on(world):
    """Leave autograd in training mode."""
    world.stack.callback(autograd.set_training, autograd.set_training(True))


def let_hook_change(world):
    """Have a hook change a number at each call."""

    def change(*called):
        world.number = world.number * 0.9

    if world.block is not None:
        world.block.register_forward_pre_hook(change)


BEFORE = {
    "zero gradients": for_arrays(lambda array: write(array.grad, 0)),
    "scale gradients": for_arrays(lambda array: write(array.grad, array.grad / 2)),
    "clip gradients": for_arrays(lambda a: write(a.grad, a.grad.clip(-0.1, 0.1))),
    "keep gradients": lambda world: world.kept.extend(
        array.grad.copy() for array in world.arrays()
    ),
    "keep the gradients' arrays": lambda world: world.kept.extend(
        array.grad for array in world.arrays()
    ),
    "higher learning rate": for_trainers(lambda t: t.set_learning_rate(0.5)),
    "rescaled": for_trainers(attribute("_scale", 0.5)),
}

AFTER = {
    "write in place": for_arrays(lambda array: write(array, array * 0.9)),
    "rebind": rebind,
    "zero_grad": for_params(lambda param: param.zero_grad()),
    "set_data": for_first(lambda param: param.set_data(param.data() * 0.5)),
    "set_data of all": for_params(lambda param: param.set_data(param.data() * 0.9)),
    "new start": for_first(
        lambda p: p.initialize(init.Constant(0.2), force_reinit=True)
    ),
    "new start of all": for_block(
        lambda block: block.initialize(init.Normal(0.3), force_reinit=True)
    ),
    "freeze": for_first(attribute("grad_req", "null")),
    "freeze all": for_params(attribute("grad_req", "null")),
    "thaw all": lambda world: [
        setattr(param, "grad_req", "write")
        for param in world.params()
        if param._data is not None and param._differentiable
    ],
    "add from now on": for_first(attribute("grad_req", "add")),
    "attach_grad": for_arrays(lambda array: array.attach_grad()),
    "attach_grad to add": for_arrays(lambda array: array.attach_grad("add")),
    "mark_variables": for_arrays(mark),
    "mark_variables as null": for_arrays(lambda array: mark(array, "null")),
    "lr_mult": for_first(attribute("lr_mult", 0.1)),
    "weight decay": for_trainers(lambda t: setattr(t._optimizer, "wd", 0.5)),
    "momentum": for_trainers(lower_momentum),
    "rename to data": for_first(attribute("name", "data")),
    "rename to label": for_first(attribute("name", "label")),
    "hybridize": for_block(lambda block: block.hybridize()),
    "hybridize statically": for_block(
        lambda block: block.hybridize(static_alloc=True, static_shape=True)
    ),
    "call as it is": for_block(lambda block: block.hybridize(False)),
    "wrap a child": for_block(wrap_child),
    "set a child": for_block(set_child),
    "add a layer": for_block(add_child),
    "drop a layer": for_block(drop_child),
    "another parameter": for_layers(nn.Dense, replace_parameter),
    "another activation in Dense": for_layers(
        nn.Dense, attribute("act", nn.Activation("sigmoid"))
    ),
    "another activation": for_layers(nn.Activation, attribute("_act_type", "softrelu")),
    "another slope": for_layers(nn.LeakyReLU, attribute("_alpha", 0.5)),
    "no dropout": for_layers(nn.Dropout, attribute("_rate", 0)),
    "another epsilon": for_layers(
        nn.BatchNorm, lambda layer: layer._kwargs.update(eps=0.5, momentum=0.5)
    ),
    "moved mean": for_layers(
        nn.BatchNorm,
        lambda layer: (
            layer.running_mean._data is not None
            and layer.running_mean.set_data(nd.ones(layer.running_mean.shape))
        ),
    ),
    "another function": for_layers((nn.Lambda, nn.HybridLambda), replace_function),
    "replace forward": for_block(replace_forward),
    "replace forward of layers": for_layers(nn.Dense, replace_forward),
    "replace hybrid_forward": for_layers(nn.Dense, replace_hybrid_forward),
    "replace forward of the loss": lambda world: (
        isinstance(world.loss, gluon.Block) and replace_forward(world.loss)
    ),
    "weight of the loss": lambda world: attribute("_weight", 3.0)(world.loss),
    "number of the loss": lambda world: attribute("factor", 3.0)(world.loss),
    "logits of the loss": lambda world: attribute("_from_logits", True)(world.loss),
    "hybridize the loss": lambda world: (
        isinstance(world.loss, gluon.Block) and world.loss.hybridize()
    ),
    "hook": lambda world: world.hook(),
    "hook on layers": lambda world: [world.hook(layer) for layer in world.layers()],
    "hook on the loss": lambda world: (
        isinstance(world.loss, gluon.Block) and world.hook(world.loss)
    ),
    "hook that changes": let_hook_change,
    "detach hooks": lambda world: [hook.detach() for hook in world.hooks],
    "number": lambda world: setattr(world, "number", 0.5),
    "global number": bind("scale", 3.0),
    "global function": bind("relu", nd.tanh),
    "redefine": lambda world: world.notebook and world.notebook.redefine(),
    "nd.FullyConnected": patch_operator("FullyConnected"),
    "nd.Convolution": patch_operator("Convolution"),
    "nd.Activation": patch_operator("Activation"),
    "nd.BatchNorm": patch_operator("LayerNorm"),
    "nd.softmax": patch_operator("softmax"),
    "nd.log_softmax": patch_operator("log_softmax"),
    "nd.pick": patch_operator("pick"),
    "nd.dot": patch_operator("dot"),
    "Dense.hybrid_forward": patch_method(nn.Dense, "hybrid_forward"),
    "Dense.forward": patch_method(nn.Dense, "forward"),
    "Sequential.forward": patch_method(nn.Sequential, "forward"),
    "Sequential.hybrid_forward": patch_method(nn.HybridSequential, "hybrid_forward"),
    "Block.__call__": patch_method(gluon.Block, "__call__"),
    "loss.hybrid_forward": patch_method(
        gluon.loss.SoftmaxCrossEntropyLoss, "hybrid_forward"
    ),
    "Parameter.data": patch_data,
    "evaluate inside": evaluate_inside,
    "fail": fail,
    "training mode": train_from_now_on,
    "seed": lambda world: mx.random.seed(7),
    "draw": lambda world: world.kept.append(nd.random.normal(shape=2)),
}

CHANGES = BEFORE | AFTER
