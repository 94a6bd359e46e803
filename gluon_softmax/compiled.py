"""A net and its loss as one compiled graph, where both are made of Gluon's parts.

Called one by one from Python, the operators of a small net cost more than their
arithmetic, and so does recording them for autograd. What is compiled gives the same
numbers; what cannot be compiled, a function on NDArrays or a block with Python of its
own, is called as it is.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mxnet import autograd, gluon, nd, sym
from mxnet.executor import Executor
from mxnet.gluon import nn

__all__ = ["CompiledStep", "join_loss", "join_net"]

Net = Callable[[nd.NDArray], nd.NDArray]
Loss = Callable[[nd.NDArray, nd.NDArray], nd.NDArray]
Step = Callable[[nd.NDArray, nd.NDArray], tuple[nd.NDArray, nd.NDArray]]


def join_loss(net: Net, loss: Loss) -> Step:
    """Join a net and its loss to one step of training, forward and backward.

    Parameters
    ----------
    net : callable
        Takes `X`, gives `y_hat`.
    loss : callable
        Takes ``y_hat, y``, gives one number per sample.

    Returns
    -------
    callable
        Takes ``X, y``; gives the losses and `y_hat`, and leaves the gradients of the
        summed loss where the net's own parameters have them.
    """
    if _can_be_compiled(net) and _can_be_compiled(loss):
        return CompiledStep(net, loss)

    def step(X, y):
        with autograd.record():
            y_hat = net(X)
            l = loss(y_hat, y)
        l.backward()
        return l, y_hat

    return step


class CompiledStep:
    """Forward and backward pass of a net and its loss, in one graph.

    Parameters
    ----------
    net : mxnet.gluon.Block
    loss : mxnet.gluon.loss.Loss
    """

    def __init__(self, net: gluon.Block, loss: gluon.loss.Loss):
        self._net = net
        y_hat = net(sym.var("data"))
        l = sym.make_loss(loss(y_hat, sym.var("label")))
        self._graph = sym.Group([l, sym.BlockGrad(y_hat)])
        self._bound: dict[tuple, tuple[Executor, nd.NDArray, nd.NDArray]] = {}
        self._params: list[nd.NDArray] = []

    def __call__(self, X: nd.NDArray, y: nd.NDArray) -> tuple[nd.NDArray, nd.NDArray]:
        """Compute losses, `y_hat` and gradients."""
        key = (X.shape, X.dtype, y.shape, y.dtype)
        executor, data, label = self._bound.get(key) or self._bind(key, X, y)
        X.copyto(data)
        y.copyto(label)
        executor.forward(is_train=True)
        executor.backward()
        for param in self._params:
            param._fresh_grad = True  # what a trainer asks before it steps
        l, y_hat = executor.outputs  # the next batch's come to the same place
        return l.copy(), y_hat.copy()

    def _bind(
        self, key: tuple, X: nd.NDArray, y: nd.NDArray
    ) -> tuple[Executor, nd.NDArray, nd.NDArray]:
        """Give the graph its memory: the net's parameters, and room for a batch."""
        if len(self._bound) == 4:  # batches of ever new shapes must not pile up
            self._bound.clear()
        with autograd.pause():
            self._net(X)  # a first pass, from which Gluon learns the shapes
        params = self._net.collect_params()
        arrays = {name: params[name].data() for name in params}
        trained = [name for name in params if params[name].grad_req != "null"]
        self._params = [arrays[name] for name in trained]
        batch = {"data": nd.zeros_like(X), "label": nd.zeros_like(y)}
        with _quiet_binding():
            executor = self._graph.bind(
                X.context,
                _among({**arrays, **batch}, self._graph.list_arguments()),
                args_grad={name: params[name].grad() for name in trained},
                grad_req={name: params[name].grad_req for name in trained},
                aux_states=_among(arrays, self._graph.list_auxiliary_states()),
            )
        self._bound[key] = executor, batch["data"], batch["label"]
        return self._bound[key]


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
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the first batch decides the types
        block = gluon.SymbolBlock([net(X)], [X], params=net.collect_params())
    block.hybridize(static_alloc=True)
    return block


def _among(arrays: dict[str, nd.NDArray], names: list[str]) -> dict[str, nd.NDArray]:
    """Keep the arrays of these names."""
    return {name: arrays[name] for name in names if name in arrays}


@contextmanager
def _quiet_binding() -> Iterator[None]:
    """Keep MXNet from printing a line to stderr for each graph that it binds."""
    variable = "MXNET_SUBGRAPH_VERBOSE"
    before = os.environ.get(variable)
    os.environ[variable] = "0"
    try:
        yield
    finally:
        if before is None:
            del os.environ[variable]
        else:
            os.environ[variable] = before


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
