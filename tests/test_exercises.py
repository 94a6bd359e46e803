"""The answers to the exercises, run small on the real data."""

from __future__ import annotations

import io
from contextlib import redirect_stdout

import numpy as np
import pytest
from gluon_softmax import BatchLoader
from test_scripts import load


@pytest.fixture(scope="module")
def script():
    """Give the script as a module."""
    return load("exercises")


@pytest.fixture(scope="module")
def run(script, fashion, tmp_path_factory):
    """Run the script small, once; give its answers, its lines and its folder."""
    folder = tmp_path_factory.mktemp("figures")
    with redirect_stdout(io.StringIO()) as out:
        answers = script.main(
            folder=folder,
            num_images=512,
            batch_sizes=(1, 256),
            num_workers=(0,),
            seeds=(0, 1),
            num_epochs=2,
        )
    return answers, out.getvalue().splitlines(), folder


def test_naive_softmax_breaks_at_89_and_not_at_50(script, capsys):
    """exp(50) is harmless; infinity by infinity and 0 by 0 are not."""
    found = script.overflow()
    right = np.exp(1) / (1 + np.exp(1))
    for score, (power, naive, stable) in found.items():
        assert stable == pytest.approx(right, rel=1e-6)
        assert np.isnan(naive) == (score not in (-50, 50, 88))
        assert np.isinf(power) == (score >= 89)
        if not np.isnan(naive):
            assert naive == pytest.approx(right, rel=1e-5)
    assert found[50][0] == pytest.approx(np.exp(50), rel=1e-4)
    assert "   89         inf     nan   0.731" in capsys.readouterr().out


def test_overflow_is_drawn(script, tmp_path, monkeypatch):
    """The stable line goes all the way, the naive one ends on both sides."""
    drawn = {}
    draw = script.show_lines
    monkeypatch.setattr(
        script,
        "show_lines",
        lambda lines, *args: drawn.update(lines) or draw(lines, *args),
    )
    script.draw_overflow(tmp_path)
    assert {file.suffix for file in tmp_path.iterdir()} == {".png", ".svg"}
    s, naive = drawn["naive"]
    assert np.isfinite(drawn["stable"][1]).all()
    np.testing.assert_array_equal(np.isnan(naive), (s <= -104) | (s >= 88.75))


def test_only_the_fused_loss_survives(script):
    """Loss s, slope 1: the definition breaks, what is cut off learns nothing."""
    scores = (10, 100, 104, 1000)
    found = script.log_of_zero(scores)
    right = [(np.logaddexp(score, 0), 1) for score in scores]
    np.testing.assert_allclose(found["Gluon's"], right, rtol=1e-4)
    losses, slopes = zip(*found["by definition"])
    assert losses == pytest.approx((10, 100, np.inf, np.inf), abs=0.1)
    assert list(np.isnan(slopes)) == [False, True, True, True]
    np.testing.assert_allclose(found["cut off"][0], right[0], rtol=1e-4)
    np.testing.assert_allclose(
        found["cut off"][1:], [(-np.log(1e-12), 0)] * 3, rtol=1e-5
    )


def test_main_answers_all(run):
    """One call runs every exercise, and leaves its figures."""
    answers, _, folder = run
    assert list(answers) == [
        "batch sizes",
        "workers",
        "overflow",
        "log of zero",
        "seeds",
        "divided twice",
    ]
    assert list(answers["workers"]) == [("BatchLoader", 0), ("DataLoader", 0)]
    assert sorted(file.name for file in folder.iterdir()) == [
        "exercises_overflow.png",
        "exercises_overflow.svg",
        "exercises_seeds.png",
        "exercises_seeds.svg",
    ]


def test_single_images_are_slow(run):
    """Reading and training take many times longer with batch size 1."""
    answers, lines, _ = run
    seconds = answers["batch sizes"]
    for single, batch in zip(seconds[1], seconds[256]):
        assert single > 3 * batch > 0
    table = lines[lines.index("512 images") :]
    assert [line.split()[0] for line in table[2:4]] == ["1", "256"]
    rate = float(table[2].split("(")[1].split(")")[0].replace(",", ""))
    assert rate == pytest.approx(512 / seconds[1][0], abs=0.5)


@pytest.mark.usefixtures("fashion")
def test_workers_are_timed(script, monkeypatch, capsys):
    """Both loaders read every image with each number of workers, twice."""
    read = []

    def count(train_iter):
        ours = isinstance(train_iter, BatchLoader)
        works = bool(train_iter._pool if ours else train_iter._num_workers)
        read.append((type(train_iter), works, sum(len(y) for _, y in train_iter)))
        return float(len(read))

    monkeypatch.setattr(script, "_read_once", count)
    seconds = script.time_workers(num_images=300, choices=(0, 1))
    assert read == [
        (loader, works, 300)
        for loader in (BatchLoader, script.gluon.data.DataLoader)
        for works in (False, False, True, True)
    ]
    assert seconds == {
        ("BatchLoader", 0): (1, 2),
        ("BatchLoader", 1): (3, 4),
        ("DataLoader", 0): (5, 6),
        ("DataLoader", 1): (7, 8),
    }
    assert capsys.readouterr().out.splitlines()[-1].split() == [
        *("DataLoader", "1", "7.000", "s", "8.000", "s")
    ]


def test_seeds_give_the_published_accuracy(run):
    """Other seeds end elsewhere, near 0.790; small last steps bring them together."""
    answers, lines, _ = run
    usual, calm = answers["seeds"].values()
    assert usual.shape == calm.shape == (2, 2)
    np.testing.assert_allclose(usual[:, 0], 0.790, atol=0.012)
    np.testing.assert_array_equal(usual[:, 0], calm[:, 0])  # the same up to there
    assert usual[0, 1] != usual[1, 1]
    assert np.ptp(calm[:, 1]) < np.ptp(usual[:, 1])
    first_epoch = lines[lines.index("test accuracy over 2 seeds, lr 0.1") + 2]
    mean, deviation = (float(text) for text in first_epoch.split()[1:3])
    assert mean == pytest.approx(usual[:, 0].mean(), abs=5.1e-5)
    assert deviation == pytest.approx(np.ptp(usual[:, 0]) / 2**0.5, abs=5.1e-5)


def test_one_seed_has_no_deviation(script, capsys):
    """A single training is printed with deviation 0, without a warning."""
    script._print_spread(np.array([[0.79]]))
    line = capsys.readouterr().out.splitlines()[1]
    assert line.split() == ["1", "0.7900", "0.0000", "0.7900", "0.7900"]


def test_a_seed_draws_the_start_too(script, fashion):
    """Untrained nets of two seeds differ; the same seed gives the same net."""
    _, test_set = fashion
    accuracies = [
        script._train_seed(test_set, test_set, seed, rates=[0]) for seed in (0, 1, 0)
    ]
    assert accuracies[0] == accuracies[2] != accuracies[1]


def test_a_mean_divided_twice_is_0_0031(run):
    """The published 0.7878 and 0.0031 come out of the same training."""
    answers, lines, _ = run
    (loss, twice), second = answers["divided twice"]
    assert loss == pytest.approx(0.787, abs=0.005)
    assert loss / twice == pytest.approx(256, rel=0.01)
    assert second[0] / second[1] == pytest.approx(256, rel=0.01)  # its own means only
    assert second[0] < loss
    assert lines[-2].endswith("0.0031")


@pytest.mark.usefixtures("fashion")
def test_dividing_twice_makes_the_batch_size_matter(script):
    """Where all batches are full, the figure is off by exactly their size."""
    ((loss, twice),) = script.divide_twice(num_epochs=1, batch_size=1000)
    assert loss / twice == pytest.approx(1000)
