"""What all tests share: one seed, and what they need of the machine or skip without."""

from __future__ import annotations

import dataclasses
import random
import shutil
import signal
import subprocess
from pathlib import Path

import gluon_softmax
import mxnet as mx
import numpy as np
import pytest
from gluon_softmax.data import sources
from gluon_softmax.data.datasets import ImageDataset
from gluon_softmax.data.mnist import MNIST, FashionMNIST
from gluon_softmax.data.published import PUBLISHED
from gluon_softmax.errors import ArgumentError
from gluon_softmax.figures.chinese import chinese_figures

pytest_plugins = ["browser"]
collect_ignore = ["fuzz", "differential"]  # no tests, but what they run

PACKAGES = {
    "bash": "bash",
    "chromedriver": "chromium-driver",
    "chromium": "chromium",
    "ffmpeg": "ffmpeg",
    "ip": "iproute2",
    "ssh": "openssh-client",
    "/usr/sbin/sshd": "openssh-server",
    "unshare": "util-linux",
}
"""The programs that tests need and not every machine has, with Debian's packages."""
FILL_SHM = (
    "mount -t tmpfs -o size=4k tmpfs /dev/shm && printf %4096s > /dev/shm/filler && "
    'exec "$@"'
)


def pytest_configure():
    """Hear SIGINT even in the background, where it is ignored, by children too."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_report_header():
    """Say which copy of the package is tested, and on which data."""
    folder = gluon_softmax.__file__.rsplit("/", 1)[0]
    return f"gluon_softmax from {folder}, Fashion-MNIST: {_missing() or 'found'}"


@pytest.hookimpl(tryfirst=True)  # before the fixtures, which start these programs
def pytest_runtest_setup(item):
    """Skip a test whose programs are missing."""
    for mark in item.iter_markers("needs"):
        for program in mark.args:
            if shutil.which(program) is None:
                pytest.skip(f"needs {program}: apt-get install {PACKAGES[program]}")


@pytest.fixture(autouse=True)
def _seed():
    """Start every test from the same random state."""
    random.seed(0)
    np.random.seed(0)
    mx.random.seed(0)


@pytest.fixture(scope="session")
def fashion() -> tuple[FashionMNIST, FashionMNIST]:
    """Load the real training and test set, or skip with the reason."""
    if _missing():
        pytest.skip(_missing())
    return FashionMNIST(train=True), FashionMNIST(train=False)


@pytest.fixture(scope="session")
def digits() -> tuple[MNIST, MNIST]:
    """Load the real MNIST, training and test set, or skip with the reason."""
    for place in sources.places("mnist"):
        if (place.folder / "train-images-idx3-ubyte.gz").is_file():
            return MNIST(train=True), MNIST(train=False)
    return pytest.skip("needs MNIST: run gluon-softmax data fetch mnist")


@pytest.fixture
def no_data(tmp_path, monkeypatch) -> Path:
    """Take away every data set and mirror; work in an empty home, and return it."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for variable in (sources.ENVIRONMENT_VARIABLE, "MXNET_HOME", "KERAS_HOME"):
        monkeypatch.delenv(variable, raising=False)
    for name, publication in PUBLISHED.items():
        nowhere = dataclasses.replace(publication, mirrors=["http://127.0.0.1:9/"])
        monkeypatch.setitem(PUBLISHED, name, nowhere)
    return tmp_path


@pytest.fixture
def small_set() -> ImageDataset:
    """Make 20 random images, two of each class."""
    images = np.random.randint(0, 256, (20, 28, 28), dtype=np.uint8)
    return ImageDataset(images, np.arange(20) % 10)


@pytest.fixture
def chinese_font() -> str:
    """Return the font for Chinese texts that is found, or skip with the reason."""
    try:
        with chinese_figures() as family:
            return family
    except ArgumentError:
        return pytest.skip("needs a Chinese font: apt-get install fonts-noto-cjk")


@pytest.fixture
def full_shm() -> list[str]:
    """Return how a command begins that has a /dev/shm of its own, without any room."""
    space = ["unshare", "--map-root-user", "--mount"]
    command = [*space, "sh", "-c", FILL_SHM, "sh"]
    if subprocess.run([*command, "true"], capture_output=True).returncode:
        pytest.skip("needs the right to mount in a namespace of one's own (unshare)")
    return command


def _missing() -> str:
    """Return why the real data cannot be used; empty where it can."""
    folders = [place.folder for place in sources.places("fashion-mnist")]
    if any((f / "train-images-idx3-ubyte.gz").is_file() for f in folders):
        return ""
    return (
        "needs Fashion-MNIST: set GLUON_SOFTMAX_DATA to a folder that holds "
        "fashion-mnist/, or run gluon-softmax data fetch"
    )
