"""`bench scaling` and `bench distributed`: what is measured, skipped and shown."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from gluon_softmax.bench import distributed, scaling
from gluon_softmax.bench.distributed import format_costs
from gluon_softmax.bench.scaling import PLACES, find_lack, show_scaling, write_repeated
from gluon_softmax.commands.main import main
from gluon_softmax.data.idx import read_idx
from gluon_softmax.errors import ContenderError

COST = {"median_seconds": 0.2, "seconds": [0.2], "peak_mb": 100.0}


def test_repeated_file_is_the_array_over_and_over(tmp_path):
    """An IDX file of 7 rows made from 3 holds them in turn."""
    rows = np.arange(12, dtype=np.uint8).reshape(3, 2, 2)
    write_repeated(rows, 7, tmp_path / "images")
    assert (read_idx(tmp_path / "images") == np.resize(rows, (7, 2, 2))).all()


@pytest.mark.parametrize("place", PLACES)
def test_too_little_room_is_said(place, tmp_path):
    """A size beyond disk or memory is named with what it needs."""
    room = f"free in {tmp_path}" if place == "in a file" else "of free memory"
    lack = find_lack(10**12, place, str(tmp_path))
    assert lack.startswith(f"needs 942000.0 GB {room}, ")
    assert find_lack(1000, place, str(tmp_path)) == ""


@pytest.mark.slow
@pytest.mark.parametrize("place", PLACES)
def test_size_is_measured_in_a_process(place, tmp_path):
    """Two epochs are counted, and memory is measured."""
    images = np.random.randint(0, 256, (300, 28, 28), dtype=np.uint8)
    labels = np.arange(300, dtype=np.uint8) % 10
    train = {"train_images": images, "train_labels": labels}
    np.savez(tmp_path / "images.npz", **train, test_images=images, test_labels=labels)
    point = scaling.measure(700, place, str(tmp_path), epochs=2)
    assert (point["samples"], point["place"]) == (700, place)
    assert len(point["seconds"]) == 2
    assert point["peak_mb"] > 50


def test_figure_of_seconds_and_memory():
    """Logarithmic axes with units, and a dashed line for the file."""
    sizes = [(samples, place) for place in PLACES for samples in PLACES[place]]
    points = [{"samples": samples, "place": place, **COST} for samples, place in sizes]
    seconds, memory = show_scaling(points, "a machine").axes
    assert {ax.get_xscale() + ax.get_yscale() for ax in (seconds, memory)} == {"loglog"}
    assert seconds.get_ylabel() == "seconds per epoch"
    assert memory.get_ylabel() == "peak memory in MB"
    in_memory, in_file = memory.lines
    assert list(in_memory.get_xdata()) == [60_000, 180_000, 600_000, 1_800_000]
    assert list(in_file.get_xdata()) == [60_000, 180_000, 1_800_000, 6_000_000]
    assert set(in_file.get_ydata()) == {100}
    assert in_file.get_linestyle() == "--"
    assert min(text.get_fontsize() for text in seconds.get_xticklabels()) >= 16


def test_scaling_prints_and_writes(tmp_path, capsys, monkeypatch):
    """Every point is printed and written, as is every size that was skipped."""

    def measure(samples: int, place: str, folder: str, epochs: int) -> dict:
        return {"samples": samples, "place": place, **COST}

    monkeypatch.setattr(scaling, "write_arrays", lambda root, path: None)
    monkeypatch.setattr(scaling, "measure", measure)
    monkeypatch.setattr(
        scaling, "find_lack", lambda n, *place: "no room" * (n > 60_000)
    )
    assert main(["bench", "scaling", "--quick", "--output", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "   60,000 images in memory    0.200 s    100 MB\n" in out
    assert "180,000 images in a file skipped, no room\n" in out
    numbers = json.loads((tmp_path / "scaling.json").read_text())
    assert [point["samples"] for point in numbers["points"]] == [60_000, 60_000]
    assert len(numbers["skipped"]) == 2
    assert (tmp_path / "scaling.png").is_file()


@pytest.fixture
def commands(monkeypatch) -> list[list[str]]:
    """Train nothing; return the commands, and leave a history of four epochs."""
    commands = []

    def write_history(name, command):
        words = command[3:]
        commands.append(words)
        network = words[words.index("train") + 1]
        folder = Path(words[words.index("--output") + 1])
        epochs = [{"seconds": seconds} for seconds in (9.0, 0.3, 0.1, 0.2)]
        path = folder / f"{network}-fashion-mnist.json"
        path.write_text(json.dumps({"epochs": epochs}))

    monkeypatch.setattr(distributed, "run_process", write_history)
    return commands


def test_jobs_are_started_as_a_user_starts_them(commands):
    """`launch` for workers, `train` for one process alone, in the same words."""
    distributed.measure("softmax", 0, 2, root="/data")
    distributed.measure("softmax", 3, 2, root="/data")
    alone, job = commands
    assert alone[:4] == ["train", "softmax", "--data", "fashion-mnist"]
    assert alone[-2:] == ["--root", "/data"]
    assert job[:4] == ["launch", "-n", "3", "--"]
    folder = alone.index("--output") + 1
    assert job[4:][:folder] == alone[:folder]


def test_jobs_are_compared_with_one_process():
    """Each ratio is that of the same network's medians."""
    costs = [
        {"network": "softmax", "workers": 0, "seconds": [0.1]},
        {"network": "softmax", "workers": 2, "seconds": [0.4]},
        {"network": "perceptron", "workers": 0, "seconds": [3.0]},
        {"network": "perceptron", "workers": 1, "seconds": [1.0, 1.5, 9.0]},
    ]
    _, *lines = (" ".join(line.split()) for line in format_costs(costs))
    assert lines == [
        "softmax, one process alone 0.100 1.00",
        "softmax, a job of 2 workers 0.400 4.00",
        "perceptron, one process alone 3.000 1.00",
        "perceptron, a job of 1 worker 1.500 0.50",
    ]


def test_every_network_and_job_is_measured(commands, tmp_path, capsys):
    """A line each, and all numbers in a file; the first epoch compiles, and is out."""
    assert main(["bench", "distributed", "--output", str(tmp_path)]) == 0
    costs = json.loads((tmp_path / "distributed.json").read_text())["costs"]
    assert len(costs) == len(commands) == 3 * 5
    seconds = [0.3, 0.1, 0.2]
    assert costs[-1] == {"network": "convolutional", "workers": 4, "seconds": seconds}
    assert "convolutional, a job of 4 workers" in capsys.readouterr().out


@pytest.mark.slow
def test_failure_is_one_line_with_its_cause():
    """What `train` says is wrong is what is reported."""
    with pytest.raises(ContenderError) as error:
        distributed.measure("nonsense", 0, 1)
    start = "nonsense, one process alone exited with code 2 (gluon-softmax train: "
    assert str(error.value).startswith(start)
    assert "\n" not in str(error.value)


@pytest.mark.slow
def test_job_is_measured(fashion):
    """Two workers train softmax regression, and the epoch after the first is timed."""
    root = str(fashion[0].folder)
    (seconds,) = distributed.measure("softmax", 2, 2, root)["seconds"]
    assert seconds > 0
