"""Section 3.6: softmax regression from scratch, on NDArray and autograd only."""

from __future__ import annotations

from mxnet import nd

__all__ = [
    "MomentumTrainer",
    "cross_entropy",
    "init_params",
    "naive_softmax",
    "net",
    "sgd",
    "sgd_momentum",
    "softmax",
]


def init_params(num_inputs: int = 784, num_outputs: int = 10) -> list[nd.NDArray]:
    """Draw the start: weights from Normal(0, 0.01), biases 0, gradients attached.

    Section 3.6.2 of the book.

    Parameters
    ----------
    num_inputs, num_outputs : int
        Pixels of an image, 28 x 28 = 784, and classes.

    Returns
    -------
    list of mxnet.nd.NDArray
        ``[W, b]`` of shapes (num_inputs, num_outputs) and (num_outputs,), float32;
        `mxnet.random.seed` before the call fixes the draw.
    """
    W = nd.random.normal(scale=0.01, shape=(num_inputs, num_outputs))
    b = nd.zeros(num_outputs)
    W.attach_grad()
    b.attach_grad()
    return [W, b]


def softmax(X: nd.NDArray) -> nd.NDArray:
    """Turn each row of scores into probabilities.

    Section 3.6.3 of the book, with each row's maximum subtracted first: that changes no
    probability, and `exp` then never sees a positive number, so it cannot overflow.

    Parameters
    ----------
    X : mxnet.nd.NDArray
        Scores, shape (n, classes).

    Returns
    -------
    mxnet.nd.NDArray
        Shape (n, classes); each row is positive and adds up to 1.

    Examples
    --------
    >>> softmax(nd.array([[0, 1000]])).asnumpy()
    array([[0., 1.]], dtype=float32)
    """
    X_exp = (X - X.max(axis=1, keepdims=True)).exp()  # (n, classes)
    partition = X_exp.sum(axis=1, keepdims=True)  # (n, 1)
    return X_exp / partition  # broadcast over the classes


def naive_softmax(X: nd.NDArray) -> nd.NDArray:
    """Turn each row of scores into probabilities as the book prints it.

    Section 3.6.3 of the book; kept beside `softmax` for the lesson on overflow.

    Parameters
    ----------
    X : mxnet.nd.NDArray
        Scores, shape (n, classes).

    Returns
    -------
    mxnet.nd.NDArray
        Shape (n, classes); not a number where a score exceeds 88.7, whose exponential
        is beyond float32.

    Examples
    --------
    >>> naive_softmax(nd.array([[0, 89]])).asnumpy()
    array([[ 0., nan]], dtype=float32)
    """
    X_exp = X.exp()
    partition = X_exp.sum(axis=1, keepdims=True)
    return X_exp / partition


def net(X: nd.NDArray, W: nd.NDArray, b: nd.NDArray) -> nd.NDArray:
    """Predict the probability of each class: softmax regression.

    Section 3.6.4 of the book, where `W` and `b` are global. `train_ch3` wants a net of
    `X` alone: ``functools.partial(net, W=W, b=b)``.

    Parameters
    ----------
    X : mxnet.nd.NDArray
        Images, shape (n, 1, 28, 28) or any other that flattens to (n, num_inputs).
    W, b : mxnet.nd.NDArray
        Weights (num_inputs, classes) and biases (classes,).

    Returns
    -------
    mxnet.nd.NDArray
        Probabilities, shape (n, classes).
    """
    X = X.reshape((-1, W.shape[0]))  # (n, num_inputs)
    return softmax(nd.dot(X, W) + b)


def cross_entropy(y_hat: nd.NDArray, y: nd.NDArray) -> nd.NDArray:
    """Compute the cross-entropy of each sample.

    Section 3.6.5 of the book.

    Parameters
    ----------
    y_hat : mxnet.nd.NDArray
        Probabilities, shape (n, classes).
    y : mxnet.nd.NDArray
        Labels, shape (n,).

    Returns
    -------
    mxnet.nd.NDArray
        Shape (n,), in nats.

    Examples
    --------
    >>> cross_entropy(nd.array([[0.5, 0.5]]), nd.array([0])).asnumpy()
    array([0.6931472], dtype=float32)
    """
    return -nd.pick(y_hat, y).log()


def sgd(params: list[nd.NDArray], lr: float, batch_size: int) -> None:
    """Step against the gradient: mini-batch stochastic gradient descent.

    Section 3.2 of the book.

    Parameters
    ----------
    params : list of mxnet.nd.NDArray
        Parameters with gradients of the loss summed over the batch; changed in place.
    lr : float
        Learning rate.
    batch_size : int
        What the summed gradient is divided by.
    """
    for param in params:
        param[:] = param - lr * param.grad / batch_size


def sgd_momentum(
    params: list[nd.NDArray],
    velocities: list[nd.NDArray],
    lr: float,
    momentum: float,
    batch_size: int,
) -> None:
    """Step with momentum: each step keeps a part of the one before.

    Section 7.4 of the book, in the form of Gluon's ``sgd``: the velocity is the step
    itself.

    Parameters
    ----------
    params, lr, batch_size
        As for `sgd`.
    velocities : list of mxnet.nd.NDArray
        The last steps, of the same shapes, zeros at first; changed in place.
    momentum : float
        Momentum coefficient in [0, 1).
    """
    for param, velocity in zip(params, velocities):
        velocity[:] = momentum * velocity - lr * param.grad / batch_size
        param[:] = param + velocity


class MomentumTrainer:
    """`sgd_momentum` with its velocities, called as a `gluon.Trainer` is.

    Parameters
    ----------
    params : list of mxnet.nd.NDArray
        What to train, with gradients attached.
    lr : float
        Learning rate.
    momentum : float
        Momentum coefficient in [0, 1); 0 is plain gradient descent.

    Examples
    --------
    >>> W = nd.ones(1)
    >>> W.attach_grad()
    >>> W.grad[:] = 1
    >>> trainer = MomentumTrainer([W], lr=0.5, momentum=0.5)
    >>> trainer.step(batch_size=1)
    >>> trainer.step(batch_size=1)
    >>> W.asnumpy()
    array([-0.25], dtype=float32)
    """

    def __init__(self, params: list[nd.NDArray], lr: float, momentum: float = 0.0):
        self.params, self.learning_rate, self.momentum = params, lr, momentum
        self.velocities = [nd.zeros_like(param) for param in params]

    def step(self, batch_size: int) -> None:
        """Step against the gradients, which were summed over a batch."""
        sgd_momentum(
            self.params,
            self.velocities,
            lr=self.learning_rate,
            momentum=self.momentum,
            batch_size=batch_size,
        )
