"""What an updater may change between two batches, by name.

Each change is a function of a world; where there is nothing to change it does nothing.
Those of `BEFORE` come before the updater's own step, those of `AFTER` behind it.
"""

from functools import partial
from operator import methodcaller
from unittest.mock import patch

import mxnet as mx
from mxnet import autograd, gluon, init, nd
from mxnet.gluon import nn

from .blocks import Tripled, double, multiply


def put(**values):
    """Return a change that sets those attributes that there are."""

    def change(thing):
        for name, value in values.items():
            if hasattr(thing, name):
                setattr(thing, name, value)

    return change


def write(array, value):
    array[:] = value


def mark(array, grad_req="write"):
    autograd.mark_variables([array], [nd.zeros_like(array)], grad_req)


def wrap_child(block):
    for name, child in list(block._children.items())[:1]:
        other = nn.HybridSequential()
        other.add(child, nn.HybridLambda(lambda F, x: x * 2))
        block._children[name] = other


def set_child(block):
    if isinstance(getattr(block, "layer0", None), nn.Dense):
        other = nn.Sequential()
        other.add(block.layer0, nn.Lambda(lambda x: x * 2))
        block.layer0 = other


def drop_child(block):
    """Take the last layer but one out."""
    if len(block._children) > 1:
        del block._children[list(block._children)[-2]]


def replace_parameter(layer):
    if layer.weight._data is not None:
        other = gluon.Parameter("other", shape=layer.weight.shape)
        other.initialize(init.Constant(0.1))
        layer._reg_params["weight"] = other


def move_mean(layer):
    if layer.running_mean._data is not None:
        layer.running_mean.set_data(nd.ones(layer.running_mean.shape))


def replace_function(layer):
    """Put another function in the place of a lambda's; it gives the same shape."""
    name = "_func" if isinstance(layer, nn.HybridLambda) else "_func_impl"
    original = getattr(layer, name)
    setattr(layer, name, lambda *given: original(*given) * 3)


def rebind(world):
    for array in world.arrays():
        world.replace(array, array * 0.9)


def double_for_now(owner, name, world):
    """Have an operator or a method give twice as much until the case is over."""
    doubled = multiply(getattr(owner, name))
    world.stack.enter_context(patch.object(owner, name, doubled))


def draw_for_now(world):
    """Draw a number whenever a parameter is read, until the case is over.

    MXNet breaks on parameters that are computed: it keeps some that it saw before, or
    reads memory that nothing was written to.
    """
    original = gluon.Parameter.data

    def data(param, ctx=None):
        world.kept.append(nd.random.normal(shape=1))
        return original(param, ctx)

    world.stack.enter_context(patch.object(gluon.Parameter, "data", data))


def lower_momentum(trainer):
    if getattr(trainer._optimizer, "momentum", 0):
        trainer._optimizer.momentum = 0.2


def fail(world):
    raise KeyError("an updater's own error")


def let_hook_change(world):
    if world.block is not None:
        world.block.register_forward_pre_hook(
            lambda *called: setattr(world, "number", world.number * 0.9)
        )


STATIC = {"static_alloc": True, "static_shape": True}
OPERATORS = ("FullyConnected", "Convolution", "Activation", "LayerNorm")
FUNCTIONS = ("softmax", "log_softmax", "pick", "dot")
DOUBLED = (
    ("nd", nd, OPERATORS + FUNCTIONS),
    ("Dense", nn.Dense, ["forward", "hybrid_forward"]),
    ("Sequential", nn.Sequential, ["forward"]),
    ("HybridSequential", nn.HybridSequential, ["hybrid_forward"]),
    ("Block", gluon.Block, ["__call__"]),
    ("loss", gluon.loss.SoftmaxCrossEntropyLoss, ["hybrid_forward"]),
)
"""Operators and methods that give twice as much from a batch on."""

BEFORE_THE_STEP = {
    "arrays": {
        "zero gradients": lambda array: write(array.grad, 0),
        "scale gradients": lambda array: write(array.grad, array.grad / 2),
        "clip gradients": lambda array: write(array.grad, array.grad.clip(-0.1, 0.1)),
    },
    "trainers": {
        "higher learning rate": methodcaller("set_learning_rate", 0.5),
        "rescaled": put(_scale=0.5),
    },
    "world": {
        "keep gradients": lambda world: world.kept.extend(
            array.grad.copy() for array in world.arrays()
        ),
        "keep the gradients' arrays": lambda world: world.kept.extend(
            array.grad for array in world.arrays()
        ),
    },
}

BEHIND_IT = {
    "arrays": {
        "write in place": lambda array: write(array, array * -0.9),
        "attach_grad": methodcaller("attach_grad"),
        "attach_grad to add": methodcaller("attach_grad", "add"),
        "mark_variables": mark,
        "mark_variables as null": partial(mark, grad_req="null"),
    },
    "params": {
        "zero_grad": methodcaller("zero_grad"),
        "set_data of all": lambda param: param.set_data(param.data() * 0.9),
        "freeze all": put(grad_req="null"),
        "thaw all": lambda param: (
            param._differentiable and put(grad_req="write")(param)
        ),
    },
    "first param": {
        "set_data": lambda param: param.set_data(param.data() * 0.5),
        "new start": methodcaller("initialize", init.Constant(0.2), force_reinit=True),
        "freeze": put(grad_req="null"),
        "add from now on": put(grad_req="add"),
        "lr_mult": put(lr_mult=0.1),
        "rename to data": put(name="data"),
        "rename to label": put(name="label"),
    },
    "trainers": {
        "weight decay": lambda trainer: setattr(trainer._optimizer, "wd", 0.5),
        "momentum": lower_momentum,
    },
    "block": {
        "new start of all": methodcaller(
            "initialize", init.Normal(0.3), force_reinit=True
        ),
        "hybridize": methodcaller("hybridize"),
        "hybridize statically": methodcaller("hybridize", **STATIC),
        "call as it is": methodcaller("hybridize", False),
        "wrap a child": wrap_child,
        "set a child": set_child,
        "add a layer": lambda block: (
            hasattr(block, "add") and block.add(nn.Activation("tanh"))
        ),
        "drop a layer": drop_child,
        "replace forward": partial(double, name="forward"),
    },
    nn.Dense: {
        "another class": put(__class__=Tripled),
        "another parameter": replace_parameter,
        "another activation in Dense": lambda dense: (  # a new one for each case
            put(act=nn.Activation("sigmoid"))(dense)
        ),
        "replace forward of layers": partial(double, name="forward"),
        "replace hybrid_forward": partial(double, name="hybrid_forward"),
    },
    nn.Activation: {"another activation": put(_act_type="softrelu")},
    nn.LeakyReLU: {"another slope": put(_alpha=0.5)},
    nn.Dropout: {"no dropout": put(_rate=0)},
    nn.BatchNorm: {
        "another epsilon": lambda layer: layer._kwargs.update(eps=0.5, momentum=0.5),
        "moved mean": move_mean,
    },
    (nn.Lambda, nn.HybridLambda): {"another function": replace_function},
    "loss": {
        "replace forward of the loss": partial(double, name="forward"),
        "weight of the loss": put(_weight=3.0),
        "number of the loss": put(factor=3.0),
        "logits of the loss": put(_from_logits=True),
        "hybridize the loss": methodcaller("hybridize"),
    },
    "notebook": {
        "global number": methodcaller("bind", "scale", 3.0),
        "global function": methodcaller("bind", "relu", nd.tanh),
        "redefine": methodcaller("redefine"),
    },
    "world": {
        "rebind": rebind,
        "hook": lambda world: world.hook(world.block),
        "hook on layers": lambda world: [world.hook(layer) for layer in world.layers()],
        "hook on the loss": lambda world: world.hook(world.loss),
        "hook that changes": let_hook_change,
        "detach hooks": lambda world: [hook.detach() for hook in world.hooks],
        "number": put(number=0.5),
        **{
            f"{label}.{name}": partial(double_for_now, owner, name)
            for label, owner, names in DOUBLED
            for name in names
        },
        "Parameter.data": draw_for_now,
        "evaluate inside": lambda world: world.kept.append(
            world.loops.evaluate_accuracy(world.test_iter, world.net)
        ),
        "fail": fail,
        "training mode": lambda world: world.stack.callback(
            autograd.set_training, autograd.set_training(True)
        ),
        "np_shape": lambda world: world.stack.enter_context(mx.util.np_shape()),
        "np_array": lambda world: world.stack.enter_context(mx.util.np_array()),
        "seed": lambda world: mx.random.seed(7),
        "draw": lambda world: world.kept.append(nd.random.normal(shape=2)),
    },
}


def select(world, subject):
    """List what there is of a subject: a name, or types of layers."""
    if not isinstance(subject, str):
        return [layer for layer in world.layers() if isinstance(layer, subject)]
    params = [param for param in world.params() if param._data is not None]
    of_name = {
        "arrays": world.arrays(),
        "params": params,
        "first param": [p for p in params if p.grad_req != "null"][:1],
        "trainers": world.trainers,
        "block": [world.block],
        "loss": [world.loss if isinstance(world.loss, gluon.Block) else None],
        "notebook": [world.notebook],
        "world": [world],
    }
    return [thing for thing in of_name[subject] if thing is not None]


def change_each(subject, change, world):
    for thing in select(world, subject):
        change(thing)


def by_name(table):
    """Return the changes of a table of subjects as functions of a world, by name."""
    return {
        name: partial(change_each, subject, change)
        for subject, changes in table.items()
        for name, change in changes.items()
    }


BEFORE, AFTER = by_name(BEFORE_THE_STEP), by_name(BEHIND_IT)
CHANGES = BEFORE | AFTER
