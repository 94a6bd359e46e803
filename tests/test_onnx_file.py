"""The ONNX file, run without MXNet."""

from __future__ import annotations

import json
import sys
from functools import partial

import numpy as np
import pytest
from drawn_models import NAMES, compute_probabilities, draw_images, draw_model
from gluon_softmax.errors import InstallationError
from gluon_softmax.models.onnx_file import write_onnx
from reference import softmax


@pytest.fixture
def open_onnx():
    reason = "needs onnx and onnxruntime: pip install onnx onnxruntime"
    pytest.importorskip("onnx", reason=reason)
    runtime = pytest.importorskip("onnxruntime", reason=reason)
    return partial(runtime.InferenceSession, providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("network", NAMES)
def test_gives_the_probabilities_of_float64(network, open_onnx, tmp_path):
    """One file takes a batch of any size, of pixels in 0-1."""
    model = draw_model(network, pixel_mean=0.1307, pixel_deviation=0.3081)
    session = open_onnx(write_onnx(model, tmp_path / "m.onnx"))
    for num_images in (1, 7):
        images = draw_images(num_images)
        inputs = {"images": images[:, None].astype("float32") / np.float32(255)}
        scores, found = session.run(["scores", "probabilities"], inputs)
        expected = compute_probabilities(model, images)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
        np.testing.assert_allclose(softmax(scores), found, atol=1e-5)


def test_says_what_it_takes_and_what_the_classes_are(open_onnx, tmp_path):
    """Names, a free batch, the classes in the metadata, and nothing of the time."""
    model = draw_model(num_classes=3, data="some data")
    path = write_onnx(model, tmp_path / "m.onnx")
    session = open_onnx(path)
    (images,) = session.get_inputs()
    assert (images.name, images.shape) == ("images", ["batch", 1, 28, 28])
    shapes = {output.name: output.shape for output in session.get_outputs()}
    assert shapes == {"scores": ["batch", 3], "probabilities": ["batch", 3]}
    properties = session.get_modelmeta().custom_metadata_map
    assert json.loads(properties["classes"]) == ["class 0", "class 1", "class 2"]
    assert properties["data"] == "some data"
    again = write_onnx(model, tmp_path / "again.onnx")
    assert again.read_bytes() == path.read_bytes()


def test_without_onnx_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(InstallationError, match="pip install 'gluon_softmax"):
        write_onnx(draw_model(), tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())
