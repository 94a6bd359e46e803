"""Real KVStore jobs on this machine: they train, they fail, they start again."""

from __future__ import annotations

import os
import signal
import socket
import uuid

import psutil
import pytest
from cluster_jobs import TRAIN, Record, comes_true, find_processes, order, python
from gluon_softmax.cluster.job import Job, run_job
from gluon_softmax.cluster.supervisor import Limits
from gluon_softmax.errors import ArgumentError, JobError


@pytest.fixture
def mark():
    """Return a word that only this test's workers have in their command."""
    word = uuid.uuid4().hex
    yield word
    for process in find_processes(word):
        process.kill()


@pytest.mark.parametrize(
    ("workers", "servers"), [(1, 1), pytest.param(3, 2, marks=pytest.mark.slow)]
)
def test_all_train(workers, servers, mark):
    """The sum is that over all workers, and each is called by KVStore's rank."""
    screen = Record()
    run_job(Job([], workers, servers, argv=python(TRAIN, "3", mark)), screen)
    total = float(sum(2 + rank for rank in range(workers)))
    expected = [f"worker {rank} | rank {rank} of {workers}" for rank in range(workers)]
    expected += [f"worker {i} | total {total} {total} {total}" for i in range(workers)]
    assert sorted(screen.lines) == sorted(expected)
    assert comes_true(lambda: not find_processes(mark), 1)


def find_roles() -> dict[str, psutil.Process]:
    """Return the processes of the job that runs here, by role."""
    found = {}
    for process in psutil.Process().children(recursive=True):
        variables = process.environ()
        if "DMLC_ROLE" in variables:
            found[variables["DMLC_ROLE"]] = process
    return found


@pytest.mark.slow
@pytest.mark.parametrize("role", ["worker", "server", "scheduler"])
@pytest.mark.parametrize(
    "number", [signal.SIGKILL, pytest.param(signal.SIGSTOP, marks=pytest.mark.heavy)]
)
def test_lost_in_training(role, number, mark, monkeypatch):
    """Each process that ends or hangs ends the job; the line names it."""
    limits = Limits(hang=3.0)
    job = Job([], 2, 1, argv=python(TRAIN, "10000", mark), limits=limits)
    plan = job.make_plan()
    monkeypatch.setattr(Job, "make_plan", lambda self: plan)
    record = Record(
        "worker 0 | rank 0 of 2", lambda: find_roles()[role].send_signal(number)
    )
    with pytest.raises(JobError) as info:
        run_job(job, record)
    line = str(info.value)
    assert line.startswith(f"{role} ")
    assert ("was ended by SIGKILL" if number == signal.SIGKILL else "stopped") in line
    assert comes_true(lambda: not psutil.Process().children(recursive=True), 1)
    for task in plan:
        socket.create_server(("127.0.0.1", int(task.variables["PORT"]))).close()


@pytest.mark.slow
def test_cannot_connect(mark):
    """A worker that finds no scheduler makes no step, and that ends the job."""
    code = f"os.environ['DMLC_PS_ROOT_PORT'] = '9'\n{TRAIN}"
    job = Job([], 1, 1, argv=python(code, "3", mark), limits=Limits(start=6.0))
    with pytest.raises(JobError, match=r"made no step within 6 s of its start"):
        run_job(job, Record())
    assert comes_true(lambda: not find_processes(mark), 1)


@pytest.mark.slow
def test_interrupted(mark):
    """Ctrl-C in training leaves nothing of a real job."""
    job = Job([], 2, 1, argv=python(TRAIN, "10000", mark))
    stop = Record("worker 0 | rank 0 of 2", lambda: os.kill(os.getpid(), signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        run_job(job, stop)
    assert comes_true(lambda: not psutil.Process().children(recursive=True), 1)


class TestRestart:
    """Further attempts."""

    @pytest.fixture(autouse=True)
    def _no_pause(self, monkeypatch):
        """Begin each attempt at once."""
        monkeypatch.setattr("gluon_softmax.cluster.job.PAUSE", 0.0)

    @pytest.fixture
    def seen(self, monkeypatch):
        """Let workers fail unless they resume, and note their arguments."""
        seen = []

        def make(job, task, arguments):
            if task.role != "worker":
                return order(python("print('end')"))
            seen.append(arguments)
            code = "time.sleep(0.2); sys.exit(0 if '--resume' in sys.argv else 5)"
            return order(python(code, *arguments))

        monkeypatch.setattr(Job, "_make_order", make)
        return seen

    def test_goes_on(self, seen):
        """The second attempt resumes; one line says why there is one."""
        screen = Record()
        work = ["train", "softmax", "--checkpoint", "kept"]
        run_job(Job(work, restarts=3), screen)
        assert seen == [work, [*work, "--resume"]]
        (line,) = [line for line in screen.lines if "attempt" in line]
        assert "worker 0 on localhost exited with code 5" in line
        assert line.endswith("; attempt 2 of 4")

    def test_not_for_ever(self, seen):
        """Where nothing is kept there is nothing to resume, until the last attempt."""
        with pytest.raises(JobError, match="exited with code 5"):
            run_job(Job(["train", "softmax"], restarts=1), Record())
        assert seen == [["train", "softmax"]] * 2

    def test_not_for_a_mistake(self, monkeypatch):
        """What cannot be started so is not tried again."""
        tries = []

        def make_plan(job):
            tries.append(job)
            raise ArgumentError("no address")

        monkeypatch.setattr(Job, "make_plan", make_plan)
        with pytest.raises(ArgumentError):
            run_job(Job(["train"], restarts=2), Record())
        assert len(tries) == 1
