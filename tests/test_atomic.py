"""Files appear whole or not at all, whatever goes wrong while they are written."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from gluon_softmax.errors import OutputError
from gluon_softmax.storage.atomic import replacing

OLD, NEW = b"the old content", b"the new content"

WRITE_MORE_THAN_FITS = """
import resource, sys
from pathlib import Path
from gluon_softmax.storage.atomic import replacing
from gluon_softmax.errors import OutputError

resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    with replacing(sys.argv[1]) as temporary:
        temporary.write_bytes(bytes(2000))
except OutputError as error:
    print(error)
"""


@pytest.fixture(params=[None, OLD], ids=["new", "existing"])
def target(request, tmp_path) -> Path:
    """Give the path of a file that is not there yet, and of one that is."""
    path = tmp_path / "result.json"
    if request.param:
        path.write_bytes(request.param)
    return path


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
    """It has the target's folder, so moving is one step, and suffix, for Matplotlib."""
    with replacing(str(tmp_path / "curves.svg")) as temporary:
        temporary.write_bytes(NEW)
    assert (temporary.parent, temporary.suffix) == (tmp_path, ".svg")


def test_missing_folders_are_made(tmp_path):
    """A folder that does not exist yet is no reason to refuse."""
    path = tmp_path / "one" / "two" / "file"
    with replacing(path) as temporary:
        temporary.write_bytes(NEW)
    assert path.read_bytes() == NEW


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt, SystemExit])
def test_failure_in_the_block_changes_nothing(target, error):
    """What was there stays, what was begun goes, and the error goes on as it is."""
    before = found(target.parent)

    def write_half():
        with replacing(target) as temporary:
            temporary.write_bytes(NEW[:5])
            raise error

    with pytest.raises(error):
        write_half()
    assert found(target.parent) == before


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs Linux's /dev/full")
def test_full_disk_changes_nothing(target):
    """A write that finds the disk full is one line of the package's own error."""
    before = found(target.parent)

    def write():
        with replacing(target) as temporary:
            temporary.symlink_to("/dev/full")
            temporary.write_bytes(NEW)

    with pytest.raises(OutputError, match=r"No space left on device.*: choose") as info:
        write()
    assert str(target) in str(info.value)
    assert "\n" not in str(info.value)
    assert found(target.parent) == before


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX's resource limits")
def test_more_than_may_be_written_changes_nothing(target):
    """A file that hits the limit half-way leaves nothing of that half behind."""
    before = found(target.parent)
    command = [sys.executable, "-c", WRITE_MORE_THAN_FITS, str(target)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "cannot be written (File too large)" in run.stdout
    assert run.stdout.count("\n") == 1
    assert found(target.parent) == before


def below_a_file(folder: Path) -> Path:
    """Give a path below a regular file."""
    (folder / "file").write_bytes(OLD)
    return folder / "file" / "result.json"


def is_a_folder(folder: Path) -> Path:
    """Give the path of a folder."""
    (folder / "result.json").mkdir()
    return folder / "result.json"


def in_a_read_only_system(folder: Path) -> Path:
    """Give a path where not even root may make a file."""
    return Path("/proc/result.json")


def without_a_name(folder: Path) -> Path:
    """Give a path that has no last part."""
    return Path("/")


@pytest.mark.parametrize(
    "place", [below_a_file, is_a_folder, in_a_read_only_system, without_a_name]
)
def test_unwritable_place_is_refused(tmp_path, place):
    """A place that cannot hold the file is named in one line, and nothing is left."""
    path = place(tmp_path)
    before = sorted(tmp_path.rglob("*"))

    def write():
        with replacing(path) as temporary:
            temporary.write_bytes(NEW)

    with pytest.raises(OutputError) as info:
        write()
    assert str(info.value).startswith(f"{path} cannot be written (")
    assert "\n" not in str(info.value)
    assert sorted(tmp_path.rglob("*")) == before


def test_many_writers_leave_one_whole_file(tmp_path):
    """Whoever is last wins, and nobody's bytes are mixed with another's."""
    path = tmp_path / "file"
    contents = [bytes([number]) * 100_000 for number in range(20)]

    def write(content):
        with replacing(path) as temporary:
            temporary.write_bytes(content)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, contents))
    assert found(tmp_path).keys() == {"file"}
    assert path.read_bytes() in contents
