"""Section 3.9: the multilayer perceptron from scratch, on NDArray and autograd only.

The loss and the updater are those of softmax regression, so `train_ch3` serves it too:

    params = init_params()
    net = functools.partial(net, **dict(zip(("W1", "b1", "W2", "b2"), params)))
    loss = gluon.loss.SoftmaxCrossEntropyLoss()
    train_ch3(net, train_iter, test_iter, loss, 5, 256, params, lr=0.5)
"""

from __future__ import annotations

from mxnet import nd

__all__ = ["init_params", "net", "relu"]


def init_params(
    num_inputs: int = 784, num_hiddens: int = 256, num_outputs: int = 10
) -> list[nd.NDArray]:
    """Draw the start: weights from Normal(0, 0.01), biases 0, gradients attached.

    Section 3.9.2 of the book. ``[W1, b1, W2, b2]`` have the shapes (num_inputs,
    num_hiddens), (num_hiddens,), (num_hiddens, num_outputs) and (num_outputs,).
    """
    W1 = nd.random.normal(scale=0.01, shape=(num_inputs, num_hiddens))
    b1 = nd.zeros(num_hiddens)
    W2 = nd.random.normal(scale=0.01, shape=(num_hiddens, num_outputs))
    b2 = nd.zeros(num_outputs)
    params = [W1, b1, W2, b2]
    for param in params:
        param.attach_grad()
    return params


def relu(X: nd.NDArray) -> nd.NDArray:
    """Keep what is positive, and put 0 for the rest: section 3.9.3 of the book.

    Examples
    --------
    >>> relu(nd.array([-1, 0, 2])).asnumpy()
    array([0., 0., 2.], dtype=float32)
    """
    return nd.maximum(X, 0)


def net(
    X: nd.NDArray, W1: nd.NDArray, b1: nd.NDArray, W2: nd.NDArray, b2: nd.NDArray
) -> nd.NDArray:
    """Score each class: a multilayer perceptron with one hidden layer.

    Section 3.9.4 of the book, where the parameters are global. Images of any layout
    that flattens to (n, num_inputs) give scores (n, num_outputs); softmax is part of
    the loss.
    """
    X = X.reshape((-1, W1.shape[0]))  # (n, num_inputs)
    H = relu(nd.dot(X, W1) + b1)  # (n, num_hiddens)
    return nd.dot(H, W2) + b2
