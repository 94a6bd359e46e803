"""Gluon's own files, opened as Gluon's manual says."""

from __future__ import annotations

import numpy as np
import pytest
from gluon_softmax import make_perceptron
from drawn_models import NAMES, draw_images, draw_model
from gluon_softmax.models.conversion import to_gluon
from gluon_softmax.models.symbol_files import write_parameters, write_symbol
from mxnet import gluon, nd


@pytest.mark.parametrize("network", NAMES)
def test_a_symbol_gives_the_same_scores(network, tmp_path):
    """SymbolBlock reads both files, for a batch of any size."""
    model = draw_model(network, pixel_mean=0.5)
    files = list(write_symbol(model, tmp_path / "new" / "m.json"))
    assert [path.name for path in files] == ["m.params", "m.json"]
    params, symbol = map(str, files)
    block = gluon.SymbolBlock.imports(symbol, ["data"], params)
    for num_images in (1, 7):
        X = nd.array(model.scale(draw_images(num_images)))
        expected = to_gluon(model)(X).asnumpy()
        np.testing.assert_allclose(block(X).asnumpy(), expected, rtol=1e-5, atol=1e-5)
    assert sorted(tmp_path.glob("new/*")) == sorted(files)


def test_parameters_are_for_load_parameters(tmp_path):
    """A net of the same kind takes them, and computes the same."""
    net, other = to_gluon(draw_model("perceptron")), make_perceptron()
    other.load_parameters(str(write_parameters(net, tmp_path / "m.params")))
    X = nd.array(draw_images(2)[:, None] / 255)
    np.testing.assert_array_equal(other(X).asnumpy(), net(X).asnumpy())
