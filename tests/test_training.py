"""The training loop against NumPy float64, d2lzh's own loop, and misuse."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import reference
from gluon_softmax import (
    BatchLoader,
    Callback,
    GluonSoftmaxError,
    ImageDataset,
    accuracy,
    cross_entropy,
    evaluate,
    evaluate_accuracy,
    init_params,
    load_data,
    make_net,
    make_trainer,
    net,
    train_ch3,
    train_epoch,
)
from gluon_softmax.engine import BLOCK
from gluon_softmax.errors import ArgumentError, DivergedError
from mxnet import gluon, nd

softmax_cross_entropy = gluon.loss.SoftmaxCrossEntropyLoss()


@pytest.fixture
def data() -> tuple[ImageDataset, ImageDataset]:
    """Give 500 images that can be learned, and 100 to test on."""
    labels = np.arange(600) % 10
    images = np.random.randint(0, 60, (600, 28, 28))
    images[np.arange(600), labels * 2 + 3] += 150  # a bright line, a row per class
    images = images.astype("uint8")
    train, test = slice(500), slice(500, 600)
    return (
        ImageDataset(images[train], labels[train]),
        ImageDataset(images[test], labels[test]),
    )


def from_scratch():
    """Set up section 3.6: net, loss and what to train with."""
    params = init_params()
    updater = {"params": params, "lr": 0.1}
    return partial(net, W=params[0], b=params[1]), cross_entropy, updater


def with_gluon(hybridize=False):
    """Set up section 3.7: net, loss and what to train with."""
    block = make_net()
    if hybridize:
        block.hybridize()
    return block, softmax_cross_entropy, {"trainer": make_trainer(block, 0.1)}


@pytest.mark.parametrize("setup", [from_scratch, with_gluon])
def test_figures_agree_with_float64(setup, data):
    """Loss, training and test accuracy are those of the plain loop, last batch too."""
    train_iter, test_iter = load_data(*data, batch_size=64, seed=3)
    net, loss, updater = setup()
    net(nd.zeros((1, 784)))
    W, b = parameters(net, updater)
    epochs = [
        np.split(train_iter.order(epoch), range(64, 500, 64)) for epoch in range(3)
    ]
    X = data[0].images.reshape(500, 784) / 255
    W, b, losses, accuracies = reference.train(
        X, data[0].labels, W, b, epochs, batch_size=64, lr=0.1
    )
    history = train_ch3(net, train_iter, test_iter, loss, 3, 64, **updater)
    np.testing.assert_allclose(history.column("loss"), losses, rtol=1e-5)
    np.testing.assert_allclose(history.column("train_acc"), accuracies, atol=1e-9)
    scores = data[1].images.reshape(100, 784) / 255 @ W + b
    test_acc = (scores.argmax(axis=1) == data[1].labels).mean()
    assert history[-1].test_acc == pytest.approx(test_acc, abs=1e-9)
    trained = parameters(net, updater)
    np.testing.assert_allclose(trained[0], W, atol=1e-6)
    np.testing.assert_allclose(trained[1], b, atol=1e-6)


def parameters(net, updater):
    """Read weights (784, 10) and biases from either version."""
    if "params" in updater:
        return [param.asnumpy() for param in updater["params"]]
    return net[0].weight.data().asnumpy().T, net[0].bias.data().asnumpy()


def test_hybridized_trains_as_eager_does(data):
    """Compiling the net changes its speed, not its numbers."""
    results = []
    for hybridize in (False, True):
        train_iter, test_iter = load_data(*data, batch_size=64, seed=3)
        net, loss, updater = with_gluon(hybridize)
        net(nd.zeros((1, 784)))
        net[0].weight.set_data(nd.ones((10, 784)) / 100)
        train_ch3(net, train_iter, test_iter, loss, 2, 64, **updater)
        results.append(net[0].weight.data().asnumpy())
    np.testing.assert_allclose(*results, atol=1e-7)


def test_every_epoch_is_printed_and_kept(data, capsys):
    """The book's line appears per epoch; the history has the same figures."""
    net, loss, updater = with_gluon()
    train_iter, test_iter = load_data(*data, batch_size=100)
    history = train_ch3(net, train_iter, test_iter, loss, 2, 100, **updater)
    assert capsys.readouterr().out.splitlines() == [str(epoch) for epoch in history]
    assert all(epoch.seconds > 0 for epoch in history)


def test_arguments_stand_in_the_books_order(data):
    """Both calls of the book work: params and lr, or None, None and a trainer."""
    train_iter, test_iter = load_data(*data, batch_size=100)
    W, b = init_params()
    scratch = partial(net, W=W, b=b)
    train_ch3(scratch, train_iter, test_iter, cross_entropy, 1, 100, [W, b], 0.1)
    block = make_net()
    trainer = make_trainer(block, 0.1)
    loss = softmax_cross_entropy
    train_ch3(block, train_iter, test_iter, loss, 1, 100, None, None, trainer)


@pytest.mark.parametrize("dtype", ["int32", "int64", "float32", "uint8"])
def test_accuracy_takes_labels_of_any_type(dtype):
    """One of two predictions is right, however the labels are stored."""
    y_hat = nd.array([[0.1, 0.3, 0.6], [0.3, 0.2, 0.5]])
    assert accuracy(y_hat, nd.array([0, 2], dtype=dtype)) == 0.5
    assert (
        evaluate_accuracy([(y_hat, nd.array([0, 2], dtype=dtype))], lambda X: X) == 0.5
    )


def test_untrained_model_scores_a_tenth(fashion):
    """Before training, one image in ten is right by chance."""
    _, test_set = fashion
    W, b = init_params()
    score = evaluate_accuracy(BatchLoader(test_set, 256), partial(net, W=W, b=b))
    assert 0.02 < score < 0.2


@pytest.mark.parametrize("num_batches", [1, BLOCK, BLOCK + 1, 3 * BLOCK + 5])
def test_no_batch_is_lost_between_blocks(num_batches):
    """Each batch is counted once, however many there are."""
    batches = [
        (nd.array(np.eye(4)[[i % 4, 0]]), nd.array([i % 4, 1]))
        for i in range(num_batches)
    ]
    assert evaluate_accuracy(batches, lambda X: X) == 0.5


@pytest.mark.parametrize(("bad_batch", "batches"), [(1, 5), (40, 90), (90, 90)])
def test_diverged_loss_names_epoch_batch_pixels_and_rate(bad_batch, batches):
    """A loss that is not finite ends training with one line that helps."""
    block, _, updater = with_gluon()
    calls = iter(range(1, batches + 1))

    def loss(y_hat, y):
        value = float("nan") if next(calls) == bad_batch else 1.0
        return y_hat.sum(axis=1) * 0 + value

    data = [(nd.ones((3, 784)) * 255, nd.zeros(3))] * batches
    with pytest.raises(DivergedError) as error:
        train_ch3(block, data, data, loss, 1, 3, **updater)
    message = str(error.value)
    assert f"epoch 1, batch {bad_batch}: the loss is nan" in message
    assert "pixels from 255 to 255, learning rate 0.1" in message
    assert "\n" not in message


def test_unscaled_pixels_diverge_loudly(data):
    """The classic mistake, pixels of 0-255 at learning rate 0.1, is caught."""
    X = nd.array(data[0].images.reshape(500, 784), dtype="float32")
    batches = [(X * 100, nd.array(data[0].labels))]
    scratch, loss, updater = from_scratch()
    with pytest.raises(DivergedError, match="scale the pixels"):
        train_ch3(scratch, batches, batches, loss, 9, 500, **updater)


def list_misuses():
    """List ways to call `train_ch3` that cannot work, with what the error says."""
    X, y = nd.ones((4, 784)), nd.array([0, 1, 2, 3])
    mean = lambda y_hat, y: softmax_cross_entropy(y_hat, y).mean()  # noqa: E731
    good = softmax_cross_entropy
    yield pytest.param([(X, y)], mean, "leave out .mean", id="averaged loss")
    yield pytest.param([(X, y - 1)], good, "labels from 0 to 9", id="label -1")
    yield pytest.param([(X, y + 7)], good, "labels from 0 to 9", id="label 10")
    yield pytest.param(iter([]), good, "no batch", id="no batch")
    numpy_like = [(X.as_np_ndarray(), y.as_np_ndarray())]
    yield pytest.param(numpy_like, good, "as_nd_ndarray", id="mx.np arrays")


@pytest.mark.parametrize(("batches", "loss", "message"), list(list_misuses()))
def test_misuse_is_refused_with_the_remedy(batches, loss, message):
    """What would train on nonsense is refused in one line."""
    block, _, updater = with_gluon()
    with pytest.raises(ArgumentError, match=message) as error:
        train_epoch(block, batches, loss, updater["trainer"].step, 4)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("updater", [{}, {"lr": 0.1}, {"params": []}])
def test_nothing_to_train_with_is_refused(updater):
    """Without a trainer both params and lr are needed."""
    with pytest.raises(GluonSoftmaxError, match="expected either a trainer"):
        train_ch3(make_net(), [], [], softmax_cross_entropy, 1, 1, **updater)


class Interrupting(Callback):
    """Interrupts a training in its second epoch."""

    def on_batch_end(self, progress):
        """Do as Ctrl-C does."""
        if progress.epoch == 2:
            raise KeyboardInterrupt


def test_a_notebook_keeps_the_history_of_what_was_interrupted(
    data, monkeypatch, capsys
):
    """One line in place of a traceback; elsewhere Ctrl-C ends the program."""
    net, loss, updater = with_gluon()
    arguments = (*load_data(*data, batch_size=100), loss, 3, 100)
    with pytest.raises(KeyboardInterrupt):
        train_ch3(net, *arguments, **updater, callbacks=Interrupting())
    monkeypatch.setattr("gluon_softmax.chapter.training.in_notebook", lambda: True)
    history = train_ch3(net, *arguments, **updater, callbacks=Interrupting())
    assert len(history) == 1
    assert capsys.readouterr().out.startswith("interrupted after 1 epoch")


def test_a_validation_set_is_measured_in_place_of_the_test_set(data):
    """Loss and accuracy after each epoch, and the test set after the last."""
    net, loss, updater = with_gluon()
    train_iter, valid_iter = load_data(*data, batch_size=100)
    arguments = (train_iter, valid_iter, loss, 2, 100)
    history = train_ch3(net, *arguments, **updater, valid_iter=valid_iter)
    assert history.column("test_acc")[0] is None
    expected = evaluate(valid_iter, net, loss)
    assert (history[-1].valid_loss, history[-1].valid_acc) == expected
    assert history[-1].test_acc == history[-1].valid_acc


class Stopping(Callback):
    """Stops a training after some batches or epochs."""

    def __init__(self, epoch, batch=None):
        self.place = epoch, batch

    def on_batch_end(self, progress):
        """Stop after a batch."""
        if (progress.epoch, progress.batch) == self.place:
            progress.stop()

    def on_epoch_end(self, progress):
        """Stop after an epoch."""
        if (progress.epoch, None) == self.place:
            progress.stop()


@pytest.mark.parametrize(("place", "epochs"), [((2,), 2), ((2, 1), 1), ((1, 5), 0)])
def test_a_callback_stops_a_training(data, place, epochs):
    """After an epoch, which is kept, or after a batch, whose epoch is not."""
    net, loss, updater = with_gluon()
    arguments = (*load_data(*data, batch_size=100), loss, 3, 100)
    history = train_ch3(net, *arguments, **updater, callbacks=[Stopping(*place)])
    assert len(history) == epochs


@pytest.mark.parametrize("params", [lambda W: (p for p in [W]), lambda W: iter([W])])
def test_parameters_may_come_one_by_one(params):
    """An iterator that is looked at first is not used up by it."""
    W = nd.zeros((784, 10))
    W.attach_grad()
    X, y = nd.ones((4, 784)), nd.zeros(4)
    train_iter = [(X, y)]
    loss = gluon.loss.SoftmaxCrossEntropyLoss()
    net = lambda X: nd.dot(X, W)  # noqa: E731
    train_ch3(net, train_iter, train_iter, loss, 1, 4, params(W), 0.1)
    assert W.asnumpy().any()


@pytest.mark.parametrize("params", [None, {"W": 1}])
def test_parameters_that_are_none_are_refused(params):
    """What is expected is said before anything is trained."""
    with pytest.raises(ArgumentError, match="expected"):
        train_ch3(abs, [], [], abs, 1, 16, params, 0.1)


@pytest.mark.parametrize("batch_size", [0, -4, True, "8", float("nan")])
def test_a_bad_batch_size_is_refused(batch_size):
    """It divides the gradients: a negative one would climb."""
    with pytest.raises(ArgumentError, match="expected batch_size to be a whole number"):
        train_ch3(abs, [], [], abs, 1, batch_size, [], 0.1)
    with pytest.raises(ArgumentError, match="expected batch_size to be a whole number"):
        train_epoch(abs, [], abs, abs, batch_size)


@pytest.mark.parametrize("label", [float("nan"), 0.5])
def test_labels_that_are_no_class_are_refused(label):
    """Neither is equal to any prediction, so all would be counted wrong."""
    with pytest.raises(ArgumentError, match="expected whole labels from 0 to 2"):
        accuracy(nd.ones((2, 3)), nd.array([1, label]))


def test_no_sample_is_refused():
    """There is no accuracy of nothing."""
    with pytest.raises(ArgumentError, match="expected a sample"):
        accuracy(np.ones((0, 3)), np.ones(0))
