"""The machines of a job: the hosts file, and which process runs where."""

from __future__ import annotations

import shlex
import socket

import pytest
from gluon_softmax.cluster import plan as plans
from gluon_softmax.cluster.hosts import HERE, Host, add_ssh, read_hosts
from gluon_softmax.cluster.plan import (
    LOOPBACK,
    describe_listening,
    find_addresses,
    find_port,
    make_plan,
)
from gluon_softmax.errors import ArgumentError
from gluon_softmax.storage.processes import python_command

ROLES = ("scheduler", "server", "worker")
NOBODY = "192.0.2.1"  # of RFC 5737


def read(tmp_path, text: str) -> list[Host]:
    """Read a hosts file."""
    path = tmp_path / "hosts"
    path.write_bytes(text.encode("latin1"))
    return read_hosts(path)


def test_hosts_file(tmp_path):
    """Names, options and comments are read in their order."""
    text = """
# all machines
localhost slots=2   # this one
gpu-1 address=10.0.0.2 slots=4

gpu-2\tpython=/opt/bin/python
"""
    assert read(tmp_path, text) == [
        Host("localhost", slots=2),
        Host("gpu-1", slots=4, address="10.0.0.2"),
        Host("gpu-2", python="/opt/bin/python"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# nobody\n\n", "found none in"),
        ("a\nb\na", "line 3: expected a once, with slots=N"),
        ("a slots=0", "line 1: expected NAME [slots=N] [address=IPV4] [python=PATH]"),
        ("\na slots=two", "line 2: "),
        ("a slots=", "found 'a slots='"),
        ("a cores=4", "found 'a cores=4'"),
        ("a address=::1", "found 'a address=::1'"),
        ("slots=2", "found 'slots=2'"),
        ("-oProxyCommand=evil", "found '-oProxyCommand=evil'"),
        ("\xff\xfe\0", "not a text file"),
    ],
)
def test_malformed_hosts_file(tmp_path, text, message):
    """Each mistake gets one line, which says where it is."""
    with pytest.raises(ArgumentError) as info:
        read(tmp_path, text)
    assert message in str(info.value)
    assert str(tmp_path) in str(info.value)
    assert "\n" not in str(info.value)


@pytest.mark.parametrize(
    ("host", "here"),
    [
        (Host("localhost"), True),
        (Host(socket.gethostname()), True),
        (Host("127.0.0.1"), True),
        (Host("other", address="127.0.0.1"), True),
        (Host(NOBODY), False),
        (Host("other", address=NOBODY), False),
        (Host("no.such.host.invalid"), False),
    ],
)
def test_which_machine_is_this(host, here):
    """This machine is known by name or by address, and needs no ssh."""
    assert host.is_here is here
    assert (add_ssh(host, ["true"], ["ssh"])[0] == "ssh") is not here


def test_python_elsewhere():
    """The caller's options of ssh come first, for the first counts; no password."""
    command = python_command("cluster.keeper", "an argument", python="/my python")
    over_ssh = add_ssh(Host("no.such.host.invalid"), command, ["ssh", "-F", "file"])
    assert over_ssh[:3] == ["ssh", "-F", "file"]
    assert "BatchMode=yes" in over_ssh
    assert over_ssh[-2] == "no.such.host.invalid"
    assert shlex.split(over_ssh[-1]) == ["exec", "/my python", *command[1:]]


def test_one_machine():
    """One worker and one server beside the scheduler, all on the loopback."""
    plan = make_plan([HERE], 1, 1, ["ssh"])
    assert [task.name for task in plan] == ["scheduler", "server 0", "worker 0"]
    scheduler, *others = (task.variables for task in plan)
    assert scheduler == {
        "DMLC_ROLE": "scheduler",
        "DMLC_NODE_HOST": LOOPBACK,
        "DMLC_PS_ROOT_URI": LOOPBACK,
        "DMLC_PS_ROOT_PORT": scheduler["DMLC_PS_ROOT_PORT"],
        "DMLC_NUM_WORKER": "1",
        "DMLC_NUM_SERVER": "1",
    }
    for role, variables in zip(("server", "worker"), others):
        assert variables == {**scheduler, "DMLC_ROLE": role}


def test_dealt_in_turn(monkeypatch):
    """Workers and servers go round the machines; one without a part is not asked."""
    hosts = [Host("a", slots=2), Host("b"), Host("c", slots=1)]
    addresses = dict(zip(hosts, ["10.0.0.9", "10.0.0.10", "10.0.0.8"]))
    asked = []

    def find(hosts, ssh):
        asked.extend(hosts)
        return addresses

    monkeypatch.setattr(plans, "find_addresses", find)
    plan = make_plan(hosts, 6, 2, ["ssh"])
    places = {role: [t.host.name for t in plan if t.role == role] for role in ROLES}
    assert places["scheduler"] == ["a"]
    assert places["server"] == ["a", "b"]
    assert places["worker"] == ["a", "b", "c", "a", "b", "b"]
    for task in plan:
        assert task.variables["DMLC_NODE_HOST"] == addresses[task.host]
        assert task.variables["DMLC_PS_ROOT_URI"] == "10.0.0.9"
    asked.clear()
    make_plan(hosts, 2, 1, ["ssh"])
    assert asked == hosts[:2]


def test_too_few_slots():
    """More workers than slots are refused."""
    full = [Host(name, slots=1) for name in "abc"]
    with pytest.raises(ArgumentError, match=r"slots for 4 workers.* found 3"):
        make_plan(full, 4, 1, ["ssh"])


def test_addresses(tmp_path):
    """They come from the hosts file, or from ssh's settings; our own leads there."""
    ssh = tmp_path / "ssh"
    ssh.write_text('#!/bin/sh\nprintf "user me\\nhostname 127.0.0.1\\n"\n')
    ssh.chmod(0o755)
    alias, named = Host("alias.invalid"), Host("named.invalid", address=NOBODY)
    found = find_addresses([HERE, alias, named], [str(ssh)])
    assert found == {HERE: "127.0.0.1", alias: "127.0.0.1", named: NOBODY}


@pytest.mark.parametrize("ssh", ["false", "/no/such/ssh"])
def test_no_address(ssh):
    """The error names the machine, and how to help."""
    with pytest.raises(ArgumentError, match=r"of no\.such\.host\.invalid, found none"):
        find_addresses([Host("no.such.host.invalid")], [ssh])


@pytest.mark.parametrize(
    ("address", "lines"),
    [
        (LOOPBACK, []),
        ("10.0.0.9", ["the job listens on 10.0.0.9 (a)"]),
        ("8.8.8.8", ["the job listens on 8.8.8.8 (a)", "8.8.8.8 (a) is public, and "]),
    ],
)
def test_where_it_listens(monkeypatch, address, lines):
    """It is said before anything starts, and so is which address is public."""
    monkeypatch.setattr(plans, "find_addresses", lambda *_: {Host("a"): address})
    told = describe_listening(make_plan([Host("a")], 2, 1, ["ssh"]))
    assert len(told) == len(lines)
    assert all(line.startswith(start) for line, start in zip(told, lines))


def test_port():
    """Here it is free; elsewhere it is one that hardly anybody takes."""
    socket.create_server((LOOPBACK, find_port(LOOPBACK))).close()
    assert find_port(NOBODY) in plans.QUIET_PORTS
