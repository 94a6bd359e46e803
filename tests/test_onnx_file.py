"""The ONNX file, run without MXNet."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
from drawn_models import NAMES, compute_probabilities, draw_images, draw_model
from gluon_softmax.errors import InstallationError, OutputError
from gluon_softmax.models.conversion import predict_probabilities
from gluon_softmax.models.onnx_file import write_onnx

REASON = "needs onnx and onnxruntime: pip install onnx onnxruntime"


@pytest.fixture(scope="module")
def runtime():
    """Give what runs ONNX, or skip with the reason."""
    pytest.importorskip("onnx", reason=REASON)
    return pytest.importorskip("onnxruntime", reason=REASON)


@pytest.mark.parametrize("network", NAMES)
@pytest.mark.parametrize("num_images", [1, 7, 256])
def test_gives_the_probabilities_of_mxnet(network, num_images, runtime, tmp_path):
    """One file takes a batch of any size, of pixels in 0-1."""
    model = draw_model(network, pixel_mean=0.1307, pixel_deviation=0.3081)
    path = write_onnx(model, tmp_path / "m.onnx")
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    images = draw_images(num_images)
    inputs = {"images": images[:, None].astype("float32") / np.float32(255)}
    scores, found = session.run(["scores", "probabilities"], inputs)
    expected = predict_probabilities(model, images)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    exact = compute_probabilities(model, images)
    np.testing.assert_allclose(found, exact, rtol=0, atol=1e-5)
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    np.testing.assert_allclose(odds / odds.sum(axis=1, keepdims=True), found, atol=1e-5)


def test_says_what_it_takes_and_what_the_classes_are(runtime, tmp_path):
    """Names, a free batch, and the classes in the metadata."""
    path = write_onnx(draw_model(num_classes=3, data="some data"), tmp_path / "m.onnx")
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (images,) = session.get_inputs()
    assert (images.name, images.shape) == ("images", ["batch", 1, 28, 28])
    shapes = {output.name: output.shape for output in session.get_outputs()}
    assert shapes == {"scores": ["batch", 3], "probabilities": ["batch", 3]}
    properties = session.get_modelmeta().custom_metadata_map
    assert json.loads(properties["classes"]) == ["class 0", "class 1", "class 2"]
    assert properties["data"] == "some data"


@pytest.mark.usefixtures("runtime")
def test_the_same_model_gives_the_same_bytes(tmp_path):
    """Nothing of the time is in the file."""
    one = write_onnx(draw_model(), tmp_path / "one.onnx").read_bytes()
    assert write_onnx(draw_model(), tmp_path / "other.onnx").read_bytes() == one


@pytest.mark.usefixtures("runtime")
def test_a_place_that_cannot_be_written_is_named(tmp_path):
    """A folder in the way gives one line, and nothing is left."""
    (tmp_path / "m.onnx").mkdir()
    with pytest.raises(OutputError, match=r"m.onnx cannot be written"):
        write_onnx(draw_model(), tmp_path / "m.onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["m.onnx"]


def test_without_onnx_it_says_what_to_install(tmp_path, monkeypatch):
    """The line names the command; no file is written."""
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(InstallationError, match="pip install 'gluon_softmax"):
        write_onnx(draw_model(), tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())
