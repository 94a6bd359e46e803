"""The command `gluon-softmax predict`, as a user types it."""

from __future__ import annotations

import re

import numpy as np
import pytest
from drawn_models import compute_probabilities, draw_images, draw_model
from gluon_softmax.commands import predict
from gluon_softmax.commands.main import main
from gluon_softmax.figures import output
from gluon_softmax.models.model import save_model
from PIL import Image

MODEL = draw_model(data="some data", pixel_mean=0.5)
IMAGES = draw_images(3) // 2  # a border that is not bright


@pytest.fixture(autouse=True)
def _in_folder(tmp_path, monkeypatch):
    """Work in a folder with a model and three pictures."""
    monkeypatch.chdir(tmp_path)
    save_model(MODEL, "comparison/model-gluon.npz")
    for number, image in enumerate(IMAGES):
        Image.fromarray(image).save(f"{number}.png")


@pytest.fixture
def drawn(monkeypatch):
    """Keep the figure that is written."""
    kept, save = [], output.save
    monkeypatch.setattr(
        output, "save", lambda figure, path: kept.append(figure) or save(figure, path)
    )
    return kept


def test_names_the_most_probable_classes(tmp_path, capsys, drawn):
    """As float64 has them, the best first; the figure has them all."""
    assert main(["predict", "0.png", "2.png", "--top", "2", "--output", "new/p"]) == 0
    expected, lines = compute_probabilities(MODEL, IMAGES[[0, 2]]), []
    for name, row in zip(("0.png", "2.png"), expected):
        best = np.argsort(row)[:-3:-1]
        lines.append(f"{name}: 28 x 28 L, read as grey")
        lines.append("  " + ", ".join(f"class {n} {row[n]:.3f}" for n in best))
    files = [f"new/p.{suffix}" for suffix in ("png", "svg")]
    lines += [f"wrote {file}" for file in files]
    assert capsys.readouterr().out.splitlines() == lines
    assert all((tmp_path / file).is_file() for file in files)
    (figure,) = drawn
    assert figure.get_suptitle() == "softmax, trained on some data"
    assert [ax.get_title() for ax in figure.axes[::2]] == ["0.png", "2.png"]
    for ax, image in zip(figure.axes[::2], IMAGES[[0, 2]]):
        np.testing.assert_array_equal(ax.images[0].get_array(), image)
    widths = [bar.get_width() for bar in figure.axes[3].patches]
    np.testing.assert_allclose(widths, expected[1], atol=1e-5)


def test_a_name_may_look_like_mathematics(tmp_path, capsys):
    """A dollar sign in a file's name is a dollar sign; of ten classes 99 are ten."""
    (tmp_path / "0.png").rename(tmp_path / r"a$\frac{$.png")
    assert main(["predict", r"a$\frac{$.png", "--top", "99"]) == 0
    out = capsys.readouterr().out
    assert len(re.findall(r"class \d [\d.]+", out)) == 10
    assert "wrote predictions.png" in out


def test_a_figure_of_many_pictures_stays_small(monkeypatch, capsys, drawn):
    """All are classified; the figure has the first ones, and says so."""
    monkeypatch.setattr(predict, "MOST_DRAWN", 2)
    assert main(["predict", "0.png", "1.png", "2.png"]) == 0
    out = capsys.readouterr().out
    assert out.count("  class ") == 3
    assert "the figure shows the first 2 of 3 pictures\n" in out
    assert len(drawn[0].axes) == 4
