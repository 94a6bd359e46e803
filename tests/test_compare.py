"""The proof: every implementation, from the same start, on the same batches."""

from __future__ import annotations

import gluon_softmax as d2l
import mxnet as mx
import numpy as np
import pytest
import reference
from gluon_softmax.chapter.versions import GLUON, HANDMADE, SCRATCH, make_versions
from gluon_softmax.errors import ArgumentError
from mxnet import gluon

AGREEMENT = 1e-5
"""What issue and README promise for every parameter after 5 epochs."""


@pytest.fixture(scope="module")
def drawn():
    return (
        d2l.SyntheticFashion(train=True, num_images=500),
        d2l.SyntheticFashion(train=False, num_images=200),
    )


@pytest.fixture(scope="module")
def comparison(drawn):
    return d2l.run_comparison(*drawn, num_epochs=2, batch_size=64)


@pytest.mark.parametrize("momentum", [0, 0.9])
def test_versions_agree_on_drawn_data(drawn, comparison, momentum):
    found = d2l.run_comparison(*drawn, num_epochs=2, batch_size=64, momentum=momentum)
    assert list(found.histories) == [SCRATCH, GLUON, HANDMADE]
    assert len(found.differences) == 2
    assert max(found.differences) < AGREEMENT
    first, *others = found.histories.values()
    for column in ("loss", "train_acc", "test_acc"):
        for other in others:
            np.testing.assert_allclose(
                first.column(column), other.column(column), atol=1e-5
            )
    plain = comparison.histories[SCRATCH]
    assert (first[0].loss < plain[0].loss) == (momentum > 0)  # it is faster


def test_what_is_found_is_what_the_parameters_show(drawn, comparison):
    """The last difference, and the class of each image that they score highest."""
    params = [np.append(W, b) for W, b in comparison.params.values()]
    largest = max(abs(p - q).max() for p in params for q in params)
    assert comparison.differences[-1] == pytest.approx(largest, rel=1e-6)
    assert largest > 0
    X = drawn[1].images.reshape(len(drawn[1]), 784) / 255
    for name, (W, b) in comparison.params.items():
        expected = (X @ W + b).argmax(axis=1)
        np.testing.assert_array_equal(comparison.predictions[name], expected)
        share = (expected == drawn[1].labels).mean()
        assert comparison.histories[name][-1].test_acc == pytest.approx(share)


def test_a_version_that_differs_is_found_out(drawn, monkeypatch):
    make_trainer = d2l.make_trainer
    monkeypatch.setattr(
        "gluon_softmax.chapter.concise.make_trainer",
        lambda net, lr, momentum: make_trainer(net, 2 * lr),
    )
    found = d2l.run_comparison(*drawn, num_epochs=1, batch_size=64)
    assert found.differences[-1] > 100 * AGREEMENT


def test_seed_decides_everything(drawn, comparison):
    """One seed gives all versions one start, and one end to the bit; another others."""
    starts = []

    def keep_start(name, version):
        starts.append(version.params()[0])
        return ()

    again, other = (
        d2l.run_comparison(*drawn, 2, 64, seed=seed, make_callbacks=keep_start)
        for seed in (0, 1)
    )
    for W in starts[:3]:
        np.testing.assert_array_equal(W, starts[0])
    assert abs(starts[3] - starts[0]).max() > 0.01
    W = comparison.params[SCRATCH][0]
    np.testing.assert_array_equal(W, again.params[SCRATCH][0])
    assert (other.params[SCRATCH][0] != W).any()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("momentum", 1),
        ("num_epochs", 0),
        ("batch_size", 501),
        *[("lr", value) for value in (0, -0.1, float("nan"), float("inf"))],
    ],
)
def test_settings_that_train_nothing_are_refused(drawn, name, value):
    with pytest.raises(ArgumentError, match=name):
        d2l.run_comparison(*drawn, **{name: value})


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.heavy)])
def test_four_implementations_agree_on_fashion_mnist(fashion, seed):
    comparison = d2l.run_comparison(*fashion, seed=seed)
    trained = dict(comparison.params)
    train_iter, test_iter = d2l.load_data(*fashion, 256, seed=seed)
    mx.random.seed(seed)
    W, b = (param.asnumpy() for param in d2l.init_params())
    trained["float64"] = train_reference(fashion[0], train_iter, W, b)
    trained["d2lzh, Gluon"] = train_d2lzh(train_iter, test_iter, GLUON, W, b)
    trained["d2lzh, scratch"] = train_d2lzh(train_iter, test_iter, SCRATCH, W, b)
    for name, params in trained.items():
        for param, expected in zip(params, trained["float64"]):
            np.testing.assert_allclose(
                param, expected, rtol=0, atol=AGREEMENT, err_msg=name
            )


def train_reference(train_set, train_iter, W, b):
    X = train_set.images.reshape(-1, 784).astype("float32") / np.float32(255)
    epochs = [
        np.split(train_iter.order(epoch), range(256, len(X), 256)) for epoch in range(5)
    ]
    W, b, _, _ = reference.train(X, train_set.labels, W, b, epochs, 256, 0.1)
    return W, b


def train_d2lzh(train_iter, test_iter, name, W, b):
    """Train with d2lzh's own loop and the book's own pieces."""
    import d2lzh

    train_iter.epoch = 0
    version = make_versions(W, b, 0.1)[name]
    if name == SCRATCH:
        loss, params = d2l.cross_entropy, version.net.keywords
        updater = {"params": [params["W"], params["b"]], "lr": 0.1}
    else:
        loss = gluon.loss.SoftmaxCrossEntropyLoss()
        updater = {"trainer": d2l.make_trainer(version.net, 0.1)}
    d2lzh.train_ch3(version.net, train_iter, test_iter, loss, 5, 256, **updater)
    return version.params()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("batch_size", "losses", "train_acc", "test_acc"),
    [
        (200, (0.7476, 0.4737), (0.760, 0.840), (0.797, 0.826)),
        (256, (0.7870, 0.4859), (0.748, 0.837), (0.790, 0.826)),
    ],
)
def test_measured_figures_are_met(fashion, batch_size, losses, train_acc, test_acc):
    """First and last epoch, as means over 5 seeds, are those measured before."""
    loss, found = gluon.loss.SoftmaxCrossEntropyLoss(), []
    for seed in range(5):
        loaders = d2l.load_data(*fashion, batch_size, seed=seed)
        net = d2l.make_net()
        trainer = d2l.make_trainer(net, 0.1)
        history = d2l.train_ch3(net, *loaders, loss, 5, batch_size, trainer=trainer)
        names = "loss", "train_acc", "test_acc"
        found.append([np.take(history.column(name), (0, -1)) for name in names])
    means = np.mean(found, axis=0)
    np.testing.assert_allclose(means[0], losses, atol=0.003)
    np.testing.assert_allclose(means[1], train_acc, atol=0.002)
    np.testing.assert_allclose(means[2], test_acc, atol=0.004)  # varies with the seed
