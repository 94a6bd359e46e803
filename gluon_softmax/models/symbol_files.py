"""Gluon's own files: parameters, and a symbol with its parameters."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from mxnet import gluon, nd
from mxnet.base import MXNetError

from ..storage.atomic import replacing
from .conversion import to_gluon
from .model import SIDE, Model

__all__ = ["write_parameters", "write_symbol"]


def write_parameters(net: gluon.Block, path: str | os.PathLike[str]) -> Path:
    """Write the parameters of a net, for Gluon's `load_parameters`.

    Parameters
    ----------
    net : mxnet.gluon.Block
    path : path

    Returns
    -------
    pathlib.Path
        The file written.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    with replacing(path) as temporary:
        _call(net.save_parameters, temporary)
    return Path(path)


def write_symbol(model: Model, path: str | os.PathLike[str]) -> Iterator[Path]:
    """Write a model as a symbol and its parameters.

    Parameters
    ----------
    model : Model
    path : path
        Of the symbol, ending in .json; the parameters are beside it, ending in .params.

    Yields
    ------
    pathlib.Path
        The files written, for
        ``gluon.SymbolBlock.imports("x.json", ["data"], "x.params")``. The block takes
        pixels as `Model.scale` gives them.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    net = to_gluon(model)
    net.hybridize()
    net(nd.zeros((1, 1, SIDE, SIDE)))  # MXNet exports what has been called
    path = Path(path)
    with tempfile.TemporaryDirectory() as folder:
        start = Path(folder, "net")
        _call(net.export, start)
        for suffix, made in (
            (".params", "net-0000.params"),
            (".json", "net-symbol.json"),
        ):
            with replacing(path.with_suffix(suffix)) as temporary:
                temporary.write_bytes(Path(folder, made).read_bytes())
            yield path.with_suffix(suffix)


def _call(write, path: Path) -> None:
    """Let MXNet write; it says in C++ that a disk is full, as all else."""
    try:
        write(str(path))
    except MXNetError as error:
        raise OSError(str(error).splitlines()[0]) from error
