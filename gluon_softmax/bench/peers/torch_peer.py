"""PyTorch's contenders: ``PYTHON torch_peer.py NAME IMAGES.npz THREADS``.

With 0 threads it takes as many as it does by itself.

Imports nothing of gluon_softmax, whose interpreter is another one.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from functools import partial

with suppress(ImportError):  # so that tools of the other interpreter can read this file
    import torch
    from serving import nearest_mean, read_pixels, serve  # beside this script
    from torch import nn
    from torch.nn.functional import cross_entropy

BATCH_SIZE, LR = 256, 0.1
EVALUATIONS = 100
NETWORK = {"batch_size": 64, "momentum": 0.5, "fused": True}


def load(path):
    """Read the images as float32 from 0 to 1, resident, and the labels."""
    tensors = []
    for train in (True, False):
        images, labels = map(torch.from_numpy, read_pixels(path, train))
        tensors += [images, labels.long()]
    return tensors


def prepare_layers(path, make, batch_size=BATCH_SIZE, **options):
    """Prepare an epoch of the fastest eager loop known to us, with torch's layers."""
    data, net = load(path), make()
    # The learning rate divides the summed loss.
    trainer = torch.optim.SGD(net.parameters(), lr=LR / batch_size, **options)

    def step(X, y):
        trainer.zero_grad()
        y_hat = net(X)
        loss = cross_entropy(y_hat, y, reduction="sum")
        loss.backward()
        trainer.step()
        return loss, y_hat

    return lambda: run_epoch(step, net, *data, batch_size)


def make_linear():
    """Build softmax regression."""
    net = nn.Linear(784, 10)
    nn.init.normal_(net.weight, 0, 0.01)
    nn.init.zeros_(net.bias)
    return net


def make_perceptron():
    """Build 784-512-256-128-64-10."""
    sizes, layers = (784, 512, 256, 128, 64), []
    for inputs, outputs in zip(sizes, sizes[1:]):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return start_as_ours(nn.Sequential(*layers, nn.Linear(64, 10)))


def make_convolutional():
    """Build two convolutions and a dense layer."""
    layers = [nn.Unflatten(1, (1, 28, 28))]
    for inputs, outputs in ((1, 10), (10, 20)):
        layers += [nn.Conv2d(inputs, outputs, 5), nn.MaxPool2d(2), nn.ReLU()]
    return start_as_ours(nn.Sequential(*layers, nn.Flatten(), nn.Linear(320, 10)))


def start_as_ours(net):
    """Draw weights as ours are drawn; torch's own are so small that it learns later."""
    for param in net.parameters():
        is_weight = param.dim() > 1
        (nn.init.xavier_uniform_ if is_weight else nn.init.zeros_)(param)
    return net


def prepare_scratch(path):
    """Prepare an epoch of the operations that section 3.6 teaches."""
    data = load(path)
    W = torch.normal(0, 0.01, (784, 10)).requires_grad_()
    b = torch.zeros(10, requires_grad=True)

    def net(X):
        scores = X @ W + b
        X_exp = (scores - scores.max(dim=1, keepdim=True).values).exp()
        return X_exp / X_exp.sum(dim=1, keepdim=True)

    def step(X, y):
        y_hat = net(X)
        loss = -y_hat.gather(1, y.unsqueeze(1)).log().sum()
        loss.backward()
        with torch.no_grad():
            for param in (W, b):
                param -= LR * param.grad / BATCH_SIZE
                param.grad = None
        return loss, y_hat

    return lambda: run_epoch(step, net, *data, BATCH_SIZE)


def run_epoch(step, net, X, y, test_X, test_y, batch_size):
    """Train on gathered batches and evaluate; read the figures at the end, once."""
    losses, scores = [], []
    order = torch.randperm(len(X))
    for batch in order.split(batch_size):
        loss, y_hat = step(X.index_select(0, batch), y.index_select(0, batch))
        losses.append(loss.detach())
        scores.append(y_hat.detach())
    figures = {
        "loss": torch.stack(losses).sum() / len(X),
        "train_acc": share_right(scores, y.index_select(0, order)),
        "test_acc": evaluate(net, test_X, test_y),
    }
    return {name: figure.item() for name, figure in figures.items()}


def prepare_evaluation(path):
    """Prepare evaluating a net set to the nearest class mean, 100 times."""
    *_, test_X, test_y = load(path)
    net = nn.Linear(784, 10)
    for param, value in zip(net.parameters(), nearest_mean(path)):
        param.data = torch.from_numpy(value)

    def work():
        found = [evaluate(net, test_X, test_y).item() for _ in range(EVALUATIONS)]
        return {"test_acc": found[-1]}

    return work


def evaluate(net, X, y):
    """Compute the share of predictions that are right, batch by batch."""
    with torch.inference_mode():
        return share_right([net(batch) for batch in X.split(BATCH_SIZE)], y)


def share_right(scores, y):
    """Compute the share of right predictions of all batches, without reading it."""
    return (torch.cat(scores).argmax(1) == y).float().mean()


PREPARATIONS = {
    "linear": partial(prepare_layers, make=make_linear, foreach=False),
    "scratch": prepare_scratch,
    "evaluation": prepare_evaluation,
    "perceptron": partial(prepare_layers, make=make_perceptron, **NETWORK),
    "convolutional": partial(prepare_layers, make=make_convolutional, **NETWORK),
}
"""Of `foreach`, `fused` and neither, the fastest was found for each size of net."""


if __name__ == "__main__":
    name, path, threads = sys.argv[1:]
    if int(threads):
        torch.set_num_threads(int(threads))
    work = PREPARATIONS[name](path)
    serve(work, packages=("torch", "numpy"), threads=torch.get_num_threads())
