"""The lessons and the figures in Chinese: the same code, and no English word left."""

from __future__ import annotations

import json
import re
from pathlib import Path

import gluon_softmax as d2l
import numpy as np
import pytest
from gluon_softmax.commands.main import main
from gluon_softmax.commands.translation import translate_prose
from gluon_softmax.errors import GluonSoftmaxError
from gluon_softmax.figures.translation import translate
from matplotlib.text import Text
from mxnet import nd
from test_scripts import SCRIPTS

jupytext = pytest.importorskip("jupytext", reason="needs jupytext")
NAMES = "softmax|sigmoid|one-hot|MNIST|Fashion|MXNet|Gluon|NumPy|float32|PyTorch"
SCRIPT_PATHS = sorted(SCRIPTS.glob("*.py"))
FORMULA = re.compile(r"\$\$?[^$]+\$\$?|`[^`\n]+`|https?://\S+")
NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")


def read(script):
    notebook = jupytext.read(script, fmt="py:percent")
    notebook.metadata = {}
    return notebook


def pair(script):
    """Return the cells of a script, each with the same one in Chinese."""
    english, chinese = read(script), read(script)
    translate_prose(chinese, script)
    return list(zip(english.cells, chinese.cells))


@pytest.mark.parametrize("script", SCRIPT_PATHS, ids=lambda script: script.stem)
def test_only_the_prose_is_another(script):
    """Code to the byte; formulas and code in the prose stay as well, in any order."""
    for english, chinese in pair(script):
        if english.cell_type == "code":
            assert chinese.source == english.source
            assert chinese.metadata == english.metadata
            continue
        assert re.search("[\u4e00-\u9fff]", chinese.source), chinese.source
        formulas = [set(FORMULA.findall(cell.source)) for cell in (english, chinese)]
        assert formulas[0] == formulas[1]
        levels = [re.findall("^#+ ", cell.source, re.M) for cell in (english, chinese)]
        assert levels[0] == levels[1]


@pytest.mark.parametrize("script", SCRIPT_PATHS, ids=lambda script: script.stem)
def test_numbers_of_results_are_the_same(script):
    """What an experiment gave is told alike: every number with a point."""
    for english, chinese in pair(script):
        told = [
            {n for n in NUMBER.findall(cell.source) if "." in n}
            for cell in (english, chinese)
        ]
        assert told[0] == told[1]


@pytest.mark.parametrize("script", SCRIPT_PATHS, ids=lambda script: script.stem)
def test_no_sentence_is_left_in_english(script):
    for _, chinese in pair(script):
        if chinese.cell_type == "markdown":
            prose = re.sub(FORMULA, "", chinese.source)
            assert not re.search(r"\b[A-Za-z]+ [A-Za-z]+ [A-Za-z]+\b", prose), prose


def test_a_translation_out_of_step_is_named(tmp_path, capsys):
    (tmp_path / "a.py").write_text("# %% [markdown]\n# Text\n\n# %%\n1\n")
    arguments = ["notebooks", "--language", "zh", str(tmp_path / "a.py")]
    assert main(arguments) == 2
    assert "a.md cannot be read" in capsys.readouterr().err
    (tmp_path / "zh").mkdir()
    (tmp_path / "zh" / "a.md").write_text("\u4e00\n<!-- %% -->\n\u4e8c")
    assert main(arguments) == 2
    assert "the prose of 1 cells" in capsys.readouterr().err
    with pytest.raises(GluonSoftmaxError):
        translate_prose(read(tmp_path / "a.py"), tmp_path / "a.py")


def draw_all():
    """Draw every kind of figure of the package, with its own texts."""
    history = d2l.History([d2l.Epoch(1, 0.7, 0.7, 0.7, 0.1, 0.8, 0.6)])
    images, labels = np.eye(28)[None].repeat(2, 0), np.array([0, 1])
    names = d2l.get_fashion_mnist_labels(labels)
    batches = [(nd.array([[0.6, 0.4], [0.7, 0.3]]), labels)]
    yield d2l.show_curves(history, "Fashion-MNIST", num_epochs=3)
    yield d2l.show_curves({"from scratch": history, "NumPy by hand": history})
    yield d2l.show_predictions(images, names, names[::-1])
    yield d2l.show_fashion_mnist(images, names, "Fashion-MNIST: test images")
    yield d2l.show_templates(np.random.randn(784, 2), names)
    yield d2l.show_confusion_matrix(labels, {"Gluon": labels[::-1]}, names)
    yield d2l.show_calibration(lambda X: X, batches)
    yield d2l.show_learning_rates({0.1: history})


@pytest.mark.usefixtures("chinese_font")
def test_no_english_word_is_left_in_a_figure(tmp_path):
    """But names; and none is Chinese where that was not asked for."""
    for figure in draw_all():
        figure.savefig(tmp_path / "figure.png")
        assert not re.search("[\u4e00-\u9fff]", read_texts(figure))
    with d2l.chinese_figures():
        figures = list(draw_all())
    for figure in figures:  # drawn later, as a notebook does
        figure.savefig(tmp_path / "figure.png")
        left = re.sub(rf"\$[^$]*\$|{NAMES}|T\u6064", "", read_texts(figure))
        assert not re.search("[A-Za-z]{2,}", left), left


def read_texts(figure):
    return "\n".join(text.get_text() for text in figure.findobj(Text))


def test_what_a_user_calls_things_stays():
    assert translate("my net, 3 layers") == "my net\uff0c3 layers"
    assert translate("not ankle boot") == "\u8bef\u4e3a\u77ed\u9774"
    assert translate("a\nb") == "a\nb"


def test_the_table_has_the_same_gaps_in_both_languages():
    path = Path(d2l.__file__).parent / "figures" / "chinese.json"
    for english, chinese in json.loads(path.read_text(encoding="utf-8")).items():
        gaps = [sorted(re.findall(r"\{\w+\}", text)) for text in (english, chinese)]
        assert gaps[0] == gaps[1]
