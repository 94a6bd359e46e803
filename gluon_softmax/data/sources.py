"""Where a data set's files are on this machine, what is read there, and what is not."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ..errors import DataError
from .download import fetch
from .published import FILE_NAMES, get_publication, read_verified

__all__ = [
    "ENVIRONMENT_VARIABLE",
    "Files",
    "Finding",
    "Place",
    "check_variable",
    "inspect",
    "places",
    "read",
    "take_inventory",
]

ENVIRONMENT_VARIABLE = "GLUON_SOFTMAX_DATA"


@dataclass(frozen=True)
class Place:
    """A folder that may hold a data set's files.

    What is wrong in one that was `chosen` by the user is not passed over.
    """

    folder: Path
    origin: str
    chosen: bool


@dataclass(frozen=True)
class Files:
    """Images and labels of one half of a data set, read and verified."""

    images: memoryview
    labels: memoryview
    folder: Path
    revision: str


class Finding(NamedTuple):
    """Where one half of a data set is, or what is wrong there."""

    split: str
    where: str = ""
    problem: str = ""

    def __str__(self) -> str:
        return f"{self.split}: {self.problem or self.where}"


def places(name: str, root: str | os.PathLike[str] | None = None) -> list[Place]:
    """List the folders to look in, in order, `root` first."""
    torch_raw = Path(get_publication(name).torchvision_folder) / "raw"
    keras = _expand(os.environ.get("KERAS_HOME", "~/.keras"))
    found = [Place(_mxnet_folder(name), "MXNet's folder", False)]
    found.append(Place(keras / "datasets" / name, "Keras's cache", False))
    for parent in (Path("data"), Path("../data"), _expand("~/.cache/torch")):
        found.append(Place(parent / torch_raw, "torchvision's folder", False))
    if os.environ.get(ENVIRONMENT_VARIABLE):
        folder = _expand(os.environ[ENVIRONMENT_VARIABLE]) / name
        found.insert(0, Place(folder, f"${ENVIRONMENT_VARIABLE}", True))
    if root is not None:
        found.insert(0, Place(_expand(root), "the folder given", True))
    return found


def check_variable() -> None:
    """Check that the folder that `$GLUON_SOFTMAX_DATA` names, if any, is there."""
    folder = os.environ.get(ENVIRONMENT_VARIABLE)
    if folder and not os.path.exists(os.path.expanduser(folder)):
        raise DataError(
            f"${ENVIRONMENT_VARIABLE} names {folder}, which is not there: name a "
            "folder that holds fashion-mnist/ or mnist/, or unset it"
        )


def read(name: str, train: bool, root: str | os.PathLike[str] | None = None) -> Files:
    """Read and verify images and labels, fetching them first if they are nowhere.

    What is wrong in a folder that the user named is an error; what another program left
    damaged is passed over with a warning.
    """
    check_variable()
    for place in places(name, root):
        try:
            files = inspect(name, train, place.folder)
        except DataError as error:
            if place.chosen:
                raise
            warnings.warn(f"passed over: {error}", stacklevel=2)
            continue
        if files is not None:
            return files
    folder = _mxnet_folder(name) if root is None else _expand(root)
    fetch(name, folder, FILE_NAMES[train])
    return inspect(name, train, folder)


def inspect(name: str, train: bool, folder: str | os.PathLike[str]) -> Files | None:
    """Read and verify one half in one folder; None if it does not hold both files."""
    names = FILE_NAMES[train]
    paths = [_existing(Path(folder), file) for file in names]
    if None in paths:
        return None
    (images, of_images), (labels, of_labels) = (
        read_verified(name, path, file) for path, file in zip(paths, names)
    )
    if of_images != of_labels:
        raise DataError(
            f"{folder} mixes two revisions of {get_publication(name).title}: images "
            f"{of_images}, labels {of_labels}; delete one of them"
        )
    return Files(images, labels, Path(folder), of_images)


def take_inventory(
    name: str, root: str | os.PathLike[str] | None = None
) -> Iterator[Finding]:
    """Yield a finding for each half and place of a data set that holds anything.

    The first sound one is what a data set reads; one says so where there is none.
    """
    missing = f"not on this machine: run gluon-softmax data fetch {name}"
    for train in (True, False):
        split, is_found = f"{name} {'train' if train else 'test'}", False
        for place in places(name, root):
            try:
                files = inspect(name, train, place.folder)
            except DataError as error:
                yield Finding(split, problem=str(error))
            else:
                if files is None:
                    continue
                where = f"{files.revision} revision in {place.folder} ({place.origin})"
                yield Finding(split, where)
            is_found = True
        if not is_found:
            yield Finding(split, problem=missing)


def _mxnet_folder(name: str) -> Path:
    """Return the folder that Gluon's own data sets use."""
    home = _expand(os.environ.get("MXNET_HOME", "~/.mxnet"))
    return home / "datasets" / name


def _existing(folder: Path, file: str) -> Path | None:
    """Return the file as it is in the folder, compressed or not."""
    paths = (folder / f"{file}.gz", folder / file)
    try:
        if folder.exists() and not folder.is_dir():
            raise DataError(f"{folder} is a file: expected the data set's folder")
        return next((path for path in paths if path.is_file()), None)
    except OSError as error:  # it may not be looked into, say
        raise DataError(
            f"{folder} cannot be read ({error.strerror}): name another folder"
        ) from error


def _expand(path: str | os.PathLike[str]) -> Path:
    """Return a path with ``~`` as the home folder; that of nobody stays as it is."""
    return Path(os.path.expanduser(path))
