"""A job of small processes, and every way it may end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid

import pytest
from cluster_jobs import (
    FOLDER,
    SLEEP,
    STEP,
    comes_true,
    find_processes,
    order,
    python,
    task,
)
from gluon_softmax.cluster.screen import Screen
from gluon_softmax.cluster.supervisor import Limits, Supervisor, find_failure
from gluon_softmax.errors import ArgumentError, JobError

USUAL = Limits()
QUICK = Limits(start=4.0, hang=1.0)
NOW = 1000.0


@pytest.fixture
def mark():
    """Return a word that only this test's processes have in their command."""
    word = uuid.uuid4().hex
    yield word
    for process in find_processes(word):
        process.kill()


def job(mark: str, **codes: str):
    """Return the orders of a job, by role and number."""
    names = {"scheduler": SLEEP, "server_0": SLEEP, **codes}
    orders = []
    for name, code in names.items():
        role, _, number = name.partition("_")
        orders.append((task(role, int(number or 0)), order(python(code, mark))))
    return orders


def supervise(orders, limits=USUAL) -> None:
    """Run a job."""
    Supervisor(orders, limits, Screen()).run()


def failure(mark, orders, limits=USUAL, kind=JobError) -> str:
    """Return the line that a job fails with; within 10 s, and with nothing left."""
    start = time.monotonic()
    with pytest.raises(kind) as info:
        supervise(orders, limits)
    assert time.monotonic() - start < 10
    assert comes_true(lambda: not find_processes(mark), 1)
    assert "\n" not in str(info.value)
    return str(info.value)


# Jobs that end well


def test_all_end(mark, capfd):
    """A job ends with its workers, each line under the name of its process."""
    say = "print('hello'); print('trouble', file=sys.stderr)"
    wait = f"print('served'); time.sleep(0.3); {say}"
    supervise(job(mark, scheduler=say, server_0=say, worker_0=say, worker_1=wait))
    out, err = capfd.readouterr()
    names = ["scheduler", "server 0", "worker 0", "worker 1"]
    assert sorted(out.splitlines()) == sorted(
        [f"{name} | hello" for name in names] + ["worker 1 | served"]
    )
    assert sorted(err.splitlines()) == [f"{name} | trouble" for name in names]
    assert comes_true(lambda: not find_processes(mark), 1)


@pytest.mark.slow
def test_true_rank_and_much_output(mark, capfd):
    """A worker is called by the rank it says; no line is lost, nor out of order."""
    code = (
        "heartbeat.announce(5); time.sleep(1.5)\nfor i in range(20_000): print('n', i)"
    )
    end = "print('end')"
    supervise(job(mark, scheduler=end, server_0=end, worker_0=code))
    lines = capfd.readouterr().out.splitlines()
    found = [line for line in lines if line.startswith("worker")]
    assert found == [f"worker 5 | n {i}" for i in range(20_000)]


# Jobs that fail


@pytest.mark.parametrize(
    ("code", "line"),
    [
        (
            "print('first\\nlast'); sys.exit(3)",
            "exited with code 3; its last lines: first / last",
        ),
        (
            "print('first\\nlast'); os.kill(os.getpid(), 9)",
            "was ended by SIGKILL; its last lines: first / last",
        ),
        ("sys.exit(3)", "exited with code 3; it printed nothing"),
        ("os.abort()", "was ended by SIGABRT; it printed nothing"),
    ],
)
def test_a_worker_ends(mark, code, line):
    """The line names the worker, says how it ended, and what it printed last."""
    orders = job(mark, worker_0=STEP, worker_1=f"time.sleep(0.2); {code}")
    assert failure(mark, orders) == f"worker 1 on localhost {line}"


def test_bad_input(mark):
    """What a worker itself calls bad input is no failure of the job."""
    orders = job(mark, worker_0=STEP, worker_1="sys.exit(2)")
    assert "exited with code 2" in failure(mark, orders, kind=ArgumentError)


@pytest.mark.parametrize("name", ["scheduler", "server_0"])
def test_other_roles(mark, name):
    """Whichever process is killed, the job ends, and the line names it."""
    code = "print('up'); time.sleep(0.2); os.kill(os.getpid(), signal.SIGKILL)"
    line = failure(mark, job(mark, worker_0=STEP, **{name: code}))
    name = name.replace("_", " ")
    assert line == f"{name} on localhost was ended by SIGKILL; its last lines: up"


def test_keeper_killed(mark):
    """A process whose keeper is gone is lost, and does not run on."""
    line = failure(mark, job(mark, worker_0="os.kill(os.getppid(), 9); time.sleep(60)"))
    assert line.startswith("worker 0 on localhost was lost")


def test_what_is_no_message(mark, capfd):
    """What ssh has to say, say, is shown and quoted."""
    orders = job(mark, worker_0=STEP)
    orders[-1][1]["version"] = "0.0.7"
    line = failure(mark, orders)
    assert "worker 0 on localhost was lost" in line
    assert "expected gluon_softmax 0.0.7" in line
    assert "worker 0 | expected gluon_softmax 0.0.7" in capfd.readouterr().err


@pytest.mark.slow
def test_hanging(mark):
    """A worker without steps ends the job; where one is stopped, it is named."""
    wait = f"heartbeat.beat(); {SLEEP}"
    line = failure(mark, job(mark, worker_0=STEP, worker_1=wait), QUICK)
    assert line.startswith("worker 1 on localhost hung: it made no step for 1 s; its")
    stop = "os.kill(os.getpid(), signal.SIGSTOP)"
    line = failure(mark, job(mark, server_0=stop, worker_0=wait), QUICK)
    assert line.startswith("server 0 on localhost hung: it is stopped")


def test_no_variable_is_shown(mark, monkeypatch, capfd):
    """What fails does not print the environment."""
    monkeypatch.setenv("SECRET_TOKEN", "hunter2")
    line = failure(mark, job(mark, worker_0="raise ValueError(len(os.environ))"))
    shown = line + "".join(capfd.readouterr())
    assert "ValueError" in shown
    assert "hunter2" not in shown
    assert "SECRET_TOKEN" not in shown


# What counts as a failure, by what is known of the processes


def known(role="worker", number=0, **facts):
    """Make up what is known of a process: by default that all is well."""
    usual = {"task": task(role, number), "started": NOW - 500, "stepped": NOW - 0.5}
    usual.update(stopped=None, is_finished=False, is_gone=False)
    return type("Known", (), {**usual, "code": None, "ended": None, **facts})()


ENDED = {"code": 0, "is_gone": True, "ended": NOW - 6}


@pytest.mark.parametrize(
    "facts",
    [
        {},
        ENDED,
        {"stepped": NOW - 59},
        {"stepped": None, "started": NOW - 119},
        {"stepped": NOW - 300, "is_finished": True},
        {"role": "server", "stepped": None},
        {"stopped": NOW - 59},
    ],
)
def test_well(facts):
    """None of these ends a job in which another worker makes steps."""
    assert find_failure([known(), known(number=1, **facts)], USUAL, NOW) is None


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"code": -64, "ended": NOW}, "was ended by SIGRTMAX"),
        ({"code": -99, "ended": NOW}, "was ended by signal 99"),
        ({"is_gone": True}, "was lost: nothing is heard of it any more"),
        ({"stepped": NOW - 61}, "hung: it made no step for 60 s"),
        ({"stopped": NOW - 61}, "hung: it is stopped"),
        (
            {"stepped": None, "started": NOW - 121},
            "hung: it made no step within 120 s of its start",
        ),
    ],
)
def test_badly(facts, reason):
    """Each ends the job, and is put into words."""
    culprit = known(number=1, **facts)
    assert find_failure([known(), culprit], USUAL, NOW) == (culprit, reason)


def test_the_first_that_failed():
    """It is named, for the others may have failed because of it."""
    workers = [known(number=i, code=1, ended=NOW - i % 2) for i in range(3)]
    culprit, _ = find_failure(workers, USUAL, NOW)
    assert culprit is workers[1]


def test_the_first_that_hung():
    """It is named, for the others may wait for it."""
    workers = [known(number=i, stepped=NOW - 61 - i % 2) for i in range(3)]
    culprit, _ = find_failure(workers, USUAL, NOW)
    assert culprit is workers[1]


def test_done_but_not_ended():
    """When no worker trains any more, all must end in time."""
    done = known(stepped=NOW - 61, is_finished=True)
    assert find_failure([done, known(number=1)], USUAL, NOW) is None
    culprit, _ = find_failure([done, known(number=1, **ENDED)], USUAL, NOW)
    assert culprit is done
    scheduler = known(role="scheduler", stepped=None)
    culprit, reason = find_failure([scheduler, known(**ENDED)], USUAL, NOW)
    assert culprit is scheduler
    assert reason == "still ran 5 s after the last worker"


# Signals to the launcher

LAUNCHER = """
import sys
sys.path[:0] = [{folder!r}, {tests!r}]
from test_cluster_supervisor import *
from gluon_softmax.commands.interruption import raising_at_sigterm
deaf = "signal.signal(signal.SIGTERM, signal.SIG_IGN);" + SLEEP
with raising_at_sigterm():
    supervise(job({mark!r}, worker_0=deaf, worker_1=deaf))
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"])
def test_signal(mark, name):
    """Whatever ends the launcher, nothing outlives it."""
    tests = os.path.dirname(__file__)
    text = LAUNCHER.format(folder=FOLDER, tests=tests, mark=mark)
    process = subprocess.Popen(
        [sys.executable, "-c", text],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    said = {process.stdout.readline() for _ in range(4)}
    assert "worker 1 | ready\n" in said
    process.send_signal(signal.Signals[name])
    process.communicate(timeout=10)
    assert process.returncode != 0
    assert comes_true(lambda: not find_processes(mark), 2)
