"""A net and its loss as one compiled graph, where both are made of Gluon's parts.

Called one by one from Python, the operators of a small net cost more than their
arithmetic. What is compiled gives the same numbers; what cannot be compiled, a function
on NDArrays or a block with Python of its own, is called as it is.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

from mxnet import gluon, nd, sym
from mxnet.gluon import nn

__all__ = ["join_loss", "join_net"]

Net = Callable[[nd.NDArray], nd.NDArray]
Loss = Callable[[nd.NDArray, nd.NDArray], nd.NDArray]


def join_loss(
    net: Net, loss: Loss
) -> Callable[[nd.NDArray, nd.NDArray], tuple[nd.NDArray, nd.NDArray]]:
    """Join a net and its loss.

    Parameters
    ----------
    net : callable
        Takes `X`, gives `y_hat`.
    loss : callable
        Takes ``y_hat, y``, gives one number per sample.

    Returns
    -------
    callable
        Takes ``X, y``, gives the losses and `y_hat`; trains the net's own parameters.
    """
    if not (_can_be_compiled(net) and _can_be_compiled(loss)):
        return lambda X, y: _call(net, loss, X, y)
    X, y = sym.var("data"), sym.var("label")
    return _compile(list(_call(net, loss, X, y)), [X, y], net)


def join_net(net: Net) -> Net:
    """Join the layers of a net.

    Parameters
    ----------
    net : callable
        Takes `X`, gives `y_hat`.

    Returns
    -------
    callable
        The same, of the net's own parameters.
    """
    if not _can_be_compiled(net):
        return net
    X = sym.var("data")
    return _compile([net(X)], [X], net)


def _call(net: Net, loss: Loss, X, y) -> tuple:
    """Compute losses and predictions."""
    y_hat = net(X)
    return loss(y_hat, y), y_hat


def _compile(outputs: list, inputs: list, net: gluon.Block) -> gluon.SymbolBlock:
    """Compile a graph that shares its parameters with the net."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the first batch decides the types
        block = gluon.SymbolBlock(outputs, inputs, params=net.collect_params())
    block.hybridize(static_alloc=True)
    return block


def _can_be_compiled(block: object) -> bool:
    """Say whether calling a block does no more than its graph.

    That is so where the user hybridized it, and for Gluon's own layers in sequence;
    another block may print, count or decide in Python. Dropout draws other numbers in a
    compiled graph, so it is compiled only where the user asked for it.
    """
    if not isinstance(block, gluon.Block) or _has_hooks(block):
        return False
    if getattr(block, "_active", False):  # set by hybridize()
        return True
    if type(block) in (nn.Sequential, nn.HybridSequential):
        return all(_can_be_compiled(block[i]) for i in range(len(block)))
    own = type(block).__module__.startswith("mxnet.gluon.")
    return (
        own and isinstance(block, gluon.HybridBlock) and type(block) is not nn.Dropout
    )


def _has_hooks(block: gluon.Block) -> bool:
    """Say whether the user wants to be called at each pass."""
    return bool(block._forward_hooks or block._forward_pre_hooks)
