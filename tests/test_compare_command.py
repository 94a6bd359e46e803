"""The command `gluon-softmax compare`: what it leaves, and what it refuses."""

from __future__ import annotations

import json
import re
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from gluon_softmax import ImageDataset
from gluon_softmax.commands.main import main
from gluon_softmax.data import splits, synthetic
from gluon_softmax.data.labels import TEXT_LABELS, TEXT_LABELS_ZH
from gluon_softmax.data.synthetic import SyntheticFashion
from gluon_softmax.figures import animation, output
from gluon_softmax.models.comparison_file import read_comparison
from gluon_softmax.models.model import load_model
from matplotlib.text import Text
from PIL import Image

QUICK = ["compare", "--num-epochs", "2", "--batch-size", "50"]


def draw_few(root=None, train=True):
    """Draw a few garments in place of a data set."""
    return SyntheticFashion(train, num_images=300 if train else 100)


@pytest.fixture
def small(tmp_path, monkeypatch):
    """Let Fashion-MNIST be a few drawn garments; keep figures, which take seconds."""
    kept = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(splits.DATA_SETS, "fashion-mnist", draw_few)
    monkeypatch.setattr(output, "save", lambda figure, path: kept.append(figure) or [])
    return kept


def test_numbers_and_models_can_be_read_back(small, capsys):
    """They are of one training, and the epochs are those that were printed."""
    assert main(QUICK) == 0
    saved = read_comparison("comparison/comparison.json")
    out = capsys.readouterr().out.splitlines()
    for name, history in saved.histories.items():
        assert [f"{name}: {epoch}" for epoch in history] == [
            line for line in out if line.startswith(f"{name}: ")
        ]
    model = load_model("comparison/model-gluon.npz")
    test_set = draw_few(train=False)
    X = model.scale(test_set.images).reshape(-1, 784)
    right = (X @ model.params["W"] + model.params["b"]).argmax(
        axis=1
    ) == test_set.labels
    assert saved.histories["Gluon"][-1].test_acc == np.mean(right)


@pytest.mark.usefixtures("small")
def test_the_table_fits_the_terminal(capsys, monkeypatch):
    """In 80 columns each version has a line of its own, with its own figures."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert main(QUICK) == 0
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 80
    saved = read_comparison("comparison/comparison.json")
    for name, history in saved.histories.items():
        for epoch in history:
            shares = f"{epoch.train_acc:.3f} {epoch.test_acc:.3f} {epoch.seconds:.2f}"
            row = f" {epoch.epoch} {name} {epoch.loss:.4f} {shares} "
            assert row in " ".join(out.split())


def read_texts(figures):
    """Join all that is written in figures, names of two lines too."""
    texts = [text.get_text() for f in figures for text in f.findobj(Text)]
    return " ".join(texts).replace("\n", " ")


@pytest.mark.usefixtures("chinese_font")
def test_the_figures_name_the_classes_in_chinese(small):
    """In a font that has the characters; the model has the names of the data set."""
    assert main([*QUICK, "--language", "zh"]) == 0
    found = read_texts(small)
    assert all(name in found for name in TEXT_LABELS_ZH)
    assert not re.search("|".join(TEXT_LABELS), found)
    assert load_model("comparison/model-gluon.npz").classes == TEXT_LABELS


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_an_animation_shows_the_first_version(capsys, monkeypatch):
    """Its last template is the trained one; the file is said to be written last."""
    calls, save_animation = [], animation.save_animation
    monkeypatch.setattr(
        animation,
        "save_animation",
        lambda *arguments: calls.append(arguments) or save_animation(*arguments),
    )
    assert main([*QUICK, "--animate", "new/film.gif"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "wrote new/film.gif"
    ((frames, classes, _, title),) = calls
    trained = load_model("comparison/model-scratch.npz")
    assert len(frames) == 12  # one for each batch
    np.testing.assert_array_equal(frames[-1].weights, trained.params["W"])
    assert (tuple(classes), title) == (trained.classes, f"{trained.data}, from scratch")


@pytest.fixture
def stand_in(no_data, monkeypatch):
    """Let there be no data, and the stand-in be a few garments; draw no figures."""

    def save(figure, path):
        path.parent.mkdir(exist_ok=True)
        path.touch()
        return [path]

    import_module("gluon_softmax.commands.page.content")  # which keeps the real class
    monkeypatch.setattr(synthetic, "SyntheticFashion", draw_few)
    monkeypatch.setattr(output, "save", save)
    return no_data


def test_falls_back_to_the_stand_in_and_says_so(stand_in, capsys):
    """Without data and network every line and file says that the data is drawn."""
    assert main(QUICK) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines() + [line for line in err.splitlines() if "127" in line]
    assert all(line.startswith("[drawn stand-in] ") for line in lines)
    assert "Fashion-MNIST is not on this machine" in err
    files = list((stand_in / "comparison").iterdir())
    assert all(file.stem.endswith("-stand-in") for file in files)
    assert f"wrote {len(files)} files to comparison: " in out
    saved = read_comparison("comparison/comparison-stand-in.json")
    assert "drawn stand-in, not Fashion-MNIST" in saved.data


@pytest.fixture(params=["mnist", "fruit & co"])
def other(request, small, monkeypatch):
    """Let there be few digits, and a folder of pictures; name one of the two."""
    pictures = draw_few(train=True)
    if request.param == "mnist":
        digits = ImageDataset(pictures.images, pictures.labels, title="MNIST")
        monkeypatch.setitem(splits.DATA_SETS, "mnist", lambda *_, **options: digits)
        return "mnist", "MNIST", "-mnist", [str(digit) for digit in range(10)]
    for number, label in enumerate(pictures.labels):
        path = Path(request.param, "pear" if label % 2 else "苹果", f"{number}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pictures.images[number, :, :, 0]).save(path)
    return request.param, request.param, "-fruit_co", ["pear", "苹果"]


def test_other_data_is_named_and_garments_are_not(other, small, chinese_font, capsys):
    """In files, figures, models, numbers, and on the page."""
    data, title, suffix, classes = other
    assert main([*QUICK, "--data", data, "--language", "zh"]) == 0
    out = capsys.readouterr().out
    assert out.partition(": num_epochs 2")[0].splitlines()[-1] == title
    files = list(Path("comparison").iterdir())
    assert len(files) == 4
    assert {file.stem[-len(suffix) :] for file in files} == {suffix}
    texts = read_texts(small)
    assert title in texts
    assert all(name in texts for name in classes)
    assert load_model(f"comparison/model-gluon{suffix}.npz").classes == tuple(classes)
    saved = f"comparison/comparison{suffix}.json"
    assert read_comparison(saved).data == title
    assert main(["page"]) == 2  # which names what is there
    assert saved in capsys.readouterr().err
    folder = [] if data == "mnist" else ["--data", data]
    assert main(["page", "--comparison", saved, *folder]) == 0
    page = Path("page.html").read_text(encoding="utf-8")
    embedded = json.loads(re.search(r'id="data">(.*?)</script>', page)[1])
    assert (embedded["title"], embedded["standIn"]) == (title, False)
    assert embedded["classes"] == {"en": classes, "zh": classes}
    garments = "|".join(["Fashion", *TEXT_LABELS[:5], *TEXT_LABELS_ZH[:5]])
    assert not re.search(garments, f"{out} {texts} {embedded}")


def test_a_page_of_other_pictures_is_refused(other, capsys):
    """Of the same names and sizes; and a folder has to be named."""
    data, title, suffix, _ = other
    assert main([*QUICK, "--data", data]) == 0
    saved = f"comparison/comparison{suffix}.json"
    if data == "mnist":
        splits.DATA_SETS["mnist"]().images[:] //= 255
    else:
        assert main(["page", "--comparison", saved]) == 2
        assert f"{title!r}: say where its pictures are with" in capsys.readouterr().err
        for path in Path(data).glob("*/*"):
            Image.new("L", (28, 28)).save(path)
    assert main(["page", "--comparison", saved, "--data", data]) == 2
    assert "was tested on, found others in" in capsys.readouterr().err
    assert not Path("page.html").exists()
