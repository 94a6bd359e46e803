"""The command, as a user types it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from gluon_softmax.commands.main import main, make_parser
from gluon_softmax.data import sources
from gluon_softmax.data.datasets import SyntheticFashion

COMMANDS = re.findall(r"^    (\w+)\b", make_parser().format_help(), re.MULTILINE)


@pytest.fixture
def quick(monkeypatch):
    """Draw fewer garments."""
    monkeypatch.setattr(
        "gluon_softmax.data.datasets.SyntheticFashion",
        lambda train: SyntheticFashion(train, num_images=300 if train else 100),
    )


@pytest.mark.usefixtures("quick")
def test_compare_falls_back_to_the_stand_in_and_says_so(no_data, capsys):
    """Without data and network every line and file says that the data is drawn."""
    assert main(["compare", "--num-epochs", "1", "--batch-size", "50"]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines() + [line for line in err.splitlines() if "127" in line]
    assert all(line.startswith("[drawn stand-in] ") for line in lines)
    assert "Fashion-MNIST is not on this machine" in err
    files = list((no_data / "comparison").iterdir())
    assert all(file.stem.endswith("-stand-in") for file in files)
    assert f"wrote {len(files)} files to comparison: " in out
    numbers = json.loads((no_data / "comparison/comparison-stand-in.json").read_text())
    assert "drawn stand-in, not Fashion-MNIST" in numbers["data"]


@pytest.mark.slow
def test_compare_on_real_data(fashion, tmp_path, capsys):
    """One epoch on Fashion-MNIST: a table, figures and numbers, no mark."""
    assert main(["compare", "--num-epochs", "1", "--output", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "stand-in" not in out
    assert "Fashion-MNIST: num_epochs 1, batch_size 256, lr 0.1, momentum 0.0" in out
    numbers = json.loads((tmp_path / "comparison.json").read_text())
    assert numbers["largest_parameter_difference"][0] < 1e-5
    assert len(list(tmp_path.iterdir())) == 18
    assert f"wrote 18 files to {tmp_path}: " in out


def show_help(name, capsys):
    """Return a command's help in one line."""
    with pytest.raises(SystemExit):
        main([name, "--help"])
    return " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("name", COMMANDS)
def test_help_describes_and_shows_an_example(name, capsys, monkeypatch):
    """The example can be run; where an option has no default, none is named."""
    monkeypatch.chdir(Path(__file__).parents[1])
    text, _, example = show_help(name, capsys).partition(" example: gluon-softmax ")
    example = example.replace("scripts/*.py", "scripts/exercises.py")
    assert example.split()[0] == name
    assert make_parser().parse_args(example.split()).command
    assert re.search(r"\. (options|optional arguments|positional arguments):", text)
    assert "None" not in text
    assert "SUPPRESS" not in text


def test_help_shows_choices_and_values(capsys):
    """What can be chosen, and what a value is, rather than the option in capitals."""
    text = show_help("train", capsys)
    assert "--ctx {cpu,gpu} " in text
    assert "--data {fashion-mnist,mnist,DIR} " in text
    assert "--lr X learning rate (default: 0.1)" in text
    assert "--momentum X momentum coefficient, from 0 to below 1 (default: 0.0)" in text
    study = show_help("study", capsys)
    assert "--lr X [X ...] learning rates (default: 0.1)" in study
    assert "(default: 0.0 0.9)" in study


def test_without_options_commands_are_the_chapter():
    """The settings of the book's sections 3.6 and 3.7, in every command that trains."""
    chapter = {"num_epochs": 5, "batch_size": 256, "lr": 0.1, "seed": 0}
    parse = make_parser().parse_args
    for arguments in (["compare"], ["train", "softmax"]):
        found = vars(parse(arguments)).items()
        assert found >= {**chapter, "momentum": 0.0}.items()
    assert parse(["train", "softmax"]).data == "fashion-mnist"
    study = vars(parse(["study"]))
    assert (study["data"], study["momentum"]) == (["fashion-mnist"], [0.0, 0.9])
    for name in ("num_epochs", "batch_size", "lr"):
        assert study[name] == [chapter[name]]


@pytest.mark.slow
@pytest.mark.usefixtures("fashion")
def test_train_softmax_is_the_chapter(tmp_path):
    """The loss and the accuracy that the chapter's settings gave in PyTorch, too."""
    assert main(["train", "softmax", "--output", str(tmp_path)]) == 0
    numbers = json.loads((tmp_path / "softmax-fashion-mnist.json").read_text())
    last = numbers["epochs"][-1]
    assert last["epoch"] == 5
    assert last["loss"] == pytest.approx(0.4855, abs=0.002)
    assert last["train_acc"] == pytest.approx(0.838, abs=0.003)


@pytest.mark.slow
def test_damaged_cache_is_passed_over_in_one_line(no_data, quick, capsys):
    """What is wrong with files that the user did not name is said, and goes on."""
    folder = no_data / ".mxnet" / "datasets" / "fashion-mnist"
    folder.mkdir(parents=True)
    for file in sources.SPLITS[True]:
        (folder / f"{file}.gz").write_bytes(b"")
    assert main(["compare", "--num-epochs", "1", "--batch-size", "50"]) == 0
    first = capsys.readouterr().err.splitlines()[0]
    assert first.startswith("gluon-softmax: passed over: ")
    assert first.endswith("is empty: delete it and fetch it again")


@pytest.mark.parametrize("action", ["list", "verify", "fetch"])
def test_data_says_where_it_is(action, fashion, capsys):
    """In which folder, and of which revision; fetch leaves it there."""
    assert main(["data", action, "fashion-mnist"]) == 0
    out = capsys.readouterr().out
    assert "fashion-mnist train: official revision in" in out
    assert "fashion-mnist test: official revision in" in out


def test_doctor_is_content(capsys):
    """On a machine where these tests run the doctor exits with 0."""
    assert main(["doctor"]) == 0
    assert "  ok  import mxnet: works" in capsys.readouterr().out
