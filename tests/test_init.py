"""The package's front: the book's names, and d2lzh behind them."""

from __future__ import annotations

import gluon_softmax as d2l
import pytest


def test_every_name_resolves():
    """What is promised is there, and completion in a notebook finds it."""
    for name in d2l.__all__:
        assert getattr(d2l, name) is not None
    assert set(d2l.__all__) <= set(dir(d2l))


@pytest.mark.parametrize("name", ["linreg", "Benchmark", "plt", "try_gpu"])
def test_other_names_are_d2lzhs(name):
    """What this package does not define it hands on."""
    import d2lzh

    assert getattr(d2l, name) is getattr(d2lzh, name)


@pytest.mark.parametrize("name", ["no_such_name", "__wrapped__", "_repr_html_"])
def test_unknown_names_are_attribute_errors(name):
    """Names that neither has fail as Python's do, so that tools can ask for them."""
    assert not hasattr(d2l, name)
