"""What counts as a graph, and when two are equal."""

from __future__ import annotations

import pytest
from gluon_softmax.engine.graphs import is_graph, make_graph
from mxnet import cpu, gluon, nd
from mxnet.gluon import nn

X, y = nd.ones((2, 4)), nd.zeros(2)
cross_entropy = gluon.loss.SoftmaxCrossEntropyLoss()


class Printing(nn.HybridBlock):
    """A block that may do something in Python when it is called."""

    def hybrid_forward(self, F, x):
        """Give the scores on."""
        return x * 2


def initialised(block, hybridize=False):
    """Make a block ready to be called."""
    block.initialize()
    if hybridize:
        block.hybridize()
    return block


def hooked():
    """Make a net whose layer the user wants to watch."""
    net = nn.Sequential()
    net.add(nn.Dense(4))
    net[0].register_forward_hook(lambda block, inputs, output: None)
    return initialised(net)


def with_dropout():
    """Make a net that draws numbers."""
    net = nn.HybridSequential()
    net.add(nn.Dense(8), nn.Dropout(0.5))
    return net


def on_two_devices():
    """Make a net whose parameters are on two devices."""
    net = nn.Dense(4)
    net.initialize(ctx=[cpu(0), cpu(1)])
    return net


BLOCKS = {
    "Gluon's layer": (lambda: initialised(nn.Dense(4)), True),
    "Gluon's loss": (lambda: cross_entropy, True),
    "the user's block": (lambda: initialised(Printing()), False),
    "the user's block, hybridized": (lambda: initialised(Printing(), True), True),
    "dropout": (lambda: initialised(with_dropout()), False),
    "dropout, hybridized": (lambda: initialised(with_dropout(), True), True),
    "a hook": (hooked, False),
    "not initialised": (lambda: nn.Dense(4), False),
    "on two devices": (on_two_devices, False),
    "a function": (lambda: lambda X: X, False),
}


@pytest.mark.parametrize(("make", "expected"), BLOCKS.values(), ids=BLOCKS)
def test_is_graph(make, expected):
    """A block that may do more than its graph is none."""
    assert is_graph(make()) == expected


def test_equal_graphs_have_one_key():
    """Made twice, of the same net, a graph is the same."""
    net = initialised(nn.Dense(4))
    key = make_graph(net, cross_entropy, X, y).key
    assert make_graph(net, cross_entropy, X, y).key == key
    assert make_graph(net, None, X, y).key != key


@pytest.mark.parametrize(
    "change",
    [
        lambda net: net.add(nn.Dense(4)) or net.initialize(),
        lambda net: net.initialize(force_reinit=True),
        lambda net: net.collect_params().setattr("grad_req", "null"),
        lambda net: net.collect_params().setattr("grad_req", "add"),
    ],
    ids=["layer", "arrays", "nothing trained", "added up"],
)
@pytest.mark.filterwarnings("ignore:Parameter .* is already initialized")
def test_a_changed_net_has_another_key(change):
    """Layers, arrays and what happens to gradients are part of the key."""
    net = nn.Sequential()
    net.add(nn.Dense(4))
    before = make_graph(initialised(net), cross_entropy, X, y)
    change(net)
    assert make_graph(net, cross_entropy, X, y).key != before.key


def test_bytes_of_a_batch():
    """Images, labels, scores and losses count, twice each; the weights do not."""
    net = initialised(nn.Dense(1000, use_bias=False))
    images = nd.ones((2, 5000))
    counted = make_graph(net, None, images, y).count_bytes(images, y)
    assert counted == 2 * 4 * (2 * 5000 + 2 * 1000)
