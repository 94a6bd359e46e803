"""The command `gluon-softmax pack`, as a user types it."""

from __future__ import annotations

import argparse
import re

import numpy as np
import pytest
from gluon_softmax.data.splits import load_sets
from gluon_softmax.errors import GluonSoftmaxError
from gluon_softmax.pack_command import add_arguments
from PIL import Image


@pytest.fixture
def pictures(tmp_path):
    """Give a folder of ten pictures of cats and ten of dogs."""
    for number in range(20):
        path = tmp_path / "pets" / ("cat", "dog")[number % 2] / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.randint(0, 256, (40, 30, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path)
    return tmp_path / "pets"


def run(*arguments):
    """Parse and run the command; give its exit code and the line of its error."""
    parser = argparse.ArgumentParser()
    add_arguments(parser.add_subparsers(required=True))
    options = parser.parse_args(["pack", *map(str, arguments)])
    try:
        return options.command(options), ""
    except GluonSoftmaxError as error:
        return 2, str(error)


def test_prints_and_writes(pictures, tmp_path, capsys):
    """A line per split; what is written is the data set again."""
    output = tmp_path / "packed"
    assert run(pictures, output, "--shards", 2) == (0, "")
    lines = capsys.readouterr().out.splitlines()
    for line, start in zip(lines, ("train: 16", "test: 4")):
        rest = r"images of pets, 2 classes, 2 shards, 0\.0 MB"
        assert re.fullmatch(rf"{start} {rest}", line)
    assert lines[2:] == [f"wrote {output}"]
    for found, expected in zip(load_sets(output)[:2], load_sets(pictures)[:2]):
        np.testing.assert_array_equal(found.images, expected.images)
        np.testing.assert_array_equal(found.labels, expected.labels)
    assert len(list(output.glob("*-of-00002.rec"))) == 4


def test_shards_can_be_packed_anew(pictures, tmp_path):
    """Into another number of shards."""
    run(pictures, tmp_path / "two", "--shards", 2)
    assert run(tmp_path / "two", tmp_path / "four", "--shards", 4) == (0, "")
    two, four = (load_sets(tmp_path / name) for name in ("two", "four"))
    np.testing.assert_array_equal(two.train.images, four.train.images)
    assert two.moments == four.moments


@pytest.mark.parametrize(
    ("data", "output", "shards", "message"),
    [
        ("cifar", "out", 4, "one of fashion-mnist, mnist, or a folder of pictures"),
        ("pets", "out", 0, "shards to be a whole number from 1 on, found 0"),
        ("pets", "out", 5, "at most 4 shards, as many as there are images for test"),
        ("pets", "pets", 2, "pets: expected a folder that is empty or not there yet"),
        ("pets", "a;b", 2, "in its path, which mean something to MXNet"),
        ("pets/cat", "out", 2, "at least two classes, found 0"),
        ("broken", "out", 2, "index.json: expected what gluon-softmax pack writes"),
    ],
)
def test_bad_values_get_one_line_and_nothing_is_written(
    pictures, tmp_path, monkeypatch, data, output, shards, message
):
    """What was expected, what was found, what to do."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "index.json").write_text("{")
    before = sorted(tmp_path.rglob("*"))
    code, line = run(data, output, "--shards", shards)
    assert code == 2
    assert message in line
    assert "\n" not in line
    assert sorted(tmp_path.rglob("*")) == before


def test_help_says_what_there_is(capsys):
    """Data sets, and the number of shards."""
    with pytest.raises(SystemExit):
        run("--help")
    text = " ".join(capsys.readouterr().out.split())
    for word in ("fashion-mnist, mnist, or a folder", "--shards", "default: 4"):
        assert word in text
