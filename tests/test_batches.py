"""What users call mini-batches, and what is said of what are none."""

import mxnet as mx
import numpy as np
import pytest
from gluon_softmax import (
    BatchLoader,
    accuracy,
    evaluate,
    evaluate_accuracy,
    make_net,
    make_trainer,
    train_ch3,
    train_epoch,
)
from differential.iterators import Indexed, Iterable
from gluon_softmax.chapter import second_edition
from gluon_softmax.data.batches import read_batches
from gluon_softmax.errors import ArgumentError, DivergedError
from mxnet import gluon, nd

LOSS = gluon.loss.SoftmaxCrossEntropyLoss()
X = np.random.RandomState(0).rand(10, 6).astype("float32")
y = np.array([0, 1, 2, 3, 0, 1, 2, 3, 0, 1])
PARTS = (slice(4), slice(4, 8), slice(8, 10))
NUMPY = [(X[part], y[part]) for part in PARTS]

KINDS = {
    "NumPy": NUMPY,
    "lists": tuple([X[part].tolist(), y[part].tolist()] for part in PARTS),
    "NDArray": [(nd.array(X[part]), nd.array(y[part])) for part in PARTS],
    "labels (n, 1)": [(nd.array(X[part]), nd.array(y[part, None])) for part in PARTS],
    "__getitem__ alone": Indexed(NUMPY),
    "__iter__ alone": Iterable(iter, NUMPY),
    "Gluon's DataLoader": gluon.data.DataLoader(gluon.data.ArrayDataset(X, y), 4),
    "mx.io, padded": mx.io.NDArrayIter(X, y, 4, last_batch_handle="pad"),
    "mx.io, of batches": [
        mx.io.DataBatch([nd.array(X[part])], [nd.array(y[part])], pad=0)
        for part in PARTS
    ],
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_batches_trains_alike(kind):
    """The same images and labels give the same history, for several epochs."""
    found = []
    for data in (KINDS[kind], KINDS["NDArray"]):
        mx.random.seed(0)
        net = make_net(4)
        trainer = make_trainer(net, 0.1)
        history = train_ch3(net, data, data, LOSS, 3, 4, trainer=trainer)
        found.append([history.column(c) for c in ("loss", "train_acc", "test_acc")])
    np.testing.assert_allclose(*found, rtol=1e-6)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(3, "iterable of mini-batches", id="a number"),
        pytest.param([(X, y, y)], "a pair .* found 3 items", id="three items"),
        pytest.param([7], "a pair .* found 7", id="numbers"),
        pytest.param([{"X": X, "y": y}], "a pair", id="dict"),
        pytest.param([(X, y[:3])], "as many labels as images", id="too few labels"),
        pytest.param([(X, ["a"] * 10)], "y to be an array of numbers", id="words"),
        pytest.param([(X, None)], "y to be an array of numbers", id="no labels"),
        pytest.param([(X, np.zeros((10, 8)))], r"shape \(10,\)", id="(n, 8)"),
        pytest.param([(nd.array(X).as_np_ndarray(), y)], "as_nd_ndarray", id="mx.np"),
        pytest.param([(X[None], y[:1])], "expected scores|a row per label", id="3-D"),
        pytest.param(iter([]), "no batch", id="used up"),
        pytest.param([(X[:0], y[:0])], "a sample at least", id="no samples"),
        pytest.param([(X, y + 2**32)], "too large for a label", id="64 bits"),
        pytest.param([(X * 1j, y)], "complex", id="complex"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(data, message):
    """What was expected, what was found, what to do."""
    net = gluon.nn.Dense(4, flatten=False)
    net.initialize()
    with pytest.raises(ArgumentError, match=message) as error:
        evaluate_accuracy(data, net)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 1, 1)])
@pytest.mark.parametrize(
    "labels", [[0, 2], [[0], [2]], [[1, 0, 0], [0, 0, 1]]], ids=["(n,)", "(n, 1)", "1s"]
)
def test_accuracy_takes_labels_and_scores_of_any_shape(shape, labels):
    """A column of labels or one-hot rows, and scores with axes of one."""
    y_hat = nd.array([[0.1, 0.3, 0.6], [0.3, 0.2, 0.5]]).reshape(shape)
    assert accuracy(y_hat, nd.array(labels)) == 0.5
    assert evaluate_accuracy([(y_hat, nd.array(labels))], lambda X: X) == 0.5


def test_a_mean_loss_is_refused_in_evaluation_too():
    """It would come out too small by the number of samples."""
    with pytest.raises(ArgumentError, match=r"leave out \.mean"):
        evaluate(KINDS["NumPy"], lambda X: X[:, :4], lambda *pair: LOSS(*pair).mean())


def test_the_second_editions_accuracy_counts():
    """A whole number, whatever the number of samples."""
    for n in range(1, 60):
        y_hat = nd.array(np.eye(2)[[0] * n])
        assert second_edition.accuracy(y_hat, nd.array([0] + [1] * (n - 1))) == 1


def test_an_iterator_that_is_used_up_still_diverges_loudly():
    """A generator's only epoch, and a loss that is not a number."""
    net = make_net(2)
    data = ((nd.ones((2, 3)) * np.nan, nd.zeros(2)) for _ in range(3))
    with pytest.raises(DivergedError, match="epoch 1, batch 1: the loss is nan"):
        train_ch3(net, data, data, LOSS, 1, 2, trainer=make_trainer(net, 0.1))


def test_what_is_wrong_with_the_net_is_named_in_one_line():
    """A forgotten gradient, and a shape for which MXNet's own error has a hundred."""
    W = nd.ones((6, 4))
    net = gluon.nn.Dense(4, in_units=7)
    net.initialize()
    trainer = make_trainer(net, 0.1)
    with pytest.raises(ArgumentError, match=r"call attach_grad\(\)"):
        train_epoch(lambda x: nd.dot(x, W), KINDS["NumPy"], LOSS, lambda size: None, 4)
    with pytest.raises(ArgumentError, match=r"params\[0\].*attach_grad\(\)"):
        train_ch3(lambda x: nd.dot(x, W), [], [], LOSS, 1, 4, [W], 0.1)
    with pytest.raises(ArgumentError, match="check in_units") as error:
        train_ch3(net, KINDS["NumPy"], [], LOSS, 1, 4, trainer=trainer)
    assert "\n" not in str(error.value)


def test_a_notebook_shows_the_line_alone():
    """IPython asks an error what to show."""
    from IPython.core.interactiveshell import InteractiveShell

    lines = ArgumentError("one line")._render_traceback_()
    assert lines == ["ArgumentError: one line"]
    code = "from gluon_softmax.errors import *; raise DataError('no')"
    result = InteractiveShell.instance().run_cell(code)
    assert str(result.error_in_exec) == "no"


def test_a_loader_of_this_package_is_taken_as_it_is(small_set):
    """It fills the engine's arrays itself."""
    loader = BatchLoader(small_set, 4)
    assert read_batches(loader) is loader
