"""Files appear whole or not at all, whatever goes wrong while they are written."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from gluon_softmax.errors import OutputError
from gluon_softmax.storage.atomic import replacing

OLD, NEW = b"the old content", b"the new content"


@pytest.fixture(params=[None, OLD], ids=["new", "existing"])
def target(request, tmp_path) -> Path:
    """Give the path of a file that is not there yet, and of one that is."""
    path = tmp_path / "result.json"
    if request.param:
        path.write_bytes(request.param)
    return path


def write(path: Path | str, content: bytes = NEW) -> Path:
    """Write a file, and return the path that it had at first."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)
    return temporary


def found(folder: Path) -> dict[str, bytes]:
    """Read all that is in a folder, hidden files too."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_appears_when_the_block_succeeds(target):
    """The file has the new content afterwards, and only afterwards."""
    before = found(target.parent)
    with replacing(target) as temporary:
        temporary.write_bytes(NEW)
        assert {**before, temporary.name: NEW} == found(target.parent)
    assert found(target.parent) == {target.name: NEW}


def test_temporary_path_is_beside_the_target(tmp_path):
    """It has the target's folder, made if need be, and suffix, for Matplotlib."""
    path = tmp_path / "one" / "two" / "curves.svg"
    temporary = write(str(path))
    assert (temporary.parent, temporary.suffix) == (path.parent, ".svg")
    assert path.read_bytes() == NEW


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (ZeroDivisionError(), ZeroDivisionError),
        (KeyboardInterrupt(), KeyboardInterrupt),
        (OSError(28, "No space left on device"), OutputError),
    ],
)
def test_failure_in_the_block_changes_nothing(target, error, raised):
    """What was there stays, what was begun goes; a full disk is named in one line."""
    before = found(target.parent)
    with pytest.raises(raised) as info, replacing(target) as temporary:  # noqa: PT012
        temporary.write_bytes(NEW[:5])
        raise error
    assert found(target.parent) == before
    if raised is OutputError:
        expected = f"{target} cannot be written (No space left on device): choose"
        assert str(info.value).startswith(expected)


@pytest.mark.parametrize("kind", ["link", "link to nowhere", "pipe", "socket"])
def test_only_a_regular_file_is_replaced(tmp_path, kind):
    """What else is there stays, and so does what a link points to."""
    path = tmp_path / "result.json"
    (tmp_path / "file").write_bytes(OLD)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(str(path))
    else:
        path.symlink_to("file" if kind == "link" else "nowhere")
    before = path.lstat()
    with pytest.raises(OutputError, match=rf"written \(Is a {kind.split()[0]}\)"):
        write(path)
    assert path.lstat() == before
    assert sorted(file.name for file in tmp_path.iterdir()) == ["file", "result.json"]
    assert (tmp_path / "file").read_bytes() == OLD


def test_a_device_is_not_replaced():
    """Not even by root, who may."""
    before = os.lstat("/dev/null")
    with pytest.raises(OutputError, match=r"/dev/null cannot be written \(Is a device"):
        write("/dev/null")
    assert os.lstat("/dev/null").st_ino == before.st_ino


KILLED = """
import os, signal, sys
from gluon_softmax.storage.atomic import replacing
with replacing(sys.argv[1]) as temporary:
    temporary.write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_left_is_removed(tmp_path):
    """By the next one that writes there; what a living one writes stays."""
    subprocess.run([sys.executable, "-c", KILLED, tmp_path / "killed"], timeout=60)
    (left,) = tmp_path.iterdir()
    machine = left.name[1:9]
    elsewhere = left.rename(tmp_path / left.name.replace(machine, "0" * 8))
    left.touch()
    with replacing(tmp_path / "other") as temporary:
        temporary.write_bytes(OLD)
        write(tmp_path / "new")
        assert not left.exists()
        assert {*tmp_path.iterdir()} == {elsewhere, temporary, tmp_path / "new"}
    assert elsewhere.read_bytes() == b"half"  # its process may live there


@pytest.mark.parametrize("place", ["file/result.json", "folder", "/proc/a.json", "/"])
def test_unwritable_place_is_refused(tmp_path, place):
    """A place that cannot hold the file is named in one line, and nothing is left."""
    (tmp_path / "file").write_bytes(OLD)
    (tmp_path / "folder").mkdir()
    path = tmp_path / place
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(OutputError) as info:
        write(path)
    assert str(info.value).startswith(f"{path} cannot be written (")
    assert "\n" not in str(info.value)
    assert sorted(tmp_path.rglob("*")) == before


def test_many_writers_leave_one_whole_file(tmp_path):
    """Whoever is last wins, and nobody's bytes are mixed with another's."""
    contents = [bytes([number]) * 100_000 for number in range(20)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda content: write(tmp_path / "file", content), contents))
    assert found(tmp_path).keys() == {"file"}
    assert (tmp_path / "file").read_bytes() in contents
