"""What is compiled gives the numbers of what is not."""

from __future__ import annotations

import numpy as np
import pytest
from gluon_softmax.compiled import CompiledStep, join_loss, join_net
from gluon_softmax.training import evaluate_accuracy, train_epoch
from mxnet import gluon, nd, random
from mxnet.gluon import nn

cross_entropy = gluon.loss.SoftmaxCrossEntropyLoss()


class Printing(nn.HybridBlock):
    """A block that does something in Python when it is called."""

    calls = 0

    def hybrid_forward(self, F, x):
        """Count the call, and give the scores on."""
        self.calls += 1
        return x * 2


def sequential(*layers):
    """Make the book's kind of net."""
    net = nn.Sequential()
    net.add(*layers)
    return net


NETS = {
    "softmax regression": lambda: sequential(nn.Dense(4)),
    "nested": lambda: sequential(sequential(nn.Dense(5)), nn.Dense(4)),
    "with batch normalisation": lambda: sequential(
        nn.Dense(8), nn.BatchNorm(), nn.Dense(4)
    ),
    "convolutional": lambda: sequential(
        nn.Conv2D(3, kernel_size=3, activation="relu"), nn.MaxPool2D(), nn.Dense(4)
    ),
}


def batches():
    """Give three batches, the last one smaller."""
    draw = np.random.RandomState(0)
    return [
        (
            nd.array(draw.rand(n, 1, 8, 8)),
            nd.array(draw.randint(0, 4, n), dtype="int32"),
        )
        for n in (16, 16, 5)
    ]


def train(net, step, data):
    """Train for two epochs with what computes losses, scores and gradients."""
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1})
    results = []
    for X, y in data * 2:
        results += [array.asnumpy() for array in step(X, y)]
        trainer.step(16)
    return results


@pytest.mark.parametrize("make", NETS.values(), ids=NETS)
def test_training_gives_the_plain_numbers(make):
    """Losses, parameters, running means and scores are those of the net itself."""
    results = []
    for loss in (cross_entropy, lambda y_hat, y: cross_entropy(y_hat, y)):
        compiled = loss is cross_entropy
        random.seed(1)
        net = make()
        net.initialize()
        step = join_loss(net, loss)
        assert isinstance(step, CompiledStep) == compiled
        arrays = train(net, step, batches())
        predict = join_net(net) if compiled else net
        arrays += [predict(X).asnumpy() for X, _ in batches()]
        params = net.collect_params().values()
        results.append(arrays + [param.data().asnumpy() for param in params])
    for compiled, plain in zip(*results):
        np.testing.assert_allclose(compiled, plain, rtol=0, atol=1e-6)


def test_batches_of_many_shapes_do_not_pile_up():
    """Room is kept for a few shapes only, and the numbers stay right."""
    net = sequential(nn.Dense(3))
    net.initialize()
    step = join_loss(net, cross_entropy)
    for n in (*range(1, 9), 1):
        l, y_hat = step(nd.ones((n, 5)), nd.zeros(n))
        np.testing.assert_array_equal(y_hat.asnumpy(), net(nd.ones((n, 5))).asnumpy())
        assert l.shape == (n,)
    assert len(step._bound) <= 4


def test_parameters_that_are_not_trained_stay():
    """A frozen layer has no gradient, and the others still train."""
    net = sequential(nn.Dense(4), nn.Dense(4))
    net.initialize()
    net[0].collect_params().setattr("grad_req", "null")
    net(nd.ones((1, 1, 8, 8)))
    before = [param.data().asnumpy() for param in net.collect_params().values()]
    train(net, join_loss(net, cross_entropy), batches())
    after = [param.data().asnumpy() for param in net.collect_params().values()]
    changed = [bool((a != b).any()) for a, b in zip(before, after)]
    assert changed == [False, False, True, True]


@pytest.mark.parametrize("hybridize", [False, True])
def test_python_in_a_block_runs_unless_hybridized(hybridize):
    """A block of the user's own is called each time, until the user hybridizes it."""
    net = Printing()
    net.initialize()
    if hybridize:
        net.hybridize()
    predict = join_net(net)
    for _ in range(3):
        predict(nd.ones((2, 4)))
    assert net.calls == (1 if hybridize else 3)


@pytest.mark.parametrize("hybridize", [False, True])
def test_dropout_is_compiled_only_where_asked_for(hybridize):
    """In a compiled graph it draws other numbers, so eager nets keep theirs."""
    net = nn.HybridSequential()
    net.add(nn.Dense(8, activation="relu"), nn.Dropout(0.5), nn.Dense(4))
    net.initialize()
    if hybridize:
        net.hybridize()
    assert isinstance(join_net(net), gluon.SymbolBlock) == hybridize


def test_hooks_are_called():
    """A net with a hook is not compiled, so that the hook sees every pass."""
    net, seen = sequential(nn.Dense(4)), []
    net.initialize()
    net[0].register_forward_hook(lambda block, inputs, output: seen.append(output))
    predict = join_net(net)
    predict(nd.ones((2, 3)))
    predict(nd.ones((2, 3)))
    assert len(seen) == 2


def test_functions_are_called_as_they_are():
    """A net from scratch is no block, and stays what it is."""
    net = lambda X: X  # noqa: E731
    assert join_net(net) is net
    X = nd.eye(3)
    X.attach_grad()
    l, y_hat = join_loss(net, cross_entropy)(X, nd.arange(3))
    assert l.shape == (3,)
    np.testing.assert_array_equal(y_hat.asnumpy(), np.eye(3))
    assert X.grad.asnumpy().any()


def test_momentum_and_the_loop_train_the_nets_own_parameters():
    """What the loop trains is the net that was passed, with any trainer."""
    net = sequential(nn.Dense(4))
    net.initialize()
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"momentum": 0.9})
    before = evaluate_accuracy(batches(), net)
    losses = [
        train_epoch(net, batches(), cross_entropy, trainer.step, 16)[0]
        for _ in range(30)
    ]
    assert losses[-1] < losses[0]
    assert evaluate_accuracy(batches(), net) > before
