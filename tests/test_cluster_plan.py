"""Which process runs where, and under which variables."""

from __future__ import annotations

import pytest
from gluon_softmax.cluster.hosts import HERE, Host
from gluon_softmax.cluster.plan import deal_workers, make_plan
from gluon_softmax.cluster.survey import LOOPBACK, Site, survey
from gluon_softmax.errors import ArgumentError

A, B, C = (Host(name) for name in "abc")
ADDRESSES = {A: "10.0.0.9", B: "10.0.0.10", C: "10.0.0.8"}


def look(counts):
    """Give each machine an address and ports."""
    return {
        host: Site(ADDRESSES[host], [*range(50, 50 + counts[host])]) for host in counts
    }


def test_one_machine():
    """One worker and one server beside the scheduler, all on the loopback."""
    plan = make_plan([HERE], 1, 1, lambda counts: survey(counts, ["false"]))
    assert [task.name for task in plan] == ["scheduler", "server 0", "worker 0"]
    scheduler, server, worker = (task.variables for task in plan)
    assert scheduler == {
        "DMLC_ROLE": "scheduler",
        "DMLC_NODE_HOST": LOOPBACK,
        "DMLC_PS_ROOT_URI": LOOPBACK,
        "DMLC_PS_ROOT_PORT": scheduler["DMLC_PS_ROOT_PORT"],
        "DMLC_NUM_WORKER": "1",
        "DMLC_NUM_SERVER": "1",
    }
    ports = {scheduler["DMLC_PS_ROOT_PORT"], server["PORT"], worker["PORT"]}
    assert len(ports) == 3


def test_dealt_in_turn():
    """Workers and servers go round the machines; the scheduler is on the first."""
    plan = make_plan([A, B, C], 4, 2, look)
    places = {}
    for task in plan:
        places.setdefault(task.role, []).append(task.host)
    assert places["scheduler"] == [A]
    assert sorted(places["server"]) == [A, B]
    assert sorted(places["worker"]) == [A, A, B, C]
    assert all(
        task.variables["DMLC_NODE_HOST"] == ADDRESSES[task.host] for task in plan
    )
    assert {task.variables["DMLC_PS_ROOT_URI"] for task in plan} == {ADDRESSES[A]}


def test_numbers_are_kvstores():
    """They fall with the address, as text, and rise with the port."""
    plan = make_plan([A, B, C], 4, 1, look)
    workers = [task for task in plan if task.role == "worker"]
    assert [task.number for task in workers] == [0, 1, 2, 3]
    assert [task.host for task in workers] == [A, A, C, B]
    assert int(workers[0].variables["PORT"]) < int(workers[1].variables["PORT"])


def test_no_port_twice():
    """No two processes of a machine share a port, the scheduler's included."""
    plan = make_plan([A, B], 7, 3, look)
    taken = [
        (
            task.variables["DMLC_NODE_HOST"],
            task.variables.get("PORT", task.variables["DMLC_PS_ROOT_PORT"]),
        )
        for task in plan
    ]
    assert len(set(taken)) == len(plan) == 11


def test_slots():
    """A machine that is full is passed over; too few slots are refused."""
    hosts = [A._replace(slots=1), B, C._replace(slots=2)]
    names = [host.name for host in deal_workers(hosts, 6)]
    assert names == ["a", "b", "c", "b", "c", "b"]
    full = [host._replace(slots=1) for host in hosts]
    with pytest.raises(ArgumentError, match=r"slots for 4 workers.* found 3"):
        make_plan(full, 4, 1, look)


def test_machine_without_a_part():
    """A machine with nothing to do is not even asked."""
    asked = []

    def note(counts):
        asked.extend(counts)
        return look(counts)

    make_plan([A, B, C], 2, 1, note)
    assert asked == [A, B]
