"""Which function prepares which contender.

Modules are loaded when they are called for: the contenders on NumPy alone hold no MXNet
in memory.
"""

from __future__ import annotations

from functools import partial
from importlib import import_module

from .serving import Work

__all__ = ["PREPARATIONS", "prepare"]

PREPARATIONS = {
    "gluon": ("training", "prepare_gluon", {}),
    "gluon-hybrid": ("training", "prepare_gluon", {"hybrid": True}),
    "gluon-plain": ("training", "prepare_gluon", {"engine": None}),
    "scratch": ("training", "prepare_scratch", {}),
    "scratch-hybrid": ("training", "prepare_scratch", {"hybrid": True}),
    "block": ("training", "prepare_block", {}),
    "block-plain": ("training", "prepare_block", {"plain": True}),
    "d2lzh": ("training", "prepare_d2lzh", {}),
    "d2lzh-scratch": ("training", "prepare_d2lzh_scratch", {}),
    "evaluate": ("training", "prepare_evaluation", {}),
    "perceptron": ("training", "prepare_network", {"name": "perceptron"}),
    "convolutional": ("training", "prepare_network", {"name": "convolutional"}),
    "numpy": ("by_hand", "prepare_numpy", {}),
    "blas": ("by_hand", "prepare_blas", {}),
    "read-0": ("reading", "prepare_ours", {"num_workers": 0}),
    "read-1": ("reading", "prepare_ours", {"num_workers": 1}),
    "read-2": ("reading", "prepare_ours", {"num_workers": 2}),
    "read-4": ("reading", "prepare_ours", {"num_workers": 4}),
    "read-gluon": ("reading", "prepare_gluon", {"num_workers": 4}),
    "read-d2lzh": ("reading", "prepare_d2lzh", {}),
    "resize-0": ("reading", "prepare_ours", {"num_workers": 0, "resize": 96}),
    "resize-2": ("reading", "prepare_ours", {"num_workers": 2, "resize": 96}),
    "resize-d2lzh": ("reading", "prepare_d2lzh", {"resize": 96}),
    "growth": ("growth", "prepare_growth", {}),
}
"""Module, function and options of each contender."""


def prepare(key: str, data: str) -> Work:
    """Prepare a contender.

    Parameters
    ----------
    key : str
        One of `PREPARATIONS`.
    data : str
        The folder or file to read from; empty for the usual places.

    Returns
    -------
    callable
        Does its work once, to the end, and gives its figures.
    """
    module, function, options = PREPARATIONS[key]
    function = getattr(import_module(f".{module}", __package__), function)
    return partial(function, **options)(data)
