"""The engine's variables: obeyed in a job once they are checked, ignored elsewhere."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest
from gluon_softmax.cluster import variables
from gluon_softmax.cluster.variables import check_role, ignore_variables
from gluon_softmax.commands.main import main
from gluon_softmax.errors import ArgumentError

GIVEN = {
    "DMLC_ROLE": "scheduler",
    "DMLC_NODE_HOST": "127.0.0.1",
    "DMLC_PS_ROOT_URI": "localhost",
    "DMLC_PS_ROOT_PORT": "19091",
    "DMLC_NUM_WORKER": "2",
    "DMLC_NUM_SERVER": "1",
}


@pytest.fixture(autouse=True)
def _outside(monkeypatch):
    """Begin outside a job, and do not wait for a name."""
    monkeypatch.setattr(variables, "_is_in_job", False)
    monkeypatch.setattr(variables, "PATIENCE", -1.0)


def test_a_role():
    """The scheduler's name becomes its address; what opens the engine is ignored."""
    environment = {**GIVEN, "DMLC_USE_KUBERNETES": "1", "DMLC_LOCAL": "1", "HOME": "/"}
    assert check_role(environment) == "scheduler"
    assert ignore_variables(environment) == ["DMLC_LOCAL", "DMLC_USE_KUBERNETES"]
    assert environment == {**GIVEN, "DMLC_PS_ROOT_URI": "127.0.0.1", "HOME": "/"}


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("DMLC_ROLE", "boss", "'boss'"),
        ("DMLC_ROLE", "", "nothing"),
        ("DMLC_NUM_WORKER", "two", "'two'"),
        ("DMLC_NUM_WORKER", "0", "'0'"),
        ("DMLC_NUM_SERVER", "9" * 5000, "'999"),
        ("DMLC_PS_ROOT_PORT", "65536", "'65536'"),
        ("DMLC_PS_ROOT_URI", "no.such.host.invalid", "'no.such.host.invalid'"),
        ("DMLC_PS_ROOT_URI", "0.0.0.0", "'0.0.0.0'"),
        ("DMLC_PS_ROOT_URI", "192.0.2.1", "192.0.2.1, port 19091 (Cannot assign"),
        ("DMLC_NODE_HOST", "::1", "'::1'"),
        ("DMLC_NODE_HOST", "0.0.0.0", "'0.0.0.0'"),
        ("DMLC_NODE_HOST", "192.0.2.1", "192.0.2.1, port 0 (Cannot assign"),
    ],
)
def test_mistakes(name, value, found):
    """Each gets one line that names the variable and what it must be."""
    with pytest.raises(ArgumentError) as info:
        check_role({**GIVEN, name: value})
    assert str(info.value).startswith(f"expected {name} to be ")
    assert f"found {found}" in str(info.value)
    assert "\n" not in str(info.value)


def test_a_port_that_is_taken():
    """The scheduler says so, in place of MXNet's traceback."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with pytest.raises(ArgumentError, match=rf"port {port} \(Address already"):
            check_role({**GIVEN, "DMLC_PS_ROOT_PORT": port})


def test_a_command_outside_a_job(monkeypatch, capsys):
    """It does its work, and one line says what it has ignored."""
    for name, value in {**GIVEN, "DMLC_ROLE": "server"}.items():
        monkeypatch.setenv(name, value)
    assert main(["data", "list"]) == 0
    names = ", ".join(sorted(GIVEN))
    assert capsys.readouterr().err == f"gluon-softmax: outside a job ignored: {names}\n"
    assert not GIVEN.keys() & os.environ.keys()


def test_a_role_that_is_none():
    """A process of a job ends with one line, and 2."""
    command = [sys.executable, "-m", "gluon_softmax.commands.role"]
    environment = {**os.environ, **GIVEN, "DMLC_ROLE": "boss"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("gluon-softmax: expected DMLC_ROLE to be scheduler, ")
    assert done.stderr.count("\n") == 1
