"""Cases that hypothesis composes, and what comes out of each."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace

import numpy as np
from hypothesis import strategies as st
from mxnet import autograd, nd

from . import plain
from .changes import CHANGES
from .iterators import IMAGE_ITERATORS, ITERATORS
from .losses import LOSSES, ONE_HOT_LOSSES
from .nets import CONTAINERS, FLAT, IMAGE, USUAL, USUAL_IMAGE, WRAPPERS
from .quirks import QUIRKS
from .scratch import CELLS
from .scratch import WRAPPERS as FUNCTIONS
from .updaters import ARRAYS, GLUON, LR
from .world import INPUTS, World

CLEAR = 1e-4
"""By how much the largest score of a sample must exceed the next to be compared."""

LABELS = ("float32", "int32", "uint8", "int64", "float64", "column")
"""How labels that number the classes come."""

SCOPES = {
    "none": nullcontext,
    "record": autograd.record,
    "pause": autograd.pause,
    "train_mode": autograd.train_mode,
    "predict_mode": autograd.predict_mode,
}


@dataclass(frozen=True)
class Case:
    """A recipe: all names, so that a failure can be read, and shrinks."""

    layers: tuple = ()
    cell: str | None = None
    container: str = "Sequential"
    wrapper: str = "as it is"
    quirks: tuple = ()
    touched: bool = True
    loss: str = "softmax"
    updater: str = "sgd"
    changes: tuple = ()
    inputs: str = "flat"
    labels: str = "float32"
    classes: int = 3
    sizes: tuple = (4, 2)
    iterator: str = "list"
    plan: str = "epochs"
    scope: str = "none"
    seed: int = 0


def run_epochs(world, loops, net, batch_size=4):
    yield "accuracy", loops.evaluate_accuracy(world.test_iter, net)
    for _ in range(2):
        data = net, world.train_iter, world.loss, world.update
        yield from zip(FIGURES, loops.train_epoch(*data, batch_size))
        yield from zip(FIGURES, loops.evaluate(world.test_iter, net, world.loss))


def run_train_ch3(world, loops, net, with_params=False):
    updater = {"trainer": SimpleNamespace(step=world.update, learning_rate=LR)}
    if with_params:
        updater = {"params": world.arrays(), "lr": LR}
    data = net, world.train_iter, world.test_iter, world.loss
    for epoch in loops.train_ch3(*data, num_epochs=2, batch_size=4, **updater):
        yield from zip(FIGURES, (epoch.loss, epoch.train_acc, epoch.test_acc))


def run_evaluations(world, loops, net):
    for _ in range(3):
        yield "accuracy", loops.evaluate_accuracy(world.test_iter, net)
        yield from zip(FIGURES, loops.evaluate(world.train_iter, net, world.loss))
        world.update(4)


FIGURES = ("loss", "accuracy", "accuracy")

PLANS = {
    "epochs": run_epochs,
    "epochs by own sizes": partial(run_epochs, batch_size=None),
    "train_ch3": run_train_ch3,
    "train_ch3 of params": partial(run_train_ch3, with_params=True),
    "evaluations": run_evaluations,
}


@dataclass
class Outcome:
    """What comes out of a case."""

    error: Exception | None
    seen: dict
    clear: bool


def run(case, loops):
    """Run a case by the given loops, and return all that can be seen afterwards."""
    figures, margins, error = [], [], None
    try:
        world = World(case, loops)
        net = watch(world.net, margins) if loops is plain else world.net
        with world.stack, SCOPES[case.scope]():
            figures.extend(PLANS[case.plan](world, loops, net))
        nd.waitall()
    except Exception as raised:
        error = raised
        forget_errors()
    seen = {f"{name} {number}": value for number, (name, value) in enumerate(figures)}
    for name, value in ({} if error else world.observe()).items():
        seen[name] = value.asnumpy() if isinstance(value, nd.NDArray) else value
    return Outcome(error, seen, min(margins, default=1) > CLEAR)


def watch(net, margins):
    """Return a net that notes how far each largest score is from the next."""

    def watched(X):
        y_hat = net(X)
        scores = np.sort(y_hat.asnumpy().reshape(len(y_hat), -1), axis=1)
        margins.append((scores[:, -1] - scores[:, -2]).min())
        return y_hat

    return watched


def forget_errors():
    """Let MXNet raise what it has still to raise."""
    try:
        nd.waitall()
    except Exception:
        forget_errors()


def find_difference(expected, found, tolerance=1e-5):
    """Return in words what two outcomes differ in; nothing if they agree."""
    if expected.error or found.error:
        if bool(expected.error) == bool(found.error):
            return None
        return f"error: expected {expected.error!r}, found {found.error!r}"
    if list(expected.seen) != list(found.seen):
        return f"expected to see {list(expected.seen)}, found {list(found.seen)}"
    for name, value in expected.seen.items():
        compared = expected.clear or not name.startswith("accuracy")
        if compared and not is_close(value, found.seen[name], tolerance):
            return f"{name}: expected {value}, found {found.seen[name]}"
    return None


def is_close(value, other, tolerance):
    if value is None or other is None:
        return value is other
    if np.shape(value) != np.shape(other):
        return False
    value, other = np.asarray(value, "float64"), np.asarray(other, "float64")
    scale = np.maximum(1, np.abs(value))
    return np.allclose(value / scale, other / scale, 0, tolerance, equal_nan=True)


def names(table):
    """Return a strategy of the names of a table; the first is the simplest."""
    return st.sampled_from(list(table))


def tuples(strategy, most):
    return st.lists(strategy, max_size=most).map(tuple)


def mostly(simple, strategy):
    """Return a strategy that often gives the simplest value."""
    return st.one_of(st.just(simple), st.just(simple), strategy)


@st.composite
def cases(draw):
    cell = draw(st.one_of(st.none(), st.none(), st.none(), names(CELLS)))
    iterator = draw(mostly("list", names(ITERATORS | IMAGE_ITERATORS)))
    of_images = iterator in IMAGE_ITERATORS
    inputs = "image" if of_images else draw(names(INPUTS))
    return Case(
        iterator=iterator,
        inputs=inputs,
        cell=cell,
        classes=draw(st.integers(2, 4)),
        sizes=draw(st.sampled_from([(4, 2), (4, 4, 3), (3, 3, 3, 3, 2), (8, 5)])),
        plan=draw(mostly("epochs", names(PLANS))),
        scope=draw(mostly("none", mostly("none", names(SCOPES)))),
        seed=draw(st.integers(0, 3)),
        changes=draw(tuples(st.tuples(st.integers(0, 6), names(CHANGES)), 3)),
        quirks=draw(mostly((), tuples(names(QUIRKS), 2))),
        touched=draw(st.booleans()),
        **(draw_scratch(draw) if cell else draw_blocks(draw, inputs)),
        **draw_loss(draw, of_images),
    )


def draw_scratch(draw):
    """Draw what a net from scratch is wrapped in and trained by."""
    return {"updater": draw(names(ARRAYS)), "wrapper": draw(names(FUNCTIONS))}


def draw_blocks(draw, inputs):
    """Draw what makes and trains a net of Gluon's: first layers that want images."""
    images, others = draw(st.sampled_from([(USUAL_IMAGE, USUAL), (IMAGE, FLAT)]))
    first = () if inputs == "flat" else draw(tuples(names(images), 2))
    return {
        "layers": first + draw(tuples(names(others), 3)),
        "container": draw(mostly("Sequential", names(CONTAINERS))),
        "wrapper": draw(mostly("as it is", mostly("as it is", names(WRAPPERS)))),
        "updater": draw(mostly("sgd", names(GLUON | ARRAYS))),
    }


def draw_loss(draw, of_images):
    """Draw a loss, and labels that fit."""
    if not of_images and draw(st.integers(0, 5)) == 5:
        return {"loss": draw(names(ONE_HOT_LOSSES)), "labels": "one-hot"}
    labels = {} if of_images else {"labels": draw(names(LABELS))}
    return {"loss": draw(mostly("softmax", names(LOSSES | ONE_HOT_LOSSES))), **labels}


def list_each():
    """Return a case for each name there is, with little else in it."""
    net = {"layers": ("Dense relu",), "sizes": (3, 3, 3, 3, 2)}
    cell = {"cell": "perceptron", "updater": "descent", "sizes": (3, 3, 3, 3, 2)}
    images = {"inputs": "image", "labels": "int32", "sizes": (4, 4, 3)}
    of_all = (  # kind, field, names, the rest of the case
        ("layer", "layers", FLAT, {}),
        ("image layer", "layers", IMAGE, images),
        ("container", "container", CONTAINERS, net),
        ("wrapper", "wrapper", WRAPPERS, net),
        ("function", "wrapper", FUNCTIONS, cell),
        ("cell", "cell", CELLS, cell),
        ("quirk", "quirks", QUIRKS, net),
        ("change", "changes", CHANGES, net),
        ("change from scratch", "changes", CHANGES, cell),
        ("loss", "loss", LOSSES, {}),
        ("one-hot loss", "loss", ONE_HOT_LOSSES, {"labels": "one-hot"}),
        ("updater", "updater", GLUON | ARRAYS, net),
        ("iterator", "iterator", ITERATORS | IMAGE_ITERATORS, images),
        ("labels", "labels", LABELS, {"loss": "smooth"}),
        ("plan", "plan", PLANS, {}),
        ("scope", "scope", SCOPES, {"updater": "nothing"}),
    )
    wrap = {"changes": lambda name: ((1, name),)}
    wrap |= dict.fromkeys(("layers", "quirks"), lambda name: (name,))
    return {
        f"{kind}: {name}": Case(**rest | {field: wrap.get(field, str)(name)})
        for kind, field, table, rest in of_all
        for name in table
    }
