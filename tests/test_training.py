"""The training loop against NumPy float64, and misuse."""

from __future__ import annotations

from functools import partial

import gluon_softmax as d2l
import numpy as np
import pytest
import reference
from gluon_softmax.chapter import handmade
from gluon_softmax.engine import BLOCK
from gluon_softmax.errors import ArgumentError, DivergedError
from mxnet import gluon, nd


@pytest.fixture
def data() -> tuple[d2l.ImageDataset, d2l.ImageDataset]:
    """Return 500 images that can be learned, and 100 to test on."""
    labels = np.arange(600) % 10
    images = np.random.randint(0, 60, (600, 28, 28), dtype="uint8")
    images[np.arange(600), labels * 2 + 3] += 150  # a bright line, a row per class
    return (
        d2l.ImageDataset(images[:500], labels[:500]),
        d2l.ImageDataset(images[500:], labels[500:]),
    )


def from_scratch():
    """Set up section 3.6: net, loss, what to train with, and its parameters."""
    W, b = params = d2l.init_params()
    updater = {"params": iter(params), "lr": 0.1}
    return partial(d2l.net, W=W, b=b), d2l.cross_entropy, updater, lambda: params


def with_gluon():
    block = d2l.make_net()
    block(nd.zeros((1, 784)))
    dense, updater = block[0], {"trainer": d2l.make_trainer(block, 0.1)}
    loss = gluon.loss.SoftmaxCrossEntropyLoss()
    return block, loss, updater, lambda: (dense.weight.data().T, dense.bias.data())


def by_hand():
    model = handmade.SoftmaxRegression(*handmade.draw_start(784, 10))
    updater = {"trainer": handmade.MomentumTrainer(model, 0.1)}
    return model, model.loss, updater, lambda: map(nd.array, model.params)


def fit(data, setup=with_gluon, num_epochs=3, batch_size=100, **options):
    net, loss, updater, _ = setup()
    train_iter, test_iter = d2l.load_data(*data, batch_size)
    return d2l.train_ch3(
        net, train_iter, test_iter, loss, num_epochs, batch_size, **updater, **options
    )


@pytest.mark.parametrize("setup", [from_scratch, with_gluon, by_hand])
def test_figures_agree_with_float64(setup, data):
    """Loss, training and test accuracy are those of the plain loop, last batch too."""
    train_iter, test_iter = d2l.load_data(*data, batch_size=64, seed=3)
    net, loss, updater, params = setup()
    start = (param.asnumpy() for param in params())
    epochs = [
        np.split(train_iter.order(epoch), range(64, 500, 64)) for epoch in range(3)
    ]
    X = data[0].images.reshape(500, 784) / 255
    W, b, losses, accuracies = reference.train(
        X, data[0].labels, *start, epochs, batch_size=64, lr=0.1
    )
    history = d2l.train_ch3(net, train_iter, test_iter, loss, 3, 64, **updater)
    np.testing.assert_allclose(history.column("loss"), losses, rtol=1e-5)
    np.testing.assert_allclose(history.column("train_acc"), accuracies, atol=1e-9)
    scores = data[1].images.reshape(100, 784) / 255 @ W + b
    test_acc = (scores.argmax(axis=1) == data[1].labels).mean()
    assert history[-1].test_acc == pytest.approx(test_acc, abs=1e-9)
    for param, expected in zip(params(), (W, b)):
        np.testing.assert_allclose(param.asnumpy(), expected, atol=1e-6)


@pytest.mark.parametrize("setup", [from_scratch, with_gluon])
def test_the_books_order_and_lines(setup, data, capsys):
    """Arguments by place; a line per epoch, with the figures of the history."""
    net, loss, updater, _ = setup()
    by_place = (updater.get(name) for name in ("params", "lr", "trainer"))
    train_iter, test_iter = d2l.load_data(*data, batch_size=100)
    history = d2l.train_ch3(net, train_iter, test_iter, loss, 2, 100, *by_place)
    assert capsys.readouterr().out.splitlines() == [str(epoch) for epoch in history]
    assert all(epoch.seconds > 0 for epoch in history)
    assert history[1].loss < history[0].loss < np.log(10)


@pytest.mark.parametrize("dtype", ["int32", "int64", "float32", "uint8"])
def test_accuracy_takes_labels_of_any_type(dtype):
    y_hat = nd.array([[0.1, 0.3, 0.6], [0.3, 0.2, 0.5]])
    y = nd.array([0, 2], dtype=dtype)
    assert d2l.accuracy(y_hat, y) == 0.5
    assert d2l.evaluate_accuracy([(y_hat, y)], lambda X: X) == 0.5


@pytest.mark.parametrize("num_batches", [1, BLOCK, BLOCK + 1, 3 * BLOCK + 5])
def test_no_batch_is_lost_between_blocks(num_batches):
    batches = [
        (nd.array(np.eye(4)[[i % 4, 0]]), nd.array([i % 4, 1]))
        for i in range(num_batches)
    ]
    same = d2l.make_net(4)
    same(batches[0][0])
    same[0].weight.set_data(nd.eye(4))
    assert d2l.evaluate_accuracy(batches, same) == 0.5
    assert d2l.evaluate_accuracy(batches, lambda X: X) == 0.5


def test_diverged_loss_names_epoch_batch_pixels_and_rate():
    net, _, updater, _ = with_gluon()
    calls = iter(range(1, 6))

    def loss(y_hat, y):
        return y_hat.sum(axis=1) * (float("nan") if next(calls) == 4 else 1.0)

    data = [(nd.ones((3, 784)) * 255, nd.zeros(3))] * 5
    with pytest.raises(DivergedError) as error:
        d2l.train_ch3(net, data, data, loss, 1, 3, **updater)
    assert str(error.value) == (
        "epoch 1, batch 4: the loss is nan (pixels from 255 to 255, learning rate "
        "0.1): scale the pixels to 0-1 or lower the learning rate"
    )


def test_the_engine_names_the_batch_that_diverged():
    """Though its figures are read a block later."""
    net, loss, updater, _ = with_gluon()
    good, y = nd.ones((3, 784)), nd.zeros(3)
    data = [(good, y)] * (BLOCK + 6) + [(good * np.inf, y)] + [(good, y)] * 2 * BLOCK
    with pytest.raises(DivergedError, match=f"epoch 1, batch {BLOCK + 7}: the loss is"):
        d2l.train_ch3(net, data, data, loss, 1, 3, **updater)


def test_training_on_nonsense_is_refused():
    net, loss, updater, _ = with_gluon()
    X, y, step = nd.ones((4, 784)), nd.array([0, 1, 2, 3]), updater["trainer"].step
    with pytest.raises(ArgumentError, match=r"^expected one.*leave out \.mean.*$"):
        d2l.train_epoch(net, [(X, y)], lambda *pair: loss(*pair).mean(), step)
    with pytest.raises(ArgumentError, match=r"^.*labels from 0 to 9, found 7.*$"):
        d2l.train_epoch(net, [(X, y + 7)], loss, step)
    with pytest.raises(ArgumentError, match=r"^the data gave no batch.*$"):
        d2l.train_epoch(net, iter([]), loss, step)


@pytest.mark.parametrize(
    ("y_hat", "y", "message"),
    [
        (np.ones((2, 3)), np.array([1, np.nan]), "whole labels from 0 to 2"),
        (np.ones((2, 3)), np.array([1, 0.5]), "whole labels from 0 to 2"),
        (np.ones((2, 3)), np.array([1, -1]), "found -1 to 1"),
        (np.ones((0, 3)), np.ones(0), "expected a sample"),
        (np.ones(2), np.ones(2), r"scores of shape \(2, classes\)"),
        (np.ones((2, 3)), np.ones((2, 2)), r"labels of shape \(2,\), or one-hot"),
    ],
)
def test_accuracy_of_what_does_not_fit(y_hat, y, message):
    """It would be a number without a meaning."""
    with pytest.raises(ArgumentError, match=message):
        d2l.accuracy(y_hat, y)


@pytest.mark.parametrize(
    ("updater", "message"),
    [
        ({}, "expected either a trainer"),
        ({"lr": 0.1}, "expected either a trainer"),
        ({"params": []}, "expected either a trainer"),
        ({"params": {"W": 1}, "lr": 0.1}, "arrays, found str at params"),
        ({"params": [nd.ones(1)], "lr": 0.1}, "with gradients, found none"),
        *[
            ({"batch_size": value}, "batch_size to be a whole number from 1 on")
            for value in (-4, 0, True, 2.0, "3", None, float("nan"))
        ],
    ],
)
def test_what_cannot_train_is_refused(updater, message):
    options = {"batch_size": 4, **updater}
    with pytest.raises(ArgumentError, match=message):
        d2l.train_ch3(abs, [], [], abs, 1, **options)


class Ending(d2l.Callback):
    """Ends a training: after a batch, or after the epoch where that is None."""

    def __init__(self, epoch, batch, end=d2l.Progress.stop):
        self.place, self.end = (epoch, batch), end

    def on_batch_end(self, progress):
        if (progress.epoch, progress.batch) == self.place:
            self.end(progress)

    def on_epoch_end(self, progress):
        if (progress.epoch, None) == self.place:
            self.end(progress)


def interrupt(progress):
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("place", "epochs"), [((2, None), 2), ((2, 1), 1), ((1, 5), 0)]
)
def test_a_callback_stops_a_training(data, place, epochs):
    """After an epoch, which is kept, or after a batch, whose epoch is not."""
    assert len(fit(data, callbacks=[Ending(*place)])) == epochs


def test_a_notebook_keeps_the_history_of_what_was_interrupted(
    data, monkeypatch, capsys
):
    """One line in place of a traceback; elsewhere Ctrl-C ends the program."""
    ending = Ending(2, 1, end=interrupt)
    with pytest.raises(KeyboardInterrupt):
        fit(data, callbacks=ending)
    monkeypatch.setattr("gluon_softmax.chapter.training.in_notebook", lambda: True)
    assert len(fit(data, callbacks=ending)) == 1
    assert capsys.readouterr().out.startswith("interrupted after 1 epoch")


def test_a_validation_set_is_measured_in_place_of_the_test_set(data):
    """Loss and accuracy after each epoch, and the test set after the last."""
    net, loss, updater, _ = with_gluon()
    train_iter, valid_iter = d2l.load_data(*data, batch_size=100)
    history = d2l.train_ch3(
        net, train_iter, valid_iter, loss, 2, 100, **updater, valid_iter=valid_iter
    )
    assert history.column("test_acc")[0] is None
    expected = d2l.evaluate(valid_iter, net, loss)
    assert (history[-1].valid_loss, history[-1].valid_acc) == expected
    assert history[-1].test_acc == history[-1].valid_acc
    assert history[0].valid_loss > history[1].valid_loss
