"""What goes wrong around a training: what the user sees, and what is left."""

from __future__ import annotations

import subprocess
import sys

import pytest
from gluon_softmax.storage.archive import read_arrays
from small_training import write_program

TRAIN = ["train", "softmax", "--num-epochs", "4", "--batch-size", "16"]
TRAIN += ["--data", "mnist"]
pytestmark = pytest.mark.slow

UNSHARE = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
ON_A_SMALL_DISK = """
cp -r "$0" "$0.copy" && mount -t tmpfs -o size={size} none "$0" || exit 99
cp -r "$0.copy/." "$0" && "$@"
code=$?
rm -r "$0.copy" && cp -r "$0" "$0.copy"
exit $code
"""
"""Runs a command where a folder is a file system of its own, whose end is copied."""


@pytest.fixture
def train(tmp_path):
    """Return what runs a small training, and returns code, output and errors."""
    command = [*write_program(tmp_path), *TRAIN, "--output", str(tmp_path / "out")]

    def run(*options, before=()):
        return subprocess.run(
            [*before, *command, *map(str, options)],
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run


@pytest.fixture
def small_disk(tmp_path):
    """Return a folder, and how a command begins for which it has so many bytes.

    What is left there is in the copy beside it.
    """
    if subprocess.run([*UNSHARE, "mount -t tmpfs none /mnt"]).returncode:
        pytest.skip("needs the right to mount in a namespace of one's own (unshare)")
    folder = tmp_path / "disk"
    folder.mkdir()
    return folder, lambda size: [*UNSHARE, ON_A_SMALL_DISK.format(size=size), folder]


@pytest.mark.needs("unshare")
def test_full_disk_at_a_checkpoint(train, small_disk):
    """Training goes on with a warning; the last whole checkpoint is left."""
    disk, with_size = small_disk
    kept = ["--checkpoint", disk / "kept"]
    first = train("--num-epochs", 1, *kept)
    assert first.returncode == 0, first.stderr
    (before,) = disk.glob("kept/*.npz")
    room = with_size(before.stat().st_size + 8192)
    done = train(*kept, "--resume", before=room)
    assert done.returncode == 0, done.stderr
    assert "cannot be written (No space left on device)" in done.stderr
    assert "training goes on" in done.stderr
    assert "Traceback" not in done.stderr
    assert "epoch 4" in done.stdout
    left = [path for path in disk.with_name("disk.copy").glob("kept/[!.]*")]
    assert [path.name for path in left] == [before.name]
    assert read_arrays(left[0])


@pytest.mark.needs("unshare")
def test_full_disk_at_the_results(train, small_disk):
    """The command ends with one line, and no half file is left."""
    disk, with_size = small_disk
    done = train("--output", disk / "out", before=with_size(8192))
    assert done.returncode == 2
    (line,) = [x for x in done.stderr.splitlines() if "set: " not in x]
    assert "cannot be written" in line
    assert not list(disk.with_name("disk.copy").glob("out/*"))


FILM = """
import sys
import numpy as np
from gluon_softmax.figures.animation import Frame, save_animation
frames = [Frame(n, 1 / n, 0.5, np.random.rand(784, 10)) for n in range(1, 5)]
save_animation(frames, "abcdefghij", sys.argv[1])
"""


@pytest.mark.needs("unshare", "ffmpeg")
@pytest.mark.parametrize("kilobytes", [4, 40])
def test_full_disk_at_a_film(small_disk, kilobytes):
    """Another process writes it, and has to say that it could not."""
    disk, with_size = small_disk
    command = [*with_size(1024 * kilobytes), sys.executable, "-c", FILM]
    done = subprocess.run(
        [*command, disk / "film.mp4"], capture_output=True, text=True, timeout=60
    )
    assert "film.mp4 cannot be written (ffmpeg ended with exit code" in done.stderr
    assert not list(disk.with_name("disk.copy").iterdir())


@pytest.mark.needs("unshare")
def test_full_dev_shm(train, full_shm):
    """Training needs no /dev/shm."""
    done = train(before=full_shm)
    assert done.returncode == 0, done.stderr


NO_FILES = """
import resource, sys
from gluon_softmax.trainer.checkpoint import CheckpointFolder, State
from gluon_softmax.errors import OutputError
folder = CheckpointFolder(sys.argv[1], {})
folder.save(State({}, {}), 1)
resource.setrlimit(resource.RLIMIT_NOFILE, (4, 4))
try:
    folder.save(State({}, {}), 2)
except OutputError as error:
    print(error)
"""


def test_out_of_file_descriptors(tmp_path):
    """One line says so, and what was written before is whole."""
    command = [sys.executable, "-c", NO_FILES, tmp_path / "kept"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert "cannot be written (Too many open files)" in done.stdout, done.stderr
    names = [path.name for path in (tmp_path / "kept").glob("*")]
    assert sorted(names) == [".lock", "checkpoint-000000001.npz"]
