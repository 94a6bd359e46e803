"""Data in, a Matplotlib figure out; live curves, animation, Chinese texts.

`drawing` holds the figures of the lesson; `gluon_softmax.figures.save` and the other
names of it are found here too, loaded when they are first used.
"""

from importlib import import_module


def __getattr__(name: str):
    """Return a name of `drawing`; Matplotlib is loaded only now (PEP 562)."""
    drawing = import_module(f"{__name__}.drawing")
    if name not in drawing.__all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(drawing, name)
