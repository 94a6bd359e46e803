"""A model's file: read by NumPy alone, and refused where it is not one."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_models import NAMES, draw_images, draw_model
from gluon_softmax.errors import ArgumentError, DataError, OutputError
from gluon_softmax.models.model import Model, load_model, save_model


@pytest.mark.parametrize("network", NAMES)
def test_a_model_comes_back(network, tmp_path):
    """Parameters to the bit, names, data set and scaling."""
    model = draw_model(network, data="some data", pixel_mean=0.1, pixel_deviation=0.3)
    found = load_model(save_model(model, tmp_path / "m.npz"))
    assert (found.network, found.classes, found.data) == (
        network,
        model.classes,
        "some data",
    )
    assert (found.pixel_mean, found.pixel_deviation) == (0.1, 0.3)
    assert list(found.params) == list(model.params)
    for name, param in model.params.items():
        np.testing.assert_array_equal(found.params[name], param)


def test_numpy_alone_can_use_it(tmp_path):
    """What is needed for a prediction is in the file, in plain arrays."""
    model = draw_model(pixel_mean=0.25, pixel_deviation=0.5)
    with np.load(save_model(model, tmp_path / "m.npz"), allow_pickle=False) as arrays:
        arrays = dict(arrays)
    assert arrays["classes"].tolist() == [f"class {number}" for number in range(10)]
    assert arrays["format"] == "gluon_softmax model 1"
    X = (draw_images(4) / 255 - arrays["pixel_mean"]) / arrays["pixel_deviation"]
    np.testing.assert_allclose(model.scale(draw_images(4))[:, 0], X, atol=1e-6)
    scores = X.reshape(4, 784) @ arrays["W"] + arrays["b"]
    assert scores.shape == (4, 10)


@pytest.mark.parametrize("shape", [(3, 28, 28), (3, 28, 28, 1), (3, 1, 28, 28)])
def test_images_of_any_layout_are_scaled(shape):
    """One channel stands before height and width, float32."""
    images = draw_images(3)
    X = draw_model(pixel_mean=0.5).scale(images.reshape(shape))
    assert (X.shape, X.dtype) == ((3, 1, 28, 28), "float32")
    np.testing.assert_allclose(X[:, 0], images / 255 - 0.5, atol=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"network": "lstm"}, "network to be one of softmax, perceptron, conv"),
        ({"network": "perceptron"}, "expected for '0.weight' float32 of shape"),
        ({"classes": ("a", "b")}, r"'W' float32 of shape \(784, 2\), found float32 of"),
        ({"params": {"W": np.zeros((784, 10), "f4")}}, "'b' .*, found none of that"),
        (
            {"params": {**draw_model().params, "c": np.zeros(1)}},
            "'c' none of that name, found float64",
        ),
        (
            {"params": {"W": np.zeros((784, 10)), "b": np.zeros(10, "f4")}},
            "found float64 of shape",
        ),
        ({"pixel_deviation": 0.0}, "pixel_deviation to be a number above 0"),
        ({"pixel_deviation": float("nan")}, "pixel_deviation to be a number above 0"),
        ({"pixel_mean": float("inf")}, "pixel_mean"),
    ],
)
def test_what_is_no_model_is_refused(change, message):
    """The first thing that does not fit is named, in one line."""
    content = {**vars(draw_model()), **change}
    with pytest.raises(ArgumentError, match=message) as caught:
        Model(**content)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"format": np.array("gluon_softmax model 9")},
            "found 'gluon_softmax model 9'",
        ),
        ({"format": np.zeros((100, 100))}, "format.*no array of kind 'U'"),
        ({"format": None}, "found 'none'"),
        ({"classes": None}, "'classes'"),
        ({"classes": np.array(3)}, "'classes' no array of kind 'U'"),
        ({"classes": np.array(["one"])}, r"shape \(784, 1\)"),
        ({"network": np.array("lstm")}, "found 'lstm'"),
        ({"network": np.array(["softmax"])}, "with 0 axes, but .* with 1"),
        ({"pixel_mean": np.array("dark")}, "others"),
        ({"pixel_mean": np.zeros(3)}, "others"),
        ({"pixel_deviation": np.array("x")}, "others"),
        ({"W": np.zeros((10, 784), "f4")}, r"found float32 of shape \(10, 784\)"),
        ({"W": np.zeros((784, 10), ">f4")}, "found >f4"),
        ({"b": None}, "found none of that name"),
    ],
)
def test_files_of_other_arrays_are_refused(change, message, tmp_path):
    """Each is one short line that names the file and what to do."""
    with np.load(save_model(draw_model(), tmp_path / "m.npz")) as file:
        arrays = {**file, **change}
    arrays = {name: array for name, array in arrays.items() if array is not None}
    np.savez(tmp_path / "m.npz", **arrays)
    with pytest.raises(DataError, match=message) as caught:
        load_model(tmp_path / "m.npz")
    line = str(caught.value)
    assert line.startswith(str(tmp_path / "m.npz"))
    assert "write the model again" in line
    assert "\n" not in line
    assert len(line) < 400


def test_a_pickle_is_never_loaded(tmp_path):
    """An array of objects among the others is refused unread."""
    with np.load(save_model(draw_model(), tmp_path / "m.npz")) as file:
        np.savez(tmp_path / "m.npz", **{**file, "data": np.array([print], object)})
    with pytest.raises(DataError, match="allow_pickle=False"):
        load_model(tmp_path / "m.npz")


def test_a_truncated_file_is_refused(tmp_path):
    """Half a file is named as damaged."""
    path = save_model(draw_model(), tmp_path / "m.npz")
    path.write_bytes(path.read_bytes()[:20_000])
    with pytest.raises(DataError, match=r"a damaged one .*: write the file anew"):
        load_model(path)


def test_a_missing_file_says_where_models_come_from(tmp_path):
    """The commands that write one are named."""
    with pytest.raises(DataError, match="run gluon-softmax compare or train first"):
        load_model(tmp_path / "none.npz")


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    """A file where a folder should be gives one line, and stays."""
    (tmp_path / "file").write_text("kept")
    with pytest.raises(OutputError, match="cannot be written"):
        save_model(draw_model(), tmp_path / "file" / "m.npz")
    assert (tmp_path / "file").read_text() == "kept"
