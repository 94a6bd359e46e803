"""What a graph was made from, compared by identity before each batch.

A graph is bound to arrays, layers and numbers. The user may exchange any of them, at
any time and without a word: an updater rebinds a parameter, a hook is registered, a
layer is replaced. So all of it is looked at again, which takes some ten microseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from operator import is_
from typing import Union

import mxnet as mx
from mxnet import gluon, nd

from ..compat.internals import tape_name

__all__ = ["Fingerprint", "Snapshot", "list_holders"]

Holder = Union[Mapping, list]


class Snapshot:
    """The very objects that some dicts and lists hold.

    Parameters
    ----------
    holders : iterable of mapping or list
    """

    def __init__(self, holders: Iterable[Holder]):
        self._views = [
            holder if isinstance(holder, list) else holder.values()
            for holder in holders
        ]
        self._lengths = list(map(len, self._views))
        self._values = list(chain.from_iterable(self._views))

    def holds(self) -> bool:
        """Return whether they still hold the same objects, and no others."""
        return list(map(len, self._views)) == self._lengths and all(
            map(is_, chain.from_iterable(self._views), self._values)
        )


class Fingerprint:
    """The present state of some blocks and functions.

    Parameters
    ----------
    blocks : iterable of mxnet.gluon.Block
        Their types, attributes, children, hooks and parameters are kept.
    arrays : iterable of mxnet.nd.NDArray
        How autograd has marked them is kept.
    reads : iterable of callable
        What each returns is kept: a variable of a function, say.
    """

    def __init__(
        self,
        blocks: Iterable[gluon.Block],
        arrays: Iterable[nd.NDArray],
        reads: Iterable[Callable[[], object]],
    ):
        self._blocks = list(blocks)
        self._types = [type(block) for block in self._blocks]
        holders = [holder for block in self._blocks for holder in list_holders(block)]
        self._snapshot = Snapshot(holders)
        self._marks = [(array, tape_name(array)) for array in arrays]
        self._reads = [(read, read()) for read in reads]

    def holds(self) -> bool:
        """Return whether everything is as it was, and legacy arrays are in use."""
        return (
            not mx.util.is_np_array()
            and not mx.util.is_np_shape()
            and all(map(is_, map(type, self._blocks), self._types))
            and self._snapshot.holds()
            and all(tape_name(array) == name for array, name in self._marks)
            and all(read() is value for read, value in self._reads)
        )


def list_holders(block: gluon.Block) -> Iterator[Holder]:
    """List what a block keeps its values in, those of its parameters included.

    Parameters
    ----------
    block : mxnet.gluon.Block

    Yields
    ------
    dict or list
    """
    yield from _list_inner(block)
    for param in block._reg_params.values():
        yield from _list_inner(param)


def _list_inner(owner: object) -> Iterator[Holder]:
    """List the attributes of an object, and the dicts and lists among them."""
    yield vars(owner)
    for value in vars(owner).values():
        if isinstance(value, (dict, list)):
            yield value
