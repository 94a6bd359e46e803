"""When a job is taken to have failed, and which process is said to be at fault."""

from __future__ import annotations

import pytest
from gluon_softmax.cluster.heartbeat import Pulse
from gluon_softmax.cluster.hosts import HERE
from gluon_softmax.cluster.plan import Task
from gluon_softmax.cluster.verdict import Limits, find_failure

NOW = 1000.0
LIMITS = Limits(start=120, hang=60, silence=5)


def make(role="worker", number=0, **known):
    """Make up what is known of a process: by default that all is well."""
    usual = {
        "task": Task(role, number, HERE, {}),
        "name": f"{role} {number}",
        "started": NOW - 500,
        "heard": NOW - 0.5,
        "pulse": Pulse(age=0.5),
        "finished": None,
        "stopped": None,
        "code": None,
        "is_gone": False,
    }
    return type("Known", (), {**usual, **known})()


WELL = [
    {},
    {"code": 0, "is_gone": True, "heard": NOW - 300},
    {"pulse": Pulse(age=59)},
    {"pulse": Pulse(age=None), "started": NOW - 119},
    {"pulse": Pulse(age=300, finished=True), "finished": NOW - 300},
    {"role": "server", "pulse": Pulse()},
    {"stopped": NOW - 59},
]


@pytest.mark.parametrize("known", WELL)
def test_well(known):
    """None of these ends a job in which another worker makes steps."""
    job = [make(), make(number=1, **known)]
    assert find_failure(job, LIMITS, NOW) is None


BADLY = [
    ({"code": 3}, "exited with code 3"),
    ({"code": -9}, "was ended by SIGKILL"),
    ({"code": -64}, "was ended by SIGRTMAX"),
    ({"code": -99}, "was ended by signal 99"),
    ({"is_gone": True}, "was lost: its keeper on localhost ended"),
    ({"heard": NOW - 6}, "was lost: no sign of localhost for 5 s"),
    ({"stopped": NOW - 61}, "hung: it is stopped, and has been for 61 s"),
    ({"pulse": Pulse(age=61)}, "hung: it made no step for 60 s"),
    (
        {"pulse": Pulse(), "started": NOW - 121},
        "hung: it made no step within 120 s of its start",
    ),
]


@pytest.mark.parametrize(("known", "reason"), BADLY)
def test_badly(known, reason):
    """Each ends the job, and is put into words."""
    culprit = make(number=1, **known)
    assert find_failure([make(), culprit], LIMITS, NOW) == (culprit, reason)


def test_longest_without_a_step():
    """It is named first; the others may wait for it."""
    job = [make(number=i, pulse=Pulse(age=61 + i % 2)) for i in range(3)]
    reason = (
        "hung: it made no step for 60 s (nor did worker 0, worker 2, which may wait "
        "for it)"
    )
    assert find_failure(job, LIMITS, NOW) == (job[1], reason)


def test_a_stopped_server():
    """It is at fault, though it is the workers that make no steps."""
    server = make(role="server", stopped=NOW - 30, pulse=Pulse())
    job = [make(pulse=Pulse(age=61)), server]
    reason = "hung: it is stopped, and has been for 30 s"
    assert find_failure(job, LIMITS, NOW) == (server, reason)


def test_done_but_not_ended():
    """When no worker trains any more, they must end in time."""
    done = Pulse(age=99, finished=True)
    job = [make(number=i, pulse=done, finished=NOW - 59 - i) for i in range(3)]
    assert find_failure(job[:2], LIMITS, NOW) is None
    culprit, reason = find_failure(job, LIMITS, NOW)
    assert culprit is job[2]
    assert reason == "hung: it did not end within 60 s of its last step"
