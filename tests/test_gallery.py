"""The files that a comparison leaves."""

from __future__ import annotations

import pytest
from gluon_softmax import SyntheticFashion, run_comparison
from gluon_softmax.models.gallery import draw_gallery, write_gallery


@pytest.fixture(scope="module")
def comparison():
    """Give a short comparison on drawn data."""
    return run_comparison(
        SyntheticFashion(train=True, num_images=200),
        SyntheticFashion(train=False, num_images=50),
        num_epochs=1,
        batch_size=50,
    )


def test_every_figure_is_there_and_names_its_data(comparison):
    """Each figure of the issue is drawn, under the title of the data set."""
    figures = dict(draw_gallery(comparison))
    assert list(figures) == [
        "images",
        "predictions-scratch",
        "predictions-gluon",
        "predictions-numpy",
        "curves",
        "templates",
        "confusion",
    ]
    for figure in figures.values():
        assert "drawn stand-in, not Fashion-MNIST" in figure.get_suptitle()


@pytest.mark.slow
def test_every_file_is_named_and_written(comparison, tmp_path):
    """Seven figures in two formats, three models and the numbers, each so named."""
    paths = list(write_gallery(comparison, tmp_path / "new", "-x"))
    assert len(paths) == 18
    assert all(path.is_file() and path.stem.endswith("-x") for path in paths)
    assert sorted(paths) == sorted((tmp_path / "new").iterdir())
