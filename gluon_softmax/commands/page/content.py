"""What a page shows of a comparison, as plain data for JSON."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ... import __version__
from ...chapter.versions import GLUON, SCRATCH, VERSIONS
from ...data.datasets import ImageDataset
from ...data.identity import identify
from ...data.synthetic import SyntheticFashion
from ...errors import ArgumentError, DataError
from ...models.comparison_file import SavedComparison
from ...models.model import Model
from ...trainer.settings import Settings
from ..results import name_classes
from .encoding import compress_images, encode

__all__ = [
    "FIRST",
    "check_test_set",
    "choose_images",
    "collect",
    "find_probabilities",
]

FIRST = 900
"""So many images from the start of the test set are embedded."""
PER_CELL = 4
"""And so many of each kind of mistake, the most confident ones."""


def collect(comparison: SavedComparison, test_set: ImageDataset) -> dict:
    """Return what the page embeds as plain data, arrays of bytes or float32 as base64.

    Raises `DataError` where a version is missing, or where the models are not softmax
    regression on this test set.
    """
    _check_settings(comparison)
    _check_models(comparison, test_set)
    check_test_set(comparison.models.values(), test_set)
    names = [name for name in VERSIONS.values() if name in comparison.models]
    found = {
        name: find_probabilities(comparison.models[name], test_set.images)
        for name in names
    }
    chosen = choose_images(test_set.labels, found[names[0]])
    return {
        "package": __version__,
        "title": comparison.data,
        "standIn": isinstance(test_set, SyntheticFashion),
        "settings": comparison.settings,
        "differences": comparison.differences,
        "classes": {key: name_classes(test_set.classes, key) for key in ("en", "zh")},
        "versions": [
            {
                "name": name,
                "epochs": comparison.histories[name].to_list(),
                "confusion": _count(test_set.labels, found[name]).tolist(),
                **_pack_model(comparison.models[name]),
            }
            for name in names
        ],
        "images": {
            "places": chosen.tolist(),
            "labels": test_set.labels[chosen].tolist(),
            "pixels": compress_images(test_set.images[chosen]),
        },
        "numTest": len(test_set.labels),
        "first": min(FIRST, len(test_set.labels)),
        "perCell": PER_CELL,
    }


def find_probabilities(model: Model, images: np.ndarray) -> np.ndarray:
    """Return a softmax regression's probabilities (n, 10), computed as the page does.

    `images` are bytes of shape (n, 28, 28, 1).
    """
    X = model.scale(images).reshape(len(images), -1).astype("float64")
    scores = X @ model.params["W"].astype("float64") + model.params["b"]
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def choose_images(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Choose the images to embed: the first, and of each mistake the most confident.

    Takes the true classes (n,) and the probabilities (n, classes); returns the places
    in the test set, ascending.
    """
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    chosen = set(range(min(FIRST, len(labels))))
    for cell in np.ndindex(probabilities.shape[1], probabilities.shape[1]):
        if cell[0] != cell[1]:
            places = np.flatnonzero((labels == cell[0]) & (predicted == cell[1]))
            order = np.argsort(-confidence[places], kind="stable")
            chosen.update(places[order[:PER_CELL]].tolist())
    return np.array(sorted(chosen))


def _check_settings(comparison: SavedComparison) -> None:
    """Check that the page can train again as the comparison did."""
    try:
        settings = Settings(**comparison.settings)
    except (TypeError, ArgumentError) as error:
        raise DataError(
            f"expected the settings of a comparison, found {comparison.settings} "
            f"({error}): run gluon-softmax compare again"
        ) from error
    lengths = {len(history) for history in comparison.histories.values()}
    if lengths != {settings.num_epochs}:
        raise DataError(
            f"expected histories of {settings.num_epochs} epochs, found {lengths}: run "
            "gluon-softmax compare again"
        )


def _check_models(comparison: SavedComparison, test_set: ImageDataset) -> None:
    """Check that the page can compute a model."""
    models, histories = comparison.models, comparison.histories
    found = [name for name in models if name in histories]
    if not {SCRATCH, GLUON} <= {*found} == models.keys():
        raise DataError(
            f"expected a comparison of {SCRATCH} and {GLUON}, found "
            f"{', '.join(found) or 'none'}: run gluon-softmax compare again"
        )
    for name, model in models.items():
        if model.network != "softmax" or model.classes != tuple(test_set.classes):
            raise DataError(
                f"{name}: expected softmax regression on the classes of "
                f"{test_set.title}, found {model.network} on "
                f"{', '.join(model.classes)}: run gluon-softmax compare again"
            )


def check_test_set(models: Iterable[Model], test_set: ImageDataset) -> None:
    """Check that models were tested on these images, if their files say on which."""
    digest = identify(test_set)["digest"]
    for model in models:
        if model.test_set not in ("", digest):
            raise DataError(
                f"expected the test images that {model.network} on {model.data} was "
                f"tested on, found others in {test_set.title}: name its data set with "
                "--data, or run gluon-softmax compare and train again"
            )


def _count(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Count which class is taken for which; a row per true class."""
    counts = np.zeros((probabilities.shape[1],) * 2, dtype=int)
    np.add.at(counts, (labels, probabilities.argmax(axis=1)), 1)
    return counts


def _pack_model(model: Model) -> dict:
    """Write a model's parameters as text."""
    params = {n: encode(p.astype("<f4")) for n, p in model.params.items()}
    return {**params, "mean": model.pixel_mean, "deviation": model.pixel_deviation}
