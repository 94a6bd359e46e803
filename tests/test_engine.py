"""The engine: what it takes the place of, and that it looks before each batch.

`test_differential.py` composes nets, losses, updaters and iterators at random; here is
each thing that the engine knows, and each case that was once wrong.
"""

from __future__ import annotations

import gc
import threading
import weakref

import mxnet as mx
import numpy as np
import pytest
from gluon_softmax import (
    BatchLoader,
    Engine,
    ImageDataset,
    evaluate_accuracy,
    hybridize,
    train_epoch,
)
from gluon_softmax.chapter import scratch
from gluon_softmax.engine import BLOCK, InTurn
from gluon_softmax.engine.known import LAYERS, LOSSES, OPERATORS, is_library_unchanged
from gluon_softmax.errors import ArgumentError
from mxnet import autograd, gluon, nd
from mxnet.gluon import nn

softmax_cross_entropy = gluon.loss.SoftmaxCrossEntropyLoss()


def sequential(*layers, kind=nn.Sequential):
    """Make the book's kind of net, ready to be called."""
    net = kind()
    net.add(*layers)
    net.initialize()
    return net


def batches(num_batches=5, shape=(1, 8, 8)):
    """Make some batches, the last one smaller."""
    draw = np.random.RandomState(0)
    return [
        (
            nd.array(draw.randn(n, *shape)),
            nd.array(draw.randint(0, 4, n), dtype="int32"),
        )
        for n in [16] * (num_batches - 1) + [5]
    ]


def loader(num_batches=5, **options):
    """Make a loader of some batches, the last one smaller."""
    draw = np.random.RandomState(0)
    n = 16 * num_batches - 11
    images = draw.randint(0, 256, (n, 8, 8), dtype="uint8")
    return BatchLoader(ImageDataset(images, draw.randint(0, 4, n)), 16, **options)


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


def train(net, data, engine, loss=softmax_cross_entropy, num_epochs=2, between=None):
    """Train, and return figures, parameters, gradients and scores."""
    params = list(net.collect_params().values())
    trainer = gluon.Trainer(params, "sgd", {"learning_rate": 0.1, "momentum": 0.5})
    count = iter(range(10**6))

    def updater(batch_size):
        trainer.step(batch_size, ignore_stale_grad=True)
        if between is not None:
            between(next(count), net)

    figures = [
        train_epoch(net, data, loss, updater, 16, engine=engine)
        for _ in range(num_epochs)
    ]
    scores = [evaluate_accuracy(data, net, engine=engine)]
    arrays = [param.data().asnumpy() for param in params]
    grads = [param.grad().asnumpy() for param in params if param.grad_req != "null"]
    return [np.array(figures), np.array(scores), *arrays, *grads]


def compare(make, data, **options):
    """Train twice from one start, and return how many batches were graphs."""
    engine, found = Counting(), []
    for chosen in (engine, None):
        mx.random.seed(1)
        np.random.seed(1)
        with mx.name.NameManager():
            found.append(train(make(), data(), chosen, **options))
    for array, expected in zip(*found):
        np.testing.assert_allclose(array, expected, rtol=1e-5, atol=1e-5)
    return engine.graphs


KNOWN = {
    nn.Dense: [
        lambda: nn.Dense(4),
        lambda: nn.Dense(4, use_bias=False),
        lambda: nn.Dense(4, activation="sigmoid"),
        lambda: sequential(nn.Flatten(), nn.Dense(4, flatten=False)),
    ],
    nn.Activation: [
        lambda kind=kind: sequential(nn.Dense(6), nn.Activation(kind), nn.Dense(4))
        for kind in ("relu", "sigmoid", "tanh", "softrelu", "softsign")
    ],
    nn.Flatten: [lambda: sequential(nn.Flatten(), nn.Dense(4))],
    nn.Conv2D: [
        lambda: sequential(nn.Conv2D(3, 3, activation="relu"), nn.Dense(4)),
        lambda: sequential(
            nn.Conv2D(2, (3, 2), (2, 1), 1, use_bias=False), nn.Dense(4)
        ),
        lambda: sequential(
            nn.Conv2D(4, 3, dilation=2), nn.Conv2D(4, 1, groups=2), nn.Dense(4)
        ),
    ],
    nn.MaxPool2D: [
        lambda: sequential(nn.Conv2D(3, 3), nn.MaxPool2D(), nn.Dense(4)),
        lambda: sequential(nn.MaxPool2D(3, 2, 1, ceil_mode=True), nn.Dense(4)),
    ],
    nn.AvgPool2D: [
        lambda: sequential(nn.Conv2D(3, 3), nn.AvgPool2D(), nn.Dense(4)),
        lambda: sequential(nn.AvgPool2D(3, 2, 1, count_include_pad=False), nn.Dense(4)),
    ],
}


def list_known():
    """List each layer that the engine knows, in several forms."""
    return [
        pytest.param(make, id=f"{kind.__name__}-{number}")
        for kind in LAYERS
        for number, make in enumerate(KNOWN[kind])
    ]


def initialised(make):
    """Make a net that is ready to be called."""

    def ready():
        net = make()
        net.initialize(force_reinit=True)
        return net

    return ready


@pytest.mark.parametrize("hybrid", [False, True], ids=["", "hybridized"])
@pytest.mark.parametrize("make_data", [batches, loader])
@pytest.mark.parametrize("make", list_known())
@pytest.mark.filterwarnings(
    "ignore:Parameter .* is already initialized", "ignore:All c"
)
def test_known_layers_run_as_graphs_with_the_plain_numbers(make, make_data, hybrid):
    """All batches but the first, from which Gluon learns the shapes."""

    def ready():
        net = initialised(make)()
        if hybrid:
            net.hybridize()
        return net

    assert compare(ready, make_data) == 2 * 5 - 1 + 5


@pytest.mark.parametrize(
    "options",
    [{}, {"weight": 0.5}, {"axis": 1}, {"from_logits": True}, {"batch_axis": 0}],
)
def test_the_known_loss_in_all_its_forms(options):
    """`SoftmaxCrossEntropyLoss` with its numbers."""
    assert (gluon.loss.SoftmaxCrossEntropyLoss,) == LOSSES
    loss = gluon.loss.SoftmaxCrossEntropyLoss(**options)
    assert compare(lambda: sequential(nn.Dense(4)), loader, loss=loss) == 14


def test_one_hot_labels():
    """With ``sparse_label=False`` the graph is another, and so are the labels."""
    data = [(X, nd.one_hot(y, 4)) for X, y in batches()]
    loss = gluon.loss.SoftmaxCrossEntropyLoss(sparse_label=False)
    assert compare(lambda: sequential(nn.Dense(4)), lambda: data, loss=loss) == 14


@pytest.mark.parametrize("make", list_known())
def test_changed_weights_change_the_scores(make):
    """Graphs hold the parameters themselves, not what they once were."""
    net, engine, data = initialised(make)(), Counting(), batches()
    evaluate_accuracy(data, net, engine=engine)
    for seed in range(3):
        mx.random.seed(seed)
        for param in net.collect_params().values():
            param.set_data(nd.random.normal(shape=param.shape))
        found = evaluate_accuracy(data, net, engine=engine)
        assert found == evaluate_accuracy(data, net, engine=None)
    assert engine.graphs == 4 * 5 - 1


class Branching(nn.HybridBlock):
    """A block with code of the user's."""

    def hybrid_forward(self, F, x):
        """Do something else in training."""
        return x * 0.5 if autograd.is_training() else x


class Unused(nn.HybridBlock):
    """A block with a layer that it does not use."""

    def __init__(self):
        super().__init__()
        self.out = nn.Dense(2, in_units=2, activation="relu")
        self.spare = nn.Dense(1, in_units=1)

    def hybrid_forward(self, F, x):
        """Leave the spare layer out."""
        return self.out(x)


class MyDense(nn.Dense):
    """A subclass, which could do anything."""


@pytest.mark.parametrize(
    "make",
    [
        lambda: sequential(nn.Dense(4), Branching()),
        lambda: sequential(nn.Dense(4), nn.HybridLambda(lambda F, x: x * 2)),
        lambda: sequential(nn.Dense(4), nn.Lambda(lambda x: x * x.shape[1])),
        lambda: sequential(nn.Dense(8), nn.Dropout(0.5), nn.Dense(4)),
        lambda: sequential(nn.Dense(8), nn.BatchNorm(), nn.Dense(4)),
        lambda: sequential(MyDense(4)),
    ],
    ids=["block", "hybrid lambda", "lambda", "dropout", "batch norm", "subclass"],
)
@pytest.mark.parametrize("hybrid", [False, True], ids=["", "hybridized"])
@pytest.mark.filterwarnings("ignore:All c")
def test_anything_else_is_called(make, hybrid):
    """Hybridized or not, with the plain numbers."""

    def ready():
        net = make()
        if hybrid:
            for layer in net:
                if not isinstance(layer, nn.Lambda):
                    layer.hybridize()
        return net

    assert compare(ready, loader) == 0


def test_a_layer_that_is_not_used():
    """Evaluated again after its weights changed, the net scores by the new ones."""
    net = Unused()
    net.initialize()
    net.hybridize()
    data, found = [(nd.array([[1, 0]]), nd.array([1]))], []
    for weight in ([[1, 0], [0, 0]], [[0, 0], [1, 0]]):
        net.out.weight.set_data(nd.array(weight))
        found.append(evaluate_accuracy(data, net))
    assert found == [0.0, 1.0]


@pytest.mark.parametrize("hybrid", [False, True])
def test_an_updater_that_makes_a_parameter_anew(hybrid):
    """Four steps from 0 end where NumPy's do."""
    W = nd.zeros((2, 2))
    W.attach_grad()

    def net(X):
        return scratch.softmax(nd.dot(X, W))

    def updater(batch_size):
        nonlocal W
        W = W - W.grad
        W.attach_grad()

    data = [(nd.array([[1, 0]]), nd.array([0]))] * 4
    loss = scratch.cross_entropy
    if hybrid:
        net, loss = hybridize(net), hybridize(loss)
    train_epoch(net, data, loss, updater)
    expected = np.zeros(2)
    for _ in range(4):
        p = np.exp(expected) / np.exp(expected).sum()
        expected -= p - [1, 0]
    np.testing.assert_allclose(W[0].asnumpy(), expected, rtol=1e-5)
    assert expected[0] == pytest.approx(1.08, abs=0.01)


def replace_parameter(number, net):
    """Give a layer other arrays."""
    if number == 2:
        net[0].initialize(force_reinit=True)


def freeze(number, net):
    """Freeze the biases, and thaw them again."""
    net[0].bias.grad_req = "null" if number in (2, 3) else "write"


def add_gradients(number, net):
    """Let gradients add up from a batch on."""
    if number == 1:
        net[0].weight.grad_req = "add"


def mark_again(number, net):
    """Mark a parameter with its own gradient, to be added to."""
    if number == 1:
        weight = net[0].weight
        autograd.mark_variables([weight.data()], [weight.grad()], "add")


def mark_elsewhere(number, net):
    """Give the array of a parameter another gradient, behind Gluon's back."""
    if number == 1:
        net[0].weight.data().attach_grad()


def hook(number, net):
    """Count calls for some batches."""
    if number == 1:
        net.hook = net[0].register_forward_hook(lambda block, x, y: y * 2)
    if number == 3:
        net.hook.detach()


def replace_layer(number, net):
    """Put another layer in the place of one."""
    if number == 2:
        other = nn.Dense(4, in_units=64, activation="relu", params=net[0].params)
        net._children["0"] = other


def replace_activation(number, net):
    """Change what a layer does."""
    if number == 2:
        net[0].act = nn.Activation("tanh")


def replace_method(number, net):
    """Give one layer a forward pass of its own."""
    if number == 2:
        plain = net[0].forward
        net[0].forward = lambda x: plain(x) * 2


def change_number(number, net):
    """Change a number that a layer was made with."""
    if number == 2:
        net[0]._flatten = True
        net.flag = True
        softmax_cross_entropy._weight = 0.5


def become_another(number, net):
    """Change the class of a layer."""
    if number == 2:
        net[0].__class__ = Doubled


class Doubled(nn.Dense):
    """Twice the scores."""

    def hybrid_forward(self, F, x, weight, bias=None):
        """Double what a dense layer gives."""
        return super().hybrid_forward(F, x, weight, bias) * 2


@pytest.fixture(autouse=True)
def _restore_loss():
    """Undo what `change_number` does."""
    yield
    softmax_cross_entropy._weight = None


CHANGES = [
    replace_parameter,
    freeze,
    add_gradients,
    mark_again,
    mark_elsewhere,
    hook,
    replace_layer,
    replace_activation,
    replace_method,
    change_number,
    become_another,
]


@pytest.mark.parametrize("between", CHANGES, ids=lambda change: change.__name__)
@pytest.mark.parametrize("make_data", [batches, loader])
def test_whatever_changes_between_batches_counts_at_once(between, make_data):
    """The updater may do anything to the net."""

    def make():
        softmax_cross_entropy._weight = None
        return sequential(nn.Dense(4, in_units=64))

    graphs = compare(make, make_data, between=between)
    assert 2 <= graphs < 15


def test_methods_and_operators_that_are_replaced(monkeypatch):
    """For all layers of a kind, or in MXNet's own module, while training goes on."""
    plain = nn.Dense.hybrid_forward

    def between(number, net):
        if number == 2:
            nn.Dense.hybrid_forward = lambda *args, **named: plain(*args, **named) * 2
        if number == 4:
            nn.Dense.hybrid_forward = plain

    monkeypatch.setattr(nn.Dense, "hybrid_forward", plain)
    assert 0 < compare(lambda: sequential(nn.Dense(4)), loader, between=between) < 14


@pytest.mark.parametrize("name", ["FullyConnected", "log_softmax", "pick"])
def test_operators_that_are_replaced(name, monkeypatch):
    """What a layer calls is looked up when it is called."""
    plain = getattr(nd, name)
    monkeypatch.setattr(nd, name, lambda *args, **named: plain(*args, **named) * 0.5)
    assert compare(lambda: sequential(nn.Dense(4)), loader) == 0


@pytest.mark.parametrize("names", [["data"], ["label"], ["before"], ["w", "w"]])
def test_names_of_parameters_mean_nothing(names):
    """A parameter may be called like an input of the graph, or like another one."""

    def make():
        net = sequential(nn.Dense(4, in_units=64), nn.Dense(4, in_units=4))
        for layer, name in zip(net, names):
            layer.weight.name = name
        return net

    assert compare(make, loader) in (0, 14)


@pytest.mark.parametrize(
    "scope",
    [autograd.record, autograd.train_mode, autograd.predict_mode],
    ids=["record", "train_mode", "predict_mode"],
)
def test_scopes_around_the_loop_are_respected(scope):
    """Dropout is on where the user says so, for evaluation too."""
    net = sequential(nn.Dense(50), nn.Dropout(0.9), nn.Dense(4))
    net(batches()[0][0])
    found = []
    for engine in (Counting(), None):
        mx.random.seed(0)
        with scope():
            found.append(evaluate_accuracy(batches(), net, engine=engine))
    assert found[0] == found[1]


@pytest.mark.parametrize("scope", [autograd.record, autograd.train_mode])
def test_in_a_scope_of_the_users_the_net_is_called(scope):
    """Its record may be used, or forbid what a graph would allow."""
    net, engine = sequential(nn.Dense(4)), Counting()
    net(batches()[0][0])
    with scope():
        train_epoch(net, loader(), softmax_cross_entropy, lambda size: 0, engine=engine)
        evaluate_accuracy(loader(), net, engine=engine)
    assert engine.graphs == 0
    evaluate_accuracy(loader(), net, engine=engine)
    assert engine.graphs == 5


def test_a_hybridized_net_runs_the_graph_that_gluon_kept():
    """Whatever its layers are by now: here dropout was taken out after a call."""

    def make():
        net = sequential(
            nn.Dense(4, in_units=64), nn.Dropout(0.5), kind=nn.HybridSequential
        )
        net.hybridize()
        net(batches()[0][0])
        del net._children["1"]
        return net

    assert compare(make, batches) == 0


def test_a_hybridized_activation_of_a_layer_that_is_not():
    """It runs what it was when it was called first."""

    def make():
        net = sequential(nn.Dense(4, in_units=64, activation="relu"))
        net[0].act.hybridize()
        net(batches()[0][0])
        net[0].act._act_type = "tanh"
        return net

    assert compare(make, batches) == 0


def test_a_net_of_another_type_is_called():
    """In float64, images and parameters."""

    def make():
        net = sequential(nn.Dense(4, in_units=64))
        net.cast("float64")
        return net

    data = [(X.astype("float64"), y) for X, y in batches()]
    assert compare(make, lambda: data) == 0


def test_a_frozen_net_cannot_be_trained():
    """As the plain loop cannot train it, though a graph could run it."""
    net = sequential(nn.Dense(4, in_units=64))
    net.collect_params().setattr("grad_req", "null")
    for engine in (Counting(), None):
        with pytest.raises(ArgumentError, match="depends on parameters with gradients"):
            train_epoch(
                net, loader(), softmax_cross_entropy, lambda size: None, engine=engine
            )


def test_images_that_ask_for_a_gradient_get_one():
    """As for an adversarial example."""
    grads = []
    for engine in (Counting(), None):
        mx.random.seed(0)
        net, data = sequential(nn.Dense(4)), batches()
        for X, _ in data:
            X.attach_grad()
        trainer = gluon.Trainer(net.collect_params(), "sgd")
        train_epoch(net, data, softmax_cross_entropy, trainer.step, 16, engine=engine)
        grads.append([X.grad.asnumpy() for X, _ in data])
    for array, expected in zip(*grads):
        assert np.abs(expected).max() > 0
        np.testing.assert_allclose(array, expected, atol=1e-6)


def fill_again(num_batches=3 * BLOCK):
    """Fill one and the same NumPy array, which an NDArray shares, for each batch."""
    draw = np.random.RandomState(0)
    X, y = np.zeros((2048, 64), "float32"), np.zeros(2048, "float32")
    X_view, y_view = X[:], y[:]  # MXNet makes what it shares read-only
    shared = nd.from_numpy(X, zero_copy=True), nd.from_numpy(y, zero_copy=True)
    for _ in range(num_batches):
        X_view[:], y_view[:] = draw.randn(2048, 64), draw.randint(0, 4, 2048)
        yield shared


@pytest.mark.parametrize(
    "make",
    [lambda: nn.Dense(512), lambda: sequential(Branching(), nn.Dense(512))],
    ids=["known", "unknown"],
)
def test_an_iterator_that_fills_its_arrays_again(make):
    """Nothing of a batch is read when the next one was asked for."""
    results = []
    for data in (
        fill_again(),
        [tuple(nd.array(a.asnumpy()) for a in batch) for batch in fill_again()],
    ):
        mx.random.seed(0)
        net = make()
        net.initialize()
        net(nd.ones((1, 64)))
        trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1})
        figures = train_epoch(net, data, softmax_cross_entropy, trainer.step, 2048)
        results.append(
            [*figures, *(p.data().asnumpy() for p in net.collect_params().values())]
        )
    for found, expected in zip(*results):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


class Keeping(nn.Block):
    """A net that keeps what it was called with."""

    def __init__(self):
        super().__init__()
        self.kept = []

    def forward(self, X):
        """Give the images back as scores."""
        self.kept.append(X)
        return X.reshape((len(X), -1))


def test_what_a_net_or_a_hook_keeps_is_its_own():
    """Images that the user's code keeps are not written to again."""
    net, dense = Keeping(), sequential(nn.Dense(4))
    num_batches = 8 * BLOCK  # arrays come again after fewer
    evaluate_accuracy(loader(num_batches), net)
    hooked = []
    dense[0].register_forward_hook(lambda block, x, y: hooked.append(x[0]))
    evaluate_accuracy(loader(num_batches), dense)
    for kept in (net.kept, hooked):
        for array, (X, _) in zip(kept, loader(num_batches)):
            np.testing.assert_array_equal(array.asnumpy(), X.asnumpy())


class Doubling(BatchLoader):
    """A loader whose loop gives what its reading does not."""

    def __iter__(self):
        """Give images twice as bright."""
        return ((X * 2, y) for X, y in super().__iter__())


def test_a_loaders_own_loop_is_gone_through():
    """A subclass that changes the loop is not read past it."""
    data = Doubling(loader().dataset, 16)
    assert compare(lambda: sequential(nn.Dense(4)), lambda: data) == 14


@pytest.mark.parametrize("num_workers", [0, 2])
def test_arrays_in_turn_keep_their_numbers(num_workers):
    """Over many blocks each batch is computed with its own images and labels."""

    def data():
        return loader(9 * BLOCK, shuffle=True, seed=3, num_workers=num_workers)

    assert compare(lambda: sequential(nn.Dense(4)), data) == 3 * 9 * BLOCK - 1


def test_an_updater_that_does_nothing_leaves_time_to_compute():
    """Passes wait in turn for each other, though no step makes them."""
    grads = []
    for engine in (Counting(), None):
        mx.random.seed(1)
        net = sequential(nn.Dense(4, in_units=64))
        sums = nd.zeros((4, 64))

        def updater(batch_size, net=net, sums=sums):
            sums[:] += net[0].weight.grad()

        train_epoch(
            net,
            loader(8 * BLOCK, seed=1),
            softmax_cross_entropy,
            updater,
            16,
            engine=engine,
        )
        grads.append(sums.asnumpy())
    np.testing.assert_allclose(*grads, rtol=1e-4, atol=1e-4)


def test_one_loop_inside_another():
    """Evaluating while the same net is evaluated takes memory of its own."""
    net, engine = sequential(nn.Dense(4, in_units=64)), Counting()
    expected = evaluate_accuracy(loader(), net, engine=None)

    def nested():
        for X, y in loader():
            assert evaluate_accuracy(loader(), net, engine=engine) == expected
            yield X, y

    assert evaluate_accuracy(nested(), net, engine=engine) == expected


def test_several_threads_evaluate_one_net():
    """Each has memory of its own."""
    net = sequential(nn.Dense(4, in_units=64))
    expected = evaluate_accuracy(loader(40), net, engine=None)
    found = []
    threads = [
        threading.Thread(
            target=lambda: found.extend(
                evaluate_accuracy(loader(40), net) for _ in range(5)
            )
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 20


def test_memory_goes_with_the_net():
    """Nothing that is kept for the next loop keeps the net alive."""
    engine, net = Counting(), sequential(nn.Dense(4))
    train(net, loader(), engine)
    assert engine.graphs == 14
    gone = weakref.ref(net)
    del net
    gc.collect()
    assert gone() is None


def test_batches_of_many_shapes_have_the_plain_numbers():
    """Graphs are made for a few shapes only."""
    draw = np.random.RandomState(0)
    data = [
        (nd.array(draw.randn(n, 5)), nd.array(draw.randint(0, 3, n)))
        for n in (*range(1, 9), 1)
    ]
    assert 0 < compare(lambda: sequential(nn.Dense(3)), lambda: data) < 3 * 9


def test_large_batches_are_called():
    """What would take too much memory gains nothing from a graph."""
    data = [(nd.ones((2**14, 16 * 16)), nd.zeros(2**14))] * 3
    assert compare(lambda: sequential(nn.Dense(4)), lambda: data, num_epochs=1) == 0


def test_the_list_is_what_layers_are_made_of():
    """Each operator of a listed layer or loss is in the list, or no graph would run."""
    assert "Dropout" not in OPERATORS
    assert is_library_unchanged()


def tied(hybridized: bool):
    """Make a net in which one dense layer computes twice."""
    dense = nn.Dense(6, in_units=6)
    twin = nn.Dense(6, in_units=6, params=dense.params)
    net = sequential(nn.Dense(6, activation="tanh"), dense, twin, nn.Dense(4))
    dense.hybridize(hybridized)
    return net


def added_twice():
    """Make a net in which one hybridized layer is added twice."""
    dense = nn.Dense(6, in_units=6)
    dense.hybridize()
    return sequential(nn.Dense(6), dense, nn.Activation("relu"), dense, nn.Dense(4))


def one_array():
    """Make a net of two parameters that hold one array."""
    net = sequential(nn.Dense(6, in_units=64), *(nn.Dense(6, in_units=6) for _ in "ab"))
    for name in ("weight", "bias"):
        first, second = (getattr(net[number], name) for number in (1, 2))
        second._data, second._grad = first._data, first._grad
    return net


@pytest.mark.parametrize("make", [lambda: tied(True), added_twice, one_array])
def test_a_parameter_in_two_places_gets_both_gradients(make):
    """Two nodes that write to one gradient would keep the one of the last."""
    assert compare(make, batches, num_epochs=1) == 0


def test_a_tied_layer_runs_as_a_graph():
    """As long as it is one node: its gradients are added up there."""
    assert compare(lambda: tied(False), batches) > 0


def test_a_penalty_in_a_hybridized_loss_counts():
    """The weights of the net are in the graph of the loss too."""

    W = nd.random.normal(scale=0.1, shape=(64, 4))
    found = []
    for engine in (Engine(), None):
        W_now = W.copy()
        W_now.attach_grad()
        scores = hybridize(lambda X, W=W_now: nd.dot(X.flatten(), W))
        penalised = hybridize(
            lambda y_hat, y, W=W_now: (
                -nd.pick(nd.log_softmax(y_hat), y) + 0.1 * (W**2).sum()
            )
        )
        updater = lambda n, W=W_now: scratch.sgd([W], 0.1, n)  # noqa: E731
        for _ in range(2):
            figures = train_epoch(
                scores, batches(), penalised, updater, 16, engine=engine
            )
        found.append([*figures, W_now.asnumpy()])
    for value, expected in zip(*found):
        np.testing.assert_allclose(value, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("layer", [lambda: nn.Dropout(0.5), nn.BatchNorm])
def test_an_unknown_layer_in_a_hybridized_net_is_called_under_a_hybridized_loss(layer):
    """Its operators are looked at, though the loss is a function."""

    def make():
        parts = (nn.Dense(6), layer(), nn.Dense(4))
        net = sequential(*parts, kind=nn.HybridSequential)
        net.hybridize()
        return net

    loss = hybridize(lambda y_hat, y: -nd.pick(nd.log_softmax(y_hat), y))
    assert compare(make, batches, loss=loss) == 0


def test_a_net_may_write_to_its_images():
    """They are the user's own, and the next epoch sees what was written."""

    def make():
        net = sequential(nn.Dense(4))

        def halve(block, inputs):
            inputs[0][:] = inputs[0] * 0.5

        net.register_forward_pre_hook(halve)
        return net

    assert compare(make, batches, num_epochs=3) == 0


def test_a_transform_sees_what_training_changed():
    """No batch is read before the step of the one before it."""
    scale = [1.0]

    def data():
        scale[0] = 1.0
        images = np.random.RandomState(0).randint(0, 256, (69, 8, 8), dtype="uint8")
        dataset = ImageDataset(images, np.arange(69) % 4)
        return BatchLoader(
            dataset.transform_first(lambda image: image.astype("float32") * scale[0]),
            16,
        )

    def change(count, net):
        scale[0] = 1 / (count % 5 + 200)

    assert compare(lambda: sequential(nn.Dense(4)), data, between=change) > 0


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
