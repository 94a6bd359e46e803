"""`setup` brings MXNet where it is missing, and says what else is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import gluon_softmax
import pytest
from gluon_softmax.compat import platforms

PACKAGE = Path(gluon_softmax.__file__).parent.parent
VERSION = platforms.this_platform().mxnet
PIP = f"""
import sys
from pathlib import Path
print("pip was called:", *sys.argv[1:])
if (Path(__file__).parent / "offline").exists():
    sys.exit("ERROR: no network")
folder = Path(__file__).parent.parent / "mxnet-{VERSION}.dist-info"
folder.mkdir(exist_ok=True)
(folder / "METADATA").write_text("Name: mxnet\\nVersion: {VERSION}\\n")
(folder / "RECORD").write_text("mxnet/__init__.py,,5\\n")
(folder.parent / "mxnet").mkdir(exist_ok=True)
(folder.parent / "mxnet" / "__init__.py").write_text("x = 1")
"""


@pytest.fixture
def folder(tmp_path):
    """Give a folder that is looked in before all others, with a pip that notes."""
    (tmp_path / "pip").mkdir()
    (tmp_path / "pip" / "__init__.py").touch()
    (tmp_path / "pip" / "__main__.py").write_text(PIP)
    old = tmp_path / "mxnet-0.1.dist-info"  # stands before the one that is installed
    old.mkdir()
    (old / "METADATA").write_text("Name: mxnet\nVersion: 0.1\n")
    return tmp_path


def setup(folder: Path) -> subprocess.CompletedProcess:
    """Run `gluon-softmax setup`."""
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "gluon_softmax", "setup"],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{PACKAGE}"},
    )


def install(folder: Path) -> subprocess.CompletedProcess:
    """Run `gluon-softmax setup` where only an older MXNet is found."""
    done = setup(folder)
    for path in (folder / "mxnet-0.1.dist-info").iterdir():
        path.unlink()
    (folder / "mxnet-0.1.dist-info").rmdir()
    return done


def test_where_mxnet_is_installed_nothing_is_done():
    """It can be run again at any time."""
    done = setup(PACKAGE)
    assert "running" not in done.stdout
    assert f"mxnet: {VERSION}" in done.stdout
    assert "import mxnet: works" in done.stdout
    assert not done.returncode, done.stderr


def test_mxnet_alone_is_installed(folder):
    """In the version for this machine, whatever its metadata asks for."""
    done = install(folder)
    command = f"install --force-reinstall --no-deps mxnet=={VERSION}\n"
    assert f"running {sys.executable} -m pip" in done.stdout
    assert done.stdout.count(command) == 2, done.stdout + done.stderr


def test_what_was_half_installed_is_installed_again(folder):
    """A file that is cut short is seen."""
    install(folder)
    assert "pip was called" not in setup(folder).stdout
    (folder / "mxnet" / "__init__.py").write_text("x =")
    assert "pip was called" in setup(folder).stdout


@pytest.mark.parametrize("version", [VERSION, "1.6.0"])
def test_mxnet_for_gpus_is_left_alone(folder, version):
    """Two packages with one module would be mixed; another version goes first."""
    mxnet = folder / "mxnet-0.1.dist-info"
    gpu = mxnet.rename(folder / f"mxnet_cu112-{version}.dist-info")
    (gpu / "METADATA").write_text(f"Name: mxnet-cu112\nVersion: {version}\n")
    done = setup(folder)
    assert "pip was called" not in done.stdout
    if version == VERSION:
        assert f"mxnet-cu112: {version}" in done.stdout
    else:
        assert f"found mxnet-cu112 {version}: run" in done.stderr
        assert "pip uninstall mxnet-cu112" in done.stderr


def test_without_a_network_one_line_says_what_to_do(folder):
    """What pip itself said stands above it."""
    (folder / "pip" / "offline").touch()
    done = setup(folder)
    assert done.returncode == 2
    first, last = done.stderr.splitlines()
    assert first == "ERROR: no network"
    assert last.startswith(f"gluon-softmax: mxnet=={VERSION} could not be installed")
    assert "run gluon-softmax setup again" in last
