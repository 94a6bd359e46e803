"""What is found out about all machines before anything starts on any."""

from __future__ import annotations

import json
import socket
import sys
import time

import pytest
from gluon_softmax.cluster.hosts import HERE, Host
from gluon_softmax.cluster.probe import free_ports, list_unreached
from gluon_softmax.cluster.survey import LOOPBACK, survey
from gluon_softmax.errors import ArgumentError, InstallationError

SSH = """#!/bin/sh
# Stands in for ssh: runs the last argument here, as a machine at 127.0.0.2.
for last; do :; done
export SSH_CONNECTION="127.0.0.1 40000 127.0.0.2 22"
exec sh -c "$last"
"""


@pytest.fixture
def ssh(tmp_path) -> list[str]:
    """Give a program to be called in place of ssh."""
    path = tmp_path / "ssh"
    path.write_text(SSH)
    path.chmod(0o755)
    return [str(path)]


def script(tmp_path, text: str) -> str:
    """Write a program that stands in for another machine's Python."""
    path = tmp_path / "python"
    path.write_text(f"#!{sys.executable}\nimport sys, time\n{text}\n")
    path.chmod(0o755)
    return str(path)


def answering(**answer) -> str:
    """Give a program that answers always the same."""
    return f"for _ in sys.stdin: print({json.dumps(json.dumps(answer))}, flush=True)"


def refusal(counts, ssh) -> str:
    """Give the message with which machines are refused: one line, and soon."""
    start = time.monotonic()
    with pytest.raises(ArgumentError) as info:
        survey(counts, ssh)
    assert time.monotonic() - start < 15
    assert "\n" not in str(info.value)
    return str(info.value)


def test_here():
    """Alone, this machine uses its loopback, and what is found there is free."""
    (site,) = survey({HERE: 3}, ["false"]).values()
    assert site.address == LOOPBACK
    assert len(set(site.ports)) == 3
    for port in site.ports:
        socket.create_server((LOOPBACK, port)).close()


def test_with_another(ssh):
    """Each is known by the address on the way between both."""
    other = Host("other.invalid")
    sites = survey({HERE: 2, other: 1}, ssh)
    assert {host: site.address for host, site in sites.items()} == {
        HERE: "127.0.0.1",
        other: "127.0.0.2",
    }
    assert [len(site.ports) for site in sites.values()] == [2, 1]


def test_given_address(ssh):
    """An address of the hosts file is used, if that machine has it."""
    mine = HERE._replace(address="127.0.0.3")
    other = Host("other.invalid", address="192.0.2.1")
    assert survey({mine: 1}, ssh)[mine].address == "127.0.0.3"
    message = refusal({HERE: 1, other: 1}, ssh)
    assert "expected '192.0.2.1' to be an IPv4 address of other.invalid" in message


def test_two_names_of_one_machine(ssh):
    """Two processes would get the same ports."""
    counts = {Host("one.invalid"): 1, Host("two.invalid"): 1}
    assert "found one.invalid and two.invalid at 127.0.0.2" in refusal(counts, ssh)


@pytest.mark.parametrize("package", ["gluon_softmax", "mxnet"])
def test_other_version(ssh, tmp_path, package):
    """Both versions are named."""
    from gluon_softmax.cluster.probe import describe

    versions = {**describe(LOOPBACK, 0)["versions"], package: "0.0.7"}
    text = answering(versions=versions, caller="", address=LOOPBACK, ports=[1])
    old = Host("old.invalid", python=script(tmp_path, text))
    message = refusal({HERE: 1, old: 1}, ssh)
    assert message.startswith(f"expected {package} ")
    assert "on old.invalid as on this machine, found 0.0.7" in message


def test_unreached_neighbour(ssh, tmp_path):
    """The error names both ends, and why."""
    from gluon_softmax.cluster.probe import describe

    answer = describe("127.0.0.2", 1)
    answer["unreached"] = [[LOOPBACK, "timed out"]]
    alone = Host("alone.invalid", python=script(tmp_path, answering(**answer)))
    counts = {HERE._replace(address=LOOPBACK): 1, alone: 1}
    message = refusal(counts, ssh)
    assert "alone.invalid does not reach localhost at 127.0.0.1 (timed out)" in message


def test_without_a_library(ssh, tmp_path):
    """What installs it there is passed on."""
    from gluon_softmax.cluster.probe import describe

    answer = {**describe("127.0.0.2", 1), "lacking": "MXNet needs a library"}
    other = Host("other.invalid", python=script(tmp_path, answering(**answer)))
    with pytest.raises(InstallationError) as info:
        survey({other: 1}, ssh)
    assert str(info.value) == "other.invalid: MXNet needs a library"


def test_without_the_package(ssh, tmp_path):
    """What Python says there is passed on."""
    text = "sys.exit(\"ModuleNotFoundError: No module named 'gluon_softmax'\")"
    bare = Host("bare.invalid", python=script(tmp_path, text))
    message = refusal({bare: 1}, ssh)
    assert "No module named 'gluon_softmax'" in message
    assert "install it there, or give python=" in message


@pytest.mark.needs("ssh")
def test_unknown_host():
    """What the real ssh says about it is passed on."""
    message = refusal({Host("no.such.host.invalid"): 1}, ["ssh", "-F", "none"])
    assert "no.such.host.invalid cannot be reached over ssh (" in message
    assert "resolve" in message


@pytest.mark.needs("ssh")
def test_refused(tmp_path):
    """Nor does a host answer without an sshd."""
    config = tmp_path / "config"
    config.write_text(f"Host off.invalid\n  HostName 127.0.0.1\n  Port {unused_port()}")
    message = refusal({Host("off.invalid"): 1}, ["ssh", "-F", str(config)])
    assert "Connection refused" in message


def unused_port() -> int:
    """Find a port where nobody listens."""
    return free_ports(LOOPBACK, 1)[0]


def test_no_ssh():
    """A program that is not there is named."""
    message = refusal({Host("a.invalid"): 1}, ["/no/such/ssh"])
    assert "'/no/such/ssh'" in message


def test_ways():
    """A listener and a refusal show a way; a network that is not there does not."""
    with socket.create_server((LOOPBACK, 0)) as server:
        ways = [(LOOPBACK, server.getsockname()[1]), (LOOPBACK, unused_port())]
        assert list_unreached(ways) == []
    ((address, reason),) = list_unreached([("255.255.255.255", 9)])
    assert address == "255.255.255.255"
    assert reason
