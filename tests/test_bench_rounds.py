"""The benchmark's processes, and the rounds in which they take turns."""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path

import psutil
import pytest
from gluon_softmax.bench import processes, rounds
from gluon_softmax.bench.contenders import Contender
from gluon_softmax.bench.processes import (
    FreshProcess,
    StandingProcess,
    make_environment,
    run_process,
)
from gluon_softmax.bench.rounds import Result, check_agreement, run_rounds
from gluon_softmax.errors import ContenderError

READY = "import json, os; print(json.dumps({'pid': os.getpid()}), flush=True)"
WORKS = """
import itertools
for seconds in itertools.count(1.0):
    if input() == "stop":
        print(json.dumps({"peak": 1000}), flush=True)
        break
    print(json.dumps({"seconds": seconds, "loss": LOSS}), flush=True)
"""
A, B = Contender("training", "a", "A", ""), Contender("training", "b", "B", "")


def start(code: str = WORKS, loss: float = 0.5) -> StandingProcess:
    """Start a contender of a few lines, which is ready and says its process id."""
    program = f"{READY}\nLOSS = {loss}\n{code}"
    return StandingProcess("fake", [sys.executable, "-c", program], os.environ)


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch):
    """Let contenders take turns at once."""
    monkeypatch.setattr(rounds, "PAUSE", 0)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("raise ValueError('too small')", "is ready, .* ended .ValueError: too small."),
        ("raise SystemExit(7)", "is ready, found that .* ended .exit code 7."),
        ("print('hello')", "is ready as a line of JSON, found 'hello'"),
        (f"{READY}; input(); raise OSError('gone')", "seconds, .*ended .OSError: gone"),
        (f"{READY}; print('{{')", "seconds as a line of JSON, found '{'"),
    ],
)
def test_contender_that_fails_is_one_line(code, message):
    """Death and nonsense say who, what was expected and what was found."""
    command = [sys.executable, "-c", code]
    failure = pytest.raises(ContenderError, match=f"fake: expected .*{message}")
    with failure as error, StandingProcess("fake", command, os.environ) as process:
        process.run()
    assert "\n" not in str(error.value)


def test_contender_that_hangs_is_ended(monkeypatch):
    """After the limit, in either kind of process."""
    monkeypatch.setattr(processes, "ANSWER_LIMIT", 0.5)
    arguments = "fake", [sys.executable, "-c", "import time; time.sleep(60)"], {}
    with pytest.raises(ContenderError, match=r"ended .exit code -9"):
        StandingProcess(*arguments)
    with pytest.raises(ContenderError, match=r"^fake was still at work after 0\.5 s"):
        FreshProcess(*arguments).run()


def test_contender_that_will_not_leave_is_killed(monkeypatch):
    """A contender that does not end with its questions is ended all the same."""
    monkeypatch.setattr(processes, "LEAVE_LIMIT", 0.2)
    with start("import time; time.sleep(60)") as process:
        pass
    assert not psutil.pid_exists(process.facts["pid"])


@pytest.mark.parametrize("start_it", [run_process, StandingProcess])
def test_missing_program_is_one_line(start_it):
    """A program that does not exist is an error of the contender's."""
    with pytest.raises(ContenderError, match=r"^fake cannot be started .No such fi"):
        start_it("fake", ["/nowhere/python"], os.environ)


def test_fresh_process_is_a_new_one_each_time(tmp_path):
    """Each round starts the process anew; a failure says its last line."""
    code = f"open({str(tmp_path / 'log')!r}, 'a').write('x')"
    process = FreshProcess("fresh", [sys.executable, "-c", code], os.environ)
    assert process.run()["seconds"] > 0 < process.run()["seconds"]
    assert (tmp_path / "log").read_text() == "xx"
    failing = FreshProcess("fresh", [sys.executable, "-c", "import nothing"], {})
    with pytest.raises(ContenderError, match=r"fresh failed .*No module named 'nothi"):
        failing.run()


def test_peers_see_no_path_of_this_interpreter(monkeypatch):
    """PYTHONPATH leads ours to this copy of the package, and does not reach a peer."""
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    ours = make_environment(OMP_NUM_THREADS="1")
    first, second = ours["PYTHONPATH"].split(os.pathsep)
    assert Path(first, "gluon_softmax", "bench") == Path(rounds.__file__).parent
    assert second == "/elsewhere"
    assert ours["OMP_NUM_THREADS"] == "1"
    assert "PYTHONPATH" not in make_environment(ours=False)


def test_rounds_alternate():
    """Contenders of one work take turns; warming up is not counted; works follow.

    Each process is started once and keeps its state.
    """
    turns, other = [], Contender("evaluating", "c", "C", "")
    a, b, c = run_rounds([A, B, other], lambda _: start(), 3, turns.append)
    assert turns == ["A", "B"] * 5 + ["C"] * 5
    assert a.column("seconds") == b.column("seconds") == [3.0, 4.0, 5.0]
    assert (a.middle("seconds"), a.peak) == (4.0, 1000)
    assert (c.contender, c.facts.keys()) == (other, {"pid"})


def test_rounds_end_in_a_check():
    """Contenders that end with different losses give no result."""
    processes = iter([start(loss=0.5), start(loss=0.6)])
    with pytest.raises(ContenderError, match="the same loss"):
        run_rounds([A, B], lambda contender: next(processes), 2)


def test_a_failure_ends_the_other_contenders():
    """When one contender dies, no process of the others is left."""
    started = [start(), start("input(); raise SystemExit(3)")]
    processes = iter(started)
    with pytest.raises(ContenderError, match="exit code 3"):
        run_rounds([A, B], lambda contender: next(processes), 2)
    pids = [process.facts["pid"] for process in started]
    assert [psutil.pid_exists(pid) for pid in pids] == [False, False]


@pytest.mark.parametrize(
    ("work", "name", "tolerance"),
    [(w, n, t) for w, names in rounds.TOLERANCES.items() for n, t in names.items()],
)
def test_contenders_that_disagree_are_not_compared(work, name, tolerance):
    """Figures further apart than a seed explains stop the comparison, as does nan."""

    def end_with(*figures: float) -> list[Result]:
        answers = [{"seconds": 1.0, name: figure} for figure in figures]
        contender = Contender(work, "a", "A", "")
        return [Result(contender, answers=[answer]) for answer in answers]

    check_agreement(end_with(0.5, 0.5 + 0.9 * tolerance))
    for figures in ((0.5, 0.5 + (1.1 * tolerance or 1)), (0.5, math.nan, 0.5)):
        with pytest.raises(ContenderError, match=f"the same {name} within {tolerance}"):
            check_agreement(end_with(*figures))
