"""Section 3.7; `test_training` trains it against NumPy float64."""

from __future__ import annotations

import pytest
from gluon_softmax import make_net
from mxnet import nd


def test_net_is_one_dense_layer_with_the_books_start():
    """Ten outputs, weights from Normal(0, 0.01), biases 0."""
    net = make_net()
    assert net(nd.zeros((2, 1, 28, 28))).shape == (2, 10)
    weights = net[0].weight.data().asnumpy()
    assert weights.shape == (10, 784)
    assert weights.std() == pytest.approx(0.01, rel=0.05)
    assert not net[0].bias.data().asnumpy().any()
