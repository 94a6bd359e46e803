"""A comparison on disk: numbers and models that belong together, or one line."""

from __future__ import annotations

import json

import gluon_softmax as d2l
import numpy as np
import pytest
from drawn_models import draw_model
from gluon_softmax.errors import DataError, OutputError
from gluon_softmax.models.comparison_file import read_comparison, write_comparison
from gluon_softmax.models.model import save_model


@pytest.fixture(scope="module")
def comparison():
    """Train on a few drawn garments."""
    train_set, test_set = (
        d2l.SyntheticFashion(train, num_images=n)
        for train, n in ((True, 64), (False, 40))
    )
    return d2l.run_comparison(train_set, test_set, num_epochs=2, batch_size=32)


@pytest.fixture
def written(comparison, tmp_path):
    """Give the JSON of a comparison that was written."""
    return list(write_comparison(comparison, tmp_path / "new", "-x"))[-1]


def test_all_comes_back(comparison, written):
    """Numbers, epochs and models are those that were written."""
    names = ["scratch", "gluon", "numpy"]
    files = [f"model-{name}-x.npz" for name in names] + ["comparison-x.json"]
    assert sorted(path.name for path in written.parent.iterdir()) == sorted(files)
    saved = read_comparison(written)
    assert (saved.data, saved.settings) == (comparison.data, comparison.settings)
    assert saved.histories == comparison.histories
    assert saved.differences == comparison.differences
    assert list(saved.models) == list(comparison.params)
    for name, (W, b) in comparison.params.items():
        model = saved.models[name]
        np.testing.assert_array_equal(model.params["W"], W)
        np.testing.assert_array_equal(model.params["b"], b)
        assert model.classes == tuple(comparison.test_set.classes)
        assert model.data == comparison.data


def test_a_model_of_another_training_is_refused(written):
    """A good model that is not the one the numbers are of is told by its SHA-256."""
    path = written.parent / "model-gluon-x.npz"
    save_model(draw_model(), path)
    with pytest.raises(
        DataError, match=r"model-gluon-x.npz: expected the comparison's"
    ):
        read_comparison(written)


def test_a_missing_model_is_named(written):
    """The numbers alone are not the comparison."""
    (written.parent / "model-gluon-x.npz").unlink()
    with pytest.raises(DataError, match=r"model-gluon-x.npz is not there"):
        read_comparison(written)


def test_a_model_is_looked_for_nowhere_else(written, tmp_path):
    """A path in the file does not lead out of its folder."""
    content = json.loads(written.read_text())
    content["models"]["Gluon"]["file"] = str(
        save_model(draw_model(), tmp_path / "m.npz")
    )
    written.write_text(json.dumps(content))
    with pytest.raises(DataError, match=f"{written.parent}/m.npz is not there"):
        read_comparison(written)


def drop(name):
    """Give a change that leaves out an entry."""
    return lambda content: {k: v for k, v in content.items() if k != name}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            drop("format"),
            "found none, as older versions wrote: run gluon-softmax compa",
        ),
        (lambda content: {**content, "format": "new 7"}, "found 'new 7'"),
        (lambda content: [content], "found none"),
        (drop("data"), r"found others \('data'\)"),
        (drop("models"), "'models'"),
        (lambda content: {**content, "models": []}, "others"),
        (lambda content: {**content, "models": {"Gluon": {}}}, "'file'"),
        (lambda content: {**content, "models": {"Gluon": {"file": 3}}}, "others"),
        (lambda content: {**content, "histories": {"Gluon": [{"x": 1}]}}, "'x'"),
        (lambda content: {**content, "histories": {"Gluon": 1}}, "others"),
    ],
)
def test_other_content_gets_one_line(change, message, written):
    """What is missing or of an older version is named, and what to run."""
    written.write_text(json.dumps(change(json.loads(written.read_text()))))
    with pytest.raises(DataError, match=message) as caught:
        read_comparison(written)
    assert str(caught.value).startswith(f"{written}: expected")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected JSON"),
        (b'{"format": ', "expected JSON"),
        (b"\xff\xfe", "expected JSON"),
        (b"[" * 100_000, "expected JSON"),
        (None, "No such file"),
    ],
)
def test_what_is_no_json_gets_one_line(content, message, tmp_path):
    """Empty, truncated, binary, nested without end, missing."""
    path = tmp_path / "comparison.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        read_comparison(path)
    assert "\n" not in str(caught.value)


def test_a_failed_write_leaves_no_numbers(comparison, tmp_path):
    """Where a model cannot be written, there is no JSON that names it."""
    (tmp_path / "model-gluon.npz").mkdir()
    with pytest.raises(OutputError, match=r"model-gluon.npz cannot be written"):
        list(write_comparison(comparison, tmp_path))
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["model-gluon.npz", "model-scratch.npz"]
