"""The second edition's names and calls."""

from __future__ import annotations

from functools import partial

import mxnet as mx
import numpy
import pytest
import reference
from gluon_softmax import BatchLoader, init_params
from gluon_softmax import net as scratch_net
from gluon_softmax.chapter import second_edition as d2l
from gluon_softmax.chapter.concise import make_net, make_trainer
from mxnet import autograd, gluon, init, nd, np, npx
from mxnet.gluon import nn


@pytest.fixture
def data(small_set):
    """Return three batches, the last one smaller."""
    return BatchLoader(small_set, 8)


@pytest.fixture
def set_np():
    """Do what the book's code begins with, for one test."""
    npx.set_np()
    yield
    npx.reset_np()


def test_each_batch_is_divided_by_its_own_size(data):
    """The smaller last batch steps as far as the others, unlike in edition one."""
    W, b = init_params()
    V, c = W.asnumpy().astype("float64"), b.asnumpy().astype("float64")

    def updater(batch_size):
        d2l.sgd([W, b], 0.1, batch_size)

    net = partial(scratch_net, W=W, b=b)
    d2l.train_epoch_ch3(net, data, d2l.cross_entropy, updater)
    for X, y in data:
        X, y = X.asnumpy().reshape(len(y), 784), y.asnumpy()
        dV, dc = reference.gradient(X, y, V, c)
        V, c = V - 0.1 * dV / len(y), c - 0.1 * dc / len(y)
    numpy.testing.assert_allclose(W.asnumpy(), V, atol=1e-6)


def test_a_trainer_is_an_updater(data, capsys):
    """Gluon's trainer does in the updater's place, and the history comes back."""
    net = make_net()
    loss = gluon.loss.SoftmaxCrossEntropyLoss()
    history = d2l.train_ch3(net, data, data, loss, 3, make_trainer(net, 0.1))
    assert history[-1].loss < history[0].loss
    assert capsys.readouterr().out.count("epoch") == 3
    assert d2l.evaluate_accuracy(net, data) == history[-1].test_acc


def test_predictions_are_drawn(data):
    """As many images as asked for."""
    assert len(d2l.predict_ch3(make_net(), data, n=5).axes) == 5


def make_softmax_regression():
    """Make net, loss and updater of section 3.6 as printed."""
    W, b = np.random.normal(0, 0.01, (784, 10)), np.zeros(10)
    W.attach_grad()
    b.attach_grad()

    def net(X):
        return d2l.softmax(np.dot(X.reshape((-1, W.shape[0])), W) + b)

    return net, d2l.cross_entropy, lambda batch_size: d2l.sgd([W, b], 0.1, batch_size)


def make_concise(*hidden):
    """Make net, loss and updater of section 3.7 as printed; 4.3 adds a hidden layer."""
    net = nn.Sequential()
    net.add(*hidden, nn.Dense(10))
    net.initialize(init.Normal(sigma=0.01))
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1})
    return net, gluon.loss.SoftmaxCrossEntropyLoss(), trainer


def make_perceptron():
    """Make net, loss and updater of section 4.2 as printed."""
    W1, b1 = np.random.normal(scale=0.01, size=(784, 256)), np.zeros(256)
    W2, b2 = np.random.normal(scale=0.01, size=(256, 10)), np.zeros(10)
    params = [W1, b1, W2, b2]
    for param in params:
        param.attach_grad()

    def net(X):
        H = np.maximum(np.dot(X.reshape((-1, 784)), W1) + b1, 0)
        return np.dot(H, W2) + b2

    loss = gluon.loss.SoftmaxCrossEntropyLoss()
    return net, loss, lambda batch_size: d2l.sgd(params, 0.1, batch_size)


def make_concise_perceptron():
    return make_concise(nn.Dense(256, activation="relu"))


@pytest.mark.parametrize(
    "make",
    [make_softmax_regression, make_concise, make_perceptron, make_concise_perceptron],
)
def test_a_section_runs_as_printed(make, set_np, fashion):
    """After `npx.set_np()` the loaders give, and all takes, `mx.np` arrays."""
    train_iter, test_iter = d2l.load_data_fashion_mnist(256)
    net, loss, updater = make()
    history = d2l.train_ch3(net, train_iter, test_iter, loss, 1, updater)
    assert d2l.evaluate_accuracy(net, test_iter) == history[0].test_acc > 0.6
    assert len(d2l.predict_ch3(net, test_iter).axes) == 6


def test_the_loop_of_the_text_gives_the_same_figures(set_np, fashion, monkeypatch):
    """What `train_epoch_ch3` does is what its printed form does."""
    _, test_iter = d2l.load_data_fashion_mnist(256)
    figures = []
    for is_ours in (True, False):
        mx.random.seed(0)
        net, loss, updater = make_softmax_regression()
        if is_ours:
            figures.append(d2l.train_epoch_ch3(net, test_iter, loss, updater))
            continue
        metric = d2l.Accumulator(3)
        for X, y in test_iter:
            with autograd.record():
                y_hat = net(X)
                l = -np.log(y_hat[range(len(y_hat)), y])
            l.backward()
            updater(X.shape[0])
            metric.add(float(l.sum()), d2l.accuracy(y_hat, y), d2l.size(y))
        figures.append((metric[0] / metric[2], metric[1] / metric[2]))
    assert figures[0] == pytest.approx(figures[1], rel=1e-6)


def test_resized_images_are_numpy_arrays(set_np, fashion):
    """As section 3.5 tries its loader."""
    train_iter, _ = d2l.load_data_fashion_mnist(32, resize=64)
    X, y = next(iter(train_iter))
    assert (X.shape, X.dtype, y.shape, y.dtype) == (
        (32, 1, 64, 64),
        numpy.float32,
        (32,),
        numpy.int32,
    )
    assert isinstance(X, np.ndarray)
    assert isinstance(y, np.ndarray)


def test_images_are_drawn_in_a_grid(small_set):
    """Each with its title; places without an image stay empty."""
    axes = d2l.show_images(nd.array(small_set.images[:3, ..., 0]), 2, 2, list("abc"))
    assert [ax.get_title() for ax in axes] == ["a", "b", "c", ""]
    assert [len(ax.images) for ax in axes] == [1, 1, 1, 0]
    d2l.plt.close("all")


def test_an_animator_draws_what_is_added():
    """A curve each; one that has no value yet gets no point."""
    animator = d2l.Animator(xlabel="epoch", xlim=[1, 3], legend=["a", "b"])
    animator.add(1, (0.5, None))
    animator.add(2, (0.25, nd.array([0.75]).asscalar()))
    first = animator.axes[0]
    curves = [(list(c.get_xdata()), list(c.get_ydata())) for c in first.lines]
    assert curves == [([1, 2], [0.5, 0.25]), ([2], [0.75])]
    assert first.get_xlabel() == "epoch"
    assert first.get_xlim() == (1, 3)
    d2l.plt.close("all")


def test_a_timer_adds_up():
    """Each stop notes a time."""
    timer = d2l.Timer()
    times = [timer.stop(), timer.stop()]
    assert timer.sum() == sum(times)
    assert timer.avg() == sum(times) / 2
    assert timer.cumsum() == [times[0], sum(times)]
