"""The command `gluon-softmax compare`: what it leaves, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
from gluon_softmax.commands.main import main
from gluon_softmax.data import mnist, synthetic
from gluon_softmax.data.labels import get_fashion_mnist_labels
from gluon_softmax.data.published import FILE_NAMES
from gluon_softmax.data.synthetic import SyntheticFashion
from gluon_softmax.figures import animation, output
from gluon_softmax.models.comparison_file import read_comparison
from gluon_softmax.models.model import load_model
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
    monkeypatch.setattr(mnist, "FashionMNIST", draw_few)
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
    X = model.scale(mnist.FashionMNIST(None, train=False).images).reshape(-1, 784)
    predicted = (X @ model.params["W"] + model.params["b"]).argmax(axis=1)
    labels = mnist.FashionMNIST(None, train=False).labels
    assert saved.histories["Gluon"][-1].test_acc == np.mean(predicted == labels)


@pytest.mark.usefixtures("small")
def test_the_table_fits_the_terminal(capsys, monkeypatch):
    """In 80 columns each version has a line of its own, with its own figures."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert main(QUICK) == 0
    out = capsys.readouterr().out.splitlines()
    saved = read_comparison("comparison/comparison.json")
    heading = next(line for line in out if line.startswith("epoch version "))
    rows = iter(out[out.index(heading) + 1 :])
    for epochs, difference in zip(zip(*saved.histories.values()), saved.differences):
        for name, epoch in zip(saved.histories, epochs):
            row = next(rows)
            shares = f"{epoch.train_acc:.3f} {epoch.test_acc:.3f} {epoch.seconds:.2f}"
            figures = f"{epoch.epoch} {name} {epoch.loss:.4f} {shares}"
            assert " ".join(row[: heading.index(" differ by")].split()) == figures
        assert row.endswith(f" {difference:.1e}")
        assert len(row) == len(heading) == 80 - len("[drawn stand-in] ")
    assert max(map(len, out)) <= 80


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_figures_name_the_classes(language, small, request):
    """In English, or in Chinese in a font that has the characters."""
    if language == "zh":
        request.getfixturevalue("chinese_font")
    assert main([*QUICK, "--language", language]) == 0
    titles = [
        {line for ax in figure.axes for line in ax.get_title().split("\n")}
        for figure in small
    ]
    names = set(get_fashion_mnist_labels(range(10), language))
    assert any(names <= found for found in titles)
    other = set(get_fashion_mnist_labels(range(10), "zh" if language == "en" else "en"))
    assert not any(other & found for found in titles)
    ticks = small[-1].axes[0].get_yticklabels()
    assert {tick.get_text() for tick in ticks} == names
    classes = load_model("comparison/model-gluon.npz").classes
    assert classes == tuple(get_fashion_mnist_labels(range(10)))


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_an_animation_shows_the_first_version(capsys, monkeypatch):
    """Its last template is the trained one; the file is said to be written last."""
    recorded, save_animation = [], animation.save_animation

    def save(frames, classes, path, title):
        recorded.extend([frames, classes, title])
        return save_animation(frames, classes, path, title)

    monkeypatch.setattr(animation, "save_animation", save)
    assert main([*QUICK, "--animate", "new/film.gif"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "wrote new/film.gif"
    with Image.open("new/film.gif") as film:
        assert film.n_frames == 12  # one for each batch
    frames, classes, title = recorded
    trained = load_model("comparison/model-scratch.npz")
    np.testing.assert_array_equal(frames[-1].weights, trained.params["W"])
    assert (frames[0].weights != frames[-1].weights).any()
    assert tuple(classes) == trained.classes
    assert title.endswith(", from scratch")
    history = read_comparison("comparison/comparison.json").histories["from scratch"]
    assert frames[-1].loss == pytest.approx(history[-1].loss, rel=0.2)


@pytest.fixture
def stand_in(no_data, monkeypatch):
    """Let there be no data, and the stand-in be a few garments."""
    monkeypatch.setattr(synthetic, "SyntheticFashion", draw_few)
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


@pytest.mark.slow
def test_damaged_files_that_nobody_named_are_passed_over(stand_in, capsys):
    """In one line that says so."""
    folder = stand_in / ".mxnet" / "datasets" / "fashion-mnist"
    folder.mkdir(parents=True)
    for file in FILE_NAMES[True]:
        (folder / f"{file}.gz").touch()
    assert main(QUICK) == 0
    first = capsys.readouterr().err.splitlines()[0]
    assert first.startswith("gluon-softmax: passed over: ")
    assert first.endswith("is empty: delete it and fetch it again")


@pytest.mark.slow
def test_real_data_has_no_mark(fashion, tmp_path, capsys):
    """One epoch on Fashion-MNIST: a table, figures and numbers."""
    assert main(["compare", "--num-epochs", "1", "--output", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "stand-in" not in out
    assert "Fashion-MNIST: num_epochs 1, batch_size 256, lr 0.1, momentum 0.0" in out
    assert f"wrote {len(list(tmp_path.iterdir()))} files to {tmp_path}: " in out
    assert read_comparison(tmp_path / "comparison.json").differences[0] < 1e-5
