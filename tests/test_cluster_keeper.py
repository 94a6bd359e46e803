"""The keeper of one process: what it passes on, and when it ends that process."""

from __future__ import annotations

import json
import signal
import subprocess
import time
import uuid

import pytest
from cluster_jobs import comes_true, find_processes, python
from gluon_softmax.cluster.hosts import HERE, python_command


@pytest.fixture
def mark() -> str:
    """Give a word that only this test's processes have in their command."""
    return uuid.uuid4().hex


@pytest.fixture
def start():
    """Give a function that starts a keeper with an order."""
    started = []

    def give(argv, **settings):
        keeper = subprocess.Popen(
            python_command(HERE, "keeper", ["ssh"]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(keeper)
        order = {"argv": argv, "variables": {}, "folder": "/", "silence": None}
        order.update({"terminal": None, "arguments": [], **settings})
        tell(keeper, order)
        return keeper

    yield give
    for keeper in started:
        keeper.kill()
        keeper.wait()
        keeper.stdin.close()
        keeper.stdout.close()


def tell(keeper, message) -> None:
    """Send a keeper a message."""
    keeper.stdin.write(json.dumps(message) + "\n")
    keeper.stdin.flush()


def listen(keeper, kind: str) -> list:
    """Give all that a keeper says of a kind, until it has ended."""
    messages = [json.loads(line) for line in keeper.stdout]
    keeper.wait(10)
    return [message[kind] for message in messages if kind in message]


def until(keeper, kind: str):
    """Give the next that a keeper says of a kind."""
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


def test_pulse(start):
    """The signs of life of the process come through, and its state."""
    keeper = start(python("heartbeat.announce(4); heartbeat.beat(); time.sleep(60)"))
    assert comes_true(lambda: until(keeper, "alive")["rank"] == 4, 5)
    alive = until(keeper, "alive")
    assert 0 < alive["age"] < 10
    assert alive["state"] == "S"
    assert not alive["finished"]


def test_terminal(start):
    """With a terminal a progress bar shows, of its width, and lines stay lines."""
    code = """
from tqdm import tqdm
for i in tqdm(range(3), disable=None, leave=False): time.sleep(0.15)
print(os.get_terminal_size(2).columns, sys.stdout.isatty(), file=sys.stderr)
"""
    messages = [
        json.loads(line) for line in start(python(code), terminal=[24, 50]).stdout
    ]
    bars = [message["bar"] for message in messages if "bar" in message]
    assert any("2/3" in bar for bar in bars)
    assert max(map(len, bars)) <= 50
    assert bars[-1] == ""
    assert [m["err"] for m in messages if "err" in m] == ["50 False"]


ENDINGS = {
    "told to": lambda keeper: tell(keeper, {"stop": 0}),
    "launcher gone": lambda keeper: keeper.stdin.close(),
    "killed itself": lambda keeper: keeper.kill(),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_process_ends_with_it(start, mark, ending):
    """However it comes, the process is soon gone."""
    keeper = start(python("print('ready', flush=True); time.sleep(60)", mark))
    assert until(keeper, "out") == "ready"
    ENDINGS[ending](keeper)
    assert comes_true(lambda: not find_processes(mark), 2)
    keeper.wait(5)


@pytest.mark.slow
def test_silence(start, mark):
    """Without a sign of the launcher the process ends; with signs it stays."""
    code = "print('ready', flush=True); time.sleep(60)"
    keeper = start(python(code, mark), silence=0.7)
    assert until(keeper, "out") == "ready"
    for _ in range(10):
        tell(keeper, {})
        time.sleep(0.1)
        assert find_processes(mark)
    assert comes_true(lambda: not find_processes(mark), 3)
    assert listen(keeper, "end") == [-signal.SIGKILL]


@pytest.mark.parametrize("grace", [5.0, pytest.param(0.5, marks=pytest.mark.slow)])
def test_time_to_write(start, mark, grace, tmp_path):
    """SIGTERM comes first; who takes too long over it is killed."""
    code = f"""
def write(*_):
    time.sleep({1 if grace < 1 else 0})
    open({str(tmp_path / "checkpoint")!r}, "w").close()
    sys.exit(143)
signal.signal(signal.SIGTERM, write)
print("ready", flush=True)
time.sleep(60)
"""
    keeper = start(python(code, mark))
    assert until(keeper, "out") == "ready"
    tell(keeper, {"stop": grace})
    assert listen(keeper, "end") == [143 if grace > 1 else -signal.SIGKILL]
    assert (tmp_path / "checkpoint").exists() == (grace > 1)
    assert not find_processes(mark)


def test_what_the_process_leaves_behind(start, mark):
    """A process that it has started ends with it, and holds up nothing."""
    code = f"""
import subprocess
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", {mark!r}])
"""
    begun = time.monotonic()
    assert listen(start(python(code)), "end") == [0]
    assert time.monotonic() - begun < 5
    assert not find_processes(mark)


def test_without_an_order():
    """A launcher that ends at once leaves no keeper."""
    command = python_command(HERE, "keeper", ["ssh"])
    done = subprocess.run(command, stdin=subprocess.DEVNULL, timeout=20)
    assert done.returncode == 0
