"""A job of small processes, and every way it may end."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
import uuid

import pytest
from cluster_jobs import FOLDER, SLEEP, STEP, comes_true, find_processes, order
from gluon_softmax.cluster.screen import Screen
from gluon_softmax.cluster.supervisor import Supervisor
from gluon_softmax.cluster.verdict import Limits
from gluon_softmax.errors import JobError

USUAL = Limits()
QUICK = Limits(start=4.0, hang=1.0, after=0.5)


@pytest.fixture
def mark():
    """Give a word that only this test's processes have in their command."""
    word = uuid.uuid4().hex
    yield word
    for pid in find_processes(word):
        os.kill(pid, signal.SIGKILL)


def job(mark: str, **codes: str):
    """Give the orders of a job, by role and number."""
    names = {"scheduler": SLEEP, "server_0": SLEEP, **codes}
    orders = []
    for name, code in names.items():
        role, _, number = name.partition("_")
        orders.append(order(role, int(number or 0), code, mark))
    return orders


def supervise(orders, limits=USUAL) -> None:
    """Run a job."""
    Supervisor(orders, limits, Screen()).run()


def failure(mark, orders, limits=USUAL, seconds=8.0) -> str:
    """Give the line that a job fails with; soon, and with nothing left."""
    start = time.monotonic()
    with pytest.raises(JobError) as info:
        supervise(orders, limits)
    assert time.monotonic() - start < seconds
    assert not find_processes(mark)
    assert "\n" not in str(info.value)
    return str(info.value)


# Jobs that end well


def test_all_end(mark, capfd):
    """A job ends with its workers, each line under the name of its process."""
    say = "print('hello'); print('trouble', file=sys.stderr)"
    wait = f"print('served'); time.sleep(0.3); {say}"
    orders = job(mark, scheduler=say, server_0=say, worker_0=say, worker_1=wait)
    supervise(orders)
    out, err = capfd.readouterr()
    names = ["scheduler", "server 0", "worker 0", "worker 1"]
    assert sorted(out.splitlines()) == sorted(
        [f"{name} | hello" for name in names] + ["worker 1 | served"]
    )
    assert sorted(err.splitlines()) == [f"{name} | trouble" for name in names]
    assert not find_processes(mark)


@pytest.mark.slow
def test_true_rank(mark, capfd):
    """From when a worker says its rank, it is called by it."""
    code = "heartbeat.announce(5); time.sleep(1.5); print('here')"
    end = "print('end')"
    supervise(job(mark, scheduler=end, server_0=end, worker_0=code))
    assert "worker 5 | here" in capfd.readouterr().out


@pytest.mark.slow
def test_much_output(mark, capfd):
    """No line is lost, nor comes out of order."""
    code = "for i in range(20_000): print(i)"
    end = "print('end')"
    supervise(job(mark, scheduler=end, server_0=end, worker_0=code))
    lines = capfd.readouterr().out.splitlines()
    numbers = [line for line in lines if line.startswith("worker")]
    assert numbers == [f"worker 0 | {i}" for i in range(20_000)]


# Jobs that fail


@pytest.mark.parametrize(
    ("code", "how"),
    [
        ("print('first\\nlast'); sys.exit(3)", "exited with code 3; "),
        ("raise ValueError('bad')", "exited with code 1; "),
        ("print('first\\nlast'); os.kill(os.getpid(), 9)", "was ended by SIGKILL; "),
        ("print('first\\nlast'); os.abort()", "was ended by SIGABRT; "),
        ("sys.exit(3)", "exited with code 3; it printed nothing"),
    ],
)
def test_a_worker_ends(mark, code, how):
    """The line names the worker, says how it ended, and what it printed last."""
    code = f"time.sleep(0.2); {code}"
    line = failure(mark, job(mark, worker_0=STEP, worker_1=code))
    assert line.startswith(f"worker 1 on localhost {how}")
    if "ValueError" in code:
        assert line.endswith(" / ValueError: bad")
    elif "last" in code:
        assert line.endswith("its last lines: first / last")


@pytest.mark.parametrize("name", ["scheduler", "server_0", "worker_0"])
def test_each_role_killed(mark, name):
    """Whichever process is killed, the job ends, and the line names it."""
    code = "print('up'); time.sleep(0.2); os.kill(os.getpid(), signal.SIGKILL)"
    line = failure(mark, job(mark, **{"worker_0": STEP, name: code}))
    name = name.replace("_", " ")
    assert line == f"{name} on localhost was ended by SIGKILL; its last lines: up"


def test_keeper_killed(mark):
    """A process whose keeper is gone is lost, and does not run on."""
    line = failure(mark, job(mark, worker_0="os.kill(os.getppid(), 9); time.sleep(60)"))
    assert line.startswith("worker 0 on localhost was lost: its keeper")


def test_no_program(mark):
    """A command that is not there is named."""
    orders = job(mark, worker_0=STEP)
    orders[-1][1]["argv"] = ["/no/such/program"]
    line = failure(mark, orders)
    assert "exited with code 127; its last lines: /no/such/program: No such" in line


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "start", "how"),
    [
        (SLEEP, 1.0, "made no step within 1 s of its start; its last lines: ready"),
        (f"heartbeat.beat(); {SLEEP}", 4.0, "made no step for 1 s; its last"),
        (f"heartbeat.finish(); {SLEEP}", 4.0, "did not end within 1 s of its last"),
    ],
)
def test_hanging(mark, code, start, how):
    """The line says what did not come in time."""
    limits = QUICK._replace(start=start)
    line = failure(mark, job(mark, worker_0=code), limits)
    assert line.startswith(f"worker 0 on localhost hung: it {how}")


@pytest.mark.slow
def test_the_stopped_one_is_named(mark):
    """Where others wait too, the line names the process that is stopped."""
    wait = f"heartbeat.beat(); {SLEEP}"
    stop = "os.kill(os.getpid(), signal.SIGSTOP)"
    orders = job(mark, server_0=stop, worker_0=wait, worker_1=wait)
    line = failure(mark, orders, QUICK)
    assert line.startswith(
        "server 0 on localhost hung: it is stopped, and has been for"
    )


@pytest.mark.slow
def test_the_first_that_hung_is_named(mark):
    """Of those that make no steps it is the one without for the longest time."""
    late = "time.sleep(0.6); heartbeat.beat(); time.sleep(60)"
    codes = {
        "worker_0": STEP,
        "worker_1": late,
        "worker_2": "heartbeat.beat();" + SLEEP,
    }
    line = failure(mark, job(mark, **codes), QUICK._replace(hang=2.0))
    assert line.startswith("worker 2 on localhost hung")
    assert "worker 0" not in line


@pytest.mark.slow
def test_a_worker_that_is_done_may_wait(mark):
    """It is not taken for hanging while another still makes steps."""
    done = "heartbeat.beat(); heartbeat.finish(); time.sleep(3)"
    work = "for _ in range(30): heartbeat.beat(); time.sleep(0.1)"
    end = "time.sleep(3.2)"
    codes = {"scheduler": end, "server_0": end, "worker_0": done, "worker_1": work}
    supervise(job(mark, **codes), QUICK)


def test_scheduler_left_over(mark):
    """A command that does not use KVStore leaves a scheduler that waits for ever."""
    line = failure(mark, job(mark, worker_0="print('end')"), QUICK)
    assert line.startswith("scheduler on localhost still ran 0.5 s after")


def test_no_variable_is_shown(mark, monkeypatch, capfd):
    """What fails does not print the environment."""
    monkeypatch.setenv("SECRET_TOKEN", "hunter2")
    line = failure(mark, job(mark, worker_0="raise ValueError(len(os.environ))"))
    assert "hunter2" not in line + "".join(capfd.readouterr())
    assert "SECRET_TOKEN" not in line


# Signals to the launcher

LAUNCHER = """
import sys
sys.path[:0] = [{folder!r}, {tests!r}]
from test_cluster_supervisor import *
from gluon_softmax.cluster.supervisor import Interrupted
try:
    supervise(job({mark!r}, worker_0={code!r}, worker_1={code!r}))
except Interrupted as error:
    sys.exit(128 + error.number)
"""

WRITE = """
def write(*_):
    {action}
signal.signal(signal.SIGTERM, write)
print("ready", flush=True)
while True: time.sleep(0.05)
"""


def launch(mark: str, action: str) -> subprocess.Popen:
    """Start a launcher whose workers do something on SIGTERM, and wait for them."""
    code = WRITE.format(action=action)
    tests = os.path.dirname(__file__)
    text = LAUNCHER.format(folder=FOLDER, tests=tests, mark=mark, code=code)
    process = subprocess.Popen(
        [sys.executable, "-c", text], stdout=subprocess.PIPE, text=True
    )
    seen = set()
    while len(seen) < 4:
        seen.add(process.stdout.readline())
    assert "worker 1 | ready\n" in seen
    return process


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGINT,
        pytest.param(signal.SIGTERM, marks=pytest.mark.slow),
        pytest.param(signal.SIGHUP, marks=pytest.mark.slow),
    ],
)
def test_signal(mark, number, tmp_path):
    """Workers write what they want to keep, and all are gone within two seconds."""
    place = f"{str(tmp_path)!r} + '/' + str(os.getpid())"
    process = launch(mark, f"time.sleep(0.5); open({place}, 'w'); sys.exit(143)")
    start = time.monotonic()
    process.send_signal(number)
    assert process.wait(10) == 128 + number
    assert time.monotonic() - start < 2.5
    assert not find_processes(mark)
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.slow
def test_workers_that_do_not_end(mark):
    """Who takes no notice of SIGTERM is killed, and nothing takes longer for it."""
    process = launch(mark, "pass")
    start = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 130
    assert time.monotonic() - start < 2.5
    assert not find_processes(mark)


@pytest.mark.slow
def test_second_signal(mark):
    """Ctrl-C again leaves the workers no more time."""
    process = launch(mark, "pass")
    start = time.monotonic()
    for _ in range(2):
        process.send_signal(signal.SIGINT)
        time.sleep(0.2)
    assert process.wait(10) == 130
    assert time.monotonic() - start < 1.3
    assert not find_processes(mark)


def test_killed_launcher(mark):
    """Nothing outlives a launcher that is killed."""
    process = launch(mark, "pass")
    process.kill()
    process.wait()
    assert comes_true(lambda: not find_processes(mark), 2)


# The screen


class TerminalStream(io.StringIO):
    """Takes text as a terminal does."""

    def isatty(self):
        """Say that this is one."""
        return True


def test_bar_and_lines(monkeypatch):
    """Lines come above the bar, which is drawn again below them."""
    terminal = TerminalStream()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(sys, "stdout", terminal)
    screen = Screen()
    rows, columns = screen.size
    assert columns < 80
    assert rows
    screen.show("worker 0", {"bar": " 50%"})
    screen.show("worker 1", {"out": "line"})
    screen.show("worker 0", {"bar": ""})
    screen.show("worker 1", {"err": "other"})
    assert terminal.getvalue() == (
        "\r\x1b[Kworker 0 |  50%"
        "\r\x1b[Kworker 1 | line\n"
        "\r\x1b[Kworker 0 |  50%"
        "\r\x1b[K"
        "worker 1 | other\n"
    )


def test_no_terminal(monkeypatch):
    """Without a terminal no process shows a bar."""
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert Screen().size is None
