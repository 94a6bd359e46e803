"""The benchmark's parent: processes, rounds, ratios, tables and figure."""

from __future__ import annotations

import argparse
import json
import os
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from gluon_softmax.bench import processes, rounds, table
from gluon_softmax.bench.contenders import CONTENDERS, PEERS, WORKS, Contender, select
from gluon_softmax.bench.figure import show_benchmark
from gluon_softmax.bench.processes import (
    FreshProcess,
    StandingProcess,
    make_environment,
    run_process,
)
from gluon_softmax.bench.ratios import RATIOS, Ratio, Verdict, judge, list_left_out
from gluon_softmax.bench.rounds import Result, check_agreement, run_rounds
from gluon_softmax.bench.work import arrays
from gluon_softmax.commands import bench
from gluon_softmax.commands.bench import check_peers
from gluon_softmax.commands.main import main
from gluon_softmax.errors import ArgumentError, ContenderError

FAKE = """
import json, sys
print(json.dumps({"threads": 3}), flush=True)
count = 0
for line in sys.stdin:
    if line.strip() == "stop":
        print(json.dumps({"peak": 1000}), flush=True)
        break
    count += 1
    print(json.dumps({"seconds": float(count), "loss": 0.5}), flush=True)
"""


def start(code: str) -> StandingProcess:
    """Start a contender of a few lines."""
    program = [sys.executable, "-c", textwrap.dedent(code)]
    return StandingProcess("fake", program, os.environ)


def make_results(seconds: dict[str, float], **figures: float) -> list[Result]:
    """Make results of contenders, the same seconds in each of three rounds."""
    found = {contender.key: contender for contender in CONTENDERS}
    return [
        Result(
            found[key],
            {"threads": 2},
            [{"seconds": factor * middle, **figures} for factor in (1.5, 1, 0.9)],
            peak=100_000 * (place + 1),
        )
        for place, (key, middle) in enumerate(seconds.items())
    ]


@pytest.fixture
def few_images(monkeypatch) -> None:
    """Measure on 512 random training images and 100 test images."""

    def write(root, path):
        rng, images = np.random.default_rng(0), {}
        for split, count in (("train", 512), ("test", 100)):
            shape = count, 28, 28
            images[f"{split}_images"] = rng.integers(0, 256, shape, dtype=np.uint8)
            images[f"{split}_labels"] = np.arange(count, dtype=np.uint8) % 10
        np.savez(path, **images)

    monkeypatch.setattr(arrays, "write_arrays", write)
    monkeypatch.setattr(rounds, "PAUSE", 0)


def test_standing_process_works_each_time_it_is_told_to():
    """A process is started once, keeps its state, and says its peak at the end."""
    with start(FAKE) as process:
        assert process.facts == {"threads": 3}
        assert [process.run()["seconds"] for _ in range(3)] == [1.0, 2.0, 3.0]
        assert process.stop() == {"peak": 1000}


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("raise ValueError('too small')", "ended .ValueError: too small."),
        ("import sys; sys.exit(7)", "ended .exit code 7."),
        ("print('hello')", "is ready as a line of JSON, found 'hello'"),
        ("print('[1]')", r"found '\[1\]'"),
    ],
)
def test_contender_that_is_never_ready_is_one_line(code, message):
    """Death and nonsense at the start say who, what was expected and what was found."""
    with pytest.raises(ContenderError, match=f"fake: expected .*{message}") as error:
        start(code)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("raise OSError('gone')", "expected seconds, found that .*OSError: gone"),
        ("print('{', flush=True)", "expected seconds as a line of JSON, found '{'"),
        ("print('{}', flush=True)", "expected seconds above 0 .* found None"),
        ("print('{\"seconds\": NaN}', flush=True)", "found nan"),
    ],
)
def test_contender_that_fails_at_work_is_one_line(answer, message):
    """Death, nonsense and answers without a time are errors, and leave no process."""
    process = start(f"print('{{}}', flush=True); input(); {answer}; input()")
    with process, pytest.raises(ContenderError, match=message):
        process.run()
    assert process._process.poll() is not None


def test_contender_that_hangs_is_ended(monkeypatch):
    """A contender that never answers is ended after the limit."""
    monkeypatch.setattr(processes, "LIMIT", 0.5)
    with pytest.raises(ContenderError, match=r"ended .exit code -9"):
        start("import time; time.sleep(60)")


def test_contender_that_will_not_leave_is_killed(monkeypatch):
    """A contender that does not end with its questions is ended all the same."""
    monkeypatch.setattr(processes, "PATIENCE", 0.2)
    process = start("import time; print('{}', flush=True); time.sleep(60)")
    process.close()
    assert process._process.returncode == -9


def test_missing_program_is_one_line():
    """A program that does not exist is an error of the contender's."""
    for start_it in (run_process, StandingProcess):
        with pytest.raises(
            ContenderError, match=r"^fake cannot be started .No such fi"
        ):
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


def test_process_that_does_not_end_is_ended(monkeypatch):
    """It is said how long was waited."""
    monkeypatch.setattr(processes, "LIMIT", 0.5)
    with pytest.raises(ContenderError, match=r"^fake was still at work after 0\.5 s"):
        run_process(
            "fake", [sys.executable, "-c", "import time; time.sleep(60)"], os.environ
        )


def test_peers_see_no_path_of_this_interpreter(monkeypatch):
    """PYTHONPATH leads ours to this copy of the package, and does not reach a peer."""
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    ours = make_environment(OMP_NUM_THREADS="1")
    first, second = ours["PYTHONPATH"].split(os.pathsep)
    assert Path(first, "gluon_softmax", "bench") == Path(rounds.__file__).parent
    assert second == "/elsewhere"
    assert ours["OMP_NUM_THREADS"] == "1"
    assert "PYTHONPATH" not in make_environment(ours=False)


def test_rounds_alternate(monkeypatch):
    """Contenders of one work take turns; warming up is not counted; works follow."""
    monkeypatch.setattr(rounds, "PAUSE", 0)
    chosen = [
        Contender("training", "a", "A", ""),
        Contender("training", "b", "B", ""),
        Contender("evaluating", "c", "C", ""),
    ]
    turns = []
    a, b, c = run_rounds(chosen, lambda _: start(FAKE), 3, turns.append, warm_up=1)
    assert turns == ["A", "B"] * 4 + ["C"] * 4
    assert a.column("seconds") == b.column("seconds") == [2.0, 3.0, 4.0]
    assert (a.middle("seconds"), a.peak, a.facts) == (3.0, 1000, {"threads": 3})
    assert c.contender.key == "c"


def test_rounds_end_in_a_check(monkeypatch):
    """Contenders that end with different losses give no result."""
    monkeypatch.setattr(rounds, "PAUSE", 0)
    other = FAKE.replace("0.5", "0.6")
    chosen = [Contender("training", "a", "A", ""), Contender("training", "b", "B", "")]
    with pytest.raises(ContenderError, match="the same loss"):
        run_rounds(chosen, lambda c: start(FAKE if c.key == "a" else other), 2)


def test_a_failure_ends_the_other_contenders(monkeypatch):
    """When one contender dies, no process of the others is left."""
    monkeypatch.setattr(rounds, "PAUSE", 0)
    chosen = [Contender("training", "a", "A", ""), Contender("training", "b", "B", "")]
    started = []

    def start_one(contender):
        dies = "print('{}', flush=True); input(); raise SystemExit(3)"
        started.append(start(FAKE if contender.key == "a" else dies))
        return started[-1]

    with pytest.raises(ContenderError, match="exit code 3"):
        run_rounds(chosen, start_one, 2)
    assert [process._process.poll() is None for process in started] == [False, False]


@pytest.mark.parametrize(
    ("work", "name", "tolerance"),
    [(w, n, t) for w, names in rounds.TOLERANCES.items() for n, t in names.items()],
)
def test_contenders_that_disagree_are_not_compared(work, name, tolerance):
    """Figures further apart than a seed explains stop the comparison."""
    keys = [contender for contender in CONTENDERS if contender.work == work][:2]
    near, far = (
        [
            Result(keys[0], answers=[{"seconds": 1.0, name: 0.5}]),
            Result(keys[1], answers=[{"seconds": 1.0, name: 0.5 + step}]),
        ]
        for step in (0.9 * tolerance, 1.1 * tolerance or 1)
    )
    check_agreement(near)
    with pytest.raises(ContenderError, match=f"the same {name} within {tolerance}"):
        check_agreement(far)


def test_every_ratio_compares_contenders_of_one_work():
    """Each row names two contenders that exist and do the same work."""
    work_of = {contender.key: contender.work for contender in CONTENDERS}
    for ratio in RATIOS:
        assert work_of[ratio.numerator] == work_of[ratio.denominator], ratio.name
    assert set(work_of.values()) == set(WORKS) == set(rounds.TOLERANCES)
    assert len({ratio.name for ratio in RATIOS}) == len(RATIOS)


def test_ratios_are_of_medians_and_of_peaks():
    """A row divides medians, or peaks; it needs both its contenders."""
    results = make_results({"gluon": 0.06, "torch": 0.1, "evaluate": 1.0})
    by_name = {verdict.ratio.name: verdict for verdict in judge(results)}
    time = by_name["training, Gluon / PyTorch's best loop"]
    memory = by_name["peak memory, Gluon / PyTorch"]
    assert time.value == pytest.approx(0.6)
    assert memory.value == pytest.approx(0.5)
    assert len(by_name) == 2


def test_verdicts_say_met_and_missed():
    """Each line has the ratio, its target and what became of it."""
    rows = [(0.02, 1 / 30, "1/50 1/30 met"), (0.9, 0.75, "0.9 0.75 MISSED")]
    rows.append((2.0, None, "2 -"))
    verdicts = [
        Verdict(Ratio("n", "a", "b", target), value) for value, target, _ in rows
    ]
    lines = list(table.format_verdicts(verdicts))[1:]
    assert [line.split(maxsplit=1)[1].split() for line in lines] == [
        expected.split() for *_, expected in rows
    ]


def test_rows_without_their_peer_name_the_option():
    """What is left out without a peer is listed with the option that adds it."""
    left_out = list_left_out(["jax"])
    assert list(left_out) == ["torch"]
    (line,) = table.format_left_out(left_out)
    assert "--peer torch=PYTHON" in line
    assert "peak memory, Gluon / PyTorch" in line
    assert "JAX" not in line
    assert list_left_out(PEERS) == {}


def test_table_has_medians_ranges_and_figures():
    """A heading per work, then a line per contender."""
    results = make_results({"gluon": 0.06, "torch": 0.1}, loss=0.5, test_acc=0.8)
    title, headings, first, second = table.format_results(results)
    assert title == f"{WORKS['training']}:"
    assert headings.split()[:2] == ["seconds", "(least"]
    expected = "ours, Gluon 0.0600 (0.0540 to 0.0900) 0.500 0.800 102"
    assert " ".join(first.split()) == expected
    assert second.startswith("  PyTorch, best eager loop")


def test_json_has_every_round_and_ratio():
    """Numbers read back with medians, ranges, threads, figures and ratios."""
    results = make_results({"gluon": 0.06, "torch": 0.1}, loss=0.5)
    content = json.loads(json.dumps(table.to_dict(results, judge(results))))
    first = content["contenders"][0]
    assert first["key"] == "gluon"
    assert first["seconds"] == pytest.approx([0.09, 0.06, 0.054])
    assert first["median_seconds"] == 0.06
    assert (first["threads"], first["loss"], first["peak_mb"]) == (2, 0.5, 102.4)
    assert content["ratios"][0]["ratio"] == pytest.approx(0.6)
    assert content["ratios"][0]["met"] is True


def test_busy_machine_is_said():
    """Times that vary too much to be compared are named in a line."""
    steady, busy = make_results({"gluon": 0.06, "torch": 0.1})
    busy.answers[0]["seconds"] = 0.4
    assert list(table.format_doubts([steady])) == []
    (line,) = table.format_doubts([steady, busy])
    assert "PyTorch, best eager loop" in line
    assert "ours, Gluon" not in line


def test_figure_shows_every_contender_and_the_floor():
    """A logarithmic axis, a name and a median each, and a line at the floor."""
    results = make_results({"gluon": 0.06, "blas": 0.04, "evaluate": 0.01})
    training, evaluating = show_benchmark(results, "a machine").axes
    assert training.get_xscale() == evaluating.get_xscale() == "log"
    names = [text.get_text() for text in training.get_yticklabels()]
    assert names == ["ours, Gluon", "BLAS alone"]
    texts = " ".join(text.get_text() for text in training.texts)
    assert "0.06 s" in texts
    assert "floor" in texts
    dashed = [line for line in training.lines if line.get_linestyle() == "--"]
    assert [line.get_xdata()[0] for line in dashed] == [0.04]


def test_select_by_work_and_by_key():
    """Words choose works and contenders; peers without interpreter are left out."""
    assert [c.key for c in select(["evaluating", "numpy"], [])] == ["numpy", "evaluate"]
    assert {c.peer for c in select([], ["torch"])} == {"", "torch"}
    assert len(select([], PEERS)) == len(CONTENDERS)
    with pytest.raises(ArgumentError, match="found nonsense"):
        select(["nonsense"], [])


@pytest.mark.parametrize(
    ("python", "message"),
    [
        ("/nowhere/python", "No such file or directory"),
        (sys.executable, "No module named 'absent'"),
    ],
)
def test_peer_that_cannot_run_is_one_line(python, message, monkeypatch):
    """A missing interpreter, or one without the package, is found before the start."""
    monkeypatch.setitem(PEERS, "absent", "Absent")
    with pytest.raises(
        ArgumentError, match=f"found that {python} .*{message}"
    ) as error:
        check_peers({"absent": python})
    assert "\n" not in str(error.value)
    assert "-m pip install numpy absent" in str(error.value)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--peer", "torch"], "expected --peer torch=PYTHON or jax=PYTHON, found"),
        (["--peer", "tensorflow=python"], "found 'tensorflow=python'"),
        (["--rounds", "0"], "expected --rounds to be a whole number from 1 on"),
        (["--only", "nonsense"], "expected --only to name a work"),
    ],
)
def test_command_refuses_what_it_cannot_measure(words, message):
    """A wrong option is an error of the user's, before anything is started."""
    parser = argparse.ArgumentParser()
    bench.add_arguments(parser.add_subparsers())
    options = parser.parse_args(["bench", *words])
    with pytest.raises(ArgumentError, match=message):
        options.command(options)


def test_command_measures_and_writes(few_images, tmp_path, capsys):
    """The whole way on little data: tables, figure and numbers."""
    words = ["bench", "--only", "blas", "--rounds", "2", "--output", str(tmp_path)]
    assert main(words) == 0
    assert "BLAS alone" in capsys.readouterr().out
    names = sorted(file.name for file in tmp_path.iterdir())
    assert names == ["bench.json", "bench.png", "bench.svg"]
    numbers = json.loads((tmp_path / "bench.json").read_text())
    assert {"cpu", "cores", "memory_gib"} <= numbers["machine"].keys()
    assert {"python", "mxnet", "numpy"} <= numbers["versions"].keys()
    assert [len(row["seconds"]) for row in numbers["contenders"]] == [2]
    assert numbers["contenders"][0]["threads"] >= 1


def test_parent_never_loads_mxnet():
    """The command's module can be loaded and asked without MXNet in the process."""
    code = (
        "import argparse, sys; from gluon_softmax.commands import bench; "
        "bench.add_arguments(argparse.ArgumentParser().add_subparsers()); "
        "import gluon_softmax.bench.figure, gluon_softmax.bench.scaling, "
        "gluon_softmax.bench.distributed; sys.exit('mxnet' in sys.modules)"
    )
    run_process("parent", [sys.executable, "-c", code], make_environment())
