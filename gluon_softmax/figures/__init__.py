"""Data in, a Matplotlib figure out; live curves, animation, Chinese texts.

`gluon_softmax.figures.save` and `present` are those of `output`.
"""

from importlib import import_module


def __getattr__(name: str):
    """Return `save` or `present`; Matplotlib is loaded only now (PEP 562)."""
    if name not in ("present", "save"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.output"), name)
