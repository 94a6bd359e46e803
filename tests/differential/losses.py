"""Losses, each as a function of the world that makes it."""

import gluon_softmax
from mxnet import nd
from mxnet.gluon import HybridBlock
from mxnet.gluon import loss as gl

from .blocks import derive, double
from .nets import of

CrossEntropy = gl.SoftmaxCrossEntropyLoss


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
    return -nd.pick(nd.log_softmax(y_hat), y)


def smooth(y_hat, y):
    classes = y_hat.shape[1]
    target = nd.one_hot(y, classes) * 0.9 + 0.1 / classes
    return -(target * nd.log_softmax(y_hat)).sum(axis=1)


def keep(world):
    """Make a loss that keeps what it was given."""

    def keeping(y_hat, y):
        world.kept += [y_hat, y]
        return CrossEntropy()(y_hat, y)

    return keeping


def hybridize(loss):
    loss.hybridize()
    return loss


def penalise(world):
    """Make a hybridized loss that has a weight of the net in it."""
    weights = world.arrays()[:1]

    def penalised(y_hat, y):
        penalty = sum((0.01 * (weight**2).sum() for weight in weights), 0)
        return from_scratch(y_hat, y) + penalty

    return gluon_softmax.hybridize(penalised)


def of_one_hot(kind, **options):
    """Return what makes a loss of Gluon's that wants one-hot labels."""

    def make_loss(world):
        loss = kind(**options)
        if world.case.labels == "one-hot":
            return loss
        return lambda y_hat, y: loss(y_hat, nd.one_hot(y, y_hat.shape[1]))

    return make_loss


FUNCTIONS = {
    "from log_softmax": lambda y_hat, y: CrossEntropy(from_logits=True)(
        nd.log_softmax(y_hat), y
    ),
    "lambda": lambda y_hat, y: CrossEntropy()(y_hat, y),
    "from scratch": from_scratch,
    "of probabilities": lambda y_hat, y: gluon_softmax.cross_entropy(
        nd.softmax(y_hat), y
    ),
    "column": lambda y_hat, y: from_scratch(y_hat, y).reshape((-1, 1)),
    "mean": lambda y_hat, y: from_scratch(y_hat, y).mean(),
    "smooth": smooth,
    "constant": lambda y_hat, y: nd.ones(len(y)),
}

LOSSES = {
    "softmax": of(CrossEntropy),
    "axis=1": of(CrossEntropy, axis=1),
    "weight": of(CrossEntropy, weight=0.5),
    "from_logits": of(CrossEntropy, from_logits=True),
    "hybridized": lambda world: hybridize(CrossEntropy()),
    "SoftmaxCELoss": of(gl.SoftmaxCELoss),
    "method": lambda world: CrossEntropy().forward,
    "subclass": of(derive(CrossEntropy, 0.5)),
    "empty subclass": of(derive(CrossEntropy)),
    "replaced": lambda world: double(CrossEntropy(), "hybrid_forward"),
    "with hook": lambda world: world.hook(CrossEntropy()),
    "hybridized from scratch": of(gluon_softmax.hybridize, from_scratch),
    "hybridized penalty": penalise,
    "number": of(Weighted),
    "hybridized number": lambda world: hybridize(Weighted()),
    "parameter": of(Learned),
    "keeping": keep,
    **{name: lambda world, loss=loss: loss for name, loss in FUNCTIONS.items()},
}

ONE_HOT_LOSSES = {
    "sparse_label=False": of_one_hot(CrossEntropy, sparse_label=False),
    "L2": of_one_hot(gl.L2Loss),
    "L1": of_one_hot(gl.L1Loss),
    "KLDiv": of_one_hot(gl.KLDivLoss, from_logits=False),
    "SigmoidBCE": of_one_hot(gl.SigmoidBinaryCrossEntropyLoss),
    "Huber": of_one_hot(gl.HuberLoss),
    "Hinge": of_one_hot(gl.HingeLoss),
    "SquaredHinge": of_one_hot(gl.SquaredHingeLoss),
    "Logistic": of_one_hot(gl.LogisticLoss, label_format="binary"),
}
"""Losses of one-hot labels; of labels that are not, a lambda makes them so."""
