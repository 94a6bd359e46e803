"""Chinese names, and a font that has their characters."""

from __future__ import annotations

import warnings
from io import BytesIO

import matplotlib
import numpy as np
import pytest
from gluon_softmax import chinese_figures, get_fashion_mnist_labels, show_fashion_mnist
from gluon_softmax.errors import ArgumentError
from gluon_softmax.figures import chinese, style
from matplotlib import font_manager
from matplotlib.figure import Figure
from mxnet import nd

NAMES = get_fashion_mnist_labels(range(10), "zh")


def test_each_class_has_its_own_name():
    assert len(set(NAMES)) == 10
    assert get_fashion_mnist_labels(nd.array([9, 0]), "zh") == ["短靴", "T恤"]
    assert get_fashion_mnist_labels([9, 0]) == ["ankle boot", "t-shirt"]
    with pytest.raises(ArgumentError, match="language to be one of en, zh, found 'fr'"):
        get_fashion_mnist_labels([0], "fr")


def test_no_character_is_missing(chinese_font, monkeypatch):
    """Here without being asked, elsewhere where it is; the font only fills in."""
    figure = show_fashion_mnist(np.zeros((10, 28, 28)), NAMES, "训练 Fashion")
    before = list(matplotlib.rcParams["font.family"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure.savefig(BytesIO())
        with chinese_figures() as family:
            assert matplotlib.rcParams["font.family"] == [*before, family]
            other = Figure()
            other.text(0, 0, "训练")
        other.savefig(BytesIO())
    assert family == chinese_font
    assert matplotlib.rcParams["font.family"] == before
    monkeypatch.setattr(style, "find_chinese_font", lambda: None)
    with pytest.warns(UserWarning, match="missing from font"):
        show_fashion_mnist(np.zeros((1, 28, 28)), NAMES[:1]).savefig(BytesIO())
    monkeypatch.setattr(chinese, "find_chinese_font", lambda: None)
    with pytest.raises(ArgumentError, match="no font with Chinese"), chinese_figures():
        pass


def test_the_upright_face_is_preferred(monkeypatch):
    found = [p for p in font_manager.findSystemFonts() if "NotoSansCJK" in p]
    if len(found) < 2:
        pytest.skip("needs several faces of Noto Sans CJK")
    added = []
    monkeypatch.setattr(font_manager.fontManager, "addfont", added.append)
    for order in (sorted(found), sorted(found, reverse=True)):
        monkeypatch.setattr(font_manager, "findSystemFonts", lambda order=order: order)
        chinese.find_chinese_font.__wrapped__()
        assert "Regular" in added[-1]
