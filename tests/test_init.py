"""The package's front: the book's names, and d2lzh behind them."""

from __future__ import annotations

import gluon_softmax as d2l
import pytest


@pytest.mark.parametrize("name", d2l.__all__)
def test_every_name_resolves(name):
    """What is promised is there."""
    assert getattr(d2l, name) is not None


@pytest.mark.parametrize("name", ["linreg", "Benchmark", "plt", "try_gpu"])
def test_other_names_are_d2lzhs(name):
    """What this package does not define it hands on."""
    import d2lzh

    assert getattr(d2l, name) is getattr(d2lzh, name)


@pytest.mark.parametrize("name", ["no_such_name", "__wrapped__", "_repr_html_"])
def test_unknown_names_are_attribute_errors(name):
    """Names that neither has fail as Python's do, so that tools can ask for them."""
    assert not hasattr(d2l, name)


def test_dir_lists_the_names():
    """Completion in a notebook finds the chapter's functions."""
    assert {"train_ch3", "softmax", "FashionMNIST"} <= set(dir(d2l))
