"""A comparison on disk: numbers and models that belong together, or one line."""

from __future__ import annotations

import json

import gluon_softmax as d2l
import numpy as np
import pytest
from drawn_models import draw_model
from gluon_softmax.errors import DataError, OutputError
from gluon_softmax.models.comparison_file import read_comparison, write_comparison
from gluon_softmax.models.gallery import draw_gallery, write_gallery
from gluon_softmax.models.model import save_model


@pytest.fixture(scope="module")
def comparison():
    train_set = d2l.SyntheticFashion(train=True, num_images=64)
    test_set = d2l.SyntheticFashion(train=False, num_images=40)
    return d2l.run_comparison(train_set, test_set, num_epochs=2, batch_size=32)


@pytest.fixture
def written(comparison, tmp_path):
    return list(write_comparison(comparison, tmp_path / "new", "-x"))[-1]


def test_all_comes_back(comparison, written):
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


def test_models_are_those_the_numbers_are_of(written, tmp_path):
    """Told by their SHA-256, and looked for nowhere but beside the numbers."""
    path = written.parent / "model-gluon-x.npz"
    save_model(draw_model(), path)
    with pytest.raises(DataError, match=f"{path}: expected the comparison's model"):
        read_comparison(written)
    content = json.loads(written.read_text())
    elsewhere = save_model(draw_model(), tmp_path / "m.npz")
    content["models"]["Gluon"]["file"] = str(elsewhere)
    written.write_text(json.dumps(content))
    with pytest.raises(DataError, match=f"{written.parent}/m.npz is not there"):
        read_comparison(written)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": None}, "found none, as older versions wrote: run gluon-softmax co"),
        ({"format": "new 7"}, "found 'new 7'"),
        ({"data": 7}, "others .*data 7"),
        ({"settings": []}, "others .*settings"),
        ({"largest_parameter_difference": [None]}, r"others .*differences \[None\]"),
        ({"models": None}, "others"),
        ({"models": {"Gluon": {}}}, "'file'"),
        ({"models": {"Gluon": {"file": "a b"}}}, "others .*a file named 'a b'"),
        ({"histories": {"Gluon": [{"x": 1}]}}, "'x'"),
        ({"histories": 1}, "others"),
    ],
)
def test_other_content_gets_one_line(change, message, written):
    """What is missing or of an older version is named, and what to run."""
    written.write_text(json.dumps({**json.loads(written.read_text()), **change}))
    with pytest.raises(DataError, match=message) as caught:
        read_comparison(written)
    assert str(caught.value).startswith(f"{written}: expected")
    assert "\n" not in str(caught.value)


def test_a_failed_write_leaves_no_numbers(comparison, tmp_path):
    (tmp_path / "model-gluon.npz").mkdir()
    with pytest.raises(OutputError, match=r"model-gluon.npz cannot be written"):
        list(write_comparison(comparison, tmp_path))
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["model-gluon.npz", "model-scratch.npz"]


def test_images_that_are_not_square_are_drawn_as_they_are():
    """Their templates, too: 18 x 32 pixels are not 24 x 24."""
    images = np.random.randint(0, 256, (20, 18, 32), dtype=np.uint8)
    small = d2l.ImageDataset(images, np.arange(20) % 10)
    comparison = d2l.run_comparison(small, small, num_epochs=1, batch_size=10)
    figures = dict(draw_gallery(comparison))
    W, _ = comparison.params["from scratch"]
    pixels = {"images": images[0], "templates": W[:, 0].reshape(18, 32)}
    for name, expected in pixels.items():
        drawn = figures[name].axes[0].images[0].get_array()
        np.testing.assert_array_equal(drawn, expected)


@pytest.mark.slow
def test_every_figure_names_its_data_and_is_written(comparison, tmp_path):
    """Seven figures in two formats, three models and the numbers, each so named."""
    versions = ("scratch", "gluon", "numpy")
    names = ["images", *[f"predictions-{version}" for version in versions]]
    names += ["curves", "templates", "confusion"]
    figures = dict(draw_gallery(comparison))
    assert list(figures) == names
    for figure in figures.values():
        assert "drawn stand-in, not Fashion-MNIST" in figure.get_suptitle()
    right = f"{comparison.histories['Gluon'][-1].test_acc:.3f} right"
    assert [ax.get_title()[-11:] for ax in figures["confusion"].axes] == [right]
    pairs = [ax.get_title().split("\n") for ax in figures["predictions-numpy"].axes]
    classes, test_set = comparison.test_set.classes, comparison.test_set
    assert [true for true, _ in pairs] == [classes[y] for y in test_set.labels[:9]]
    files = [f"{name}-x.{kind}" for name in names for kind in ("png", "svg")]
    files += [f"model-{version}-x.npz" for version in versions]
    paths = list(write_gallery(comparison, tmp_path / "new", "-x"))
    assert [path.name for path in paths] == [*files, "comparison-x.json"]
    assert sorted(paths) == sorted((tmp_path / "new").iterdir())
