"""One door for files that a user names, and one for names that are shown."""

from __future__ import annotations

import ast
import io
import os
import socket
import sys
from pathlib import Path

import gluon_softmax
import pytest
from drawn_models import draw_images, draw_model
from gluon_softmax.cluster.hosts import read_hosts
from gluon_softmax.commands.main import main
from gluon_softmax.commands.terminal import showing_names
from gluon_softmax.data.folders import read_folder
from gluon_softmax.data.idx import open_idx, read_idx
from gluon_softmax.data.pictures import read_picture
from gluon_softmax.errors import DataError, show
from gluon_softmax.models.comparison_file import read_comparison
from gluon_softmax.models.model import load_model, save_model
from gluon_softmax.storage.files import hash_file, open_file
from PIL import Image

PACKAGE = Path(gluon_softmax.__file__).parent
OPENERS = {"open", "read_bytes", "read_text", "iterdir", "listdir", "scandir"}
OPENERS |= {"ZipFile", "np.load", "np.fromfile", "np.loadtxt", "np.memmap"}
AROUND = {
    "storage/": "is the door",
    "bench/": "reads what it wrote to a temporary folder, and Linux's own under /proc",
    "cluster/manifests.py": "reads the package's own templates",
    "commands/page/build.py": "reads the package's own files",
    "commands/main.py": "opens the null device to write to",
    "data/decoding.py": "decodes what came through the door",
    "data/idx.py": "decompresses what came through the door",
    "data/published.py": "reads the package's own file",
    "data/synthetic.py": "so too",
    "figures/translation.py": "so too",
    "models/symbol_files.py": "reads what MXNet wrote to a temporary folder",
    "trainer/checkpoint.py": "lists the folder that it has locked",
}
"""Who may open files without the door, and why."""


def list_openers(source: str) -> list[str]:
    """List the calls of a module that open or list what has a name."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            call = ast.unparse(node.func)
            if call in OPENERS or call.rpartition(".")[2] in OPENERS:
                found.append(call)
    return found


@pytest.mark.parametrize(
    "path", [str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*.py")]
)
def test_no_reader_goes_around_the_door(path):
    """But those that read nothing of the user's."""
    if not path.startswith(tuple(AROUND)):
        assert not list_openers((PACKAGE / path).read_text(encoding="utf-8"))


@pytest.mark.parametrize("call", ["open(p)", "Path(p).read_text()", "np.load(p)"])
def test_a_reader_that_goes_around_is_found(call):
    """However it opens its file."""
    assert len(list_openers(f"def read(p):\n    return {call}")) == 1


@pytest.fixture
def odd(tmp_path, monkeypatch):
    """Make what is no file, by name; one is long, one is the user's only."""
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    Path("folder").mkdir()
    Path("link").symlink_to("nowhere")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("socket")
        yield


ODD = {
    "pipe": "Is a pipe",
    "/dev/zero": "Is a device",
    "socket": "Is a socket",
    "folder": "Is a directory",
    "link": "No such file",
    "x" * 300: "File name too long",
    "pipe/x": "Not a directory",
}
READERS = (load_model, read_comparison, read_idx, open_idx, read_picture, read_hosts)


@pytest.mark.usefixtures("odd")
@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)
@pytest.mark.parametrize("name", ODD)
def test_what_is_no_file_is_refused_at_once(reader, name):
    """In one line, whatever was to be read."""
    with pytest.raises(DataError) as caught:
        reader(name)
    line = str(caught.value)
    assert line.startswith(show(name))
    assert ODD[name] in line or "is not there" in line
    assert len(line.splitlines()) == 1


def test_a_file_of_too_many_bytes_is_not_read(tmp_path):
    """A hole takes no room on a disk, but would in memory."""
    path = tmp_path / "hole"
    path.touch()
    os.truncate(path, 2**40)
    open_file(path).close()
    with pytest.raises(DataError, match=r"at most 1,000 bytes, found 1,099,511,627,"):
        open_file(path, most=1000)


def test_a_checksum_is_sha256sums(tmp_path):
    """Of a known text."""
    (tmp_path / "a").write_bytes(b"abc")
    assert hash_file(tmp_path / "a").startswith("ba7816bf8f01cfea414140de5dae2223")


@pytest.mark.skipif(os.name != "posix", reason="permissions are those of POSIX")
def test_a_folder_that_cannot_be_entered(tmp_path, monkeypatch):
    """Root may do anything: here the system's own answer is made up."""

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(DataError, match=r"cannot be read \(Permission denied\)"):
        read_folder(tmp_path)


# Names


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("coat", "coat"),
        ("短靴 é", "短靴 é"),
        ("a\x1b[2J", r"a\x1b[2J"),
        ("a\nb", r"a\nb"),
        ("\x9b1m", r"\x9b1m"),
        ("a\u202eb", r"a\u202eb"),
        ("\udcff", r"\udcff"),
        (Path("a") / "b", "a/b"),
        ("x" * 200 + "y" * 200, "x" * 125 + "…" + "y" * 125),
    ],
)
def test_a_name_is_shown_so_that_it_cannot_act(name, shown):
    """Control characters are visible, in any language the rest is as it is."""
    assert show(name) == shown


def test_no_error_acts_on_a_terminal():
    """Whoever made its message; lines stay lines."""
    assert str(DataError("a\x1b[2J\nb")) == "a\\x1b[2J\nb"


ACTING = "\x1b[2Ja\u202e\udcff"


@pytest.fixture
def hostile(tmp_path, monkeypatch):
    """Work where files and classes have names that act on a terminal."""
    monkeypatch.chdir(tmp_path)
    for name in (ACTING, "b"):
        Path(name).mkdir()
        for number in range(3):
            Image.fromarray(draw_images(1)[0]).save(f"{name}/{ACTING}{number}.png")
    model = draw_model(data="x\x1b[2J")
    classes = [f"{number}\x1b[2J" for number in range(10)]
    save_model(model.__class__("softmax", model.params, tuple(classes)), "m.npz")


@pytest.mark.usefixtures("hostile")
def test_names_reach_no_terminal_as_they_are(capsys):
    """Of folders, files and classes, printed, drawn or in an error."""
    train_set, _ = read_folder(".")
    assert train_set.classes == (show(ACTING), "b")
    assert load_model("m.npz").classes[0] == r"0\x1b[2J"
    picture = f"{ACTING}/{ACTING}0.png"
    assert main(["predict", picture, "--model", "m.npz", "--output", ACTING]) == 0
    assert main(["predict", picture, "--model", ACTING]) == 2
    assert main(["data", "list", ACTING]) == 2
    output = capsys.readouterr()
    assert r"\x1b[2J" in output.out
    assert r"\x1b[2J" in output.err
    for text in (output.out, output.err):
        assert all(line.isprintable() for line in text.splitlines())


def test_an_output_that_has_no_chinese(monkeypatch):
    """Shows the number of what it lacks; lines stay lines."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    with showing_names():
        print("短靴\x1b[2J a\nb")
    stream.flush()
    assert stream.buffer.getvalue() == rb"\u77ed\u9774\x1b[2J a" + b"\nb\n"
