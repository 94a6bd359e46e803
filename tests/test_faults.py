"""What goes wrong around a training: what the user sees, and what is left."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager

import pytest
from gluon_softmax.storage.archive import read_arrays
from test_checkpoint import PROGRAM

TRAIN = ["train", "softmax", "--num-epochs", "4", "--batch-size", "16"]
TRAIN += ["--data", "mnist"]
pytestmark = pytest.mark.slow
SIZE = 300_000
"""Bytes: room for some of the checkpoints and results, not for all."""


@pytest.fixture
def train(tmp_path):
    """Give what runs a small training; it gives code, output and errors."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)

    def run(*options, before=(), **settings):
        command = [sys.executable, program, *TRAIN, "--output", tmp_path / "out"]
        return subprocess.run(
            [*before, *map(str, command), *map(str, options)],
            capture_output=True,
            text=True,
            timeout=60,
            **settings,
        )

    return run


@pytest.fixture
def small_disk(tmp_path):
    """Give a file system that is soon full, or skip with the reason."""
    with mounted(tmp_path / "disk", SIZE) as folder:
        yield folder


@contextmanager
def mounted(folder, size):
    """Mount a file system in memory for the length of a block."""
    folder.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"needs to mount a small disk: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.privileged
def test_full_disk_at_a_checkpoint(train, small_disk):
    """Training goes on with a warning; the last whole checkpoint is left."""
    kept = small_disk / "kept"
    kept.mkdir()
    first = train("--num-epochs", 1, "--checkpoint", kept)
    assert first.returncode == 0, first.stderr
    (small_disk / "filler").write_bytes(b"\0" * (free(small_disk) - 8192))
    (before,) = kept.glob("*.npz")
    done = train("--checkpoint", kept, "--resume")
    assert done.returncode == 0
    assert "cannot be written (No space left on device)" in done.stderr
    assert "training goes on" in done.stderr
    assert "Traceback" not in done.stderr
    assert "epoch 4" in done.stdout
    assert [path.name for path in kept.iterdir() if path.name != ".lock"] == [
        before.name
    ]
    assert read_arrays(before)


def free(folder):
    """Give how many bytes are free."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


@pytest.mark.privileged
def test_full_disk_at_the_results(train, small_disk):
    """The command ends with one line, and no half file is left."""
    (small_disk / "filler").write_bytes(b"\0" * (free(small_disk) - 8192))
    done = train("--output", small_disk / "out")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "cannot be written" in line
    assert not list((small_disk / "out").glob("*"))


@pytest.mark.needs("unshare")
def test_full_dev_shm(train, full_shm):
    """Training needs no /dev/shm."""
    done = train(before=full_shm)
    assert done.returncode == 0, done.stderr


def test_out_of_file_descriptors(tmp_path):
    """One line says so, and what was written before is whole."""
    code = (
        "import resource, sys, gluon_softmax\n"
        "from gluon_softmax.trainer.checkpoint import CheckpointFolder, State\n"
        "from gluon_softmax.errors import OutputError\n"
        f"folder = CheckpointFolder({str(tmp_path / 'kept')!r}, {{}})\n"
        "folder.save(State({}, {}), 1)\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (4, 4))\n"
        "files = []\n"
        "try:\n"
        "    folder.save(State({}, {}), 2)\n"
        "except OutputError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60
    )
    assert "cannot be written (Too many open files)" in done.stdout, done.stderr
    names = [path.name for path in (tmp_path / "kept").glob("*")]
    assert sorted(names) == [".lock", "checkpoint-000000001.npz"]


def test_two_trainings_at_once(train, tmp_path):
    """The second one is refused before it trains; the first one ends as usual."""
    kept = ["--checkpoint", tmp_path / "kept", "--every", 1]
    program = [sys.executable, str(tmp_path / "program.py"), *TRAIN]
    program += ["--num-epochs", "200", "--output", str(tmp_path / "first")]
    first = subprocess.Popen([*program, *map(str, kept)], stdout=subprocess.PIPE)
    with first:
        first.stdout.readline()
        second = train(*kept, "--resume")
        first.terminate()
        first.stdout.read()
    assert first.returncode == 143
    assert second.returncode == 2
    (line,) = second.stderr.splitlines()
    assert "is in use by another training" in line


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--lr", 0.5], "expected a checkpoint with lr 0.5, found one with 0.1"),
        (["--seed", 1], "expected a checkpoint with seed 1, found one with 0"),
    ],
)
def test_a_checkpoint_of_another_training(train, tmp_path, options, text):
    """One line names what differs."""
    kept = ["--checkpoint", tmp_path / "kept", "--num-epochs", 1]
    assert train(*kept).returncode == 0
    done = train(*kept, "--resume", *options)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert text in line


def test_checkpoints_are_not_overwritten_by_mistake(train, tmp_path):
    """Without --resume a folder of checkpoints is left alone."""
    kept = ["--checkpoint", tmp_path / "kept", "--num-epochs", 1]
    assert train(*kept).returncode == 0
    done = train(*kept)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "holds checkpoints already: go on from them with --resume" in line
