"""What a symbol computes, whatever its operators are called."""

from __future__ import annotations

import json

from mxnet import sym

__all__ = ["describe", "list_operators"]


def describe(symbol: sym.Symbol) -> str:
    """Return a text that is equal for symbols which compute the same from equal inputs.

    Inputs count with their names, operators without.
    """
    graph = json.loads(symbol.tojson())
    for node in graph["nodes"]:
        if node["op"] != "null":
            del node["name"]
    return repr((graph["nodes"], graph["heads"]))


def list_operators(symbol: sym.Symbol) -> set[str]:
    """Return the operators of a symbol; an input counts as `null`."""
    return {node["op"] for node in json.loads(symbol.tojson())["nodes"]}
