"""Gluon's own files: parameters, and a symbol with its parameters."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from mxnet import gluon, nd
from mxnet.base import MXNetError

from ..data.pictures import SIDE
from ..storage.atomic import replacing
from .conversion import to_gluon
from .model import Model

__all__ = ["write_parameters", "write_symbol"]


def write_parameters(net: gluon.Block, path: str | os.PathLike[str]) -> Path:
    """Write the parameters of a net for `load_parameters`, and return the path."""
    with replacing(path) as temporary:
        _call(net.save_parameters, temporary)
    return Path(path)


def write_symbol(model: Model, path: str | os.PathLike[str]) -> Iterator[Path]:
    """Write a model as a symbol (.json) with its parameters (.params); yield both.

    They are for ``gluon.SymbolBlock.imports("x.json", ["data"], "x.params")``, a block
    that takes pixels as `Model.scale` gives them.
    """
    net = to_gluon(model)
    net.hybridize()
    net(nd.zeros((1, 1, SIDE, SIDE)))  # MXNet exports what has been called
    path = Path(path)
    with tempfile.TemporaryDirectory() as folder:
        _call(net.export, Path(folder, "net"))
        for name in ("net-0000.params", "net-symbol.json"):
            made = Path(folder, name)
            with replacing(path.with_suffix(made.suffix)) as temporary:
                temporary.write_bytes(made.read_bytes())
            yield path.with_suffix(made.suffix)


def _call(write, path: Path) -> None:
    """Have MXNet write; it says in C++ that a disk is full, as all else."""
    try:
        write(str(path))
    except MXNetError as error:
        raise OSError(str(error).splitlines()[0]) from error
