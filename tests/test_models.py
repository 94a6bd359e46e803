"""A model's file: read by NumPy alone, and refused where it is not one."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_models import NAMES, compute_probabilities, draw_images, draw_model
from gluon_softmax.data.likeness import Likeness
from gluon_softmax.errors import ArgumentError, DataError
from gluon_softmax.models.model import Model, load_model, save_model
from gluon_softmax.models.onnx_file import write_onnx
from reference import softmax

W, B = draw_model().params.values()
LIKENESS = Likeness(np.eye(10, 784, dtype="float32"), np.array([0.125, 0.5, 3, 0.25]))


@pytest.fixture
def path(tmp_path):
    return save_model(draw_model(), tmp_path / "m.npz")


@pytest.mark.parametrize("network", NAMES)
def test_a_model_comes_back(network, tmp_path):
    scaling = {"pixel_mean": 0.1, "pixel_deviation": 0.3, "preparation": "digits"}
    scaling["test_set"] = "0123456789abcdef"
    model = draw_model(network, data="some data", likeness=LIKENESS, **scaling)
    found = load_model(save_model(model, tmp_path / "m.npz"))
    arrays = {"params": None, "likeness": None}
    assert {**vars(found), **arrays} == {**vars(model), **arrays}
    for array, expected in zip(found.likeness, LIKENESS):
        np.testing.assert_array_equal(array, expected)
    assert list(found.params) == list(model.params)
    for name, param in model.params.items():
        np.testing.assert_array_equal(found.params[name], param)


def test_names_that_are_no_utf8_can_be_kept(tmp_path):
    """As the names of folders may be: the bytes that are no characters as escapes."""
    model = draw_model(data="\udcff $", num_classes=2)
    model = Model("softmax", model.params, ("\udcff", "猫"), model.data)
    found = load_model(save_model(model, tmp_path / "m.npz"))
    assert (found.data, found.classes) == (r"\udcff $", (r"\udcff", "猫"))
    pytest.importorskip("onnx", reason="needs onnx: pip install onnx")
    assert write_onnx(model, tmp_path / "m.onnx").is_file()


def test_numpy_alone_can_use_it(tmp_path):
    model = draw_model(pixel_mean=0.25, pixel_deviation=0.5)
    with np.load(save_model(model, tmp_path / "m.npz"), allow_pickle=False) as arrays:
        arrays = dict(arrays)
    assert arrays["classes"].tolist() == list(model.classes)
    assert arrays["format"] == "gluon_softmax model 1"
    X = (draw_images(4) / 255 - arrays["pixel_mean"]) / arrays["pixel_deviation"]
    found = softmax(X.reshape(4, 784) @ arrays["W"] + arrays["b"])
    np.testing.assert_allclose(found, compute_probabilities(model, draw_images(4)))


@pytest.mark.parametrize("shape", [(3, 28, 28), (3, 28, 28, 1), (3, 1, 28, 28)])
def test_images_of_any_layout_are_scaled(shape):
    images = draw_images(3)
    model = draw_model(pixel_mean=0.5, pixel_deviation=2.0)
    X = model.scale(images.reshape(shape))
    assert (X.shape, X.dtype) == ((3, 1, 28, 28), "float32")
    np.testing.assert_allclose(X[:, 0], (images / 255 - 0.5) / 2, atol=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"network": "lstm"}, "network to be one of softmax, perceptron, conv"),
        ({"network": "perceptron"}, "expected for '0.weight' float32 of shape"),
        ({"classes": ("a", "b")}, r"'W' float32 of shape \(784, 2\), found float32 of"),
        ({"params": {"W": W}}, "'b' .*, found none of that"),
        ({"params": {"W": W, "b": B, "c": B}}, "'c' none of that name, found float32"),
        ({"params": {"W": W.astype("f8"), "b": B}}, "found float64 of shape"),
        ({"pixel_deviation": 0.0}, "pixel_deviation to be a number above 0"),
        ({"pixel_mean": float("inf")}, "pixel_mean"),
        ({"preparation": "dark"}, "preparation to be one of , whole, garments"),
        ({"likeness": Likeness(*LIKENESS[::-1])}, r"shapes \(\(10, 784\), \(4,\)\)"),
        ({"likeness": LIKENESS._replace(limits=np.full(4, np.nan))}, "not finite"),
    ],
)
def test_what_is_no_model_is_refused(change, message):
    with pytest.raises(ArgumentError, match=message) as caught:
        Model(**{**vars(draw_model()), **change})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": np.array("other model")}, "found 'other model'"),
        ({"format": np.zeros((100, 100))}, "format.*no array of kind 'U'"),
        ({"format": None}, "found 'none'"),
        ({"classes": None}, "'classes'"),
        ({"classes": np.array(3)}, "'classes' no array of kind 'U'"),
        ({"network": np.array(["softmax"])}, "with 0 axes, but .* with 1"),
        ({"pixel_mean": np.array("dark")}, "others"),
        ({"class_means": np.zeros((10, 784))}, "others"),
        ({"preparation": np.array(1)}, "'preparation' no array of kind 'U'"),
        ({"W": W.astype(">f4")}, "found >f4"),
    ],
)
def test_files_of_other_arrays_are_refused(change, message, path):
    with np.load(path) as file:
        arrays = {**file, **change}
    np.savez(path, **{name: a for name, a in arrays.items() if a is not None})
    with pytest.raises(DataError, match=message) as caught:
        load_model(path)
    line = str(caught.value)
    assert line.startswith(str(path))
    assert "write the model again" in line
    assert "\n" not in line
    assert len(line) < 400


def test_damaged_files_are_refused(path):
    """A missing one, half of one, and one with an object, which is not unpickled."""
    with pytest.raises(DataError, match="run gluon-softmax compare or train first"):
        load_model(path.with_name("none.npz"))
    with np.load(path) as file:
        np.savez(path, **{**file, "data": np.array([print], object)})
    with pytest.raises(DataError, match="allow_pickle=False"):
        load_model(path)
    path.write_bytes(path.read_bytes()[:20_000])
    with pytest.raises(DataError, match=r"a damaged one .*: write the file anew"):
        load_model(path)
