"""Real KVStore jobs on this machine: they train, they fail, they start again."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
import uuid

import pytest
from cluster_jobs import TRAIN, comes_true, find_processes, python
from gluon_softmax.cluster.hosts import HERE
from gluon_softmax.cluster.job import Job, run_job
from gluon_softmax.cluster.screen import Screen
from gluon_softmax.cluster.verdict import Limits
from gluon_softmax.errors import ArgumentError, JobError


@pytest.fixture
def mark():
    """Give a word that only this test's workers have in their command."""
    word = uuid.uuid4().hex
    yield word
    for pid in find_processes(word):
        os.kill(pid, signal.SIGKILL)


class Record(Screen):
    """Notes what is shown, and calls a function when a line comes."""

    def __init__(self, line: str = "", act=None):
        super().__init__()
        self.lines, self._line, self._act = [], line, act

    def show(self, name, message):
        """Note it."""
        for stream in ("out", "err"):
            if stream in message:
                self.lines.append(f"{name} | {message[stream]}")
        if self._act and self.lines and self.lines[-1] == self._line:
            act, self._act = self._act, None
            act()

    def say(self, line):
        """Note it."""
        self.lines.append(line)


@pytest.mark.parametrize(
    ("workers", "servers"), [(1, 1), pytest.param(3, 2, marks=pytest.mark.slow)]
)
def test_all_train(workers, servers, mark):
    """The sum is that over all workers, and each is called by KVStore's rank."""
    job = Job([], workers, servers, argv=python(TRAIN, "3", mark))
    screen = Record()
    run_job(job, screen)
    total = float(sum(2 + rank for rank in range(workers)))
    expected = [f"worker {rank} | rank {rank} of {workers}" for rank in range(workers)]
    expected += [f"worker {i} | total {total} {total} {total}" for i in range(workers)]
    assert sorted(screen.lines) == sorted(expected)
    assert not find_processes(mark)


def roles() -> dict[str, int]:
    """Find the processes of the job that runs here, by role; of workers the first."""
    found: dict[str, int] = {}
    mine = str(os.getpid())
    for pid in os.listdir("/proc"):
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                variables = dict(
                    item.split("=", 1)
                    for item in file.read().decode(errors="replace").split("\0")
                    if "=" in item
                )
        except OSError:
            continue
        if variables.get("TEST_OF") == mine and "DMLC_ROLE" in variables:
            found.setdefault(variables["DMLC_ROLE"], int(pid))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("role", ["worker", "server", "scheduler"])
@pytest.mark.parametrize(
    "number", [signal.SIGKILL, pytest.param(signal.SIGSTOP, marks=pytest.mark.heavy)]
)
def test_lost_in_training(role, number, mark, monkeypatch):
    """Each process that ends or hangs ends the job; the line names it."""
    monkeypatch.setenv("TEST_OF", str(os.getpid()))
    began = []

    def act():
        began.append(time.monotonic())
        os.kill(roles()[role], number)

    limits = Limits(hang=3.0)
    job = Job([], 2, 1, argv=python(TRAIN, "10000", mark), limits=limits)
    plan = job.make_plan()
    monkeypatch.setattr(Job, "make_plan", lambda self: plan)
    ports = {int(task.variables["DMLC_PS_ROOT_PORT"]) for task in plan}
    ports |= {int(task.variables["PORT"]) for task in plan[1:]}
    with pytest.raises(JobError) as info:
        run_job(job, Record("worker 0 | rank 0 of 2", act))
    line = str(info.value)
    assert time.monotonic() - began[0] < 10
    assert line.startswith(f"{role} ")
    assert ("was ended by SIGKILL" if number == signal.SIGKILL else "stopped") in line
    assert not find_processes(mark)
    assert not roles()
    for port in ports:
        socket.create_server(("127.0.0.1", port)).close()


@pytest.mark.slow
def test_cannot_connect(mark):
    """A worker that finds no scheduler makes no step, and that ends the job."""
    code = f"os.environ['DMLC_PS_ROOT_PORT'] = '9'\n{TRAIN}"
    job = Job([], 1, 1, argv=python(code, "3", mark), limits=Limits(start=6.0))
    with pytest.raises(JobError, match=r"made no step within 6 s of its start"):
        run_job(job, Record())
    assert not find_processes(mark)


@pytest.mark.usefixtures("_no_pause")
class TestRestart:
    """Further attempts."""

    @pytest.fixture
    def _no_pause(self, monkeypatch):
        """Begin each attempt at once."""
        monkeypatch.setattr("gluon_softmax.cluster.job.PAUSE", 0.0)

    def orders(self, monkeypatch, code: str):
        """Let all processes of a job run some lines, and note their arguments."""
        make_orders, seen = Job.make_orders, []

        def make(job, resume=False):
            orders = make_orders(job, resume)
            for task, order in orders:
                if task.role == "worker":
                    seen.append(order["arguments"])
                order["argv"] = python(code, *order["arguments"])
            return orders

        monkeypatch.setattr(Job, "make_orders", make)
        return seen

    def test_goes_on(self, monkeypatch):
        """The second attempt resumes; one line says why there is one."""
        code = (
            "sys.exit('--resume' not in sys.argv and os.environ['DMLC_ROLE'][0] == 'w')"
        )
        seen = self.orders(monkeypatch, code)
        screen = Record()
        work = ["train", "gluon", "--checkpoint", "kept"]
        run_job(Job(work, restarts=3), screen)
        assert seen == [work, [*work, "--resume"]]
        (line,) = screen.lines
        assert "exited with code 1" in line
        assert line.endswith("; attempt 2 of 4")

    def test_begins_anew(self, monkeypatch):
        """Where nothing is kept there is nothing to resume."""
        seen = self.orders(monkeypatch, "sys.exit(5)")
        with pytest.raises(JobError):
            run_job(Job(["train", "gluon"], restarts=1), Record())
        assert seen == [["train", "gluon"]] * 2

    @pytest.mark.slow
    def test_not_for_ever(self, monkeypatch):
        """After the last attempt the job has failed."""
        seen = self.orders(monkeypatch, "sys.exit(5)")
        with pytest.raises(JobError, match="exited with code 5"):
            run_job(Job(["train", "--resume"], restarts=2), Record())
        assert seen == [["train", "--resume"]] * 3

    def test_not_for_a_mistake(self, monkeypatch):
        """What cannot be started so is not tried again; a lost host may come back."""
        tries = []

        def survey(counts, ssh):
            tries.append(counts)
            raise ArgumentError("host cannot be reached")

        monkeypatch.setattr("gluon_softmax.cluster.job.survey", survey)
        with pytest.raises(ArgumentError):
            run_job(Job(["train"], restarts=2), Record())
        assert len(tries) == 1


@pytest.mark.slow
def test_interrupted(mark):
    """A signal in training ends a real job within two seconds."""
    import gluon_softmax.cluster.supervisor as supervisor

    began = []

    def act():
        began.append(time.monotonic())
        threading.Timer(0.1, os.kill, [os.getpid(), signal.SIGTERM]).start()

    job = Job([], 2, 1, hosts=[HERE], argv=python(TRAIN, "10000", mark))
    with pytest.raises(supervisor.Interrupted) as info:
        run_job(job, Record("worker 0 | rank 0 of 2", act))
    assert info.value.number == signal.SIGTERM
    assert time.monotonic() - began[0] < 2.6
    assert comes_true(lambda: not find_processes(mark), 0.1)
