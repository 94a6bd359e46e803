"""Which process runs where, and under which variables."""

from __future__ import annotations

import socket

import pytest
from gluon_softmax.cluster import plan as plans
from gluon_softmax.cluster.hosts import HERE, Host
from gluon_softmax.cluster.plan import (
    LOOPBACK,
    deal_workers,
    find_addresses,
    find_ports,
    make_plan,
)
from gluon_softmax.errors import ArgumentError

A, B, C = (Host(name) for name in "abc")
ADDRESSES = {A: "10.0.0.9", B: "10.0.0.10", C: "10.0.0.8"}


@pytest.fixture
def network(monkeypatch):
    """Give each machine an address; return those that were asked for one."""
    asked = []

    def find(hosts, ssh):
        asked.extend(hosts)
        return ADDRESSES

    monkeypatch.setattr(plans, "find_addresses", find)
    return asked


def test_one_machine():
    """One worker and one server beside the scheduler, all on the loopback."""
    plan = make_plan([HERE], 1, 1)
    assert [task.name for task in plan] == ["scheduler", "server 0", "worker 0"]
    scheduler, server, worker = (task.variables for task in plan)
    assert scheduler == {
        "DMLC_ROLE": "scheduler",
        "DMLC_NODE_HOST": LOOPBACK,
        "DMLC_PS_ROOT_URI": LOOPBACK,
        "DMLC_PS_ROOT_PORT": scheduler["PORT"],
        "PORT": scheduler["PORT"],
        "DMLC_NUM_WORKER": "1",
        "DMLC_NUM_SERVER": "1",
    }
    assert len({scheduler["PORT"], server["PORT"], worker["PORT"]}) == 3


@pytest.mark.usefixtures("network")
def test_dealt_in_turn():
    """Workers and servers go round the machines; the scheduler is on the first."""
    plan = make_plan([A, B, C], 4, 2)
    places = {}
    for task in plan:
        places.setdefault(task.role, []).append(task.host)
    assert places["scheduler"] == [A]
    assert sorted(places["server"]) == [A, B]
    assert sorted(places["worker"]) == [A, A, B, C]
    for task in plan:
        assert task.variables["DMLC_NODE_HOST"] == ADDRESSES[task.host]
        assert task.variables["DMLC_PS_ROOT_URI"] == ADDRESSES[A]


@pytest.mark.usefixtures("network")
def test_numbers_are_kvstores():
    """They fall with the address, as text, and rise with the port."""
    plan = make_plan([A, B, C], 4, 1)
    workers = [task for task in plan if task.role == "worker"]
    assert [task.number for task in workers] == [0, 1, 2, 3]
    assert [task.host for task in workers] == [A, A, C, B]
    assert int(workers[0].variables["PORT"]) < int(workers[1].variables["PORT"])


@pytest.mark.usefixtures("network")
def test_no_port_twice():
    """No two processes of a machine share a port, the scheduler's included."""
    plan = make_plan([A, B], 7, 3)
    ends = {(t.variables["DMLC_NODE_HOST"], t.variables["PORT"]) for t in plan}
    assert len(ends) == len(plan) == 11


def test_slots():
    """A machine that is full is passed over; too few slots are refused."""
    hosts = [A._replace(slots=1), B, C._replace(slots=2)]
    names = [host.name for host in deal_workers(hosts, 6)]
    assert names == ["a", "b", "c", "b", "c", "b"]
    full = [host._replace(slots=1) for host in hosts]
    with pytest.raises(ArgumentError, match=r"slots for 4 workers.* found 3"):
        make_plan(full, 4, 1)


def test_machine_without_a_part(network):
    """A machine with nothing to do is not even looked up."""
    make_plan([A, B, C], 2, 1)
    assert network == [A, B]


def test_addresses(tmp_path):
    """They come from the hosts file, or from ssh's settings; our own leads there."""
    ssh = tmp_path / "ssh"
    ssh.write_text('#!/bin/sh\nprintf "user me\\nhostname 127.0.0.1\\n"\n')
    ssh.chmod(0o755)
    alias, named = Host("alias.invalid"), Host("named.invalid", address="192.0.2.1")
    found = find_addresses([HERE, alias, named], [str(ssh)])
    assert found == {HERE: "127.0.0.1", alias: "127.0.0.1", named: "192.0.2.1"}
    assert find_addresses([HERE], ["ssh"]) == {HERE: LOOPBACK}


@pytest.mark.parametrize("ssh", ["false", "/no/such/ssh"])
def test_no_address(ssh):
    """The error names the machine, and how to help."""
    with pytest.raises(ArgumentError, match=r"of no\.such\.host\.invalid, found none"):
        find_addresses([Host("no.such.host.invalid")], [ssh])


def test_ports():
    """Here they are free; an address of another machine's is refused."""
    ports = find_ports(HERE, LOOPBACK, 3)
    assert ports == sorted(set(ports))
    for port in ports:
        socket.create_server((LOOPBACK, port)).close()
    with pytest.raises(ArgumentError, match=r"address=192\.0\.2\.1 of localhost"):
        find_ports(HERE, "192.0.2.1", 1)
