"""The page as a file: what is in it, that it is whole; and the command."""

from __future__ import annotations

import json
import re
import zlib
from base64 import b64decode
from collections import Counter
from dataclasses import replace
from pathlib import Path

import gluon_softmax
import numpy as np
import pytest
from gluon_softmax import ImageDataset, SyntheticFashion
from drawn_models import draw_model
from gluon_softmax.chapter import concise, scratch
from gluon_softmax.chapter.versions import GLUON, HANDMADE, SCRATCH, VERSIONS
from gluon_softmax.commands.main import main
from gluon_softmax.commands.page.build import SCRIPTS, STYLES, build_page
from gluon_softmax.commands.page.content import (
    choose_images,
    collect,
    find_probabilities,
)
from gluon_softmax.commands.page.networks import pack_network
from gluon_softmax.data.identity import identify
from gluon_softmax.data.labels import TEXT_LABELS, TEXT_LABELS_ZH
from gluon_softmax.errors import DataError
from gluon_softmax.history import Epoch, History
from gluon_softmax.models import comparison_file
from gluon_softmax.models.comparison_file import SavedComparison
from mxnet import nd

FOLDER = Path(gluon_softmax.__file__).parent / "commands" / "page"
TEXTS_DRAWN = ("ink", "soft", "is-wrong")
NAMES = tuple(VERSIONS.values())
LINES = ("edge", "focus", "version-0", "version-1", "version-2", "against", "favour")
SETTINGS = {"num_epochs": 1, "batch_size": 16, "lr": 0.1, "momentum": 0.0, "seed": 0}
TEXTS = json.loads((FOLDER / "texts.json").read_text(encoding="utf-8"))


def make_set(count=40, title="Fashion-MNIST"):
    """Make random images of the ten garments."""
    images = np.random.randint(0, 256, (count, 28, 28), dtype=np.uint8)
    labels = np.random.randint(0, 10, count)
    return ImageDataset(images, labels, title=title, classes=TEXT_LABELS)


def make_comparison(test_set, data="Fashion-MNIST", names=NAMES, classes=TEXT_LABELS):
    """Make a comparison of models with drawn parameters, each for other classes."""
    models, histories = {}, {}
    for number, name in enumerate(names):
        drawn = draw_model(data=data)
        params = {n: np.roll(p, number, axis=-1) for n, p in drawn.params.items()}
        models[name] = replace(drawn, params=params, classes=classes)
        found = predict_with_mxnet(models[name], test_set.images)[0]
        right = np.mean(found.argmax(axis=1) == test_set.labels)
        histories[name] = History([Epoch(1, 0.8, 0.7, right, 0.1)])
    return SavedComparison(data, SETTINGS, histories, [1e-6], models)


def read_embedded(page, name):
    """Parse the JSON in one of the page's script elements."""
    pattern = rf'<script type="application/json" id="{name}">(.*?)</script>'
    return json.loads(re.search(pattern, page, re.S)[1])


def predict_with_mxnet(model, images):
    """Return the probabilities of both of the book's versions."""
    X, (W, b) = nd.array(model.scale(images)), map(nd.array, model.params.values())
    net = concise.make_net()
    net(X)
    net[0].weight.set_data(W.T)
    net[0].bias.set_data(b)
    return scratch.net(X, W, b).asnumpy(), net(X).softmax().asnumpy()


def test_probabilities_are_mxnets():
    """From scratch and from Gluon's parts, whatever pixels are scaled to."""
    model, images = draw_model(pixel_mean=0.13, pixel_deviation=0.31), make_set().images
    found = find_probabilities(model, images)
    for expected in predict_with_mxnet(model, images):
        np.testing.assert_allclose(found, expected, atol=1e-5, rtol=0)


def test_what_is_embedded_is_what_was_given():
    """Bit by bit: weights, biases and pixels; and the counts are MXNet's."""
    test_set = make_set()
    comparison = make_comparison(test_set)
    data = read_embedded(build_page(comparison, test_set, test_set), "data")
    for version in data["versions"]:
        model = comparison.models[version["name"]]
        for name, param in model.params.items():
            embedded = np.frombuffer(b64decode(version[name]), "<f4")
            np.testing.assert_array_equal(embedded, param.ravel())
        predicted = predict_with_mxnet(model, test_set.images)[0].argmax(axis=1)
        pairs = zip(test_set.labels, predicted)
        counts = Counter(tuple(map(int, pair)) for pair in pairs)
        found = {p: n for p, n in np.ndenumerate(version["confusion"]) if n}
        assert found == counts
        assert version["epochs"] == comparison.histories[version["name"]].to_list()
    assert [version["name"] for version in data["versions"]] == list(comparison.models)
    pixels = zlib.decompress(b64decode(data["images"]["pixels"]["text"]))
    columns = np.frombuffer(pixels, "uint8").reshape(-1, 28, 28)
    assert (columns.transpose(0, 2, 1) == test_set.images[..., 0]).all()
    assert data["images"]["labels"] == test_set.labels.tolist()
    assert data["classes"] == {"en": list(TEXT_LABELS), "zh": list(TEXT_LABELS_ZH)}
    assert data["standIn"] is False


def test_the_first_images_and_the_most_confident_mistakes_are_chosen():
    """Every other mistake is less confident than four that are there."""
    labels = np.random.randint(0, 3, 5000)
    probabilities = np.random.dirichlet([1, 1, 1], 5000)
    chosen = choose_images(labels, probabilities)
    assert chosen[:900].tolist() == list(range(900))
    assert chosen.tolist() == sorted(set(chosen.tolist()))
    predicted, sure = probabilities.argmax(axis=1), probabilities.max(axis=1)
    for cell in np.ndindex(3, 3):
        places = np.flatnonzero((labels == cell[0]) & (predicted == cell[1]))
        best = places[np.argsort(-sure[places])][: 4 * (cell[0] != cell[1])]
        others = set(places.tolist()) & set(chosen[900:].tolist())
        assert {place for place in best if place >= 900} == others


def test_a_page_of_the_most_images_that_there_can_be_is_below_3_mb():
    """With random bytes, and four mistakes in each of the 90 cells."""
    test_set = make_set(10_000)
    test_set.images[np.random.rand(*test_set.images.shape) < 0.9] = 0
    comparison = make_comparison(test_set)
    data = collect(comparison, test_set)
    assert len(data["images"]["labels"]) > 1200
    assert len(build_page(comparison, test_set, test_set).encode()) < 3e6


def test_nothing_breaks_out_of_the_data():
    """A data set's title may hold any sign."""
    title = "</script><script>alert(1)</script> <!-- insert style --> \u2028 &amp;"
    test_set = make_set(title=title)
    page = build_page(make_comparison(test_set, title), test_set, test_set)
    assert page.lower().count("<script") == page.lower().count("</script") == 4
    assert read_embedded(page, "data")["title"] == title


def test_the_page_needs_nothing_beside_it():
    """No address, no file, and a policy that forbids both; and no HTML from data."""
    test_set = make_set()
    page = build_page(make_comparison(test_set), test_set, test_set)
    addresses = set(re.findall(r'(?:https?:)?//[\w.]+\.\w+/?[^\s"]*', page))
    assert addresses == {"http://www.w3.org/2000/svg"}  # a name, never fetched
    assert set(re.findall(r'(?:href|src)="([^#"][^"]*)"', page)) == {"data:,"}
    assert "default-src 'none'" in page
    for word in ("url(", "@import", "fetch(", "innerHTML", "<!-- insert"):
        assert word not in page
    files = {path for path in FOLDER.iterdir() if path.suffix in (".js", ".css")}
    assert {path.name for path in files} == {*SCRIPTS, *STYLES, "theme.js"}
    for path in files:
        assert path.read_text(encoding="utf-8").strip() in page


def test_both_languages_say_the_same_things():
    """The same texts, with the same gaps; every one is used, and none is missing."""
    gaps = [
        {key: sorted(re.findall(r"\{\w+\}", str(text))) for key, text in texts.items()}
        for texts in TEXTS.values()
    ]
    assert gaps[0] == gaps[1]
    others = str({**TEXTS["en"], "stand_in": ""})
    assert not re.search(r"garment|Fashion|\bten\b", others)
    assert not re.search("[\u4e00-\u9fff]", str({**TEXTS["en"], "other_language": ""}))
    sources = "".join(
        path.read_text(encoding="utf-8")
        for path in FOLDER.iterdir()
        if path.suffix in (".js", ".html")
    )
    asked = set(re.findall(r'data-(?:text|label)="(\w+)"|say\("(\w+)"', sources))
    for key in {first or second for first, second in asked}:
        assert key in TEXTS["en"]
    for key in TEXTS["en"]:
        assert re.search(rf'["\'.`]{key}\b|legend_', sources), key


def find_lightness(colour):
    """Compute the relative luminance of WCAG 2 of a colour, rrggbb."""
    channels = np.frombuffer(bytes.fromhex(colour), np.uint8) / 255
    bent = ((channels + 0.055) / 1.055) ** 2.4
    return np.where(channels <= 0.04045, channels / 12.92, bent) @ [0.21, 0.72, 0.07]


@pytest.mark.parametrize("theme", [0, 1])
def test_texts_can_be_read(theme):
    """Contrast of at least 4.5 for texts and of 3 for lines, light and dark."""
    sheet = (FOLDER / "colours.css").read_text(encoding="utf-8")
    pairs = re.findall(r"--([\w-]+): #(\w{6})", sheet.split("data-theme")[theme])
    lights = {name: find_lightness(colour) + 0.05 for name, colour in pairs}
    texts = [
        (text, ground, 4.5) for text in TEXTS_DRAWN for ground in ("paper", "sheet")
    ]
    lines = [(line, "paper", 3) for line in LINES]
    for one, other, least in [*texts, *lines, ("on-banner", "banner", 4.5)]:
        contrast = lights[one] / lights[other]
        assert max(contrast, 1 / contrast) >= least, (one, other)


def run(monkeypatch, options, *arguments):
    """Run the command on a comparison on the drawn stand-in."""
    stand_in = SyntheticFashion(train=False)
    comparison = make_comparison(stand_in, **{"data": stand_in.title, **options})
    monkeypatch.setattr(comparison_file, "read_comparison", lambda path: comparison)
    return main(["page", *map(str, arguments)])


def test_the_command_writes_one_file(monkeypatch, tmp_path, capsys):
    """It says where and how large; of the drawn stand-in, the page knows."""
    path = tmp_path / "new" / "page.html"
    assert run(monkeypatch, {}, "--output", path) == 0
    size = path.stat().st_size
    assert capsys.readouterr().out == f"wrote {path} ({size / 1e6:.2f} MB)\n"
    assert list(path.parent.iterdir()) == [path]
    data = read_embedded(path.read_text(encoding="utf-8"), "data")
    assert data["standIn"] is True
    assert data["numTest"] == 2000


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"names": [SCRATCH]}, "expected a comparison of from scratch and Gluon"),
        ({"names": [GLUON, HANDMADE]}, "found Gluon, NumPy by hand"),
        ({"classes": tuple("abcdefghij")}, "softmax regression on the classes of"),
        ({"data": "fruit"}, "found one on 'fruit'"),
    ],
)
def test_what_the_page_cannot_show_gets_one_line(
    options, message, monkeypatch, tmp_path, capsys
):
    """And nothing is written."""
    assert run(monkeypatch, options, "--output", tmp_path / "page.html") == 2
    (error,) = capsys.readouterr().err.splitlines()
    assert message in error
    assert not list(tmp_path.iterdir())


def test_models_tested_on_other_images_are_refused():
    """However close their accuracy would be; what does not say on which is taken."""
    test_set, other = make_set(), make_set()
    comparison = make_comparison(test_set)
    collect(comparison, other)
    digest = identify(test_set)["digest"]
    knowing = {n: replace(m, test_set=digest) for n, m in comparison.models.items()}
    network = draw_model("perceptron", test_set=digest)
    comparison = replace(comparison, models=knowing)
    collect(comparison, test_set)
    with pytest.raises(DataError, match="softmax on Fashion-MNIST was tested on"):
        collect(comparison, other)
    network = replace(network, classes=TEXT_LABELS)
    pack_network(network, test_set)
    with pytest.raises(DataError, match="test images that perceptron on"):
        pack_network(network, other)


@pytest.mark.parametrize(
    "settings", [{}, {**SETTINGS, "lr": -1}, {**SETTINGS, "num_epochs": 9**9}]
)
def test_settings_that_are_none_are_refused(settings):
    """The page trains once more by them: what is missing, wrong or endless is said."""
    test_set = make_set()
    comparison = replace(make_comparison(test_set), settings=settings)
    with pytest.raises(DataError, match="run gluon-softmax compare again"):
        collect(comparison, test_set)
