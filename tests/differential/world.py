"""A case made real: net, loss, updater and data, and all that can be seen of them."""

from __future__ import annotations

import random
from contextlib import ExitStack

import mxnet as mx
import numpy as np
from mxnet import gluon, init, nd
from mxnet.gluon import nn

from .changes import AFTER, BEFORE
from .iterators import IMAGE_ITERATORS, ITERATORS, ONE_PASS
from .losses import LOSSES, ONE_HOT_LOSSES
from .nets import WRAPPERS, make_net
from .quirks import EARLY, LATE
from .scratch import WRAPPERS as FUNCTIONS
from .scratch import Notebook
from .updaters import ARRAYS, GLUON

INPUTS = {"flat": (6,), "image": (1, 4, 4), "larger image": (1, 6, 6)}


class World:
    """What one case consists of, and what happens to it.

    Parameters
    ----------
    case : Case
        The recipe; two worlds of one case begin alike.
    loops : module
        Has `train_epoch`, `evaluate_accuracy`, `evaluate` and `train_ch3`.

    Attributes
    ----------
    block, notebook : mxnet.gluon.Block or None, Notebook or None
        What the net is made of: one of them.
    net, loss, update : callable
        What the loops are given.
    trainers, hooks, kept : list
        What updaters made, hooks to detach, and what blocks and losses kept.
    batch, calls : int
        Batches so far, and calls that were counted.
    number : float
        What some layers multiply by.
    stack : contextlib.ExitStack
        What is to be undone when the case is over.
    """

    def __init__(self, case, loops):
        self.case, self.loops = case, loops
        self.stack = ExitStack()
        self._iterators = {}
        self.trainers, self.hooks, self.kept = [], [], []
        self.block = self.notebook = None
        self.batch, self.calls, self.number = 0, 0, 1.5
        self._draw_nothing_new()
        with mx.name.NameManager():  # names are counted from 0
            self._make_net()
            self.loss = (LOSSES | ONE_HOT_LOSSES)[case.loss](self)
            self._step = (ARRAYS | GLUON)[case.updater](self)
            self._touch()
        self._first = self.params(), self.arrays()

    def _draw_nothing_new(self):
        """Start all random numbers from the case's seed."""
        for module in (random, np.random, mx.random):
            module.seed(self.case.seed)

    def _make_net(self):
        """Make the net, its parameters still without numbers."""
        case = self.case
        if case.cell is not None:
            num_inputs = int(np.prod(INPUTS[case.inputs]))
            self.notebook = Notebook(case.cell, num_inputs, case.classes)
            self.net = FUNCTIONS[case.wrapper](self.notebook.net)
        else:
            self.block = make_net(self)
            self.net = WRAPPERS[case.wrapper](self.block)
        for name in self.case.quirks:
            if name in EARLY:
                EARLY[name](self)
        for param in self.params():
            param.initialize(default_init=init.Normal(0.4))

    def _touch(self):
        """Let parameters have their numbers before training, if they are to."""
        late = [LATE[name] for name in self.case.quirks if name in LATE]
        if self.case.touched or late:
            self.net(nd.array(self._draw()[0][:2], dtype="float32"))
        for quirk in late:
            quirk(self)

    def _draw(self, seed=0):
        """Draw a data set as NumPy arrays."""
        case, draw = self.case, np.random.RandomState(seed)
        n = sum(case.sizes)
        X = draw.normal(size=(n, *INPUTS[case.inputs])).astype(self._dtype)
        y = draw.randint(0, case.classes, n)
        if case.labels == "one-hot":
            return X, np.eye(case.classes, dtype=self._dtype)[y]
        if case.labels == "column":
            return X, y.reshape(n, 1).astype("float32")
        return X, y.astype(case.labels)

    @property
    def _dtype(self):
        """The type of the images."""
        return "float64" if "double precision" in self.case.quirks else "float32"

    def _make_iterator(self, seed):
        """Make mini-batches of a data set, anew where they can be taken only once."""
        if seed not in self._iterators or self.case.iterator in ONE_PASS:
            make = (ITERATORS | IMAGE_ITERATORS)[self.case.iterator]
            data = self._draw(seed)
            self._iterators[seed] = make(*data, self.case.sizes, self)
        return self._iterators[seed]

    @property
    def train_iter(self):
        """What is trained on."""
        return self._make_iterator(0)

    @property
    def test_iter(self):
        """What is evaluated on."""
        return self._make_iterator(1)

    def update(self, batch_size):
        """Step, and change what the case changes at this batch."""
        names = [name for batch, name in self.case.changes if batch == self.batch]
        for name in names:
            BEFORE.get(name, lambda world: None)(self)
        self._step(batch_size)
        for name in names:
            AFTER.get(name, lambda world: None)(self)
        self.batch += 1

    def layers(self):
        """List the blocks of the net, from the outer to the inner ones."""
        return [] if self.block is None else list(walk(self.block))

    def params(self):
        """List the parameters of Gluon's, those of the loss last."""
        blocks = self.layers()
        if isinstance(getattr(self, "loss", None), gluon.Block):
            blocks += walk(self.loss)
        own = [param for block in blocks for param in own_params(block)]
        return list({id(param): param for param in own}.values())

    def arrays(self):
        """List the arrays that are trained, by no method that may be patched."""
        arrays = self.notebook.arrays() if self.notebook else []
        for param in self.params():
            if param._data is not None and param.grad_req != "null":
                arrays.append(param._data[0])
        return [array for array in arrays if array.grad is not None]

    def replace(self, array, value):
        """Put a new array in the place of one that is trained."""
        if self.notebook:
            (key,) = (k for k, v in self.notebook.names.items() if v is array)
            value.attach_grad()
            self.notebook.bind(key, value)
        for param in self.params():
            if param._data is not None and param._data[0] is array:
                param._init_impl(value, param.list_ctx())

    def count(self):
        """Count a call."""
        self.calls += 1

    def hook(self, block=None):
        """Count the calls of a block by a hook."""
        block = block or self.block
        if block is not None:
            hook = block.register_forward_hook(lambda *called: self.count())
            self.hooks.append(hook)

    def observe(self):
        """Return all arrays and numbers that can be seen, by name."""
        params = self._first[0] + self.params()
        arrays = self._first[1] + self.arrays() + self.kept
        seen = {"calls": self.calls, "batches": self.batch, "number": self.number}
        for i, param in enumerate(params):
            if param._data is not None:
                seen[f"parameter {i}"] = param._data[0]
            if param._grad is not None:
                seen[f"gradient of parameter {i}"] = param._grad[0]
        for i, array in enumerate(arrays):
            seen[f"array {i}"] = array
            seen[f"gradient of array {i}"] = getattr(array, "grad", None)
        return seen | self._observe_data() | self._observe_trainers()

    def _observe_data(self):
        """Return the gradients of the images, and a notebook's arrays and numbers."""
        seen = {}
        if isinstance(self.train_iter, (list, tuple)):
            for i, (X, _) in enumerate(self.train_iter):
                seen[f"images {i}"] = X
                seen[f"gradient of images {i}"] = getattr(X, "grad", None)
        for key, value in (self.notebook.names if self.notebook else {}).items():
            if isinstance(value, (nd.NDArray, float)):
                seen[f"name {key}"] = value
        return seen

    def _observe_trainers(self):
        """Return what trainers remember."""
        seen = {}
        for i, trainer in enumerate(self.trainers):
            seen[f"learning rate of trainer {i}"] = trainer.learning_rate
            for updater in trainer._updaters or []:
                for index, state in updater.states.items():
                    states = state if isinstance(state, (list, tuple)) else [state]
                    for j, part in enumerate(states):
                        seen[f"state {i} {index} {j}"] = part
        return seen


def walk(block):
    """Yield a block and all blocks in it, also those that Gluon does not know of."""
    yield block
    listed = [] if isinstance(block, nn.Sequential) else getattr(block, "layers", [])
    for child in [*block._children.values(), *listed]:
        yield from walk(child)


def own_params(block):
    """List the parameters of a block itself, shared ones and attributes too."""
    attributes = [v for v in vars(block).values() if isinstance(v, gluon.Parameter)]
    used = getattr(block, "_reg_params", {}).values()
    return [*block._params.values(), *attributes, *used]
