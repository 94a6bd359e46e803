"""The command, as a user types it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from gluon_softmax.commands.main import main, make_parser
from gluon_softmax.data import sources
from gluon_softmax.data.datasets import FashionMNIST, SyntheticFashion
from gluon_softmax.errors import DownloadError

COMMANDS = re.findall(r"^    (\w+)\b", make_parser().format_help(), re.MULTILINE)


@pytest.fixture
def no_data(tmp_path, monkeypatch):
    """Take away every data set and every mirror."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for variable in ("GLUON_SOFTMAX_DATA", "MXNET_HOME", "KERAS_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(sources, "_mirrors", lambda name: ("http://127.0.0.1:9/",))
    return tmp_path


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


@pytest.mark.parametrize(
    ("arguments", "file", "option"),
    [
        (["page"], "comparison", "--comparison"),
        (["predict", "picture.png"], "model-gluon", "--model"),
        (["export", "model.json"], "model-gluon", "--model"),
    ],
)
def test_other_commands_offer_the_stand_in(arguments, file, option, no_data, capsys):
    """Where that is all that there is; it is taken only when it is named."""
    (no_data / "comparison").mkdir()
    suffix = ".json" if file == "comparison" else ".npz"
    (no_data / f"comparison/{file}-stand-in{suffix}").touch()
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert f"comparison/{file}{suffix} is not there" in error
    assert error.endswith(f" {option} comparison/{file}-stand-in{suffix}\n")


def test_library_call_never_falls_back(no_data):
    """A data set that cannot be had is an error, not another data set."""
    with pytest.raises(DownloadError, match="Fashion-MNIST is not on this machine"):
        FashionMNIST()


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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "required: command"),
        (["compare", "--no-such-option"], "unrecognized arguments: --no-such-option;"),
        (["compare", "--epochs", "2"], "--epochs 2 (did you mean --num-epochs?); see"),
        (["compare", "--batchsize=2"], "(did you mean --batch-size?); see"),
        (["bench", "scaling", "--quik"], "(did you mean --quick?); see"),
        (["compair"], "(did you mean compare?); see gluon-softmax --help"),
        (["train", "softmaks"], "(did you mean softmax?); see gluon-softmax train"),
        (["train", "gluon"], "invalid choice: 'gluon'"),
        (["train", "softmax", "--ctx", "tpu"], "(choose from"),
        (["study", "--pixels", "centered"], "(did you mean centred?); see"),
        (["compare", "--lr", "fast"], "invalid float value: 'fast'"),
        (["data", "explode"], "invalid choice: 'explode'"),
    ],
)
def test_unknown_options_get_one_line(arguments, message, capsys):
    """What cannot be parsed ends with exit code 2 and where to read on."""
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    command = " ".join(["gluon-softmax", *arguments[:1]])
    assert f"see {command}" in error or "see gluon-softmax --help" in error
    assert error.endswith("--help\n")


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


def list_numbers():
    """List each option that takes a number, with -1 in its command's example."""
    commands = next(a for a in make_parser()._actions if isinstance(a.choices, dict))
    for name, parser in commands.choices.items():
        example, dashes, behind = parser.epilog.partition(" -- ")
        for action in parser._actions:
            if action.type in (int, float) and action.dest != "target":
                option = action.option_strings[0]
                words = f"{example} {option} -1{dashes}{behind}".split()[2:]
                yield pytest.param(option, words, id=f"{name} {option}")


@pytest.mark.usefixtures("no_data")
@pytest.mark.parametrize(("option", "arguments"), list(list_numbers()))
def test_a_bad_number_is_named_as_it_was_typed(option, arguments, capsys):
    """By its option in every command, not by an argument of Python's."""
    assert main(arguments) == 2
    assert f"expected {option} to be " in capsys.readouterr().err


@pytest.mark.usefixtures("no_data", "quick")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["compare", "--batch-size", "301"], "expected a --batch-size of at most 300"),
        (["launch", "-n", "2", "--", "train", "softmax", "--lr", "0"], "expected --lr"),
        (["train", "softmax", "--data", "cifar"], "expected --data to be one of"),
        (["compare", "--root", "nowhere"], "--root names nowhere, which is not there"),
        (["data", "list", "--root", "nowhere"], "--root names nowhere, which is not"),
        (["data", "list", "cifar"], "unknown data set 'cifar': choose one of"),
        (["data", "verify", "mnist"], "mnist train: not on this machine"),
        (["data", "fetch", "mnist", "--root", "new"], "MNIST is not on this machine"),
    ],
)
def test_bad_values_get_one_line(arguments, message, capsys):
    """What cannot be used ends with exit code 2, one line and nothing written."""
    assert main(arguments) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("gluon-softmax: ")
    assert message in last


def test_damaged_root_is_an_error_not_a_fallback(no_data, capsys):
    """Damaged files in the folder named are reported, not replaced by the stand-in."""
    for file in sources.SPLITS[True]:
        (no_data / f"{file}.gz").write_bytes(b"<html>sign in</html>")
    assert main(["compare", "--root", str(no_data)]) == 2
    assert "found a web page" in capsys.readouterr().err
    assert not (no_data / "comparison").exists()


@pytest.mark.usefixtures("no_data")
@pytest.mark.parametrize("command", ["compare", "train softmax", "data list"])
def test_a_variable_that_names_no_folder_is_an_error(command, monkeypatch, capsys):
    """In a line that says so, whatever is found elsewhere."""
    monkeypatch.setenv(sources.ENVIRONMENT_VARIABLE, "nowhere")
    assert main(command.split()) == 2
    error = capsys.readouterr().err
    assert error.startswith("gluon-softmax: $GLUON_SOFTMAX_DATA names nowhere, which")
    assert error.count("\n") == 1


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
