"""What runs as a graph gives the numbers of what is called as it is."""

from __future__ import annotations

import gc
import weakref
from functools import partial

import numpy as np
import pytest
from gluon_softmax import BatchLoader, ImageDataset, scratch
from gluon_softmax.chapter.training import evaluate_accuracy, train_epoch
from gluon_softmax.engine import compiled
from gluon_softmax.engine.compiled import BLOCK, predict, run_training
from mxnet import autograd, gluon, nd, random
from mxnet.gluon import nn
from mxnet.gluon.data.vision import transforms as vision

cross_entropy = gluon.loss.SoftmaxCrossEntropyLoss()


def sequential(*layers):
    """Make the book's kind of net."""
    net = nn.Sequential()
    net.add(*layers)
    return net


def multilayer_perceptron():
    """Make the scratch net of the book's next section."""
    W1, b1, W2, b2 = params = [
        nd.random.normal(scale=0.1, shape=shape) for shape in [(64, 6), 6, (6, 4), 4]
    ]
    for param in params:
        param.attach_grad()

    def relu(X):
        return nd.maximum(X, 0)

    def net(X):
        H = relu(nd.dot(X.reshape((-1, 64)), W1) + b1)
        return nd.dot(H, W2) + b2

    return net, params


def softmax_regression():
    """Make section 3.6's net."""
    params = scratch.init_params(64, 4)
    return partial(scratch.net, W=params[0], b=params[1]), params


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
FUNCTIONS = {
    "softmax regression": (softmax_regression, scratch.cross_entropy),
    "multilayer perceptron": (multilayer_perceptron, cross_entropy),
}


def batches(num_batches=3):
    """Give some batches, the last one smaller."""
    draw = np.random.RandomState(0)
    return [
        (
            nd.array(draw.rand(n, 1, 8, 8)),
            nd.array(draw.randint(0, 4, n), dtype="int32"),
        )
        for n in [16] * (num_batches - 1) + [5]
    ]


def loader(num_batches=3, **options):
    """Give a loader of some batches, the last one smaller."""
    draw = np.random.RandomState(0)
    n = 16 * num_batches - 11
    images = draw.randint(0, 256, (n, 8, 8), dtype="uint8")
    return BatchLoader(ImageDataset(images, draw.randint(0, 4, n)), 16, **options)


def read(blocks):
    """Read what blocks of results hold, a block behind, as the training loop does."""
    numbers, waiting = [], []
    for block in blocks:
        numbers += [array.asnumpy() for array in waiting]
        waiting = [array.copy() for result in block for array in result]
    return numbers + [array.asnumpy() for array in waiting]


def train(net, loss, data, step, num_epochs=2):
    """Train, predict, and give all that came out."""
    numbers = []
    for _ in range(num_epochs):
        numbers += read(run_training(net, loss, data, lambda *result: step()))
        numbers += read(predict(net, data))
    return numbers


def as_it_is(net, loss):
    """Hide a net and its loss, so that they are called as they are."""
    return (lambda X: net(X)), (lambda y_hat, y: loss(y_hat, y))


def is_run_as_graph(net, loss=None):
    """Say whether a graph takes the place of the net."""
    return compiled._choose(net, loss) is not None


def assert_same(numbers, others):
    """Compare lists of arrays."""
    assert len(numbers) == len(others)
    for array, other in zip(numbers, others):
        np.testing.assert_allclose(array, other, rtol=0, atol=1e-6)


@pytest.mark.parametrize("make_data", [batches, loader])
@pytest.mark.parametrize("make", NETS.values(), ids=NETS)
def test_gluon_nets_give_the_plain_numbers(make, make_data):
    """Losses, parameters, running means and scores are those of the net itself."""
    results = []
    for hide in (False, True):
        random.seed(1)
        net, loss = make(), cross_entropy
        net.initialize()
        params = net.collect_params()
        trainer = gluon.Trainer(params, "sgd", {"learning_rate": 0.1})
        if hide:
            net, loss = as_it_is(net, loss)
        assert is_run_as_graph(net, loss) != hide
        numbers = train(net, loss, make_data(), partial(trainer.step, 16))
        results.append(numbers + [param.data().asnumpy() for param in params.values()])
    assert_same(*results)


@pytest.mark.parametrize("make_data", [batches, loader])
@pytest.mark.parametrize(("make", "loss"), FUNCTIONS.values(), ids=FUNCTIONS)
def test_functions_give_the_plain_numbers(make, loss, make_data):
    """The same for nets from scratch, with a loss from scratch and with Gluon's."""
    results = []
    for hide in (False, True):
        random.seed(1)
        net, params = make()
        pair = as_it_is(net, loss) if hide else (net, loss)
        assert is_run_as_graph(*pair) != hide
        numbers = train(*pair, make_data(), partial(scratch.sgd, params, 0.1, 16))
        results.append(numbers + [param.asnumpy() for param in params])
    assert_same(*results)


@pytest.mark.parametrize("num_workers", [0, 2])
def test_arrays_in_turn_keep_their_numbers(num_workers):
    """Over many blocks each batch is computed with its own images and labels."""
    net = sequential(nn.Dense(4))
    net.initialize()
    data = loader(5 * BLOCK, shuffle=True, seed=3, num_workers=num_workers)
    y_hats = read(predict(net, data))[::2]
    data.epoch = 0
    expected = [net(X).asnumpy() for X, y in data]
    assert_same(y_hats, expected)


def test_an_updater_that_does_nothing_leaves_time_to_compute():
    """Gradients of every batch add up, though no step makes passes wait in turn."""
    sums = []
    for hide in (False, True):
        random.seed(1)
        net, loss = sequential(nn.Dense(4)), cross_entropy
        net.initialize()
        net.collect_params().setattr("grad_req", "add")
        data = loader(4 * BLOCK, seed=1)
        net(next(iter(data))[0])
        if hide:
            train(*as_it_is(net, loss), data, lambda: None, num_epochs=1)
        else:
            train(net, loss, data, lambda: None, num_epochs=1)
        sums.append(net[0].weight.grad().asnumpy())
    np.testing.assert_allclose(*sums, rtol=1e-5, atol=1e-5)


CHANGES = {
    "a layer": lambda net: (net.add(nn.Dense(3)), net[1].initialize()),
    "a new start": lambda net: net.initialize(force_reinit=True),
    "hybridized": lambda net: net.hybridize(),
    "a frozen parameter": lambda net: net[0].bias.__setattr__("grad_req", "null"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_net_that_is_changed_between_epochs(change):
    """What is kept from the last epoch serves only a net that is as it was."""
    net = sequential(nn.Dense(4))
    net.initialize()
    data = batches()
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1})
    train(net, cross_entropy, data, partial(trainer.step, 16))
    change(net)
    expected = [net(X).asnumpy() for X, y in data]
    assert_same(read(predict(net, data))[::2], expected)
    read(run_training(net, cross_entropy, data, lambda *result: None))
    gradient = net[0].weight.grad().asnumpy()  # of the last batch
    X, y = data[-1]
    with autograd.record():
        l = cross_entropy(net(X), y)
    l.backward()
    assert_same([gradient], [net[0].weight.grad().asnumpy()])


def test_arrays_and_numbers_that_a_function_reads_may_change():
    """Between epochs a function is looked at again."""
    scale, W = 2, nd.ones((64, 4))
    W.attach_grad()

    def net(X):
        return nd.dot(X.reshape((-1, 64)), W) * scale

    def assert_current():
        expected = [net(X).asnumpy() for X, y in batches()]
        assert_same(read(predict(net, batches()))[::2], expected)

    assert is_run_as_graph(net)
    assert_current()
    scale = 3
    assert_current()
    W = W / 2
    W.attach_grad()
    assert_current()


def test_one_loop_inside_another():
    """Predicting while the same net predicts takes memory of its own."""
    net = sequential(nn.Dense(4))
    net.initialize()
    data = loader(3 * BLOCK)
    accuracy = evaluate_accuracy(data, net)
    outer = predict(net, data)
    first = [y_hat.copy() for y_hat, y in next(outer)]
    assert evaluate_accuracy(data, net) == accuracy
    rest = read(outer)[::2]
    expected = [net(X).asnumpy() for X, y in data]
    assert_same([y_hat.asnumpy() for y_hat in first] + rest, expected)


def test_memory_goes_with_the_net():
    """Nothing that is kept for the next epoch keeps the net alive."""
    net, params = softmax_regression()
    train(net, scratch.cross_entropy, batches(), partial(scratch.sgd, params, 0.1, 16))
    gone = weakref.ref(net)
    del net
    gc.collect()
    assert gone() is None
    assert not any(kept is None for kept in compiled._idle.values())


def test_batches_of_many_shapes_do_not_pile_up():
    """Room is kept for a few shapes only, and the numbers stay right."""
    net = sequential(nn.Dense(3))
    net.initialize()
    data = [(nd.random.uniform(shape=(n, 5)), nd.zeros(n)) for n in (*range(1, 9), 1)]
    for _ in range(2):
        y_hats = read(predict(net, data))[::2]
        assert_same(y_hats, [net(X).asnumpy() for X, y in data])
    assert len(compiled._idle[net][True]._graphs) <= compiled.SHAPES


def test_large_batches_take_less_of_a_turn():
    """The larger the batches, the fewer are kept."""
    net = sequential(nn.Dense(4))
    net.initialize()
    image = nd.ones((2**14, 1, 16, 16))  # 16 MB
    data = [(image, nd.zeros(2**14))] * 5
    sizes = [len(block) for block in predict(net, data)]
    assert sizes == [1] * 5
    assert len(compiled._idle[net][True]._bound) <= 4


def test_parameters_that_are_not_trained_stay():
    """A frozen layer has no gradient, and the others still train."""
    net = sequential(nn.Dense(4), nn.Dense(4))
    net.initialize()
    net[0].collect_params().setattr("grad_req", "null")
    net(nd.ones((1, 1, 8, 8)))
    before = [param.data().asnumpy() for param in net.collect_params().values()]
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1})
    train(net, cross_entropy, batches(), partial(trainer.step, 16))
    after = [param.data().asnumpy() for param in net.collect_params().values()]
    changed = [bool((a != b).any()) for a, b in zip(before, after)]
    assert changed == [False, False, True, True]


def test_nothing_trained_at_all():
    """A net without a gradient runs forward, in prediction with its present weights."""
    net = sequential(nn.Dense(4))
    net.initialize()
    net.collect_params().setattr("grad_req", "null")
    for _ in range(3):
        net.initialize(force_reinit=True)
        net(batches()[0][0])
        expected = [net(X).asnumpy() for X, y in batches()]
        assert_same(read(predict(net, batches()))[::2], expected)


@pytest.mark.parametrize("transforms", [["Cast", "Resize"], ["Resize", "Cast"]])
def test_any_transform_may_come_last(transforms):
    """Whatever makes the images, few arrays hold them."""
    arguments = {"Cast": "float32", "Resize": 10}
    data = loader(4 * BLOCK).dataset
    for name in transforms:
        data = data.transform_first(getattr(vision, name)(arguments[name]))
    net = sequential(nn.Dense(4))
    net.initialize()
    data = BatchLoader(data, 16)
    assert_same(read(predict(net, data))[::2], [net(X).asnumpy() for X, y in data])
    assert len(compiled._idle[net][True]._bound) <= 2 * BLOCK + 3


class Keeping(nn.Block):
    """A net that keeps what it was called with."""

    def __init__(self):
        super().__init__()
        self.kept = []

    def forward(self, X):
        """Give the images back as scores."""
        self.kept.append(X)
        return X.reshape((len(X), -1))


def test_what_a_net_keeps_is_its_own():
    """Images that a net keeps are not written to again."""
    net = Keeping()
    data = loader(3 * BLOCK)
    read(predict(net, data))
    for kept, (X, _) in zip(net.kept, data):
        np.testing.assert_array_equal(kept.asnumpy(), X.asnumpy())


class Doubling(BatchLoader):
    """A loader whose loop gives what its reading does not."""

    def __iter__(self):
        """Give images twice as bright."""
        return ((X * 2, y) for X, y in super().__iter__())


def test_a_loaders_own_loop_is_gone_through():
    """A subclass that changes the loop is not read past it."""
    net = sequential(nn.Dense(4))
    net.initialize()
    data = Doubling(loader().dataset, 16)
    assert_same(read(predict(net, data))[::2], [net(X).asnumpy() for X, y in data])


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
