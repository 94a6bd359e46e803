"""The drawn stand-in: what it promises of its pictures, and how hard they are."""

import numpy as np
import pytest
from gluon_softmax import (
    ImageDataset,
    SyntheticFashion,
    load_data,
    make_net,
    make_trainer,
    train_ch3,
)
from gluon_softmax.data.labels import TEXT_LABELS
from gluon_softmax.data.synthetic import draw_garments
from gluon_softmax.errors import ArgumentError
from mxnet.gluon.loss import SoftmaxCrossEntropyLoss

UPPER_BODIES = {0, 2, 4, 6}  # t-shirt, pullover, coat, shirt
FRAME = np.pad(np.zeros((26, 26), dtype=bool), 1, constant_values=True)


@pytest.fixture(scope="module")
def drawn():
    """Draw enough pictures to train on, once for all tests."""
    return draw_garments(4000, seed=1)


@pytest.mark.parametrize("num_images", [1, 7, np.int64(23), 205])
def test_shapes_types_and_balance(num_images):
    """They come as Fashion-MNIST's arrays do, class sizes one apart at most."""
    images, labels = draw_garments(num_images, seed=0)
    assert (images.shape, images.dtype) == ((num_images, 28, 28), np.uint8)
    assert (labels.shape, labels.dtype) == ((num_images,), np.int32)
    counts = np.bincount(labels, minlength=10)
    assert len(counts) == 10
    assert counts.max() - counts.min() <= 1
    if num_images > 100:  # shuffled: one neighbour in ten is of the same class
        assert 0.03 < np.mean(labels[1:] == labels[:-1]) < 0.2


def test_the_seed_alone_decides():
    """One seed, one set of bytes; NumPy's global state is neither read nor moved."""
    np.random.seed(1)
    first = draw_garments(50, seed=3)
    after_drawing = np.random.rand()
    second = draw_garments(50, seed=3)
    assert [a.tobytes() for a in first] == [a.tobytes() for a in second]
    assert after_drawing == np.random.RandomState(1).rand()


def test_no_two_outlines_are_alike(drawn):
    """Not the grain alone, the shape too differs from picture to picture."""
    images, _ = drawn
    outlines = (images > 0).reshape(len(images), -1)
    assert len(np.unique(outlines, axis=0)) == len(images)


def test_bright_garments_on_black(drawn):
    """The picture's frame is mostly 0, and the garment stands out from the black."""
    images, labels = drawn
    for label in range(10):
        chosen = images[labels == label]
        assert (chosen[:, FRAME] == 0).mean() > 0.8
        garment = np.ma.masked_equal(chosen.reshape(len(chosen), -1), 0)
        share = garment.count(axis=1) / garment.shape[1]
        assert 0.08 < share.min() < share.max() < 0.85
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


def test_as_hard_as_fashion_mnist(drawn):
    """A linear model learns most, and is least certain of a shirt among its like."""
    train_set, test_set = ImageDataset(*drawn), ImageDataset(*draw_garments(2000, 2))
    train_iter, test_iter = load_data(train_set, test_set, 256, seed=0)
    net, loss = make_net(), SoftmaxCrossEntropyLoss()
    train_ch3(net, train_iter, test_iter, loss, 20, 256, trainer=make_trainer(net, 0.1))
    predicted = np.concatenate([net(X).asnumpy().argmax(axis=1) for X, _ in test_iter])
    confusion = np.zeros((10, 10), dtype=int)
    np.add.at(confusion, (test_set.labels, predicted), 1)
    assert 0.75 < confusion.trace() / confusion.sum() < 0.95
    assert (confusion.diagonal() / confusion.sum(axis=1)).argmin() == 6
    assert set(np.argsort(-confusion[6])[:4]) == UPPER_BODIES


def test_no_image_of_the_stand_in_is_in_both_splits():
    """Training and test images differ for neighbouring seeds; the title owns up."""
    drawn = [
        SyntheticFashion(train, num_images=30, seed=seed)
        for seed in range(3)
        for train in (True, False)
    ]
    images = np.concatenate([dataset.images.reshape(30, -1) for dataset in drawn])
    assert len(np.unique(images, axis=0)) == 6 * 30
    assert "not Fashion-MNIST" in drawn[0].title
    assert drawn[0].classes == TEXT_LABELS


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_images": 0}, "num_images to be a whole number from 1 on, found 0"),
        ({"num_images": 10, "seed": 0.5}, "seed to be a whole number"),
    ],
)
def test_what_cannot_be_drawn_is_refused(options, message):
    """The message names the argument, what it should be and what it was."""
    with pytest.raises(ArgumentError, match=message):
        SyntheticFashion(**options)
