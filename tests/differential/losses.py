"""Losses, each as a function of the world that makes it."""

from __future__ import annotations

import gluon_softmax
from mxnet import nd
from mxnet.gluon import HybridBlock
from mxnet.gluon import loss as gl

CrossEntropy = gl.SoftmaxCrossEntropyLoss


class Halved(CrossEntropy):
    """A loss that looks like Gluon's and is not."""

    def hybrid_forward(self, F, pred, label, sample_weight=None):
        return super().hybrid_forward(F, pred, label, sample_weight) / 2


class Inherited(CrossEntropy):
    """A loss with a name of its own and nothing else."""


class Weighted(HybridBlock):
    """A loss with a number that may be changed while training."""

    def __init__(self):
        super().__init__()
        self.factor = 1.5

    def hybrid_forward(self, F, y_hat, y):
        return -F.pick(F.log_softmax(y_hat), y) * self.factor


class Learned(HybridBlock):
    """A loss with a parameter."""

    def __init__(self):
        super().__init__()
        self.scale = self.params.get("scale", shape=(1,), init="ones")
        self.initialize()

    def hybrid_forward(self, F, y_hat, y, scale):
        return F.broadcast_mul(-F.pick(F.log_softmax(y_hat), y), scale)


def from_scratch(y_hat, y):
    """Compute the cross-entropy of scores."""
    return -nd.pick(nd.log_softmax(y_hat), y)


def keep(world):
    """Make a loss that keeps what it was given."""
    loss = CrossEntropy()

    def keeping(y_hat, y):
        world.kept += [y_hat, y]
        return loss(y_hat, y)

    return keeping


def replace_forward(world):
    """Make a loss of Gluon's whose `hybrid_forward` was replaced."""
    loss = CrossEntropy()
    loss.hybrid_forward = lambda F, y_hat, y: -F.pick(F.log_softmax(y_hat), y) * 3
    return loss


def hook(world):
    """Make a loss that counts its calls by a hook."""
    loss = CrossEntropy()
    loss.register_forward_hook(lambda *called: world.count())
    return loss


def hybridize(loss):
    """Compile a loss."""
    loss.hybridize()
    return loss


def smooth(y_hat, y):
    """Compute the cross-entropy with smoothed labels."""
    classes = y_hat.shape[1]
    target = nd.one_hot(y, classes) * 0.9 + 0.1 / classes
    return -(target * nd.log_softmax(y_hat)).sum(axis=1)


def penalise(world):
    """Make a hybridized loss that has a weight of the net in it."""
    weights = world.arrays()[:1]

    def penalised(y_hat, y):
        penalty = sum((0.01 * (weight**2).sum() for weight in weights), 0)
        return from_scratch(y_hat, y) + penalty

    return gluon_softmax.hybridize(penalised)


def of_one_hot(make):
    """Return a function that makes a loss of Gluon's that wants one-hot labels."""

    def make_loss(world):
        loss = make()
        if world.case.labels == "one-hot":
            return loss
        return lambda y_hat, y: loss(y_hat, nd.one_hot(y, y_hat.shape[1]))

    return make_loss


LOSSES = {
    "softmax": lambda world: CrossEntropy(),
    "axis=1": lambda world: CrossEntropy(axis=1),
    "weight": lambda world: CrossEntropy(weight=0.5),
    "from_logits": lambda world: CrossEntropy(from_logits=True),
    "from log_softmax": lambda world: (
        lambda y_hat, y: CrossEntropy(from_logits=True)(nd.log_softmax(y_hat), y)
    ),
    "hybridized": lambda world: hybridize(CrossEntropy()),
    "SoftmaxCELoss": lambda world: gl.SoftmaxCELoss(),
    "lambda": lambda world: lambda y_hat, y: CrossEntropy()(y_hat, y),
    "method": lambda world: CrossEntropy().forward,
    "subclass": lambda world: Halved(),
    "empty subclass": lambda world: Inherited(),
    "replaced": replace_forward,
    "with hook": hook,
    "from scratch": lambda world: from_scratch,
    "hybridized from scratch": lambda world: gluon_softmax.hybridize(from_scratch),
    "hybridized penalty": penalise,
    "of probabilities": lambda world: (
        lambda y_hat, y: gluon_softmax.cross_entropy(nd.softmax(y_hat), y)
    ),
    "column": lambda world: lambda y_hat, y: from_scratch(y_hat, y).reshape((-1, 1)),
    "mean": lambda world: lambda y_hat, y: from_scratch(y_hat, y).mean(),
    "smooth": lambda world: smooth,
    "number": lambda world: Weighted(),
    "hybridized number": lambda world: hybridize(Weighted()),
    "parameter": lambda world: Learned(),
    "constant": lambda world: lambda y_hat, y: nd.ones(len(y)),
    "keeping": keep,
}

ONE_HOT_LOSSES = {
    "sparse_label=False": of_one_hot(lambda: CrossEntropy(sparse_label=False)),
    "L2": of_one_hot(gl.L2Loss),
    "L1": of_one_hot(gl.L1Loss),
    "KLDiv": of_one_hot(lambda: gl.KLDivLoss(from_logits=False)),
    "SigmoidBCE": of_one_hot(gl.SigmoidBinaryCrossEntropyLoss),
    "Huber": of_one_hot(gl.HuberLoss),
    "Hinge": of_one_hot(gl.HingeLoss),
    "SquaredHinge": of_one_hot(gl.SquaredHingeLoss),
    "Logistic": of_one_hot(lambda: gl.LogisticLoss(label_format="binary")),
}
"""Losses of one-hot labels; of labels that are not, a lambda makes them so."""
