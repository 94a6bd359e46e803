"""Every error that a user can cause: one line, exit code 2, and nothing written."""

from __future__ import annotations

import argparse
import re
from functools import partial
from importlib import import_module
from pathlib import Path
from unittest.mock import Mock

import pytest
from drawn_models import draw_images, draw_model
from gluon_softmax.commands.main import main, make_parser
from gluon_softmax.data import sources
from gluon_softmax.data.published import FILE_NAMES
from gluon_softmax.data.synthetic import SyntheticFashion
from gluon_softmax.figures import chinese
from gluon_softmax.models.model import save_model
from PIL import Image

COMMANDS = re.findall(r"^    (\w+)\b", make_parser().format_help(), re.MULTILINE)
MISTYPED = (
    ("", "required: command"),
    ("compair", "(did you mean compare?); see gluon-softmax --help"),
    ("compare --no-such-option", "unrecognized arguments: --no-such-option; see"),
    ("compare --epochs 2", "--epochs 2 (did you mean --num-epochs?); see"),
    ("compare --batchsize=2", "(did you mean --batch-size?); see"),
    ("compare --lr fast", "invalid float value: 'fast'"),
    ("bench --round 3", "(did you mean --rounds?); see"),
    ("train softmaks", "(did you mean softmax?); see gluon-softmax train"),
    ("train gluon", "invalid choice: 'gluon'"),
    ("train softmax --ctx tpu", "(choose from"),
    ("study --pixels centered", "(did you mean centred?); see"),
    ("data explode", "invalid choice: 'explode'"),
    (f"page --output {300 * 'x'}", f"file or folder, found '{79 * 'x'} (File name too"),
    ("page --output ~nouser/x", "expected the path of a file or folder, found"),
    ("notebooks a.py --set epochs", "expected NAME=VALUE, found 'epochs'"),
)
UNUSABLE = (
    ("compare --batch-size 301", "expected a --batch-size of at most 300"),
    ("compare --root nowhere", "--root names nowhere, which is not there"),
    ("compare --data mnist", "MNIST is not on this machine"),
    ("compare --data comparison", "expected a folder for each of at least two classes"),
    ("compare --data 0.png", "expected --data to be one of fashion-mnist, mnist, or a"),
    ("compare --animate film.avi", "to end in .gif, .mp4, .html, found 'film.avi'"),
    ("compare --animate film", "to end in .gif, .mp4, .html, found 'film'"),
    ("compare --animate film.mp4", "film.mp4: ffmpeg, which writes .mp4, is not inst"),
    ("compare --language zh", "no font with Chinese characters is installed"),
    ("launch -n 2 -- train softmax --lr 0", "expected --lr to be a number above 0"),
    ("train softmax --data cifar", "expected --data to be one of fashion-mnist, mnist"),
    ("train softmax --ctx gpu", "--ctx to be cpu, found 'gpu': MXNet finds no GPU"),
    ("train softmax --every 5", "expected --checkpoint together with --every"),
    ("train softmax --resume", "expected --checkpoint together with --resume"),
    ("train softmax --kvstore dist_sync", "start it with gluon-softmax launch"),
    ("data list --root nowhere", "--root names nowhere, which is not there"),
    ("data list cifar", "unknown data set 'cifar': choose one of"),
    ("data verify mnist", "mnist train: not on this machine"),
    ("data fetch mnist --root new", "MNIST is not on this machine"),
    ("predict 0.png bad.png", "bad.png: expected a picture"),
    ("predict 0.png none.png", "none.png cannot be read (No such file"),
    ("predict grey.png", "grey.png: expected a picture of something, found one colour"),
    ("predict 0.png --model none.npz", "none.npz is not there"),
    ("predict 0.png --model bad.png", "bad.png: expected a .npz"),
    (f"export {250 * 'x'}.npz", "xxx.npz cannot be written (File name too long"),
    ("predict 0.png --output bad.png/p", "bad.png/p.png cannot be written"),
    ("page", "comparison/comparison.json is not there"),
    ("page --comparison other/comparison.json", "with --comparison other/comparison-m"),
    ("predict 0.png --model other/m.npz", "another data set: take that with --model"),
    ("export a.npz --model other/m.npz", "other/m-mnist.npz is, of another data set"),
    ("export a.npz b.pt", "end in .npz, .onnx, .json, found 'b.pt'"),
    ("export a.npz --model none.npz", "run gluon-softmax compare or"),
    ("export a.npz --model bad.npz", "bad.npz: expected a .npz"),
    ("export bad.npz/a.npz", "bad.npz/a.npz cannot be written"),
    ("export comparison/../taken.json", "taken.params cannot be written"),
    ("import none.npz", "none.npz is not there"),
    ("import comparison", "comparison cannot be read (Is a directory)"),
    ("import comparison/model-gluon.npz", "MNIST is not on this machine"),
    ("notebooks nowhere.py", "there is no script (.py) nowhere.py"),
    ("notebooks README.md", "there is no script (.py) README.md"),
    (f"notebooks a.py --set x={'(' * 9999}", "name one of num_epochs, found 'x'"),
    ("notebooks a.py --set epochs=1", "name one of num_epochs, found 'epochs'"),
    ("notebooks broken.py", "broken.py is no Python script"),
    ("notebooks bytes.py", "bytes.py is no Python script"),
)
PRINTING = ["doctor", "data list", *(f"{name} --help" for name in COMMANDS)]


@pytest.fixture
def folder(no_data, monkeypatch):
    """Work where there is a model, a picture and much that is damaged, and no GPU."""
    save_model(draw_model(data="MNIST"), "comparison/model-gluon.npz")
    Image.fromarray(draw_images(1)[0] // 2).save("0.png")
    Image.new("L", (50, 50), 128).save("grey.png")
    Path("bad.png").write_bytes(Path("0.png").read_bytes()[:300])
    Path("bad.npz").write_bytes(b"PK\x03\x04 cut off")
    Path("bytes.py").write_bytes(b"\xff\x00")
    Path("broken.py").write_text("1 +")
    Path("a.py").write_text('# %% tags=["parameters"]\nnum_epochs = 5\n')
    Path("README.md").touch()
    Path("taken.params").mkdir()
    Path("other").mkdir()
    Path("other/comparison-mnist.json").touch()
    Path("other/m-mnist.npz").touch()
    monkeypatch.setattr("mxnet.context.num_gpus", lambda: 0)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(chinese, "find_chinese_font", lambda: None)
    small = partial(SyntheticFashion, num_images=300)
    import_module("gluon_softmax.commands.page.content")  # which keeps the real class
    monkeypatch.setattr("gluon_softmax.data.synthetic.SyntheticFashion", small)
    return no_data


def fail(capsys, command):
    """Run a command that fails; return its last line, which stands alone."""
    before = sorted(Path().rglob("*"))
    try:
        code = main(command.split())
    except SystemExit as stop:
        code = stop.code
    assert code == 2
    *others, error = capsys.readouterr().err.splitlines()
    assert all("drawing garments instead" in line for line in others)
    assert error.startswith("gluon-softmax")
    assert sorted(Path().rglob("*")) == before
    return error


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("command", "message"), MISTYPED)
def test_what_cannot_be_parsed(command, message, capsys):
    """The line says what may be meant, or at least where to read on."""
    error = fail(capsys, command)
    assert message in error
    name = command.split(" ")[0]
    assert re.search(rf"; see gluon-softmax( {name}.*)? --help$", error)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("command", "message"), UNUSABLE)
def test_what_cannot_be_used(command, message, capsys):
    """The line says what was expected and found, before anything is trained."""
    assert message in fail(capsys, command)


def read_help(name, capsys):
    """Return a command's help, and the arguments of its example."""
    with pytest.raises(SystemExit):
        main([name, "--help"])
    text, _, example = capsys.readouterr().out.partition("example: gluon-softmax ")
    return text, example.strip()


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("name", COMMANDS)
def test_a_bad_number_is_named_as_it_was_typed(name, capsys):
    """By its option in every command, not by an argument of Python's."""
    text, example = read_help(name, capsys)
    example, dashes, behind = example.partition(" -- ")
    options = re.findall(r"^  (-\S+) (?:N|X|K|THRESHOLD)\b", text, re.MULTILINE)
    for option in set(options) - {"--target"}:  # any number is one
        error = fail(capsys, f"{example} {option} -1{dashes}{behind}")
        assert f"expected {option} to be " in error


def list_texts(parser):
    """List the commands with each argument that is no number and no choice."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield from list_texts(below)
            continue
        is_other = action.type in (int, float) or action.choices or action.nargs == 0
        if not is_other and action.dest != "ssh":
            yield " ".join([parser.prog, *action.option_strings[:1]])


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("value", ["~nouser/x", 300 * "x", 2500 * "x/"])
@pytest.mark.parametrize("argument", [*list_texts(make_parser())])
def test_what_can_be_no_path(argument, value, capsys):
    """Whatever takes a path, or another text, of any command."""
    fail(capsys, f"{argument.partition(' ')[2]} {value}")


@pytest.mark.parametrize("name", COMMANDS)
def test_the_working_directory_was_removed(name, folder, capsys, monkeypatch):
    """No command starts there."""
    _, example = read_help(name, capsys)
    gone = folder / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert re.search("directory was removed|no script", fail(capsys, example))


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("command", PRINTING)
def test_nothing_can_be_printed(command, capsys, monkeypatch):
    """As on a full disk: no error is lost where output is kept back until the end."""
    with open("/dev/full", "w") as full:
        monkeypatch.setattr("sys.stdout", full)
        error = fail(capsys, command)
    assert "standard output cannot be used (No space left on device)" in error


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("command", ["compare", "train softmax", "data list"])
def test_a_variable_that_names_no_folder(command, monkeypatch, capsys):
    """It is an error, whatever is found elsewhere."""
    monkeypatch.setenv(sources.ENVIRONMENT_VARIABLE, "nowhere")
    assert "$GLUON_SOFTMAX_DATA names nowhere, which is not" in fail(capsys, command)


@pytest.mark.usefixtures("folder")
def test_what_the_system_refuses(capsys, monkeypatch):
    """One line names the file, where nobody else does."""
    error = OSError(24, "Too many open files", "a file")
    monkeypatch.setattr(sources, "take_inventory", Mock(side_effect=error))
    error = fail(capsys, "data list")
    assert "a file cannot be used (Too many open files)" in error


@pytest.mark.usefixtures("folder")
def test_damaged_data_is_not_replaced_by_the_stand_in(capsys):
    """Where the user named its folder."""
    for file in FILE_NAMES[True]:
        Path(f"{file}.gz").write_bytes(b"<html>sign in</html>")
    assert "found a web page" in fail(capsys, "compare --root .")
