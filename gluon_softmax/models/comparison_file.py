"""A comparison's numbers and trained models on disk, written and read back."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from reprlib import repr as shorten

from ..chapter.compare import Comparison
from ..chapter.versions import VERSIONS
from ..data.identity import identify
from ..data.likeness import measure_likeness
from ..errors import DataError
from ..history import History
from ..storage.atomic import write_json
from ..storage.files import check_there, hash_file
from ..storage.json_data import read_json
from .model import Model, load_model, save_model

__all__ = ["SavedComparison", "read_comparison", "write_comparison"]

COMPARISON_FORMAT = "gluon_softmax comparison 2"
FIRST = "run gluon-softmax compare first, which writes it"
REMEDY = "run gluon-softmax compare again, and name the comparison.json it writes"


@dataclass(frozen=True)
class SavedComparison:
    """What is read back of a `Comparison`, and the trained model of each version."""

    data: str
    settings: dict
    histories: dict[str, History]
    differences: list[float]
    models: dict[str, Model]


def write_comparison(
    comparison: Comparison, folder: str | os.PathLike[str], suffix: str = ""
) -> Iterator[Path]:
    """Write each version's trained model as ``.npz``, and last the numbers as JSON.

    Each file is yielded as soon as it is written; the suffix is added to all names.
    """
    folder, models = Path(folder), {}
    likeness = measure_likeness(comparison.test_set)
    digest = identify(comparison.test_set)["digest"]
    for key, version in VERSIONS.items():
        W, b = comparison.params[version]
        classes = tuple(comparison.test_set.classes)
        model = Model(
            "softmax",
            {"W": W, "b": b},
            classes,
            comparison.data,
            preparation=comparison.test_set.preparation,
            likeness=likeness,
            test_set=digest,
        )
        name = f"model-{key}{suffix}.npz"
        yield save_model(model, folder / name)
        models[version] = {"file": name, "sha256": hash_file(folder / name)}
    content = {"format": COMPARISON_FORMAT, **comparison.to_dict(), "models": models}
    yield write_json(content, folder / f"comparison{suffix}.json")


def read_comparison(path: str | os.PathLike[str]) -> SavedComparison:
    """Read what `write_comparison` wrote: the JSON, and the models in its folder.

    `DataError` is raised if a file is missing, damaged, of an older version of this
    package, or does not belong to the others.
    """
    path = Path(path)
    content = _read_json(path)
    try:
        numbers = _read_numbers(content)
        files = {name: _read_entry(m) for name, m in content["models"].items()}
        if files.keys() != numbers["histories"].keys():
            raise DataError("a model without its history, or a history alone")
    except (AttributeError, DataError, KeyError, TypeError) as error:
        raise DataError(
            f"{path}: expected a comparison's numbers, found others "
            f"({error!s:.300}): {REMEDY}"
        ) from error
    models = {
        name: _read_model(path.parent / file, sha256)
        for name, (file, sha256) in files.items()
    }
    return SavedComparison(**numbers, models=models)


def _read_json(path: Path) -> dict:
    """Read a file that should hold a dictionary of this format."""
    check_there(path, FIRST)
    try:
        content = read_json(path)
    except DataError as error:
        raise DataError(f"{error}: {REMEDY}") from error
    found = content.get("format") if isinstance(content, dict) else None
    if found != COMPARISON_FORMAT:
        told = "none, as older versions wrote" if found is None else shorten(found)
        raise DataError(
            f"{path}: expected the format {COMPARISON_FORMAT!r}, found {told}: {REMEDY}"
        )
    return content


def _read_numbers(content: dict) -> dict[str, object]:
    """Return all but the models, by the attributes of `SavedComparison`."""
    data, settings = content["data"], content["settings"]
    if not isinstance(data, str) or not data.isprintable():
        raise DataError(f"data {shorten(data)}")
    if not isinstance(settings, dict):
        raise DataError(f"settings {shorten(settings)}")
    differences = content["largest_parameter_difference"]
    if not isinstance(differences, list) or not all(
        isinstance(number, float) and math.isfinite(number) for number in differences
    ):
        raise DataError(f"differences {shorten(differences)}")
    histories = {n: History.from_list(h) for n, h in content["histories"].items()}
    return {
        "data": data,
        "settings": settings,
        "histories": histories,
        "differences": differences,
    }


def _read_entry(entry: dict) -> tuple[str, str]:
    """Return the name of a model's file, which is in no other folder, and its hash."""
    name = Path(entry["file"]).name
    if not re.fullmatch(r"[\w.-]+", name):
        raise DataError(f"a file named {shorten(name)}")
    return name, entry["sha256"]


def _read_model(path: Path, wanted: str) -> Model:
    """Read a model, which must be the one that the numbers are of."""
    model = load_model(path)
    if hash_file(path) != wanted:
        raise DataError(
            f"{path}: expected the comparison's model, found another: {REMEDY}"
        )
    return model
