"""What graphs are made of, by exact type, and whether it still does what it did."""

from __future__ import annotations

from itertools import chain

import numpy as np
from mxnet import gluon, nd, sym
from mxnet.gluon import nn

from .memory import InTurn
from .symbols import list_operators

__all__ = [
    "CONTAINERS",
    "LAYERS",
    "LOSSES",
    "NoGraph",
    "check_block",
    "check_operators",
    "check_types",
    "is_library_unchanged",
    "read_parameter",
]

CONTAINERS = (nn.Sequential, nn.HybridSequential)
LAYERS = (nn.Dense, nn.Activation, nn.Flatten, nn.Conv2D, nn.MaxPool2D, nn.AvgPool2D)
LOSSES = (gluon.loss.SoftmaxCrossEntropyLoss,)
OPERATORS = {
    *("null", "FullyConnected", "Activation", "Flatten", "Convolution", "Pooling"),
    *("log_softmax", "pick", "negative", "mean", "sum", "elemwise_mul"),
    *("reshape_like", "_mul_scalar"),
}
"""What these are made of; a hybridized block could hold others, from before."""

_NAMES = [*(name for name in OPERATORS if hasattr(nd, name)), "flatten"]
_FUNCTIONS = [getattr(nd, name) for name in _NAMES]
_KINDS = (*CONTAINERS, *LAYERS, *LOSSES, gluon.Parameter)
_VIEWS = [vars(base).values() for base in {b for k in _KINDS for b in k.__mro__}]
_METHODS = list(chain.from_iterable(_VIEWS))
"""Functions above all, which are equal only where they are the same."""


class NoGraph(Exception):
    """There is no graph that is known to do what calling the net does."""


def is_library_unchanged() -> bool:
    """Return whether these layers and operators are as the engine found them."""
    return list(chain.from_iterable(_VIEWS)) == _METHODS and (
        list(map(vars(nd).get, _NAMES)) == _FUNCTIONS
    )


def check_block(block: gluon.Block) -> None:
    """Check that a block does no more than its type says."""
    if type(block) not in CONTAINERS + LAYERS + LOSSES:
        raise NoGraph(f"{block!r} may do anything")
    if block._forward_hooks or block._forward_pre_hooks:
        raise NoGraph(f"{block.name} has a hook")
    if _has_own_methods(block):
        raise NoGraph(f"{block.name} has a method of its own")


def read_parameter(param: gluon.Parameter) -> nd.NDArray:
    """Return the array of a parameter, if it is plain and on the processor alone."""
    arrays = param._data
    if type(param) is not gluon.Parameter or _has_own_methods(param):
        raise NoGraph(f"{param.name} is a parameter of another kind")
    if not arrays or len(arrays) > 1:
        raise NoGraph(f"{param.name} has no array yet, or several")
    return arrays[0]


def check_types(arrays: dict[str, nd.NDArray]) -> None:
    """Check that arrays are plain float32 on the processor."""
    for name, array in arrays.items():
        if type(array) not in (nd.NDArray, InTurn) or array.dtype != np.float32:
            raise NoGraph(f"{name} is of another type")
        if array.context.device_type != "cpu":
            raise NoGraph(f"{name} is on another device")


def check_operators(symbol: sym.Symbol) -> None:
    """Check that a graph holds no operators but those of the layers listed."""
    others = list_operators(symbol) - OPERATORS
    if others:
        raise NoGraph(f"it holds {', '.join(sorted(others))}")


def _has_own_methods(owner: object) -> bool:
    """Return whether an object has a method that its class does not know."""
    return any(callable(getattr(type(owner), name, None)) for name in vars(owner))
