"""The command, as a user types it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from gluon_softmax.commands.main import main, make_parser

COMMANDS = re.findall(r"^    (\w+)\b", make_parser().format_help(), re.MULTILINE)


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
    chapter = {"num_epochs": 5, "batch_size": 256, "lr": 0.1, "data": "fashion-mnist"}
    parse = make_parser().parse_args
    for arguments in (["compare"], ["train", "softmax"]):
        found = vars(parse(arguments)).items()
        assert found >= {**chapter, "momentum": 0.0, "seed": 0}.items()
    study = vars(parse(["study"]))
    assert study["momentum"] == [0.0, 0.9]
    assert all(study[name] == [value] for name, value in chapter.items())


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
