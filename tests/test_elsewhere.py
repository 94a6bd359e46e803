"""What Python has on Linux alone is not needed: here it is taken away."""

from __future__ import annotations

import subprocess
import sys

import pytest
from small_training import SMALL_MNIST

WITHOUT_LINUX = """
import fcntl, os, psutil, signal, sys  # psutil wants to know the real system
from types import SimpleNamespace

real = fcntl

def locking(file, mode, size):
    try:
        real.flock(file, real.LOCK_EX | real.LOCK_NB)
    except BlockingIOError:
        raise PermissionError(13, "Permission denied") from None

sys.modules["fcntl"] = None
sys.modules["msvcrt"] = SimpleNamespace(LK_NBLCK=2, locking=locking)
LACKING = {
    os: "fork getloadavg killpg memfd_create pread sched_getaffinity set_blocking",
    signal: "SIGALRM SIGBUS SIGHUP SIGKILL pthread_sigmask setitimer",
}
for module, names in LACKING.items():
    for name in names.split():
        delattr(module, name)
"""
TRAIN = (
    SMALL_MNIST
    + """

from gluon_softmax.commands.main import main

sys.stdout.reconfigure(encoding="cp1252")
train = ["train", "softmax", "--data", "mnist", "--num-epochs", "1"]
assert main([*train, "--checkpoint", "\u670d\u9970"]) == 0
assert main([*train, "--checkpoint", "\u670d\u9970", "--resume"]) == 0
"""
)
LOCK = """
from gluon_softmax.trainer.checkpoint import CheckpointFolder
from gluon_softmax.errors import ArgumentError

folder = CheckpointFolder("kept", {})
try:
    CheckpointFolder("kept", {})
except ArgumentError as error:
    assert "in use by another training" in str(error)
else:
    sys.exit("two trainings use one folder")
"""
READ = """
from gluon_softmax.data.filearray import FileArray

with open("bytes", "wb") as file:
    file.write(bytes(range(32)))
array = FileArray("bytes", (4, 7), 4)
assert array.take([2, 0]).tolist() == [[*range(18, 25)], [*range(4, 11)]]
assert array[1:3].tolist() == [[*range(11, 18)], [*range(18, 25)]]
"""
DESCRIBE = """
from gluon_softmax.bench.machine import describe_machine
from gluon_softmax.commands import launch, study

assert describe_machine()["cores"] == os.cpu_count()
"""
INTERRUPT = """
from gluon_softmax.commands.interruption import Interruption

try:
    with Interruption() as interruption:
        signal.raise_signal(signal.SIGINT)
        assert interruption()
        signal.raise_signal(signal.SIGINT)
        sys.exit("the second Ctrl-C was not heard")
except KeyboardInterrupt:
    pass
"""
LAUNCH = """
import contextlib, io, platform
from gluon_softmax.commands.main import main

platform.system, platform.machine = lambda: "Linux", lambda: "aarch64"
with contextlib.redirect_stderr(io.StringIO()) as printed:
    assert main(["launch", "-n", "2", "--", "train", "softmax"]) == 2
assert "on Linux x86-64 alone, found Linux aarch64" in printed.getvalue()
"""


@pytest.mark.parametrize("code", [TRAIN, LOCK, READ, DESCRIBE, INTERRUPT, LAUNCH])
def test_linux_is_not_needed(code, tmp_path):
    """Train, resume, lock, read, measure and interrupt as on Windows."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", WITHOUT_LINUX + code],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
