"""Jobs of small processes and real ones, and every way they may end."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import psutil
import pytest
from cluster_jobs import (
    SLEEP,
    STEP,
    Record,
    TrainingJob,
    comes_true,
    find_processes,
    find_workers,
    python,
    run_codes,
)
from gluon_softmax.cluster import heartbeat, process
from gluon_softmax.cluster import job as jobs
from gluon_softmax.cluster.failure import Limits
from gluon_softmax.cluster.job import Job, run_job
from gluon_softmax.errors import ArgumentError, JobError
from gluon_softmax.storage.processes import python_command
from namespaces import OWN

QUICK = Limits(start=2.0, hang=1.0)
LEAVE = (
    "import subprocess; subprocess.Popen("
    "[sys.executable, '-c', 'import time; time.sleep(60)', sys.argv[1]])"
)
"""Starts a process that goes on, and has the mark too."""
DEAF = f"signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEP}"


@pytest.fixture
def mark():
    """Return a word that only this test's processes have in their command.

    Whatever happens, none of them is left.
    """
    word = uuid.uuid4().hex
    yield word
    all_gone = comes_true(lambda: not find_processes(word), 2)
    for left in find_processes(word):
        left.kill()
    assert all_gone


@pytest.fixture
def failure(mark, monkeypatch, capfd):
    """Return a function that returns the line that a job fails with, within 10 s.

    Neither this line nor what is printed shows the environment.
    """
    monkeypatch.setenv("SECRET_TOKEN", "hunter2")

    def run(codes, kind=JobError, **options) -> str:
        start = time.monotonic()
        with pytest.raises(kind) as info:
            run_codes(codes, mark, **options)
        assert time.monotonic() - start < 10
        assert "\n" not in str(info.value)
        assert "hunter2" not in str(info.value) + "".join(capfd.readouterr())
        return str(info.value)

    return run


# Jobs that end well


def test_all_end(mark, capfd):
    """A job ends with its workers, each line under the name of its process."""
    say = "print('hello'); print('trouble', file=sys.stderr)"
    wait = f"print('served'); time.sleep(0.3); {say}"
    codes = {"scheduler": say, "server 0": say, "worker 0": say, "worker 1": wait}
    run_codes(codes, mark)
    out, err = capfd.readouterr()
    expected = [f"{name} | hello" for name in codes] + ["worker 1 | served"]
    assert sorted(out.splitlines()) == sorted(expected)
    assert sorted(err.splitlines()) == [f"{name} | trouble" for name in codes]


def test_lines(mark):
    """Each arrives under KVStore's rank; of one written over, the last state."""
    code = r"""
heartbeat.announce(5); time.sleep(0.3)
os.write(1, "ä\nhalf ".encode()); time.sleep(0.1); os.write(1, b"line\n")
os.write(1, b" 10%\r 50%\r100%\r\n\xff\nend without a line's")
"""
    record = Record()
    end = {"scheduler": "", "server 0": ""}
    run_codes({"worker 0": code, **end}, mark, record)
    expected = ["ä", "half line", "100%", "\ufffd", "end without a line's"]
    assert record.lines == [f"worker 5 | {line}" for line in expected]


def test_variables_and_folder(mark, monkeypatch, tmp_path):
    """A process has the job's variables beside others, and the launcher's folder."""
    monkeypatch.setenv("MINE", "kept")
    monkeypatch.chdir(tmp_path)
    code = (
        f"print(os.environ['DMLC_ROLE'], os.environ['MINE'], os.getcwd(), "
        f"{heartbeat.VARIABLE!r} in os.environ)"  # no child may inherit it
    )
    record = Record()
    run_codes({"worker 0": code, "scheduler": "", "server 0": ""}, mark, record)
    assert record.lines == [f"worker 0 | worker kept {tmp_path} False"]


# Jobs that fail


@pytest.mark.parametrize(
    ("code", "kind", "line"),
    [
        ("sys.exit(1)", JobError, "exited with code 1; it printed nothing"),
        ("sys.exit(2)", ArgumentError, "exited with code 2; it printed nothing"),
        (
            r"print('first\nlast'); os.kill(os.getpid(), 9)",
            JobError,
            "was ended by signal 9 (Killed); its last lines: first / last",
        ),
    ],
)
def test_a_worker_fails(failure, code, kind, line):
    """The line has its role, rank, host, how it ended, and its last lines.

    A worker's own word for bad input, 2, is no failure of the job.
    """
    codes = {"worker 0": STEP, "worker 1": code}
    assert failure(codes, kind) == f"worker 1 on localhost {line}"


def test_another_version(failure, monkeypatch):
    """What a keeper, or ssh, has to say is quoted."""
    monkeypatch.setattr(process, "__version__", "0.0.7")
    line = failure({"worker 0": STEP})
    assert "was lost: nothing is heard of it any more; its last lines: expected" in line


@pytest.mark.slow
def test_hanging(failure):
    """A worker without steps ends the job; stopped or not."""
    wait = "heartbeat.beat(); os.kill(os.getpid(), signal.SIGSTOP)"
    line = failure({"worker 0": STEP, "worker 1": wait}, limits=QUICK)
    assert line.startswith("worker 1 on localhost hung: it made no step for 1 s; it ")
    line = failure({"worker 0": SLEEP}, limits=QUICK)
    assert "hung: it made no step within 2 s of its start" in line


LAUNCHER = """
import sys
sys.path[:0] = {path!r}
from cluster_jobs import run_codes
from gluon_softmax.commands.interruption import raising_at_sigterm
with raising_at_sigterm():
    run_codes({{"worker 0": {code!r}, "worker 1": {code!r}}}, {mark!r})
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"])
def test_a_signal_to_the_launcher(mark, name):
    """Whatever ends the launcher, nothing outlives it, however deaf."""
    number = signal.Signals[name]
    if number != signal.SIGKILL and signal.getsignal(number) == signal.SIG_IGN:
        pytest.skip("the signal is ignored here, as nohup has it, and so it is there")
    text = LAUNCHER.format(path=sys.path, mark=mark, code=DEAF)
    command = [sys.executable, "-c", text]
    launcher = subprocess.Popen(command, stdout=-1, stderr=-1, text=True)
    said = {launcher.stdout.readline() for _ in range(4)}
    assert "worker 1 | ready\n" in said
    launcher.send_signal(number)
    launcher.communicate(timeout=10)
    assert launcher.returncode != 0


# Keepers whose launcher cannot help, as on another machine


@pytest.fixture
def start_keeper(mark):
    """Return a function that starts a keeper of some lines, which say ready."""
    started = []

    def start(code, silence=None):
        order = {"version": process.__version__, "argv": python(code, mark)}
        order.update(variables={}, folder="/", silence=silence)
        command = python_command("cluster.keeper", json.dumps(order))
        keeper = subprocess.Popen(command, stdin=-1, stdout=-1, bufsize=0)
        started.append(keeper)
        while b"ready" not in keeper.stdout.readline():
            pass
        return keeper

    yield start
    for keeper in started:
        keeper.kill()
        keeper.communicate()


def test_a_keeper_is_killed(start_keeper, mark):
    """Its process ends with it, though it would not hear of it."""
    start_keeper(DEAF).kill()
    assert comes_true(lambda: not find_processes(mark), 2)


def test_a_keeper_ends_what_its_process_leaves(start_keeper, mark):
    """What a process has started ends with it."""
    start_keeper(f"{LEAVE}; print('ready')")
    assert comes_true(lambda: not find_processes(mark), 4)


@pytest.mark.slow
def test_silence(start_keeper, mark):
    """Without a sign of the launcher a process ends; with signs it stays."""
    keeper = start_keeper(DEAF, silence=1.0)
    for _ in range(10):
        keeper.stdin.write(b"\n")
        time.sleep(0.2)
        assert find_workers(mark)
    assert comes_true(lambda: not find_processes(mark), 3)


# Real jobs


@pytest.mark.parametrize(
    ("workers", "servers"), [(1, 1), pytest.param(3, 2, marks=pytest.mark.slow)]
)
def test_all_train(workers, servers, mark, monkeypatch):
    """The sum is that over all workers, and each is called by KVStore's rank.

    Whatever the launcher's own variables say, all listen on the loopback only.
    """
    for name in ("DMLC_USE_KUBERNETES", "DMLC_LOCAL", "PS_DROP_MSG", "DMLC_ROLE"):
        monkeypatch.setenv(name, "1")
    found = []

    def look():
        own = {process.pid for process in find_workers(mark)}
        places = [c for c in psutil.net_connections("tcp") if c.pid in own]
        found.extend(c.laddr.ip for c in places if c.status == "LISTEN")

    record = Record(f"worker 0 | rank 0 of {workers}", look)
    run_job(TrainingJob(["3", mark], workers, servers), record)
    total = float(sum(2 + rank for rank in range(workers)))
    expected = [f"worker {rank} | rank {rank} of {workers}" for rank in range(workers)]
    expected += [f"worker {i} | total {total} {total} {total}" for i in range(workers)]
    assert sorted(record.lines) == sorted(expected)
    assert found == ["127.0.0.1"] * (workers + servers + 1)


@pytest.mark.slow
@pytest.mark.parametrize("role", ["worker", "server", "scheduler"])
def test_killed_in_training(role, mark):
    """Each process that ends ends the job; the line names it."""

    def kill():
        found = find_workers(mark)
        next(p for p in found if p.environ()["DMLC_ROLE"] == role).kill()

    job = TrainingJob(["10000", mark], num_workers=2)
    with pytest.raises(JobError, match=f"^{role} .*was ended by signal 9"):
        run_job(job, Record("worker 0 | rank 0 of 2", kill))


# Further attempts


@pytest.fixture
def tried(monkeypatch):
    """Let workers fail unless they resume, and return their arguments."""
    tried = []

    def command(module, *arguments, **options):
        if not arguments:  # no worker
            return python("")
        tried.append(list(arguments))
        code = "time.sleep(0.2); sys.exit(0 if '--resume' in sys.argv else 5)"
        return python(code, *arguments)

    monkeypatch.setattr(jobs, "python_command", command)
    monkeypatch.setattr(jobs, "PAUSE", 0.0)
    return tried


def test_another_attempt_resumes(tried):
    """One line says why there is one."""
    record = Record()
    work = ["train", "softmax", "--checkpoint=kept"]
    run_job(Job(work, restarts=3), record)
    assert tried == [work, [*work, "--resume"]]
    (line,) = [line for line in record.lines if "attempt" in line]
    assert line.startswith("gluon-softmax: worker 0 on localhost exited with code 5")
    assert line.endswith("; attempt 2 of 4")


def test_attempts_end(tried):
    """Where nothing is kept there is nothing to resume, until the last attempt."""
    with pytest.raises(JobError, match="exited with code 5"):
        run_job(Job(["train", "softmax"], restarts=1), Record())
    assert tried == [["train", "softmax"]] * 2


def test_a_mistake_is_not_tried_again(tried, monkeypatch):
    """What a worker calls bad input stays so."""
    monkeypatch.setattr(jobs, "python_command", lambda *_, **__: python("sys.exit(2)"))
    record = Record()
    with pytest.raises(ArgumentError, match="exited with code 2"):
        run_job(Job(["train"], restarts=2), record)
    assert not record.lines


@pytest.mark.slow
@pytest.mark.needs("unshare", "ip", "ssh", "/usr/sbin/sshd")
def test_over_ssh():
    """All is so on other machines too; they are on a network of their own."""
    if subprocess.run([*OWN, "true"], capture_output=True).returncode:
        pytest.skip("needs the right to make a network (root)")
    tests = str(Path(__file__).with_name("cluster_network.py"))
    command = [*OWN, sys.executable, "-m", "pytest", "-q", tests]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
