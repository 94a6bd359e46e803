"""The gradient by hand against finite differences, the loop against float64."""

from __future__ import annotations

import numpy as np
import pytest
import reference
from gluon_softmax import BatchLoader, Callback, ImageDataset, evaluate, train
from gluon_softmax.chapter import handmade
from gluon_softmax.errors import ArgumentError, DivergedError


@pytest.fixture
def batch():
    """Give a batch of float64 images, and labels."""
    return np.random.rand(5, 1, 2, 3), np.array([0, 2, 1, 2, 2])


@pytest.fixture
def data():
    """Give images that can be learned, and their loader of 60."""
    labels = np.arange(300) % 10
    images = np.random.randint(0, 60, (300, 12, 12), dtype="uint8")
    images[np.arange(300), labels + 1] += 150  # a bright line, a row per class
    return BatchLoader(ImageDataset(images, labels), 64, shuffle=True, seed=1)


def test_gradient_is_that_of_finite_differences(batch):
    """Each number moved a little changes the summed loss as the gradient says."""
    X, y = batch
    model = handmade.SoftmaxRegression(np.random.randn(6, 3), np.random.randn(3))
    model.loss(model(X), y).backward()
    for param, gradient in zip(model.params, model.gradients):
        for index in np.ndindex(param.shape):
            sums = []
            for change in (1e-6, -2e-6):
                param[index] += change
                sums.append(model.loss(model(X), y).sum())
            param[index] += 1e-6
            slope = (sums[0] - sums[1]) / 2e-6
            assert gradient[index] == pytest.approx(slope, abs=1e-7)


def test_losses_are_the_references(batch):
    """Scores and losses are those of another derivation, without overflow."""
    X, y = batch
    W, b = np.random.randn(6, 3) * 1000, np.random.randn(3)
    model = handmade.SoftmaxRegression(W, b)
    scores = model(X)
    np.testing.assert_allclose(scores, X.reshape(5, 6) @ W + b)
    losses = model.loss(scores, y)
    np.testing.assert_allclose(losses, reference.cross_entropy(scores, y))


def test_training_is_the_references(data):
    """Parameters, losses and accuracies of two epochs are those of float64."""
    W, b = handmade.draw_start(144, 10)
    model = handmade.SoftmaxRegression(W, b)
    epochs = fit(model, data, BatchLoader(data.dataset, 100), num_epochs=2)
    orders = [np.split(data.order(epoch), range(64, 300, 64)) for epoch in (0, 1)]
    X = data.dataset.images.reshape(300, 144).astype("float32") / np.float32(255)
    *params, losses, accuracies = reference.train(
        X, data.dataset.labels, W, b, orders, 64, 0.1
    )
    for param, expected in zip(model.params, params):
        np.testing.assert_allclose(param, expected, atol=1e-6)
    np.testing.assert_allclose([epoch.loss for epoch in epochs], losses, rtol=1e-5)
    assert [epoch.train_acc for epoch in epochs] == pytest.approx(accuracies)
    share = (model.scores(X).argmax(axis=1) == data.dataset.labels).mean()
    assert epochs[-1].test_acc == pytest.approx(share)


def test_momentum_adds_up_steps():
    """Three steps on a constant slope go 1, 1 + m and 1 + m + m^2 far."""
    model = handmade.SoftmaxRegression(np.zeros((1, 1)), np.zeros(1))
    model.gradients = [np.full((1, 1), 20.0), np.zeros(1)]
    trainer = handmade.MomentumTrainer(model, lr=0.1, momentum=0.5)
    for _ in range(3):
        trainer.step(batch_size=2)
    assert model.params[0] == pytest.approx(-(1 + 1.5 + 1.75))
    assert model.params[1] == 0


def test_validation_takes_the_place_of_the_test_until_the_end(data):
    """With a validation set the test set is looked at once."""
    model = handmade.SoftmaxRegression(*handmade.draw_start(144, 10))
    epochs = fit(model, data, data, num_epochs=3, momentum=0.9, valid_iter=data)
    assert [epoch.test_acc is None for epoch in epochs] == [True, True, False]
    loss, accuracy = evaluate(data, model, model.loss)
    assert epochs[-1].valid_loss == pytest.approx(loss)
    assert epochs[-1].valid_acc == accuracy
    assert epochs[-1].test_acc == accuracy
    assert epochs[0].valid_loss > epochs[-1].valid_loss


def test_every_iteration_is_reported(data):
    """The figures of an epoch's batches, weighted by size, are the epoch's."""
    model = handmade.SoftmaxRegression(*handmade.draw_start(144, 10))
    batches = []

    class Keep(Callback):
        def on_epoch_end(self, progress):
            batches.extend(progress.batches)

    (epoch,) = fit(model, data, data, num_epochs=1, callbacks=[Keep()])
    numbers, sizes, losses, accuracies = zip(*batches)
    assert numbers == (1, 2, 3, 4, 5)
    assert sizes == (64, 64, 64, 64, 44)
    assert np.average(losses, weights=sizes) == pytest.approx(epoch.loss)
    assert np.average(accuracies, weights=sizes) == pytest.approx(epoch.train_acc)


@pytest.mark.parametrize(
    ("start", "spread"), [("normal", 0.01), ("xavier", np.sqrt(2 / 794))]
)
def test_starts_have_their_spread(start, spread):
    """Weights vary as the name says, around 0, the same for one seed."""
    W, b = handmade.draw_start(784, 10, start, seed=3)
    assert W.std() == pytest.approx(spread, rel=0.05)
    assert abs(W.mean()) < spread / 20
    assert not b.any()
    np.testing.assert_array_equal(handmade.draw_start(784, 10, start, seed=3)[0], W)


def test_unknown_start():
    """A start that is none is refused with the choices."""
    with pytest.raises(ArgumentError, match=r"normal.*xavier.*'zeros'"):
        handmade.draw_start(784, 10, "zeros")


def test_divergence_is_loud(data):
    """A loss that is not finite ends the training."""
    model = handmade.SoftmaxRegression(np.full((144, 10), np.nan), np.zeros(10))
    with pytest.raises(DivergedError, match="epoch 1, batch 1: the loss is nan"):
        fit(model, data, data, num_epochs=1)


def fit(model, train_iter, test_iter, num_epochs, momentum=0.0, **options):
    """Train with the chapter's loop."""
    updater = handmade.MomentumTrainer(model, 0.1, momentum).step
    return train(
        model, train_iter, test_iter, model.loss, num_epochs, updater, 64, **options
    )
