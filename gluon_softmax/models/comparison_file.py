"""A comparison's numbers and trained models on disk, written and read back."""

from __future__ import annotations

import hashlib
import math
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from reprlib import repr as shorten

from ..chapter.compare import Comparison
from ..chapter.versions import VERSIONS
from ..errors import DataError
from ..history import History
from ..storage.atomic import write_json
from ..storage.json_data import read_json
from .model import Model, load_model, save_model

__all__ = ["SavedComparison", "read_comparison", "write_comparison"]

FORMAT = "gluon_softmax comparison 2"
FILE = re.compile(r"[\w.-]+")
REMEDY = "run gluon-softmax compare again, and name the comparison.json it writes"


@dataclass(frozen=True)
class SavedComparison:
    """What is read back of a comparison.

    Attributes
    ----------
    data : str
        Title of the data set.
    settings : dict
        As `Comparison` has them.
    histories : dict of str to History
        One for each version.
    differences : list of float
        The largest difference of any parameter after each epoch.
    models : dict of str to Model
        The trained model of each version.
    """

    data: str
    settings: dict
    histories: dict[str, History]
    differences: list[float]
    models: dict[str, Model]


def write_comparison(
    comparison: Comparison, folder: str | os.PathLike[str], suffix: str = ""
) -> Iterator[Path]:
    """Write each version's trained model as ``.npz``, and last the numbers as JSON.

    Parameters
    ----------
    comparison : Comparison
    folder : path
        Made if it is missing.
    suffix : str
        What to add to the name of each file.

    Yields
    ------
    pathlib.Path
        Each file, as soon as it is written.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    folder, models = Path(folder), {}
    for key, version in VERSIONS.items():
        W, b = comparison.params[version]
        classes = tuple(comparison.test_set.classes)
        model = Model("softmax", {"W": W, "b": b}, classes, comparison.data)
        name = f"model-{key}{suffix}.npz"
        yield save_model(model, folder / name)
        models[version] = {"file": name, "sha256": _hash(folder / name)}
    content = {"format": FORMAT, **comparison.to_dict(), "models": models}
    yield write_json(content, folder / f"comparison{suffix}.json")


def read_comparison(path: str | os.PathLike[str]) -> SavedComparison:
    """Read what `write_comparison` wrote.

    Parameters
    ----------
    path : path
        The JSON file; the models are in the same folder.

    Returns
    -------
    SavedComparison

    Raises
    ------
    DataError
        If a file is missing, damaged, of an older version of this package, or does not
        belong to the others.
    """
    path = Path(path)
    content = _read_json(path)
    if content.get("format") != FORMAT:
        raise DataError(
            f"{path}: expected the format {FORMAT!r}, found "
            f"{_name_format(content)}: {REMEDY}"
        )
    try:
        numbers = _read_numbers(content)
        files = {name: _read_entry(m) for name, m in content["models"].items()}
    except (AttributeError, DataError, KeyError, TypeError) as error:
        raise DataError(
            f"{path}: expected a comparison's numbers, found others "
            f"({error!s:.300}): {REMEDY}"
        ) from error
    models = {n: _read_model(path.parent / f, h) for n, (f, h) in files.items()}
    return SavedComparison(*numbers, models)


def _read_json(path: Path) -> dict:
    """Read a file that should hold a dictionary."""
    try:
        content = read_json(path)
    except DataError as error:
        raise DataError(f"{error}: {REMEDY}") from error
    return content if isinstance(content, dict) else {}


def _read_numbers(content: dict) -> tuple[str, dict, dict[str, History], list[float]]:
    """Return all but the models, checking the types."""
    data, settings = content["data"], content["settings"]
    differences = content["largest_parameter_difference"]
    is_title = isinstance(data, str) and data.isprintable()
    if not is_title or not isinstance(settings, dict):
        raise DataError(f"data {shorten(data)}, settings {shorten(settings)}")
    if not isinstance(differences, list) or not all(
        isinstance(number, float) and math.isfinite(number) for number in differences
    ):
        raise DataError(f"differences {shorten(differences)}")
    histories = content["histories"].items()
    return (
        data,
        settings,
        {name: History.from_list(epochs) for name, epochs in histories},
        differences,
    )


def _read_entry(entry: dict) -> tuple[str, str]:
    """Return the name of a model's file, which is in no other folder, and its hash."""
    name = Path(entry["file"]).name
    if not FILE.fullmatch(name):
        raise DataError(f"a file named {shorten(name)}")
    return name, entry["sha256"]


def _name_format(content: dict) -> str:
    """Return which format a file has."""
    found = content.get("format")
    return "none, as older versions wrote" if found is None else shorten(found)


def _read_model(path: Path, wanted: str) -> Model:
    """Read a model, which must be the one that the numbers are of."""
    model = load_model(path)
    if _hash(path) != wanted:
        raise DataError(
            f"{path}: expected the comparison's model, found another: {REMEDY}"
        )
    return model


def _hash(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
