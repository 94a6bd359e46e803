"""One file in every version: the same probabilities, held against NumPy's float64."""

from __future__ import annotations

import gluon_softmax as d2l
import numpy as np
import pytest
from drawn_models import NAMES, compute_probabilities, draw_images, draw_model
from gluon_softmax.chapter import handmade
from gluon_softmax.chapter.versions import GLUON, HANDMADE, SCRATCH
from gluon_softmax.errors import ArgumentError
from gluon_softmax.models import conversion
from gluon_softmax.models.model import load_model, save_model
from mxnet import autograd, nd

SCALING = {"pixel_mean": 0.2860, "pixel_deviation": 0.3530}


@pytest.mark.parametrize("network", NAMES)
@pytest.mark.parametrize("scaling", [{}, SCALING], ids=["plain", "normalised"])
def test_probabilities_are_those_of_float64(network, scaling, monkeypatch):
    """Whatever the network and the scaling, and in pieces as at once."""
    monkeypatch.setattr(conversion, "PIECE", 3)
    model, images = draw_model(network, **scaling), draw_images(7)
    found = conversion.predict_probabilities(model, images)
    assert (found.shape, found.dtype) == ((7, 10), "float32")
    np.testing.assert_allclose(found, compute_probabilities(model, images), atol=1e-5)


def test_one_file_gives_the_same_in_every_version(tmp_path):
    """Read back from the file, scratch, Gluon and NumPy agree."""
    model = load_model(save_model(draw_model(**SCALING), tmp_path / "m.npz"))
    images = draw_images(20)
    X, expected = nd.array(model.scale(images)), compute_probabilities(model, images)
    versions = conversion.to_versions(model)
    assert list(versions) == [SCRATCH, GLUON, HANDMADE]
    for name, net in versions.items():
        y_hat = net(X) if name == SCRATCH else nd.softmax(net(X))
        np.testing.assert_allclose(y_hat.asnumpy(), expected, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("network", NAMES[1:])
def test_only_gluon_holds_deeper_networks(network):
    """The others say so, and what holds them."""
    model = draw_model(network)
    assert list(conversion.to_versions(model)) == [GLUON]
    for convert in (conversion.to_scratch, conversion.to_handmade):
        with pytest.raises(ArgumentError, match=f"found the {network} network: load"):
            convert(model)


@pytest.mark.parametrize("network", NAMES)
@pytest.mark.parametrize("num_classes", [2, 10])
def test_gluon_and_back_is_the_same_to_the_bit(network, num_classes):
    """No parameter is lost, turned or renamed, whatever the number of classes."""
    model = draw_model(network, num_classes, data="some", **SCALING)
    net = conversion.to_gluon(model)
    again = conversion.from_gluon(net, network, model.classes, "some", 0.2860, 0.3530)
    assert {**vars(again), "params": None} == {**vars(model), "params": None}
    for name, param in model.params.items():
        np.testing.assert_array_equal(again.params[name], param)


def test_the_books_net_can_be_taken(tmp_path):
    """What section 3.7 makes, which is no hybrid net, is a model too."""
    net = d2l.make_net()
    X = draw_images(5)
    scores = net(nd.array(X.reshape(5, 784) / 255))
    model = conversion.from_gluon(net, "softmax", tuple("0123456789"))
    found = conversion.predict_probabilities(model, X)
    np.testing.assert_allclose(found, scores.softmax().asnumpy(), atol=1e-5)


def test_a_net_of_another_kind_is_refused():
    """A perceptron is no softmax regression."""
    net = conversion.to_gluon(draw_model("perceptron"))
    with pytest.raises(ArgumentError, match="softmax: expected for 'W'"):
        conversion.from_gluon(net, "softmax", tuple("0123456789"))
    with pytest.raises(ArgumentError, match="pass it some images first"):
        conversion.from_gluon(d2l.make_net(), "softmax", tuple("0123456789"))


def test_training_goes_on_from_a_file(tmp_path):
    """Arrays read from a file are copied: each version can train them."""
    model = load_model(save_model(draw_model(), tmp_path / "m.npz"))
    start = model.params["W"].copy()
    params = conversion.to_scratch(model)
    with autograd.record():
        loss = d2l.net(nd.ones((1, 784)), *params).log().sum()
    loss.backward()
    d2l.sgd(params, 0.1, 1)
    by_hand = conversion.to_handmade(model)
    by_hand.loss(by_hand(np.ones((1, 784), "float32")), np.array([0])).backward()
    handmade.MomentumTrainer(by_hand, lr=0.1).step(1)
    for W in (params[0].asnumpy(), by_hand.params[0]):
        assert (start != W).any()
    np.testing.assert_array_equal(model.params["W"], start)
