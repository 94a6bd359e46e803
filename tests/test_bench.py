"""The benchmark's choice of contenders, ratios, tables and figure; its command."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
from gluon_softmax.bench import report, rounds
from gluon_softmax.bench.contenders import CONTENDERS, PEERS, WORKS, select
from gluon_softmax.bench.processes import run_process
from gluon_softmax.bench.report import RATIOS, judge, list_left_out, show_benchmark
from gluon_softmax.bench.work import arrays
from gluon_softmax.commands.bench import check_peers
from gluon_softmax.commands.main import main
from gluon_softmax.errors import ArgumentError


def make_rows(seconds: dict[str, float], **figures: float) -> list[dict]:
    """Make rows of contenders, with their ranges around the median."""
    found = {contender.key: contender for contender in CONTENDERS}
    return [
        {
            "key": key,
            "name": found[key].name,
            "work": found[key].work,
            "median_seconds": middle,
            "least_seconds": 0.9 * middle,
            "most_seconds": 1.5 * middle,
            "peak_mb": 102.4 * (place + 1),
            **figures,
        }
        for place, (key, middle) in enumerate(seconds.items())
    ]


def test_every_ratio_compares_contenders_of_one_work():
    """Each row names two contenders that exist and do the same work."""
    work_of = {contender.key: contender.work for contender in CONTENDERS}
    for ratio in RATIOS:
        other = ratio.denominator or ratio.numerator
        assert work_of[ratio.numerator] == work_of[other], ratio.name
    assert set(work_of.values()) == set(WORKS) == set(rounds.TOLERANCES)
    assert len({ratio.name for ratio in RATIOS}) == len(RATIOS)


def test_ratios_are_of_medians_and_of_peaks():
    """A row divides medians, or peaks; it needs both its contenders."""
    rows = make_rows({"gluon": 0.04, "torch": 0.1, "evaluate": 1.0, "help": 0.3})
    found = {row["name"]: (row["ratio"], row["met"]) for row in judge(rows)}
    assert found == {
        "training, Gluon / PyTorch's best loop": (pytest.approx(0.4), True),
        "peak memory, Gluon / PyTorch": (pytest.approx(0.5), False),
        "seconds of gluon-softmax --help": (0.3, False),
    }
    slow = make_rows({"gluon": 0.07, "torch-same": 0.1, "gluon-plain": 0.14})
    assert [row["met"] for row in judge(slow)] == [False, None, False]


@pytest.mark.parametrize(
    ("value", "target", "met", "cells"),
    [
        (0.02, 1 / 30, True, ["1/50", "1/30", "met"]),
        (0.9, 0.75, False, ["0.9", "0.75", "MISSED"]),
        (2.0, None, None, ["2", "-"]),
        (0.21, 0.2, False, ["0.21", "s", "0.2", "s", "MISSED"]),
    ],
)
def test_verdicts_say_met_and_missed(value, target, met, cells):
    """Each line has the ratio, or seconds, the target and what became of it."""
    verdict = {"name": "n", "target": target, "ratio": value, "met": met}
    verdict["denominator"] = "" if "s" in cells else "other"
    _, line = report.format_verdicts([verdict])
    assert line.split() == ["n", *cells]


def test_table_has_medians_ranges_and_figures():
    """A heading per work, then a line per contender."""
    rows = make_rows({"gluon": 0.06, "torch": 0.1}, loss=0.5, test_acc=0.8)
    title, headings, first, second = report.format_results(rows)
    assert title == f"{WORKS['training']}:"
    assert headings.split()[:2] == ["seconds", "(least"]
    expected = "ours, Gluon 0.0600 (0.0540 to 0.0900) 0.500 0.800 102"
    assert " ".join(first.split()) == expected
    assert second.startswith("  PyTorch, best eager loop")


def test_what_a_reader_must_know_is_said():
    """Rows without their peer name the option; times that vary too much, the row."""
    steady, busy = make_rows({"gluon": 0.06, "torch": 0.1})
    busy["most_seconds"] = 0.4
    *_, left_out, doubt = report.format_all([steady, busy], [], list_left_out(["jax"]))
    assert "--peer torch=PYTHON" in left_out
    assert "peak memory, Gluon / PyTorch" in left_out
    assert "JAX" not in left_out
    assert "the machine was busy" in doubt
    assert "of PyTorch, best eager loop (training); end" in doubt
    *_, last = report.format_all([steady], [], list_left_out(PEERS))
    assert last.startswith("ratio of medians")


def test_figure_shows_every_contender_and_the_floor():
    """A logarithmic axis, a name and a median each, and a line at the floor."""
    rows = make_rows({"gluon": 0.06, "blas": 0.04, "evaluate": 0.01})
    training, evaluating = show_benchmark(rows, "a machine").axes
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
    with pytest.raises(ArgumentError, match=f"{python} .*{message}") as error:
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
def test_command_refuses_what_it_cannot_measure(words, message, capsys):
    """A wrong option is an error of the user's, before anything is started."""
    assert main(["bench", *words]) == 2
    assert message in capsys.readouterr().err


def test_command_measures_and_writes(monkeypatch, tmp_path, capsys):
    """The whole way on a few random images: tables, figure and numbers."""

    def write_few(root, path):
        images, labels = np.zeros((512, 28, 28), np.uint8), np.zeros(512, np.uint8)
        train = {"train_images": images, "train_labels": labels}
        np.savez(path, **train, test_images=images, test_labels=labels)

    monkeypatch.setattr(arrays, "write_arrays", write_few)
    words = ["bench", "--only", "blas", "--rounds", "2", "--output", str(tmp_path)]
    assert main(words) == 0
    assert "BLAS alone" in capsys.readouterr().out
    names = sorted(file.name for file in tmp_path.iterdir())
    assert names == ["bench.json", "bench.png", "bench.svg"]
    numbers = json.loads((tmp_path / "bench.json").read_text())
    assert {"cpu", "cores", "memory_gib"} <= numbers["machine"].keys()
    assert {"python", "mxnet", "numpy"} <= numbers["versions"].keys()
    (contender,) = numbers["contenders"]
    assert len(contender["seconds"]) == 2
    assert contender["threads"] >= 1
    assert contender["versions"].keys() == {"numpy"}


def test_parent_never_loads_mxnet():
    """Everything that runs in it can be loaded without."""
    modules = ("commands.bench", "bench.report", "bench.rounds")
    names = ", ".join(f"gluon_softmax.{name}" for name in modules)
    code = f"import sys, {names}; sys.exit('mxnet' in sys.modules)"
    run_process("parent", [sys.executable, "-c", code])
