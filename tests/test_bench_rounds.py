"""The benchmark's processes, and the rounds in which they take turns."""

from __future__ import annotations

import math
import os
import sys
from contextlib import closing

import psutil
import pytest
from gluon_softmax.bench import processes, rounds
from gluon_softmax.bench.contenders import Contender
from gluon_softmax.bench.processes import StandingProcess, run_process
from gluon_softmax.bench.rounds import BUSY, check_agreement, run_rounds
from gluon_softmax.errors import ContenderError

READY = "import json, os; print(json.dumps({'pid': os.getpid()}), flush=True)"
WORKS = f"""{READY}
seconds = 1.0
while input():
    print(json.dumps({{"seconds": seconds, "loss": LOSS}}), flush=True)
    seconds += 1
"""
A, B = Contender("training", "a", "A", ""), Contender("training", "b", "B", "")


def run_python(code: str, loss: float = 0.5) -> list[str]:
    """Return the command that runs a few lines."""
    return [sys.executable, "-c", f"LOSS = {loss}\n{code}"]


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch):
    """Let contenders take turns at once."""
    monkeypatch.setattr(rounds, "PAUSE", 0)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("raise ValueError('too small')", "is ready, .* 1 .ValueError: too small."),
        ("raise SystemExit(7)", "is ready, found that .* exited with code 7: run"),
        ("print('hello')", "is ready as a line of JSON, found 'hello'"),
        (f"{READY}; input(); raise OSError('gone')", "seconds, .* .OSError: gone"),
        (f"{READY}; os.kill(os.getpid(), 9)", "seconds, .* was ended by signal 9"),
        (f"{READY}; print('{{')", "seconds as a line of JSON, found '{'"),
    ],
)
def test_contender_that_fails_is_one_line(code, message):
    """Death and nonsense say who, what was expected and what was found."""
    failure = pytest.raises(ContenderError, match=f"fake: expected .*{message}")
    with failure as error, closing(StandingProcess("fake", run_python(code))) as fake:
        fake.run()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("start", [run_process, StandingProcess])
def test_what_cannot_be_started_or_hangs_is_one_line(start, monkeypatch):
    """In either kind of process; one that hangs is ended."""
    with pytest.raises(ContenderError, match=r"^fake cannot be started .No such fi"):
        start("fake", ["/nowhere/python"])
    monkeypatch.setattr(processes, "ANSWER_LIMIT", 0.5)
    with pytest.raises(ContenderError, match=r"after 0\.5 s|ended by signal 9"):
        start("fake", run_python("import time; time.sleep(60)"))


def test_contender_that_will_not_leave_is_killed(monkeypatch):
    """A contender that does not end with its questions is ended all the same."""
    monkeypatch.setattr(processes, "LEAVE_LIMIT", 0.2)
    process = StandingProcess(
        "fake", run_python(f"{READY}; import time; time.sleep(60)")
    )
    process.close()
    assert not psutil.pid_exists(process.facts["pid"])


def test_peers_see_no_path_of_this_interpreter(monkeypatch):
    """PYTHONPATH was made for this one."""
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    command = run_python("import sys; sys.exit('/elsewhere' in sys.path)")
    run_process("peer", command, is_peer=True)
    with pytest.raises(ContenderError, match=r"^ours exited with code 1$"):
        run_process("ours", command)


def test_rounds_alternate(monkeypatch):
    """Contenders of one work take turns; warming up is not counted; works follow.

    Each process is started once and keeps its state.
    """
    turns, run, other = [], StandingProcess.run, Contender("evaluating", "c", "C", "")

    def note(process):
        turns.append(process._name)
        return run(process)

    monkeypatch.setattr(StandingProcess, "run", note)
    a, b, c = run_rounds([A, B, other], lambda _: run_python(WORKS), 3)
    assert turns == ["A", "B"] * 5 + ["C"] * 5
    assert a["seconds"] == b["seconds"] == [3.0, 4.0, 5.0]
    assert [a[f"{kind}_seconds"] for kind in ("least", "median", "most")] == [3, 4, 5]
    assert (a["loss"], c["key"], c["work"]) == (0.5, "c", "evaluating")
    assert 1 < a["peak_mb"] < 1000


def test_another_process_is_busy_beside_the_works_named_for_it():
    """From their start to their end."""
    busy = Contender("perceptron-busy", "e", "E", "")
    code = (
        READY
        + """
import psutil
while input():
    parent = psutil.Process().parent()
    others = [c.cmdline()[-1] for c in parent.children()]
    answer = {"seconds": 1.0, "loss": others.count("while True: pass")}
    print(json.dumps(answer), flush=True)
"""
    )
    (row,) = run_rounds([busy], lambda _: [sys.executable, "-c", code], 1)
    assert row["loss"] == 1
    assert not [c for c in psutil.Process().children() if c.cmdline()[-1:] == [BUSY]]


def test_memory_of_what_starts_others_is_not_shown():
    """It is not that of the process whose start is measured."""
    contender = Contender("starting", "d", "D", "")
    (row,) = run_rounds([contender], lambda _: run_python(WORKS), 1)
    assert row["peak_mb"] is None


def test_rounds_end_in_a_check():
    """Contenders that end with different losses give no result."""
    losses = {"a": 0.5, "b": 0.6}
    with pytest.raises(ContenderError, match="the same loss"):
        run_rounds([A, B], lambda found: run_python(WORKS, losses[found.key]), 2)


def test_a_failure_ends_the_other_contenders(tmp_path):
    """When one contender dies, no process of the others is left."""
    note = f"import os; open({str(tmp_path)!r} + f'/{{os.getpid()}}', 'w')\n"
    codes = {"a": note + WORKS, "b": f"{note}{READY}; input(); raise SystemExit(3)"}
    with pytest.raises(ContenderError, match=r"B: .* exited with code 3"):
        run_rounds([A, B], lambda found: run_python(codes[found.key]), 2)
    pids = [int(name) for name in os.listdir(tmp_path)]
    assert [psutil.pid_exists(pid) for pid in pids] == [False, False]


@pytest.mark.parametrize(
    ("work", "name", "tolerance"),
    [(w, n, t) for w, names in rounds.TOLERANCES.items() for n, t in names.items()],
)
def test_contenders_that_disagree_are_not_compared(work, name, tolerance):
    """Figures further apart than a seed explains stop the comparison, as does nan."""

    def end_with(*figures: float) -> list[dict]:
        return [{"work": work, "name": "A", name: figure} for figure in figures]

    check_agreement(end_with(0.5, 0.5 + 0.9 * tolerance))
    for figures in ((0.5, 0.5 + (1.1 * tolerance or 1)), (0.5, math.nan, 0.5)):
        with pytest.raises(ContenderError, match=f"the same {name} within {tolerance}"):
            check_agreement(end_with(*figures))
