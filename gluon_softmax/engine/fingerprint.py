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

__all__ = ["Fingerprint", "Readings", "Snapshot"]

Holder = Union[Mapping, list]


class Snapshot:
    """The very objects that some dicts and lists hold."""

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


class Readings:
    """The very objects that some callables return: the variables of a function, say."""

    def __init__(self, reads: Iterable[Callable[[], object]]):
        self._values = [(read, read()) for read in reads]

    def holds(self) -> bool:
        """Return whether they still return the same objects."""
        return all(read() is value for read, value in self._values)


class Fingerprint:
    """The present state of blocks, of arrays as autograd marked them, and of readings.

    Of each block these are its type, attributes, children, hooks and parameters.
    """

    def __init__(
        self,
        blocks: Iterable[gluon.Block],
        arrays: Iterable[nd.NDArray],
        readings: Iterable[Readings],
    ):
        self._blocks = list(blocks)
        self._types = [type(block) for block in self._blocks]
        self._snapshot = Snapshot(chain.from_iterable(map(_list_holders, self._blocks)))
        self._marks = [(array, tape_name(array)) for array in arrays]
        self._readings = list(readings)

    def holds(self) -> bool:
        """Return whether everything is as it was, and legacy arrays are in use."""
        return (
            not mx.util.is_np_array()
            and not mx.util.is_np_shape()
            and all(map(is_, map(type, self._blocks), self._types))
            and self._snapshot.holds()
            and all(tape_name(array) == name for array, name in self._marks)
            and all(readings.holds() for readings in self._readings)
        )


def _list_holders(block: gluon.Block) -> Iterator[Holder]:
    """List the dicts and lists that a block and its parameters keep their values in."""
    for owner in (block, *block._reg_params.values()):
        yield vars(owner)
        for value in vars(owner).values():
            if isinstance(value, (dict, list)):
                yield value
