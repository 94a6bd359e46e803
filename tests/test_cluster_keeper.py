"""The keeper of one process: what it passes on, and when it ends that process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import uuid

import pytest
from cluster_jobs import SLEEP, comes_true, find_processes, order, python
from gluon_softmax.cluster.hosts import HERE, python_command


@pytest.fixture
def mark() -> str:
    """Return a word that only this test's processes have in their command."""
    return uuid.uuid4().hex


@pytest.fixture
def start():
    """Return a function that starts a keeper with an order."""
    started = []

    def begin(argv, **settings):
        keeper = subprocess.Popen(
            python_command(HERE, "cluster.keeper", json.dumps(order(argv, **settings))),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(keeper)
        return keeper

    yield begin
    for keeper in started:
        keeper.kill()
        keeper.wait()
        for stream in (keeper.stdin, keeper.stdout, keeper.stderr):
            stream.close()


def listen(keeper, kind: str) -> list:
    """Return all that a keeper says of a kind, until it has ended."""
    messages = [json.loads(line) for line in keeper.stdout]
    keeper.wait(10)
    return [message[kind] for message in messages if kind in message]


def until(keeper, kind: str):
    """Return the next that a keeper says of a kind."""
    for line in keeper.stdout:
        message = json.loads(line)
        if kind in message:
            return message[kind]
    raise AssertionError(f"no {kind}")


def test_lines(start):
    """Each line arrives; of one that is written over, the last state."""
    code = r"""
os.write(1, "ä\nhalf ".encode()); time.sleep(0.1); os.write(1, b"line\n")
os.write(1, b" 10%\r 50%\r100%\r\n\xff\nend without a line's")
"""
    keeper = start(python(code))
    expected = ["ä", "half line", "100%", "\ufffd", "end without a line's"]
    assert listen(keeper, "out") == expected


def test_end_and_variables(start, monkeypatch):
    """The exit code is passed on; the process has the job's variables and others."""
    monkeypatch.setenv("MINE", "kept")
    code = (
        "print(os.environ['DMLC_ROLE'], os.environ['MINE'], os.getcwd()); sys.exit(7)"
    )
    keeper = start(python(code), variables={"DMLC_ROLE": "worker"}, folder="/tmp")
    messages = [json.loads(line) for line in keeper.stdout]
    assert {"out": "worker kept /tmp"} in messages
    assert messages[-1] == {"end": 7}


def test_nothing_to_run(start):
    """A program that is not there is named."""
    keeper = start(["/no/such/program"])
    messages = [json.loads(line) for line in keeper.stdout]
    assert messages[0] == {"err": "/no/such/program: No such file or directory"}
    assert messages[-1] == {"end": 127}


def test_other_version(start):
    """Nothing runs for a launcher of another version; both are named."""
    keeper = start(python(SLEEP), version="0.0.7")
    assert keeper.wait(20) == 1
    assert "expected gluon_softmax 0.0.7 as on" in keeper.stderr.read()


def test_life(start):
    """The signs of life of the process come through, and whether it is stopped."""
    code = "heartbeat.announce(4); heartbeat.beat(); print(os.getpid()); time.sleep(60)"
    keeper = start(python(code))
    pid = until(keeper, "out")
    assert comes_true(lambda: until(keeper, "alive")[1] == 4, 5)
    age, _, finished, stopped = until(keeper, "alive")
    assert 0 < age < 10
    assert (finished, stopped) == (False, False)
    os.kill(int(pid), signal.SIGSTOP)
    assert comes_true(lambda: until(keeper, "alive")[3], 5)


ENDINGS = {
    "launcher ends it": lambda keeper: keeper.stdin.close(),
    "killed itself": lambda keeper: keeper.kill(),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_process_ends_with_it(start, mark, ending):
    """However it comes, the process is soon gone, even if it will not hear of it."""
    deaf = f"signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEP}"
    keeper = start(python(deaf, mark))
    assert until(keeper, "out") == "ready"
    ENDINGS[ending](keeper)
    assert comes_true(lambda: not find_processes(mark), 2)


@pytest.mark.slow
def test_silence(start, mark):
    """Without a sign of the launcher the process ends; with signs it stays."""
    keeper = start(python(SLEEP, mark), silence=1.0)
    assert until(keeper, "out") == "ready"
    for _ in range(10):
        keeper.stdin.write("\n")
        keeper.stdin.flush()
        time.sleep(0.2)
        assert find_processes(mark)
    assert comes_true(lambda: not find_processes(mark), 3)


def test_what_the_process_leaves_behind(start, mark):
    """A process that it has started ends with it, and holds nothing up for long."""
    code = f"""
import subprocess
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", {mark!r}])
"""
    assert listen(start(python(code)), "end") == [0]
    assert comes_true(lambda: not find_processes(mark), 2)
