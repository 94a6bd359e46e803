"""The doctor sees what is there, and what is amiss."""

from __future__ import annotations

import platform
import sys
from types import SimpleNamespace

import pytest
from gluon_softmax import compat, doctor
from gluon_softmax.errors import InstallationError


@pytest.fixture
def checks(tmp_path, monkeypatch):
    """Give the examination of this machine, without any data sets."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for variable in ("GLUON_SOFTMAX_DATA", "MXNET_HOME", "KERAS_HOME"):
        monkeypatch.delenv(variable, raising=False)
    return lambda: {check.subject: check for check in doctor.examine()}


def test_a_sound_machine_has_nothing_essential_amiss(checks):
    """Where these tests run, the chapter runs."""
    found = checks()
    assert not [check for check in found.values() if check.remedy and check.essential]
    assert platform.python_version() in found["Python"].finding
    assert found["mxnet"].finding == "1.9.1"
    assert found["import mxnet"].finding == "works"
    assert "MiB" in found["/dev/shm"].finding


def test_missing_data_is_a_note_with_a_command(checks):
    """Without data the doctor says how to fetch it."""
    note = checks()["data"]
    assert "run gluon-softmax data fetch mnist" in note.remedy
    assert not note.essential
    assert str(note).startswith("note")


def test_damaged_data_is_a_note(checks, tmp_path):
    """Damaged files in a cache are named."""
    folder = tmp_path / ".mxnet" / "datasets" / "mnist"
    folder.mkdir(parents=True)
    for name in ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"):
        (folder / name).write_bytes(b"nonsense")
    remedies = [check.remedy for check in doctor.examine() if "data" in check.subject]
    damaged = [remedy for remedy in remedies if "is not IDX" in remedy]
    assert len(damaged) == 1
    assert str(folder) in damaged[0]


@pytest.mark.parametrize("version", [(3, 8, 1), (3, 13, 0)])
def test_unsupported_python_is_named(monkeypatch, version):
    """An interpreter outside 3.9-3.12 comes with the ones that will do."""
    monkeypatch.setattr(sys, "version_info", version)
    check = doctor._python()
    assert "install Python 3.9, 3.10, 3.11 or 3.12" in check.remedy


@pytest.mark.parametrize(
    ("system", "machine"),
    [("Windows", "AMD64"), ("Darwin", "arm64"), ("Linux", "aarch64")],
)
def test_platforms_without_a_wheel_are_named(monkeypatch, system, machine):
    """Windows, Apple's and Arm's processors get an honest answer."""
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    assert "Linux x86-64 only" in doctor._platform().remedy


def test_missing_library_and_package_are_named(monkeypatch):
    """What cannot be loaded comes with the command that brings it."""
    monkeypatch.setattr(compat, "loading_problem", lambda library: "no such file")
    for check in doctor._libraries():
        assert str(check).startswith("FAIL")
        assert "apt-get install" in check.remedy
    assert "pip install no-such-package" in doctor._package("no-such-package").remedy


def test_failing_import_gives_the_remedy(monkeypatch):
    """MXNet's own one-line remedy is passed on."""

    def fail(package):
        raise InstallationError("run this command")

    monkeypatch.setattr(doctor, "import_module", fail)
    assert "run this command" in str(doctor._import("mxnet"))


@pytest.mark.parametrize(("size", "fine"), [(64 * 2**20, False), (2**30, True)])
def test_small_shared_memory_is_a_note(monkeypatch, size, fine):
    """Docker's 64 MB are too little for worker processes."""
    usage = SimpleNamespace(total=size)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: usage)
    check = doctor._shared_memory()
    assert bool(check.remedy) != fine
    assert not check.remedy or "--shm-size" in check.remedy
