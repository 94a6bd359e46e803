"""One training as plain settings, on the real data and small."""

from __future__ import annotations

import pytest
from gluon_softmax.errors import ArgumentError
from gluon_softmax.experiments import MODELS, Experiment, run_experiment

SMALL = {"data": "fashion-mnist", "num_epochs": 1, "lr": 0.1}


@pytest.mark.usefixtures("fashion")
@pytest.mark.parametrize("model", MODELS)
def test_every_model_trains(model):
    """A thousand images teach each model something, and it is validated and tested."""
    experiment = Experiment(model=model, **SMALL)
    history = run_experiment(experiment, num_images=1000)
    assert history[0].valid_acc > 0.3
    assert history[0].test_acc == pytest.approx(history[0].valid_acc, abs=0.1)


@pytest.mark.usefixtures("fashion")
def test_softmax_regressions_agree():
    """The same settings give the same figures whichever version trains."""
    histories = [
        run_experiment(Experiment(model=model, momentum=0.9, **SMALL), num_images=1000)
        for model in ("scratch", "gluon", "numpy")
    ]
    for column in ("loss", "train_acc", "valid_loss", "valid_acc", "test_acc"):
        first, *others = (history.column(column) for history in histories)
        assert others == [pytest.approx(first, abs=1e-4)] * 2


@pytest.mark.usefixtures("fashion")
def test_seed_decides_the_figures():
    """The same experiment gives the same figures, another seed others."""
    losses = [
        run_experiment(Experiment(seed=seed, **SMALL), num_images=500)[0].loss
        for seed in (1, 1, 2)
    ]
    assert losses[0] == losses[1] != losses[2]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"model": "transformer"}, "scratch, gluon, numpy, perceptron, convolutional"),
        ({"pixels": "dark"}, "scaled, centred, normalised"),
        ({"start": "zeros"}, "normal, xavier"),
        ({"momentum": 1.0}, "at least 0 and below 1"),
        ({"lr": 0}, "above 0"),
        ({"num_epochs": 0}, "num_epochs"),
        ({"seed": -1}, "seed"),
    ],
)
def test_bad_settings_are_refused_at_once(setting, message):
    """Before anything is run, with the choices."""
    with pytest.raises(ArgumentError, match=message):
        Experiment(**setting)
