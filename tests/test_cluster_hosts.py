"""The hosts file, and how a Python is started on each machine."""

from __future__ import annotations

import shlex
import socket
import subprocess
import sys

import pytest
from gluon_softmax.cluster.hosts import Host, add_ssh, python_command, read_hosts
from gluon_softmax.errors import ArgumentError


def write(tmp_path, text: str):
    """Write a hosts file."""
    path = tmp_path / "hosts"
    path.write_text(text)
    return path


def test_every_option(tmp_path):
    """Names, options and comments are read in their order."""
    text = """
# all machines
localhost slots=2   # this one
gpu-1 address=10.0.0.2 slots=4

gpu-2\tpython=/opt/bin/python
"""
    assert read_hosts(write(tmp_path, text)) == [
        Host("localhost", slots=2),
        Host("gpu-1", slots=4, address="10.0.0.2"),
        Host("gpu-2", python="/opt/bin/python"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# nobody\n\n", "found none in"),
        ("a\nb\na", "line 3: expected a once, with slots=, found 'a'"),
        ("a slots=0", "line 1: expected slots= to be a whole number from 1 on"),
        ("a slots=two", "found 'a slots=two'"),
        ("a slots=", "found 'a slots='"),
        ("a 4", "expected slots=N, address=IPV4 or python=PATH behind the name"),
        ("a cores=4", "found 'a cores=4'"),
        ("a address=10.0.0", "expected address= to be an IPv4 address"),
        ("a address=::1", "found 'a address=::1'"),
        ("slots=2", "expected a host's name first, found 'slots=2'"),
        ("-oProxyCommand=evil", "expected a host's name"),
    ],
)
def test_malformed(tmp_path, text, message):
    """Each mistake gets one line, which says where it is."""
    with pytest.raises(ArgumentError) as info:
        read_hosts(write(tmp_path, text))
    assert message in str(info.value)
    assert str(tmp_path) in str(info.value)
    assert "\n" not in str(info.value)


def test_unreadable(tmp_path):
    """A file that is not there, or is no text, is an error of the caller's."""
    with pytest.raises(ArgumentError, match="No such file"):
        read_hosts(tmp_path / "missing")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ArgumentError, match="not a text file"):
        read_hosts(tmp_path / "binary")


@pytest.mark.parametrize(
    ("host", "here"),
    [
        (Host("localhost"), True),
        (Host(socket.gethostname()), True),
        (Host("127.0.0.1"), True),
        (Host("other", address="127.0.0.1"), True),
        (Host("192.0.2.1"), False),  # of RFC 5737: nobody's
        (Host("other", address="192.0.2.1"), False),
        (Host("no.such.host.invalid"), False),
    ],
)
def test_which_machine_is_this(host, here):
    """This machine is known by name or by address, and needs no ssh."""
    assert host.is_here is here
    assert (add_ssh(host, ["true"], ["ssh"])[0] == "ssh") is not here


def test_command_here():
    """The command runs the module of this package, from whichever folder."""
    command = python_command(Host("localhost"), "commands.role", "--version")
    said = subprocess.check_output(command, text=True, cwd="/")
    assert said.strip()


def test_command_elsewhere():
    """The caller's options of ssh come first, for the first counts; no password."""
    host = Host("no.such.host.invalid", python="/my python")
    command = python_command(host, "cluster.keeper", "an argument")
    over_ssh = add_ssh(host, command, ["ssh", "-F", "file"])
    assert over_ssh[:3] == ["ssh", "-F", "file"]
    assert "BatchMode=yes" in over_ssh
    assert over_ssh[-2] == host.name
    assert shlex.split(over_ssh[-1]) == ["exec", *command]
    assert sys.executable not in over_ssh[-1]
