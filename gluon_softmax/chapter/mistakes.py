"""What goes wrong while a net trains, and what to do about it, in one line each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from mxnet import nd
from mxnet.base import MXNetError

from ..errors import ArgumentError

__all__ = ["check_loss", "check_params", "explaining"]


def check_params(params: Iterable[nd.NDArray]) -> list[nd.NDArray]:
    """Check that parameters are arrays with gradients, and list them."""
    params = list(params)
    for number, param in enumerate(params):
        if not isinstance(param, nd.NDArray):
            raise ArgumentError(
                f"expected params to be arrays, found {type(param).__name__} at "
                f"params[{number}]: pass a trainer for a Gluon net"
            )
        if param.grad is None:
            raise ArgumentError(
                f"expected params with gradients, found none at params[{number}], "
                f"shape {param.shape}: call its attach_grad() first"
            )
    return params


def check_loss(l: Any, y: Any) -> None:
    """Check that a loss was not averaged already, whose step would be too small."""
    if l.size != len(y):
        raise ArgumentError(
            f"expected one loss per sample, shape ({len(y)},), found shape {l.shape}: "
            "leave out .mean() or .sum() in the loss"
        )


@contextmanager
def explaining() -> Iterator[None]:
    """Turn MXNet's errors, of a hundred lines, into one."""
    try:
        yield
    except MXNetError as error:
        raise ArgumentError(_explain(str(error))) from None


def _explain(text: str) -> str:
    """Return the line of MXNet's error that says what is wrong, and what to do."""
    if "not in a computational graph" in text:
        return (
            "expected a loss that depends on parameters with gradients, found none: "
            "call attach_grad() on each parameter, or initialize() the net, and use "
            "them in the net"
        )
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    said = [line for line in lines if line.startswith(("Error in operator", "MXNet"))]
    line = (said or lines or ["MXNet gave no reason"])[-1]
    if "hape inconsistent" in line or "Shape" in line:
        return f"{line}: check in_units, or the shapes of X and the parameters"
    return line
