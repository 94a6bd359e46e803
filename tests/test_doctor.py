"""The doctor sees what is there, and what is amiss."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest
from gluon_softmax.commands import doctor
from gluon_softmax.compat import platforms
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


def test_a_machine_without_mxnet_is_told_what_to_do(checks, monkeypatch):
    """The examination goes on to its end; nothing is said of libraries."""
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    monkeypatch.setattr(platform, "machine", lambda: "arm64")
    found = checks()
    assert "install an x86-64 Python" in found["platform"].remedy
    assert not {"mxnet", "libgomp.so.1"} & set(found)


def test_mxnet_of_another_platform_leads_to_setup(checks, monkeypatch):
    """Which version is needed depends on the machine."""
    monkeypatch.setattr(platform, "system", lambda: "Windows")
    monkeypatch.setattr(platform, "machine", lambda: "AMD64")
    found = checks()
    assert found["mxnet"].remedy == "run gluon-softmax setup"
    assert "Visual C++" in found["vcomp140.dll"].remedy


def test_missing_libraries_are_named(checks, monkeypatch):
    """What cannot be loaded comes with the command that brings it."""
    libraries = platforms.this_platform().libraries
    monkeypatch.setattr(platforms, "loading_problem", lambda library: "no such file")
    found = checks()
    for library, remedy in libraries.items():
        assert str(found[library]).startswith("FAIL")
        assert remedy in found[library].remedy


def test_what_is_required_is_looked_at(checks, monkeypatch):
    """A package that is missing or too new comes with the command that mends it."""
    required = [
        "no-such-package>=2",
        "numpy<1",
        "tqdm",
        "setuptools; python_version < '3'",
        "pytest; extra == 'test'",
    ]
    monkeypatch.setattr(doctor, "requires", lambda name: required)
    found = checks()
    assert found["no-such-package"].finding == "not installed"
    assert "pip install 'no-such-package>=2'" in found["no-such-package"].remedy
    assert "pip install 'numpy<1'" in found["numpy"].remedy
    assert not found["tqdm"].remedy
    assert not {"setuptools", "pytest"} & set(found)


def test_failing_import_gives_the_remedy(checks, monkeypatch):
    """MXNet's own one-line remedy is passed on."""

    def fail(package):
        raise InstallationError("run this command")

    monkeypatch.setattr(doctor, "import_module", fail)
    assert "run this command" in str(checks()["import mxnet"])


def test_without_numpy_the_examination_goes_on_to_its_end():
    """Neither MXNet can be imported then, nor a data set be read."""
    code = "import sys; sys.modules['numpy'] = None; "
    code += "from gluon_softmax.commands import doctor; "
    done = subprocess.run(
        [sys.executable, "-c", code + "print(*doctor.examine(), sep='\\n')"],
        capture_output=True,
        text=True,
    )
    assert "FAIL  import mxnet: fails (" in done.stdout
    assert "FAIL  data: not looked for (import of numpy halted" in done.stdout
    assert not done.returncode, done.stderr
