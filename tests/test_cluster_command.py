"""The command `gluon-softmax launch`, as a user types it; and what it starts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from unittest.mock import Mock

import pytest
from cluster_jobs import FOLDER, comes_true, find_processes, find_workers
from gluon_softmax.cluster import job as jobs
from gluon_softmax.commands.main import make_parser
from gluon_softmax.errors import ArgumentError, DataError, JobError

WORK = ["train", "softmax"]


def run(*arguments) -> int:
    """Parse and run the command."""
    options = make_parser().parse_args(["launch", *map(str, arguments)])
    return options.command(options)


@pytest.fixture
def started(monkeypatch):
    """Return the jobs that would be started, and start none."""
    started = []
    monkeypatch.setattr(jobs, "run_job", started.append)
    return started


def test_arguments_are_passed_on(started, tmp_path):
    """What stands behind -- is the workers'; what stands before is the launcher's."""
    hosts = tmp_path / "hosts"
    hosts.write_text("localhost slots=2")
    options = ["--workers", 2, "-s", 3, "--restart", 4, "--hang-limit", 5.5]
    options += ["--start-limit", 66, "--ssh", "ssh -F 'my file'", "--hosts", hosts]
    work = [*WORK, "--seed", "7", "--kvstore", "dist_sync"]
    assert run(*options, "--", *work) == 0
    (job,) = started
    assert list(job.arguments) == work
    assert (job.num_workers, job.num_servers, job.restarts) == (2, 3, 4)
    assert (job.limits.hang, job.limits.start) == (5.5, 66.0)
    assert job.ssh == ["ssh", "-F", "my file"]
    assert [(host.name, host.slots) for host in job.hosts] == [("localhost", 2)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-n", 2], "expected train behind --, .* found nothing"),
        (["-n", 2, "--"], "found nothing"),
        (["-n", 2, "--", "compare"], "expected train behind --, .* found compare: "),
        (["-n", 2, "--", *WORK, "--batch-size", 1], "batch_size of at least 2"),
        (["-n", 2, "--", *WORK, "--lr", 0], "expected lr to be a number above 0"),
        (["-n", 2, "--", *WORK, "--resume"], "--checkpoint together with --resume"),
        (["-n", 0, "--", *WORK], "-n to be a whole number from 1 on, found 0"),
        (["-n", 1, "-s", 0, "--", *WORK], "-s to be a whole number from 1"),
        (["-n", 1, "--restart", -1, "--", *WORK], "--restart to be"),
        (["-n", 1, "--hang-limit", 0, "--", *WORK], "--hang-limit to be"),
        (["-n", 1, "--start-limit", "nan", "--", *WORK], "--start-limit to be"),
        (["-n", 1, "--hosts", "/no", "--", *WORK], "/no cannot be read"),
    ],
)
def test_mistakes(started, arguments, message):
    """Each gets one line, before any process starts; also what workers would refuse."""
    with pytest.raises((ArgumentError, DataError), match=message) as info:
        run(*arguments)
    assert "\n" not in str(info.value)
    assert not started


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        ([], "to be able to go on, give --checkpoint DIR behind -- next time"),
        (["--checkpoint", "a"], "the same command with --resume at its end goes on"),
        (["--checkpoint=a", "--resume"], "the same command goes on"),
    ],
)
def test_interruption(monkeypatch, arguments, hint):
    """It says how to go on."""
    monkeypatch.setattr(jobs, "run_job", Mock(side_effect=KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt) as info:
        run("-n", 1, "--", *WORK, *arguments)
    assert str(info.value) == hint


def test_failure(monkeypatch, capsys):
    """One line and an exit code say how a job ended."""
    monkeypatch.setattr(jobs, "run_job", Mock(side_effect=JobError("worker 1 broke")))
    assert run("-n", 1, "--", *WORK) == 1
    assert capsys.readouterr().err == "gluon-softmax: worker 1 broke\n"


@pytest.mark.parametrize("form", ["plain", "slurm", "kubernetes"])
def test_print_env(form, capsys, started, monkeypatch):
    """The job's variables are printed, none of the caller's, and nothing starts."""
    monkeypatch.setenv("SECRET_TOKEN", "hunter2")
    monkeypatch.setenv("DMLC_SECRET", "hunter2")
    assert run("-n", 2, "--print-env", form, "--", *WORK) == 0
    text = capsys.readouterr().out
    for name in ("DMLC_PS_ROOT_URI", "DMLC_PS_ROOT_PORT", "DMLC_NUM_WORKER", "train"):
        assert name in text
    assert "hunter2" not in text
    assert not started


@pytest.mark.slow
def test_the_real_thing(tmp_path):
    """A worker's bad command ends the job; Ctrl-C while it starts leaves nothing."""
    mark = uuid.uuid4().hex
    command = [sys.executable, "-m", "gluon_softmax", "launch", "-n", "2", "--"]
    command += ["train", "softmax", "--data", f"./{mark}"]
    place = {"cwd": tmp_path, "env": {**os.environ, "PYTHONPATH": FOLDER}}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, **place)
    assert done.returncode == 2
    *_, last = done.stderr.splitlines()
    assert last.startswith("gluon-softmax: worker ")
    assert "exited with code 2; its last lines: gluon-softmax: " in last
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, **place)
    # The launcher, and a worker that it starts.
    assert comes_true(lambda: len(find_workers(mark)) > 1, 20)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert said.splitlines()[-1].startswith("gluon-softmax: interrupted: ")
    assert comes_true(lambda: not find_processes(mark), 1)


@pytest.mark.parametrize(
    ("cause", "code", "said"),
    [
        ("raise ValueError('broken')", 1, "ValueError: broken"),
        ("raise SystemExit(7)", 7, ""),
        ("return 0", 0, ""),
    ],
)
def test_a_failed_worker_leaves_at_once(cause, code, said):
    """It does not run what waits at the end of Python; one that succeeds does."""
    text = f"""
import sys, types, atexit
sys.path.insert(0, {FOLDER!r})
from gluon_softmax.commands import role
def run(arguments):
    print(*arguments)
    {cause}
sys.modules["gluon_softmax.commands.main"] = types.SimpleNamespace(main=run)
atexit.register(print, "barrier")
role.work(["train", "softmax"])
"""
    done = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == code
    assert done.stdout.split() == ["train", "softmax"] + ["barrier"] * (code == 0)
    assert said in done.stderr
