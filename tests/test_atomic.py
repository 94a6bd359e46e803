"""Files appear whole or not at all, whatever goes wrong while they are written."""

from __future__ import annotations

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


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
def test_failure_in_the_block_changes_nothing(target, error):
    """What was there stays, what was begun goes, and the error goes on as it is."""
    before = found(target.parent)
    with pytest.raises(error), replacing(target) as temporary:  # noqa: PT012
        temporary.write_bytes(NEW[:5])
        raise error
    assert found(target.parent) == before


def test_more_than_may_be_written_changes_nothing(target):
    """A file that hits the limit half-way leaves nothing of that half behind."""
    before = found(target.parent)
    command = [sys.executable, "-c", WRITE_MORE_THAN_FITS, str(target)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    expected = f"{target} cannot be written (File too large): choose another folder"
    assert run.stdout.startswith(expected)
    assert run.stdout.count("\n") == 1
    assert found(target.parent) == before


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
