"""The book's loops, written out plainly: what the package's numbers are held against.

Each batch is computed, and all that it gives is read, before the next one is asked for.
"""

import math
from collections import namedtuple

import mxnet as mx
from mxnet import autograd, nd

Epoch = namedtuple("Epoch", "loss train_acc test_acc")


def read(data_iter):
    """Yield the images and labels of one pass over a data set.

    Labels that are a column become a row, for losses from scratch want them so.
    """
    if isinstance(data_iter, mx.io.DataIter):
        data_iter.reset()
    for batch in data_iter:
        X, y = drop_padding(batch) if isinstance(batch, mx.io.DataBatch) else batch
        yield X, y.reshape(-1) if y.shape[1:] == (1,) else y


def drop_padding(batch):
    """Return the samples of an `mx.io` batch; what fills its last one up is none."""
    (X,), (y,) = batch.data, batch.label
    n = len(X) - (batch.pad or 0)
    return X[:n], y[:n]


def count_right(y_hat, y):
    """Count right predictions; labels may be one-hot."""
    if y.shape == y_hat.shape:
        y = y.argmax(axis=1)
    return (y_hat.argmax(axis=1) == y.astype(y_hat.dtype)).sum().asscalar()


def sum_losses(l, y):
    """Add up the losses, which must be one number per sample."""
    if l.size != len(y):
        raise ValueError("expected one loss per sample")
    return l.astype("float64").sum().asscalar()  # may be too large for float32


def evaluate(data_iter, net, loss=None):
    loss_sum, right_sum, n = 0.0, 0.0, 0
    for X, y in read(data_iter):
        y_hat = net(X)
        if loss is not None:
            loss_sum += sum_losses(loss(y_hat, y), y)
        right_sum += count_right(y_hat, y)
        n += len(y)
        nd.waitall()
    return loss_sum / n, right_sum / n


def evaluate_accuracy(data_iter, net):
    """Return the accuracy, as section 3.6.6 of the book computes it."""
    return evaluate(data_iter, net)[1]


def train_epoch(net, train_iter, loss, updater, batch_size=None):
    """Train for an epoch, as section 3.6.7 of the book does; return its figures."""
    loss_sum, right_sum, n = 0.0, 0.0, 0
    for X, y in read(train_iter):
        with autograd.record():
            y_hat = net(X)
            l = loss(y_hat, y)
        l.backward()
        updater(batch_size or len(y))
        loss_sum += sum_losses(l, y)
        if not math.isfinite(loss_sum):
            raise ValueError("expected finite losses")
        right_sum += count_right(y_hat, y)
        n += len(y)
        nd.waitall()
    return loss_sum / n, right_sum / n


def train_ch3(net, train_iter, test_iter, loss, num_epochs, batch_size, **updater):
    """Train as section 3.6.7 of the book does; return the figures of each epoch."""

    def sgd(batch_size):
        for param in updater["params"]:
            param[:] = param - updater["lr"] * param.grad / batch_size

    step = updater["trainer"].step if "trainer" in updater else sgd
    history = []
    for _ in range(num_epochs):
        figures = train_epoch(net, train_iter, loss, step, batch_size)
        history.append(Epoch(*figures, evaluate_accuracy(test_iter, net)))
    return history
