"""A case made real: net, loss, updater and data, and all that can be seen of them."""

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

    Two worlds of one case begin alike. The net is made of a `block` or of a `notebook`;
    `kept` holds what layers, losses and updaters show of their work, `memory` what an
    updater remembers, and `stack` what is to be undone when the case is over.
    """

    def __init__(self, case, loops):
        self.case, self.loops = case, loops
        self.stack = ExitStack()
        self._iterators = {}
        self.trainers, self.hooks, self.kept, self.memory = [], [], [], {}
        self.block = self.notebook = self.loss = None
        self.batch, self.calls, self.number = 0, 0, 1.5
        for module in (random, np.random, mx.random):
            module.seed(case.seed)
        with mx.name.NameManager():  # names are counted from 0
            self._make_net()
            self.loss = (LOSSES | ONE_HOT_LOSSES)[case.loss](self)
            self._step = (ARRAYS | GLUON)[case.updater](self)
            self._touch()
        self._first = self.params(), self.arrays()

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
        self._change(EARLY, case.quirks)
        for param in self.params():
            param.initialize(default_init=init.Normal(0.4))

    def _touch(self):
        """Let parameters have their numbers before training, if they are to."""
        if self.case.touched or set(self.case.quirks) & set(LATE):
            self.net(self._draw()[0][0][:2].astype("float32"))
        self._change(LATE, self.case.quirks)

    def _change(self, table, names):
        """Make those of some changes that are in a table."""
        for name in names:
            if name in table:
                table[name](self)

    def _draw(self, seed=0):
        """Draw mini-batches of images and labels."""
        case, draw = self.case, np.random.RandomState(seed)
        dtype = "float64" if "double precision" in case.quirks else "float32"
        n = sum(case.sizes)
        X = draw.normal(size=(n, *INPUTS[case.inputs])).astype(dtype)
        y = draw.randint(0, case.classes, n)
        if case.labels == "one-hot":
            y = np.eye(case.classes, dtype=dtype)[y]
        elif case.labels == "column":
            y = y.reshape(n, 1).astype("float32")
        else:
            y = y.astype(case.labels)
        ends = np.cumsum(case.sizes)[:-1]
        arrays = [
            [nd.array(a, dtype=a.dtype) for a in np.split(b, ends)] for b in (X, y)
        ]
        return list(zip(*arrays))

    def _make_iterator(self, seed):
        """Make mini-batches of a data set, anew where they can be taken only once."""
        if seed not in self._iterators or self.case.iterator in ONE_PASS:
            make = (ITERATORS | IMAGE_ITERATORS)[self.case.iterator]
            self._iterators[seed] = make(self._draw(seed), self)
        return self._iterators[seed]

    train_iter = property(lambda self: self._make_iterator(0))
    test_iter = property(lambda self: self._make_iterator(1))

    def update(self, batch_size):
        """Step, and change what the case changes at this batch."""
        names = [name for batch, name in self.case.changes if batch == self.batch]
        self._change(BEFORE, names)
        self._step(batch_size)
        self._change(AFTER, names)
        self.batch += 1

    def layers(self):
        """List the blocks of the net, from the outer to the inner ones."""
        return [] if self.block is None else list(walk(self.block))

    def params(self):
        """List the parameters of Gluon's, those of the loss last."""
        blocks = self.layers()
        if isinstance(self.loss, gluon.Block):
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
        self.calls += 1

    def hook(self, block):
        """Count the calls of a block by a hook; a function has none."""
        if isinstance(block, gluon.Block):
            hook = block.register_forward_hook(lambda *called: self.count())
            self.hooks.append(hook)
        return block

    def observe(self):
        """Return all arrays and numbers that can be seen, by name."""
        seen = {"calls": self.calls, "batches": self.batch, "number": self.number}
        for i, param in enumerate(self._first[0] + self.params()):
            for name, arrays in (("", param._data), ("gradient of ", param._grad)):
                if arrays is not None:
                    seen[f"{name}parameter {i}"] = arrays[0]
        arrays = dict(enumerate(self._first[1] + self.arrays() + self.kept))
        if isinstance(self.train_iter, (list, tuple)):
            arrays |= {f"of images {i}": X for i, (X, _) in enumerate(self.train_iter)}
        for name, array in arrays.items():
            seen[f"array {name}"] = array
            seen[f"gradient of array {name}"] = getattr(array, "grad", None)
        for name, value in (self.notebook.names if self.notebook else {}).items():
            if isinstance(value, (nd.NDArray, float)):
                seen[f"name {name}"] = value
        return seen | self._observe_trainers()

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
