"""The engine: what it takes the place of, and that it looks before each batch.

`test_differential.py` composes nets, losses, updaters and iterators at random; here
such cases say for how many batches a graph ran.
"""

import gc
import weakref
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from types import SimpleNamespace

import gluon_softmax
import mxnet as mx
import numpy as np
import pytest
from gluon_softmax import Engine, evaluate_accuracy, train_epoch
from differential import plain
from differential.cases import Case, find_difference, run
from differential.nets import FLAT, IMAGE
from differential.world import World
from gluon_softmax.chapter.results import predict
from gluon_softmax.data.datasets import ImageDataset
from gluon_softmax.data.loader import BatchLoader
from gluon_softmax.engine import BLOCK, InTurn
from gluon_softmax.engine.known import LAYERS, is_library_unchanged
from gluon_softmax.errors import ArgumentError
from mxnet import gluon, nd
from mxnet.gluon import nn

softmax_cross_entropy = gluon.loss.SoftmaxCrossEntropyLoss()

IMAGES = {"inputs": "image", "labels": "int32", "sizes": (4, 4, 3)}
LOADER = {"iterator": "loader", **IMAGES}
DENSE = {"layers": ("Dense relu",), "sizes": (4, 4, 3)}
TWO_DENSE = {"layers": ("Dense of known size", "Dense without bias"), "classes": 4}
SCRATCH = {"cell": "perceptron", "wrapper": "hybridized", "updater": "descent"}
SCRATCH["sizes"] = (4, 4, 4)
HYBRID = {"container": "HybridSequential", "quirks": ("hybridized",)}
MANY = (4,) * 9 * BLOCK
"""More batches than there are arrays in turn."""


class Counting(Engine):
    """An engine that counts the batches for which a graph ran."""

    def __init__(self):
        super().__init__()
        self.graphs = 0

    def accelerate(self, net, loss, data_iter):
        """Count what the accelerated net gives."""
        net, loss, data_iter = super().accelerate(net, loss, data_iter)

        def counted(X):
            y_hat = net(X)
            self.graphs += isinstance(y_hat, InTurn)
            return y_hat

        return counted, loss, data_iter


def count_graphs(change=None, **fields):
    """Count the graphs that a case ran, with the numbers of the plain loop.

    It may run one for each batch of an evaluation and of two epochs of training.
    """
    if change:
        fields["changes"] = ((0, change),)
    engine = Counting()
    compare(Case(**fields), engine)
    return engine.graphs


def compare(case, engine):
    """Expect the numbers of the plain loop from an engine, or without any."""
    loops = SimpleNamespace(evaluate=gluon_softmax.evaluate)
    for name in ("train_epoch", "evaluate_accuracy", "train_ch3"):
        function = partial(getattr(gluon_softmax, name), engine=engine)
        setattr(loops, name, function)
    assert find_difference(run(case, plain), run(case, loops)) is None


KNOWN = (
    *("Dense", "Dense relu", "Dense softsign", "Dense without bias", "Dense of rows"),
    *("Dense of known size", "relu", "sigmoid", "softrelu", "Flatten", "nested"),
    *("twice", "shared", "Conv2D", "Conv2D relu", "Conv2D in groups", "Conv2D strided"),
    *("MaxPool2D", "AvgPool2D", "AvgPool2D of its own"),
)


@pytest.mark.parametrize("quirks", [(), ("hybridized",)], ids=["", "hybridized"])
@pytest.mark.parametrize("iterator", ["list", "loader"])
@pytest.mark.parametrize("name", KNOWN)
def test_known_layers_run_as_graphs(name, iterator, quirks):
    """For all batches, once Gluon knows the shapes."""
    case = {**IMAGES, "layers": (name,), "iterator": iterator, "quirks": quirks}
    assert count_graphs(**case) == 9


def test_each_layer_of_the_list_is_tested():
    """A layer on the list that does something else would give wrong numbers."""
    worlds = [World(Case(layers=(name,), **IMAGES), plain) for name in KNOWN]
    tested = {type(layer) for world in worlds for layer in world.layers()}
    assert set(LAYERS) <= tested
    assert is_library_unchanged()


@pytest.mark.parametrize("name", sorted({*FLAT, *IMAGE} - {*KNOWN}))
def test_anything_else_is_called(name):
    """Whatever Gluon compiled of it."""
    assert count_graphs(layers=(name,), quirks=("hybridized",), **IMAGES) == 0


CASES = {
    "not touched": (17, {**DENSE, "touched": False, "sizes": (4,) * 6}),
    "from logits": (6, {"loss": "from_logits"}),
    "one-hot": (6, {"loss": "sparse_label=False", "labels": "one-hot"}),
    "own loss": (2, {"loss": "empty subclass"}),
    "record": (0, {"scope": "record"}),
    "train_mode": (0, {"scope": "train_mode"}),
    "predict_mode": (6, {"scope": "predict_mode"}),
    "loader in record": (0, {"scope": "record", **LOADER}),
    "kept graph": (0, {**HYBRID, "layers": ("Dropout",), "change": "drop a layer"}),
    "kept graph under a hybridized loss": (
        0,
        {**HYBRID, "layers": ("BatchNorm",), "loss": "hybridized from scratch"},
    ),
    "kept activation": (
        0,
        {**DENSE, "quirks": ("hybridized activations",)}
        | {"change": "another activation"},
    ),
    "tied layers": (0, {**TWO_DENSE, "quirks": ("tied and hybridized",)}),
    "one array": (0, {**TWO_DENSE, "quirks": ("of one array",)}),
    "kept images": (0, {**LOADER, "layers": ("keeping",), "sizes": MANY}),
    "in turn": (108, {**LOADER, "iterator": "shuffled loader", "sizes": MANY}),
    "with workers": (108, {**LOADER, "iterator": "loader with workers", "sizes": MANY}),
    "summed gradients": (
        108,
        {**LOADER, "updater": "summed gradients", "sizes": (64,) * len(MANY)},
    ),
    "many shapes": (15, {"sizes": (*range(1, 9), 1)}),
    "double precision": (0, {**DENSE, "quirks": ("double precision",)}),
    "a transform that changes": (
        9,
        {**LOADER, "iterator": "transforming loader", "change": "number"},
    ),
    "from scratch": (9, SCRATCH),
    "from scratch, with a penalty": (  # a weight is in two places when training
        3,
        {**SCRATCH, "loss": "hybridized penalty"},
    ),
    "from scratch, bound anew": (5, {**SCRATCH, "updater": "rebinding"}),
}


@pytest.mark.parametrize(("graphs", "fields"), CASES.values(), ids=CASES)
def test_for_how_many_batches_a_graph_runs(graphs, fields):
    """Each case was once wrong, or would be without a check of the engine's."""
    assert count_graphs(**fields) == graphs


@pytest.mark.parametrize("engine", [None, Counting()], ids=["alone", "engine"])
@pytest.mark.parametrize("loss", ["from scratch", "hybridized from scratch", "softmax"])
def test_hybridized_functions_train_as_they_would(loss, engine):
    """With each kind of loss, with the engine and without."""
    compare(Case(**SCRATCH, loss=loss), engine)


CHANGES = (
    *("new start", "freeze", "add from now on", "mark_variables", "attach_grad to add"),
    *("hook", "wrap a child", "another activation in Dense", "another class"),
    *("replace hybrid_forward", "weight of the loss", "Dense.hybrid_forward"),
    *("nd.pick", "np_shape"),
)


@pytest.mark.parametrize("name", CHANGES)
def test_whatever_changes_between_batches_counts_at_once(name):
    """Though the loader has read the next batches already."""
    assert 3 <= count_graphs(change=name, layers=("Dense relu",), **LOADER) < 9


@pytest.mark.parametrize("name", ["global function", "attach_grad", "redefine"])
def test_whatever_changes_of_a_function_counts_at_once(name):
    """Its variables, its code, and what autograd knows of its parameters."""
    assert 3 <= count_graphs(change=name, **SCRATCH) < 9


def sequential(*layers):
    """Make the book's kind of net, ready to be called."""
    net = nn.Sequential()
    net.add(*layers)
    net.initialize()
    return net


def batches(num_batches=5):
    """Make some batches of 16 samples, the last one of 5."""
    draw = np.random.RandomState(0)
    sizes = [16] * (num_batches - 1) + [5]
    return [
        (nd.array(draw.randn(n, 8)), nd.array(draw.randint(0, 4, n))) for n in sizes
    ]


def test_a_frozen_net_cannot_be_trained():
    """As the plain loop cannot train it, though a graph could run it."""
    net = sequential(nn.Dense(4, in_units=8))
    net.collect_params().setattr("grad_req", "null")
    with pytest.raises(ArgumentError, match="depends on parameters with gradients"):
        train_epoch(net, batches(), softmax_cross_entropy, lambda size: None)


def fill_again(num_batches=3 * BLOCK):
    """Fill one and the same NumPy array, which an NDArray shares, for each batch."""
    draw = np.random.RandomState(0)
    X, y = np.zeros((2048, 64), "float32"), np.zeros(2048, "float32")
    X_view, y_view = X[:], y[:]  # MXNet makes what it shares read-only
    shared = nd.from_numpy(X, zero_copy=True), nd.from_numpy(y, zero_copy=True)
    for _ in range(num_batches):
        X_view[:], y_view[:] = draw.randn(2048, 64), draw.randint(0, 4, 2048)
        yield shared


@pytest.mark.parametrize("first", [nn.Flatten, nn.Swish], ids=["known", "unknown"])
def test_an_iterator_that_fills_its_arrays_again(first):
    """Nothing of a batch is read when the next one was asked for."""
    copies = [tuple(nd.array(a.asnumpy()) for a in batch) for batch in fill_again()]
    results = []
    for data in (fill_again(), copies):
        mx.random.seed(0)
        net = sequential(first(), nn.Dense(512, in_units=64))
        trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1})
        figures = train_epoch(net, data, softmax_cross_entropy, trainer.step, 2048)
        results.append([*figures, net[1].weight.data().asnumpy()])
    for found, expected in zip(*results):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_one_loop_inside_another():
    """Evaluating while the same net is evaluated takes memory of its own."""
    net = sequential(nn.Dense(4))
    expected = evaluate_accuracy(batches(), net)  # what it leaves is used again

    def nested():
        for X, y in batches():
            assert evaluate_accuracy(batches(), net) == expected
            yield X, y

    assert evaluate_accuracy(nested(), net) == expected


def test_several_threads_evaluate_one_net():
    """Each has memory of its own."""
    net, data = sequential(nn.Dense(4)), batches(40)
    expected = evaluate_accuracy(data, net, engine=None)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: evaluate_accuracy(data, net), range(20)))
    assert found == [expected] * 20


def test_memory_goes_with_the_net():
    """Nothing that is kept for the next loop keeps the net alive."""
    engine, net = Counting(), sequential(nn.Dense(4))
    for _ in range(2):
        evaluate_accuracy(batches(), net, engine=engine)
    assert engine.graphs == 9  # Gluon learns the shapes from the first batch
    gone = weakref.ref(net)
    del net
    gc.collect()
    assert gone() is None


def test_labels_are_kept_where_no_graph_runs():
    """Though the loader is given memory that it fills again."""
    labels = np.arange(99) // 10
    loader = BatchLoader(ImageDataset(np.zeros((99, 2, 2), "u1"), labels), 2)
    net = sequential(nn.Dense(10))
    net.register_forward_hook(lambda *call: None)
    read = [y for _, y in predict(loader, net, Engine())]
    np.testing.assert_array_equal(np.concatenate(read), labels)


@pytest.mark.parametrize("kinds", ["float32 float64", "float64 float32"])
def test_images_of_two_kinds_are_counted(kinds):
    """A graph is for images of one type."""
    X = np.eye(4)
    mixed = [(nd.array(X, dtype=kind), nd.arange(4)) for kind in kinds.split()]
    engine, net = Counting(), sequential(nn.Flatten())
    assert evaluate_accuracy(mixed, net, engine=engine) == 1
    assert engine.graphs == 1


def test_labels_of_two_kinds_are_counted():
    """One-hot labels in one batch, numbers in the next."""
    mixed = [
        (X, nd.one_hot(y, 4) if number % 2 else y)
        for number, (X, y) in enumerate(batches())
    ]
    net = sequential(nn.Dense(4))
    expected = evaluate_accuracy(mixed, net, engine=None)
    assert evaluate_accuracy(mixed, net) == expected


def test_arrays_of_another_place_are_left_there():
    """The second memory that MXNet names has graphs of its own."""
    moved = [(X.copyto(mx.cpu(1)), y.copyto(mx.cpu(1))) for X, y in batches()]
    net = sequential(nn.Dense(4))
    net.collect_params().reset_ctx(mx.cpu(1))
    assert evaluate_accuracy(moved, net) == evaluate_accuracy(moved, net, engine=None)


LARGE = [(nd.ones((2**14, 256)), nd.zeros(2**14))] * 3
TWO_PLACES = [mx.cpu(0), mx.cpu(1)]


@pytest.mark.parametrize(
    ("data", "places"),
    [(LARGE, mx.cpu()), (batches(), TWO_PLACES)],
    ids=["too much memory", "a net in two places"],
)
def test_what_a_graph_is_not_for_is_called(data, places):
    """It gains nothing on large batches, and has the arrays of one place only."""
    engine, net = Counting(), sequential(nn.Dense(4, in_units=data[0][0].shape[1]))
    net.collect_params().reset_ctx(places)
    evaluate_accuracy(data, net, engine=engine)
    assert engine.graphs == 0
