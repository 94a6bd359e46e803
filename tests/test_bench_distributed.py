"""Jobs that are measured: how they are started, what is read, and the table."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from gluon_softmax.bench import distributed
from gluon_softmax.bench.distributed import Cost, format_costs, measure
from gluon_softmax.commands.main import main
from gluon_softmax.errors import ContenderError


@pytest.fixture
def commands(monkeypatch) -> list[list[str]]:
    """Train nothing; return the commands, and leave a history of four epochs."""
    commands = []

    def write_history(name, command, environment):
        commands.append(command)
        network = command[command.index("train") + 1]
        folder = Path(command[command.index("--output") + 1])
        epochs = [{"seconds": seconds} for seconds in (9.0, 0.3, 0.1, 0.2)]
        path = folder / f"{network}-fashion-mnist.json"
        path.write_text(json.dumps({"epochs": epochs}))

    monkeypatch.setattr(distributed, "run_process", write_history)
    return commands


def test_jobs_are_started_as_a_user_starts_them(commands):
    """`launch` for workers, `train` for one process alone, in the same words."""
    measure("softmax", 0, 2, root="/data")
    measure("softmax", 3, 2, root="/data")
    alone, job = (command[3:] for command in commands)
    assert alone[:4] == ["train", "softmax", "--data", "fashion-mnist"]
    assert alone[-2:] == ["--root", "/data"]
    assert job[:4] == ["launch", "-n", "3", "--"]
    folder = alone.index("--output") + 1
    assert job[4:][:folder] == alone[:folder]


def test_jobs_are_compared_with_one_process():
    """Each ratio is that of the same network's medians."""
    costs = [
        Cost("softmax", 0, [0.1]),
        Cost("softmax", 2, [0.4]),
        Cost("perceptron", 0, [3.0]),
        Cost("perceptron", 1, [1.0, 1.5, 9.0]),
    ]
    lines = [" ".join(line.split()) for line in format_costs(costs)[1:]]
    assert lines == [
        "softmax, one process alone 0.100 1.00",
        "softmax, a job of 2 workers 0.400 4.00",
        "perceptron, one process alone 3.000 1.00",
        "perceptron, a job of 1 worker 1.500 0.50",
    ]


def test_command_measures_every_network_and_job(commands, tmp_path, capsys):
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
        measure("nonsense", 0, 1)
    assert str(error.value).startswith(
        "nonsense, one process alone failed (gluon-softmax train: "
    )
    assert "\n" not in str(error.value)


@pytest.mark.slow
def test_job_is_measured(fashion):
    """Two workers train softmax regression, and the epoch after the first is timed."""
    (seconds,) = measure("softmax", 2, 2, root=str(fashion[0].folder)).seconds
    assert seconds > 0
