"""The drawn stand-in: what it promises of its pictures, and how hard they are."""

from __future__ import annotations

import numpy as np
import pytest
from gluon_softmax.data.synthetic import draw_garments
from gluon_softmax.errors import ArgumentError

NUM_CLASSES = 10
UPPER_BODIES = {0, 2, 4, 6}  # t-shirt, pullover, coat, shirt
FRAME = np.pad(np.zeros((26, 26), dtype=bool), 1, constant_values=True)


@pytest.fixture(scope="module")
def drawn():
    """Draw enough pictures to train on, once for all tests."""
    return draw_garments(4000, seed=1)


@pytest.mark.parametrize("num_images", [1, 7, 23, np.int64(10)])
def test_shapes_and_types(num_images):
    """However many are asked for, they come as Fashion-MNIST's arrays do."""
    images, labels = draw_garments(num_images, seed=0)
    assert (images.shape, images.dtype) == ((num_images, 28, 28), np.uint8)
    assert (labels.shape, labels.dtype) == ((num_images,), np.int32)


@pytest.mark.parametrize("num_images", [1, 7, 10, 23, 205])
def test_classes_are_balanced(num_images):
    """There are ten classes at most, their sizes one apart at most."""
    _, labels = draw_garments(num_images, seed=0)
    counts = np.bincount(labels, minlength=NUM_CLASSES)
    assert len(counts) == NUM_CLASSES
    assert counts.max() - counts.min() <= 1


def test_labels_are_shuffled(drawn):
    """Neighbours share a class about as often as chance has it, one time in ten."""
    _, labels = drawn
    assert 0.07 < np.mean(labels[1:] == labels[:-1]) < 0.13


def test_the_seed_alone_decides():
    """One seed, one set of bytes; NumPy's global state is neither read nor moved."""
    np.random.seed(1)
    first = draw_garments(50, seed=3)
    after_drawing = np.random.rand()
    second = draw_garments(50, seed=3)
    assert [a.tobytes() for a in first] == [a.tobytes() for a in second]
    assert after_drawing == np.random.RandomState(1).rand()


def test_another_seed_draws_other_pictures():
    """No picture of one seed is among those of another."""
    first, second = (draw_garments(50, seed)[0].reshape(50, -1) for seed in (3, 4))
    assert not (first[:, None] == second).all(axis=-1).any()


def test_no_two_outlines_are_alike(drawn):
    """Not the grain alone, the shape too differs from picture to picture."""
    images, _ = drawn
    outlines = (images > 0).reshape(len(images), -1)
    assert len(np.unique(outlines, axis=0)) == len(images)


@pytest.mark.parametrize("label", range(NUM_CLASSES))
def test_bright_garment_on_black(drawn, label):
    """The picture's frame is mostly 0, and the garment stands out from the black."""
    images, labels = drawn
    chosen = images[labels == label]
    assert (chosen[:, FRAME] == 0).mean() > 0.8
    garment = np.ma.masked_equal(chosen.reshape(len(chosen), -1), 0)
    share = garment.count(axis=1) / garment.shape[1]
    assert share.min() > 0.08
    assert share.max() < 0.85
    assert garment.mean(axis=1).min() > 40
    assert garment.max() > 240


@pytest.mark.parametrize(
    ("label", "lit", "dim"),
    [
        pytest.param(0, (7, 7), (19, 7), id="t-shirt: sleeves end high"),
        pytest.param(1, (10, 10), (19, 13), id="trouser: a gap between the legs"),
        pytest.param(2, (19, 7), (4, 7), id="pullover: sleeves reach low"),
        pytest.param(3, (22, 7), (13, 7), id="dress: the skirt is wider"),
        pytest.param(4, (10, 10), (4, 13), id="coat: open at the top"),
        pytest.param(5, (16, 10), (16, 13), id="sandal: a gap behind the toes"),
        pytest.param(7, (13, 13), (13, 7), id="sneaker: the toes are low"),
        pytest.param(8, (7, 10), (7, 13), id="bag: a gap below the handle"),
        pytest.param(9, (10, 16), (10, 13), id="ankle boot: a shaft at the back"),
    ],
)
def test_the_label_says_what_is_drawn(drawn, label, lit, dim):
    """The mean picture of a class is much brighter at one spot than at another."""
    images, labels = drawn
    mean = images[labels == label].mean(axis=0)
    assert mean[lit] > 1.6 * mean[dim]


def softmax_regression(X, y, num_epochs=20, lr=0.1, batch_size=256):
    """Train by mini-batch gradient descent on rows `X`; return weight and bias."""
    W, b = np.zeros((X.shape[1], NUM_CLASSES), X.dtype), np.zeros(NUM_CLASSES, X.dtype)
    targets = np.eye(NUM_CLASSES, dtype=X.dtype)[y]
    for _ in range(num_epochs):
        for start in range(0, len(X), batch_size):
            batch = slice(start, start + batch_size)
            y_hat = np.exp(X[batch] @ W + b)
            y_hat /= y_hat.sum(axis=1, keepdims=True)
            error = (y_hat - targets[batch]) / len(y_hat)
            W -= lr * X[batch].T @ error
            b -= lr * error.sum(axis=0)
    return W, b


@pytest.fixture(scope="module")
def confusion(drawn):
    """Train on one seed and count, class by class, the predictions on another."""
    images, y = draw_garments(2000, seed=2)
    X_train, X = (
        pixels.reshape(-1, 28 * 28).astype(np.float32) / 255
        for pixels in (drawn[0], images)
    )
    W, b = softmax_regression(X_train, drawn[1])
    counts = np.zeros((NUM_CLASSES, NUM_CLASSES), dtype=int)
    np.add.at(counts, (y, (X @ W + b).argmax(axis=1)), 1)
    return counts


def test_as_hard_as_fashion_mnist(confusion):
    """A linear model learns the classes, but not all of them."""
    assert 0.75 < confusion.trace() / confusion.sum() < 0.95


def test_shirts_are_the_hard_ones(confusion):
    """As in Fashion-MNIST, a shirt is the least certain, and taken for its like."""
    recall = confusion.diagonal() / confusion.sum(axis=1)
    assert recall.argmin() == 6
    mistaken_for = np.flatnonzero(np.argsort(np.argsort(-confusion[6])) < 4)
    assert set(mistaken_for) == UPPER_BODIES


@pytest.mark.parametrize("value", [0, -3, 2.0, "10", None, True])
def test_refuses_a_bad_number_of_images(value):
    """The message names the argument, what it should be and what it was."""
    with pytest.raises(ArgumentError, match="num_images to be a whole") as caught:
        draw_garments(value, seed=0)
    assert str(caught.value).endswith(f"from 1 on, found {value!r}")


@pytest.mark.parametrize("seed", [-1, 0.5, None])
def test_refuses_a_bad_seed(seed):
    """No seed would mean other pictures at each call, so None is refused as well."""
    with pytest.raises(ArgumentError, match="seed to be a whole number"):
        draw_garments(1, seed)
