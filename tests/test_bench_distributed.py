"""Jobs that are measured, what follows for more workers, and what is said of it."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import pytest
from gluon_softmax.bench import command, distributed, distributed_verdict
from gluon_softmax.bench.distributed import Plan, list_runs, measure_distributed
from gluon_softmax.bench.distributed_cost import Cost, Run
from gluon_softmax.bench.distributed_figure import show_distributed
from gluon_softmax.bench.distributed_model import (
    AS_LAUNCHED,
    AT_BEST,
    LINKS,
    Basis,
    Link,
    list_workers,
    make_bases,
    predict_compute,
    predict_epoch,
    predict_exchange,
)
from gluon_softmax.bench.distributed_verdict import (
    describe_sharing,
    find_gain,
    judge_measured,
    judge_modelled,
)
from gluon_softmax.bench.processes import ContenderError
from gluon_softmax.bench.work.sharing import measure
from gluon_softmax.bench.work.timed_group import CountingStore, TimedGroup
from gluon_softmax.distributed import Group
from gluon_softmax.errors import JobError
from gluon_softmax.network_training import NetworkTraining
from gluon_softmax.settings import Settings
from test_distributed import Store

SOFTMAX = 4 * (784 * 10 + 10)
"""Bytes of softmax regression's parameters."""
RUN = {"network": "softmax", "batch_size": 10, "images": 20}
LINK = Link("a link", 1e6, 0.001)
BASIS = Basis("softmax", 256, step=0.1, floor=0.01, store=0.002, bytes=1000)
NETWORKS = ("softmax", "perceptron", "convolutional")


@pytest.fixture
def data(tmp_path) -> str:
    """Write 200 random training images, and give the file."""
    images = np.random.randint(0, 256, (200, 28, 28), dtype=np.uint8)
    labels = np.arange(200, dtype=np.uint8) % 10
    np.savez(tmp_path / "images.npz", train_images=images, train_labels=labels)
    return str(tmp_path / "images.npz")


@pytest.fixture
def costs() -> list[Cost]:
    """Give invented measurements, of jobs too."""
    found = []
    for network in NETWORKS:
        for size, seconds in ((256, 0.2), (8192, 0.9), (1, 0.03)):
            run = Run(network, size, 10 * size)
            found.append(Cost(run, 0, 10, [seconds], [], [], 0))
        run = Run(network, 256, 2560)
        for workers, seconds in ((1, 0.3), (2, 0.1), (3, 0.6)):
            times = [seconds, 9.0, seconds], [2.0, 4.0, 4.0], [0.5, 1.0, 2.0]
            found.append(Cost(run, workers, 10, *times, 2 * SOFTMAX))
    return found


class SlowStore(Store):
    """Takes its time for each push."""

    def push(self, key, array, priority=0):
        """Wait, and add up."""
        time.sleep(0.01)
        super().push(key, array, priority)


def make_group(size: int, kind=Store) -> TimedGroup:
    """Make the first worker of so many, the others of which push zeros."""
    return TimedGroup(CountingStore(kind(0, [lambda array: array * 0] * (size - 1))))


@pytest.mark.parametrize(("size", "rows"), [(1, 1), (2, 1), (3, 3), (4, 4)])
def test_bytes_are_those_of_all_gradients_both_ways(size, rows, small_set):
    """Of more than two workers each pushes and pulls as many rows as there are."""
    found = measure(RUN, small_set, 1, make_group(size))
    assert found["bytes"] == 2 * rows * SOFTMAX


def test_another_network_is_counted_anew(small_set):
    """The arrays of the second network have keys and bytes of their own."""
    group = make_group(3)
    measure(RUN, small_set, 1, group)
    run = {**RUN, "network": "convolutional"}
    weights = 10 * 25 + 20 * 10 * 25 + 10 * 320
    found = measure(run, small_set, 1, group)
    assert found["bytes"] == 2 * 3 * 4 * (weights + 10 + 20 + 10)


def test_exchanges_are_timed_in_every_second_epoch(small_set):
    """Two arrays, two steps and a slow store make an exchange of known length."""
    found = measure(RUN, small_set, 2, make_group(2, SlowStore))
    assert found["steps"] == 2
    assert [len(found[name]) for name in ("seconds", "waited", "exchanging")] == [2] * 3
    for waited, exchanging in zip(found["waited"], found["exchanging"]):
        assert 0.04 <= exchanging < waited


def test_one_process_has_nothing_to_exchange(small_set):
    """Without a store all epochs but the first are counted."""
    found = measure(RUN, small_set, 3, Group())
    assert len(found["seconds"]) == 3
    assert found["waited"] == found["exchanging"] == []
    assert found["bytes"] == 0


@pytest.mark.parametrize("waits", [False, True])
def test_timing_changes_no_number(small_set, waits):
    """A timed group of one trains as a process alone does, to the bit."""
    parameters = []
    for group in (Group(), make_group(1)):
        group.waits = waits
        settings = Settings(2, 10)
        training = NetworkTraining(
            "softmax", small_set, small_set, settings, group=group
        )
        training.run()
        arrays = training.get_state().params.values()
        parameters.append(np.concatenate([array.ravel() for array in arrays]))
    np.testing.assert_array_equal(*parameters)


def test_cost_is_brought_to_a_whole_epoch():
    """The median of 5 steps stands for the 235 of 60,000 images."""
    cost = Cost(Run("softmax", 256, 1280), 2, 5, [1.0, 3.0, 2.0], [4.0], [1.0], 8)
    assert cost.step == pytest.approx(0.4)
    assert cost.epoch == pytest.approx(235 * 0.4)
    assert cost.share == pytest.approx(0.25)
    assert cost.exchange == pytest.approx(0.2)
    assert "94.000 s per epoch,  25% exchanging 8 bytes" in str(cost)
    assert json.loads(json.dumps(cost.to_dict()))["run"]["images"] == 1280


@pytest.mark.parametrize(
    ("workers", "seconds"), [(1, 0.1), (2, 0.05), (10, 0.01), (100, 0.01)]
)
def test_computing_is_shared_down_to_a_floor(workers, seconds):
    """A tenth of a second, by the number of workers, but not below ten milliseconds."""
    assert predict_compute(BASIS, workers) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("workers", "way", "seconds"),
    [
        (1, AS_LAUNCHED, 0),
        (2, AS_LAUNCHED, 0.002 + 0.004 + 0.004),  # 2 x 1 kB x 2 workers at 1 MB/s
        (3, AS_LAUNCHED, 0.002 + 0.004 + 0.018),  # 2 x 3 kB x 3 workers
        (100, AS_LAUNCHED, 0.002 + 0.004 + 20.0),
        (2, AT_BEST, 0.002 + 0.004 + 0.002),
        (100, AT_BEST, 0.002 + 0.004 + 0.002),
        (100, AT_BEST._replace(servers=10), 0.002 + 0.004 + 0.02),
        (4, AT_BEST._replace(servers=8), 0.002 + 0.004 + 0.002),
    ],
)
def test_exchange_as_computed_by_hand(workers, way, seconds):
    """The store's own time, four latencies, and what the busiest link carries."""
    assert predict_exchange(BASIS, workers, LINK, way) == pytest.approx(seconds)


def test_epoch_is_all_its_steps():
    """Batches of 256 make 235 steps, each of computing and an exchange."""
    assert predict_epoch(BASIS, 1, LINK, AS_LAUNCHED) == pytest.approx(23.5)
    expected = 235 * (0.1 / 3 + 0.024)
    assert predict_epoch(BASIS, 3, LINK, AS_LAUNCHED) == pytest.approx(expected)


@pytest.mark.parametrize(("batch_size", "most"), [(256, 256), (8192, 1000)])
def test_each_worker_has_an_image(batch_size, most):
    """There are no more workers than images in a batch."""
    assert list_workers(BASIS._replace(batch_size=batch_size)) == range(2, most + 1)


def test_bases_are_picked_out_of_the_measurements(costs):
    """Step and floor are of one process, bytes and the store's time of a job of one."""
    basis = make_bases(costs)[1]
    assert (basis.network, basis.batch_size) == ("softmax", 8192)
    assert basis[2:] == pytest.approx((0.09, 0.003, 0.1, SOFTMAX))


@pytest.mark.parametrize(
    ("step", "expected"),
    [(0.008, None), (0.1, (2, 6, 3)), (0.011, None), (0.02, None), (0.03, (2, 2, 2))],
)
def test_gains_by_hand(step, expected):
    """Step times of 2 to 7 workers: step / n + 0.006 + 0.004, or + 0.002 n n."""
    gain = find_gain(BASIS._replace(step=step), LINK, AS_LAUNCHED)
    assert (gain and gain[:3]) == expected


def test_ratio_is_that_of_the_fastest():
    """Three workers take 0.0333 + 0.024 s for a step of 0.1 s."""
    gain = find_gain(BASIS, LINK, AS_LAUNCHED)
    assert gain.ratio == pytest.approx(0.1 / (0.1 / 3 + 0.024))


def test_sentences_name_the_better_choice(costs):
    """Each network's measured and modelled sentences say what their numbers do."""
    measured = list(judge_measured(costs))
    assert len(measured) == 3
    assert "one process 4.70 s" in measured[0]
    assert measured[0].endswith(
        "2.35 s with 2 workers: 2 workers are the better choice"
    )
    modelled = list(judge_modelled(costs))
    assert len(modelled) == 3 * 2 * 2
    assert all(  # k of 0.1 s is more than a step takes
        line.endswith("at any number of workers over each of the links")
        for line in modelled
    )


def test_sentences_name_the_numbers_of_workers(costs, monkeypatch):
    """From where on one process is faster is said for each link."""
    bases = [BASIS, BASIS._replace(bytes=0), BASIS._replace(bytes=10**8)]
    monkeypatch.setattr(distributed_verdict, "make_bases", lambda costs: bases)
    lines = list(judge_modelled(costs))
    assert lines[0].endswith(  # 0.0124 + 2 kB n n / 125 MB/s is 0.1 at n = 73.99
        "from 74 workers on over 1 Gbit/s and 100 µs; "
        "from 235 workers on over 10 Gbit/s and 50 µs; "
        "at no number of workers up to 256 over 100 Gbit/s and 5 µs"
    )
    assert lines[2].endswith("at no number of workers up to 256 over each of the links")
    assert "at any number of workers over 1 Gbit/s" in lines[4]


def test_workers_that_share_cores_are_named(costs, monkeypatch):
    """More workers than cores, and nothing where there are enough."""
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {0})
    text = "2 and 3 workers share 1 core here, with their server"
    assert describe_sharing(costs) == text
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: set(range(64)))
    assert describe_sharing(costs) == ""


def test_figure_has_a_panel_for_each_network_and_batch(costs):
    """Curves of the model, points beside them, logarithmic axes with units."""
    figure = show_distributed(costs, "a machine")
    panels = np.reshape(figure.axes, (2, 3))
    assert {ax.get_xscale() for ax in figure.axes} == {"log"}
    assert {ax.get_yscale() for ax in figure.axes} == {"log"}
    assert "seconds" in panels[0, 0].get_ylabel()
    assert panels[1, 0].get_xlabel() == "workers"
    lines = {line.get_label(): line for line in panels[0, 0].lines}
    assert len({(x.get_color(), x.get_linestyle()) for x in lines.values()}) == 8
    points = lines["measured, jobs of 1 to 3 on this machine"]
    assert points.get_ydata() == pytest.approx([7.05, 2.35, 14.1])
    (curve,) = (line for name, line in lines.items() if AT_BEST.name in name
                and LINKS[0].name in name)  # fmt: skip
    basis = make_bases(costs)[0]
    expected = predict_epoch(basis, 100, LINKS[0], AT_BEST)
    assert dict(zip(*curve.get_data()))[100] == pytest.approx(expected)
    assert len(figure.legends[0].get_texts()) == 8


def test_quick_leaves_out_the_most():
    """The same networks and batch sizes, fewer images, jobs and epochs."""
    whole, quick = list_runs(), list_runs(quick=True)
    assert whole.workers == (1, 2, 3, 4)
    assert set(quick.workers) < set(whole.workers)
    for kind in ("shared", "alone"):
        for run, less in zip(getattr(whole, kind), getattr(quick, kind)):
            assert (run.network, run.batch_size) == (less.network, less.batch_size)
            assert less.images < run.images


@pytest.mark.slow
def test_command_writes_figure_and_numbers(costs, tmp_path, capsys, monkeypatch):
    """Every cost and every sentence is printed and written."""
    monkeypatch.setattr(distributed, "measure_distributed", lambda *options: costs)
    parser = argparse.ArgumentParser()
    command.add_arguments(parser.add_subparsers())
    words = ["bench", "distributed", "--quick", "--output", str(tmp_path)]
    options = parser.parse_args(words)
    assert options.command(options) == 0
    out = capsys.readouterr().out
    numbers = json.loads((tmp_path / "distributed.json").read_text())
    assert len(numbers["costs"]) == len(costs)
    assert numbers["costs"][0]["seconds_per_step"] == pytest.approx(0.02)
    assert numbers["model"]["links"][0]["bandwidth"] == 125e6
    for line in (*map(str, costs), *numbers["verdicts"]):
        assert line in out
    assert (tmp_path / "distributed.png").is_file()
    assert (tmp_path / "distributed.svg").is_file()


@pytest.mark.slow
def test_a_process_that_fails_is_an_error_in_one_line(data):
    """What is wrong alone is wrong in a job, and ends it at once."""
    plan = Plan([Run("softmax", 0, 200)], [], (), 1)
    with pytest.raises(ContenderError, match=r"^one process alone: .*batch_size.*\)$"):
        measure_distributed(plan, data)
    text = json.dumps({"data": data, "runs": [], "epochs": 1, "store": "no", "x": 1})
    start = time.monotonic()
    with pytest.raises(JobError, match="exited with code 1"):
        distributed._run_job(text, 2)
    assert time.monotonic() - start < 30


@pytest.mark.slow
@pytest.mark.parametrize("workers", [2, pytest.param(3, marks=pytest.mark.heavy)])
def test_bytes_that_are_counted_cross_the_loopback(workers, data):
    """The kernel saw all workers' bytes of all steps, and little more."""
    epochs, runs = 4, [Run("perceptron", 10, 200)]
    before = read_loopback()
    alone, job = measure_distributed(Plan(runs, [], (workers,), epochs), data)
    crossed = read_loopback() - before
    assert (alone.workers, job.workers) == (0, workers)
    counted = job.bytes * job.steps * (1 + 2 * epochs) * workers
    assert counted <= crossed < 1.3 * counted
    assert 0 < job.share < 1


def read_loopback() -> int:
    """Read how many bytes this machine has sent to itself."""
    for line in Path("/proc/net/dev").read_text().splitlines():
        name, _, numbers = line.partition(":")
        if name.strip() == "lo":
            return int(numbers.split()[0])
    return pytest.skip("needs a loopback device")
