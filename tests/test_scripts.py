"""The chapter's scripts, run small on the real data."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parent.parent / "scripts"


def load(name):
    """Import a script as a module, without running it."""
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.usefixtures("fashion")
def test_section_3_5_times_every_number_of_workers(tmp_path, capsys):
    """The first sample is an ankle boot, and each reading takes its time."""
    seconds = load("section_3_5_fashion_mnist").main(folder=tmp_path)
    assert list(seconds) == [0, 1, 2, 4]
    assert all(0 < value < 60 for value in seconds.values())
    out = capsys.readouterr().out
    assert "60,000 training images" in out
    assert "label: 9, int32, ankle boot" in out
    assert (tmp_path / "section_3_5_samples.png").is_file()


@pytest.mark.usefixtures("fashion")
def test_section_3_6_trains(tmp_path, capsys):
    """The naive softmax breaks at 89, and an epoch gives the known loss."""
    script = load("section_3_6_softmax_regression_scratch")
    history = script.main(num_epochs=1, folder=tmp_path)
    assert history[0].loss == pytest.approx(0.787, abs=0.01)
    assert "scores [89, 0]: naive [nan" in capsys.readouterr().out
    assert (tmp_path / "section_3_6_predictions.svg").is_file()


@pytest.mark.usefixtures("fashion")
def test_section_3_7_trains():
    """An epoch with Gluon gives the loss that the one from scratch gives."""
    history = load("section_3_7_softmax_regression_gluon").main(num_epochs=1)
    assert history[0].loss == pytest.approx(0.787, abs=0.01)


@pytest.mark.usefixtures("fashion")
def test_comparison_returns_its_result(tmp_path):
    """The comparison leaves its figures and returns what they show."""
    script = load("compare_scratch_and_gluon")
    comparison = script.main(num_epochs=1, folder=tmp_path)
    assert comparison.differences[0] < 1e-5
    assert (tmp_path / "comparison.json").is_file()


@pytest.mark.usefixtures("digits")
def test_by_hand_prints_iterations_and_epochs(capsys):
    """Every so many iterations, the epochs' means and validation, the test at last."""
    history = load("by_hand").main(num_epochs=2, num_images=5000, print_every=20)
    out = capsys.readouterr().out
    assert "images: 5,000, 5,000, 10,000" in out
    assert out.count("  iteration") == 4
    assert out.count("valid acc") == 2
    assert out.count("test acc") == 1
    assert history[-1].test_acc > 0.85


@pytest.mark.parametrize("script", sorted(SCRIPTS.glob("*.py")), ids=lambda s: s.stem)
def test_scripts_open_as_notebooks(script):
    """Each script is made of cells, prose first, and runs only when it is meant to."""
    lines = script.read_text().splitlines()
    assert lines[0] == "# %% [markdown]"
    assert sum(line.startswith("# %%") for line in lines) >= 5
    assert 'if __name__ == "__main__":' in lines
