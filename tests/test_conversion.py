"""One file in every version: the same probabilities, held against NumPy's float64."""

from __future__ import annotations

import gluon_softmax as d2l
import numpy as np
import pytest
from drawn_models import NAMES, compute_probabilities, draw_images, draw_model
from gluon_softmax.chapter.versions import GLUON, HANDMADE, SCRATCH
from gluon_softmax.errors import ArgumentError
from gluon_softmax.models import conversion
from gluon_softmax.models.model import load_model, save_model
from mxnet import nd

SCALING = {"pixel_mean": 0.2860, "pixel_deviation": 0.3530}


@pytest.fixture
def saved(tmp_path):
    return load_model(save_model(draw_model(**SCALING), tmp_path / "m.npz"))


@pytest.mark.parametrize("network", NAMES)
@pytest.mark.parametrize("scaling", [{}, SCALING], ids=["plain", "normalised"])
def test_probabilities_are_those_of_float64(network, scaling, monkeypatch):
    """Whatever the network and the scaling, and in parts as at once."""
    monkeypatch.setattr(conversion, "IMAGES_AT_ONCE", 3)
    model, images = draw_model(network, **scaling), draw_images(7)
    found = conversion.predict_probabilities(model, images)
    assert (found.shape, found.dtype) == ((7, 10), "float32")
    np.testing.assert_allclose(found, compute_probabilities(model, images), atol=1e-5)


def test_one_file_gives_the_same_in_every_version(saved):
    images = draw_images(20)
    X, expected = nd.array(saved.scale(images)), compute_probabilities(saved, images)
    assert list(conversion.to_versions(draw_model("perceptron"))) == [GLUON]
    versions = conversion.to_versions(saved)
    assert list(versions) == [SCRATCH, GLUON, HANDMADE]
    for name, net in versions.items():
        y_hat = net(X) if name == SCRATCH else nd.softmax(net(X))
        np.testing.assert_allclose(y_hat.asnumpy(), expected, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("network", NAMES)
@pytest.mark.parametrize("num_classes", [2, 10])
def test_gluon_and_back_is_the_same_to_the_bit(network, num_classes):
    """No parameter is lost, turned or renamed, whatever the number of classes."""
    model = draw_model(network, num_classes, data="some", **SCALING)
    net = conversion.to_gluon(model)
    again = conversion.from_gluon(net, network, model.classes, "some", **SCALING)
    assert {**vars(again), "params": None} == {**vars(model), "params": None}
    for name, param in model.params.items():
        np.testing.assert_array_equal(again.params[name], param)


def test_the_books_net_can_be_taken():
    """What section 3.7 makes, which is no hybrid net, once it has seen images."""
    net, X = d2l.make_net(), draw_images(5)
    with pytest.raises(ArgumentError, match="pass it some images first"):
        conversion.from_gluon(net, "softmax", tuple("0123456789"))
    scores = net(nd.array(X.reshape(5, 784) / 255))
    model = conversion.from_gluon(net, "softmax", tuple("0123456789"))
    found = conversion.predict_probabilities(model, X)
    np.testing.assert_allclose(found, scores.softmax().asnumpy(), atol=1e-5)
