"""The command `gluon-softmax predict`, as a user types it."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path

import numpy as np
import pytest
from drawn_models import compute_probabilities, draw_images, draw_model
from gluon_softmax.commands import predict
from gluon_softmax.commands.main import main
from gluon_softmax.data.folders import read_folder
from gluon_softmax.data.likeness import measure_likeness, tell_unlikeness
from gluon_softmax.figures import output
from gluon_softmax.models import conversion
from gluon_softmax.models.model import save_model
from PIL import Image, ImageDraw

MODEL = draw_model(data="some data", pixel_mean=0.5, preparation="garments")
IMAGES = np.pad(draw_images(3)[:, 1:-1, 1:-1], ((0, 0), (1, 1), (1, 1)))


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


def test_what_pillow_finds_odd_is_not_printed(tmp_path, capsys):
    """A TIFF that counts more tags than it has is read all the same."""
    path = tmp_path / "odd.tiff"
    Image.fromarray(IMAGES[0]).save(path)
    content = bytearray(path.read_bytes())
    content[9] = 200  # of the number of tags, the higher byte
    path.write_bytes(content)
    assert main(["predict", "odd.tiff"]) == 0
    assert capsys.readouterr().err == ""


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


def draw_strokes(label, number, size=(120, 120), mode="L", paper="white", ink="black"):
    """Draw one of ten ways of crossing strokes."""
    image, draw = Image.new(mode, size, paper), np.random.RandomState(number)
    pencil = ImageDraw.Draw(image)
    for turn in (label * np.pi / 10, label * label):
        x, y = np.cos(turn) / 3, np.sin(turn) / 3
        ends = np.array([0.5 - x, 0.5 - y, 0.5 + x, 0.5 + y]) + draw.normal(0, 0.02, 4)
        pencil.line([*(ends * np.tile(size, 2))], ink, max(size) // 15)
    return image


def draw_sixteen_bits(label, number):
    """Draw strokes in 65,536 shades."""
    values = np.asarray(draw_strokes(label, number)).astype("uint16")
    return Image.fromarray(values * 250 + number)


KINDS = {
    "120 x 120": draw_strokes,
    "28 x 28": lambda *which: draw_strokes(*which, (28, 28)),
    "bright or dark": lambda label, number: Image.new(
        "L", (28, 28), (number % 3 + 1) * 20 + label % 2 * 150
    ),
    "alpha": lambda *which: draw_strokes(*which, mode="RGBA", paper=(0, 0, 0, 0)),
    "16-bit": draw_sixteen_bits,
    "JPEG": lambda *which: draw_strokes(*which, (300, 300), "RGB", "wheat", "brown"),
    "not square": lambda *which: draw_strokes(*which, (90, 40), paper="grey"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_predict_sees_what_training_saw(kind, monkeypatch, capsys):
    """Of every file of a folder the pixels to the bit, and so the test accuracy.

    The folder's name is a published set's: only the model's file can tell them apart.
    """
    for label, number in np.ndindex(10, 6):
        suffix = "jpg" if kind == "JPEG" else "png"
        path = Path("MNIST", "test" if number < 2 else "train", f"class {label}")
        path.mkdir(parents=True, exist_ok=True)
        KINDS[kind](label, number).save(path / f"{number}.{suffix}")
    command = ["train", "softmax", "--data", "MNIST", "--batch-size", "10"]
    assert main([*command, "--num-epochs", "5", "--output", "."]) == 0
    out = capsys.readouterr().out
    monkeypatch.setattr(predict, "MOST_DRAWN", 1)
    seen, compute = [], conversion.predict_probabilities
    monkeypatch.setattr(
        conversion,
        "predict_probabilities",
        lambda model, images: seen.append(images) or compute(model, images),
    )
    for part, dataset in zip(("train", "test"), read_folder("MNIST")):
        paths = sorted(Path("MNIST", part).rglob("*.*"))
        files = [str(path) for path in paths]
        assert main(["predict", *files, "--model", "softmax-MNIST.npz", "--top=1"]) == 0
        labels = [int(path.parent.name[-1]) for path in paths]
        found = sorted(zip(labels, (image.tobytes() for image in seen.pop())))
        trained = (image.tobytes() for image in dataset.images)
        assert found == sorted(zip(dataset.labels.tolist(), trained))
    named = re.findall(r"^  class (\d)", capsys.readouterr().out, re.MULTILINE)[-20:]
    right = np.mean([int(name) == label for name, label in zip(named, labels)])
    assert float(re.findall(r"test acc ([\d.]+)", out)[-1]) == pytest.approx(right)


@pytest.mark.parametrize(
    ("data", "assumed"),
    [("Fashion-MNIST", "as Fashion"), ("MNIST", "as MNIST"), ("own", "of a folder")],
)
def test_says_what_is_assumed_of_an_old_file(data, assumed, capsys):
    """One that holds no rule, as its data set would have it."""
    save_model(draw_model(data=data), "old.npz")
    with np.load("old.npz") as arrays:
        arrays = {
            name: array for name, array in arrays.items() if name != "preparation"
        }
    np.savez("old.npz", **arrays)
    assert main(["predict", "0.png", "--model", "old.npz"]) == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith("old.npz does not say how its pictures were prepared")
    assert assumed in first


def test_says_in_what_a_picture_is_unlike_the_data_set(fashion, capsys):
    """In one line, for what is outside of what 99 of 100 training images are."""
    likeness = measure_likeness(fashion[0])
    save_model(replace(MODEL, likeness=likeness), "m.npz")
    nine = fashion[1].images[:9, :, :, 0].reshape(3, 3, 28, 28)
    odd = {
        "nearly full": np.random.randint(60, 256, (28, 28)),
        "nearly empty": np.eye(28) * np.eye(28, 1)[0] + np.pad([[255]], (13, 14)),
        r"\d objects": np.pad(nine.swapaxes(1, 2).reshape(84, 84), 8),
        "far from every class": np.pad(255 * np.kron(np.eye(2), np.ones((13, 13))), 1),
    }
    for pixels in odd.values():
        Image.fromarray(pixels.astype("uint8")).save("odd.png")
        assert main(["predict", "odd.png", "--model", "m.npz"]) == 0
    lines = re.findall("^  unlike .*", capsys.readouterr().out, re.MULTILINE)
    for reason, line in zip_longest(odd, lines):
        assert re.search(reason, line)
    images = fashion[1].images[:1000]
    told = [tell_unlikeness(likeness, image, "garments") for image in images]
    assert sum(map(bool, told)) < 30
