"""The commands `gluon-softmax export` and `import`, as a user types them."""

from __future__ import annotations

import numpy as np
import pytest
from gluon_softmax import ImageDataset, make_convolutional
from drawn_models import NAMES, draw_images, draw_model
from gluon_softmax.commands.main import main
from gluon_softmax.data import splits
from gluon_softmax.models.conversion import predict_probabilities, to_gluon
from gluon_softmax.models.model import load_model, save_model
from mxnet import gluon, nd


@pytest.fixture(autouse=True)
def _in_folder(tmp_path, monkeypatch):
    """Work in a folder that `compare` has left its model in."""
    monkeypatch.chdir(tmp_path)
    save_model(draw_model(data="MNIST"), "comparison/model-gluon.npz")


@pytest.fixture
def small_mnist(monkeypatch):
    """Let MNIST's test set be 300 random images."""
    images, labels = draw_images(300), np.arange(300) % 10
    small = ImageDataset(images, labels, classes=draw_model().classes)
    monkeypatch.setitem(splits.DATA_SETS, "mnist", lambda root, train: small)
    return images, labels


def test_exports_in_every_format(tmp_path, capsys):
    """What compare left, or another model; each file is said to be written."""
    pytest.importorskip("onnx", reason="needs onnx: pip install onnx")
    assert main(["export", "new/a.npz", "b.onnx", "c.json"]) == 0
    names = ["new/a.npz", "b.onnx", "c.params", "c.json"]
    assert capsys.readouterr().out.splitlines() == [f"wrote {name}" for name in names]
    for name in names:
        assert (tmp_path / name).stat().st_size > 1000
    model, again = load_model("comparison/model-gluon.npz"), load_model("new/a.npz")
    np.testing.assert_array_equal(again.params["W"], model.params["W"])
    other = draw_model("perceptron")
    save_model(other, "other.npz")
    assert main(["export", "c.json", "--model", "other.npz"]) == 0
    block = gluon.SymbolBlock.imports("c.json", ["data"], "c.params")
    X = nd.array(other.scale(draw_images(3)))
    np.testing.assert_allclose(block(X).asnumpy(), to_gluon(other)(X).asnumpy(), 1e-5)


@pytest.mark.parametrize("network", NAMES)
def test_import_says_how_well_each_version_does(network, small_mnist, capsys):
    """The accuracies are those of the model's own predictions on its scaling."""
    model = draw_model(network, data="MNIST", pixel_mean=0.1307, pixel_deviation=0.3081)
    save_model(model, "m.npz")
    assert main(["import", "m.npz"]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    size = sum(param.size for param in model.params.values())
    text = f"m.npz: {network}, trained on MNIST, {size:,} parameters, 10 classes"
    assert head == text
    images, labels = small_mnist
    right = predict_probabilities(model, images).argmax(axis=1) == labels
    names = ["from scratch", "Gluon", "NumPy by hand"]
    names = names if network == "softmax" else ["Gluon"]
    assert lines == [f"{name}: test acc {right.mean():.4f}" for name in names]


@pytest.mark.usefixtures("small_mnist")
@pytest.mark.parametrize("data", ["", "own pictures", "MNIST"])
def test_import_says_what_it_cannot_evaluate(data, capsys):
    """A model of other data is read all the same, of a folder called MNIST, too."""
    save_model(draw_model(data=data, num_classes=3, preparation="whole"), "m.npz")
    assert main(["import", "m.npz"]) == 0
    out = capsys.readouterr().out
    assert f"trained on {data or 'other data'}, 2,355 parameters, 3 classes\n" in out
    assert out.endswith("is not a published one\n")


@pytest.mark.usefixtures("small_mnist")
def test_import_writes_gluons_parameters():
    """Which a net of that kind loads."""
    model = draw_model("convolutional", data="MNIST")
    save_model(model, "m.npz")
    assert main(["import", "m.npz", "--output", "new/m.params"]) == 0
    net, X = make_convolutional(), nd.array(model.scale(draw_images(2)))
    net.load_parameters("new/m.params")
    np.testing.assert_array_equal(net(X).asnumpy(), to_gluon(model)(X).asnumpy())
