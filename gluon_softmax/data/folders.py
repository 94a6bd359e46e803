"""Pictures of your own: a folder per class becomes a data set.

Two layouts are read: DIR/train/CLASS/*.png with DIR/test/CLASS/*.png, or only
DIR/CLASS/*.png, of which every fifth picture of each class is then kept for testing.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ..errors import DataError, show
from ..storage.files import list_folder
from .datasets import ImageDataset
from .decoding import open_picture
from .pictures import SIDE, WHOLE, prepare
from .randomness import random_state

__all__ = ["read_folder"]

SUFFIXES = (".png", ".jpg", ".jpeg")
OTHERS = {
    "-idx": "IDX files: load them with ImageDataset.from_idx; of a published "
    "set, give its name, and the folder with --root",
    ".rec": "im2rec's records: name the folder of pictures that they were made of",
}
"""What else users have in a folder, by a part of the files' names."""
MANY = 10_000
"""From how many pictures on a bar shows how far the reading is."""

Files = list["tuple[Path, int]"]  # each picture's file and label


def read_folder(
    folder: str | os.PathLike[str], seed: int = 0
) -> tuple[ImageDataset, ImageDataset]:
    """Read the pictures in a folder of classes, as training and test set.

    The classes are called as their folders, and numbered in the order of these names.
    Hidden files and other files than PNG and JPEG are passed over. The seed decides the
    order of the pictures, and which are for testing where the folder does not say.
    """
    folder = Path(folder)
    classes, files = _find_files(folder, seed)
    return tuple(_read_all(part, classes, folder, seed) for part in files)


def _find_files(folder: Path, seed: int) -> tuple[tuple[str, ...], list[Files]]:
    """Name the classes, and list the files for training and for testing."""
    parts = [folder / "train", folder / "test"]
    if not all(map(os.path.isdir, parts)):
        for part, other in (parts, parts[::-1]):
            if os.path.isdir(part) and _list_folders(part):
                raise DataError(f"{folder}: expected {other.name}/ beside {part.name}/")
        classes, files = _list_classes(folder)
        return classes, _draw_split(files, seed)
    (classes, train), (others, test) = (_list_classes(part) for part in parts)
    if classes != others:
        names = ", ".join(sorted(set(classes) ^ set(others)))
        raise DataError(
            f"{folder}: expected the same classes in train/ and test/, found only in "
            f"one of them: {names}"
        )
    return classes, [list(chain(*part)) for part in (train, test)]


def _list_classes(folder: Path) -> tuple[tuple[str, ...], list[Files]]:
    """Name the classes in a folder, and list the files of each."""
    folders = _list_folders(folder)
    if len(folders) < 2:
        names = " ".join(path.name for path in _list_visible(folder))
        hints = [f", and {hint}" for mark, hint in OTHERS.items() if mark in names]
        raise DataError(
            f"{folder}: expected a folder for each of at least two classes, found "
            f"{len(folders)}{''.join(hints)}"
        )
    files = []
    for label, each in enumerate(folders):
        files.append([(path, label) for path in _list_pictures(each)])
        if not files[label]:
            raise DataError(
                f"{each}: expected PNG or JPEG files of a class, found none"
            )
    return tuple(show(each.name) for each in folders), files


def _draw_split(files: list[Files], seed: int) -> list[Files]:
    """Keep every fifth file of each class for testing, and at least one."""
    train, test = [], []
    for label, found in enumerate(files):
        if len(found) < 2:
            raise DataError(
                f"{found[0][0].parent}: expected at least two pictures of a class, one "
                "of them for testing, found one"
            )
        order = random_state(seed, label).permutation(len(found))
        cut = max(1, len(found) // 5)
        test += [found[i] for i in sorted(order[:cut])]
        train += [found[i] for i in sorted(order[cut:])]
    return [train, test]


def _read_all(
    files: Files, classes: tuple[str, ...], folder: Path, seed: int
) -> ImageDataset:
    """Read files in an order that mixes the classes, so that any part has them all."""
    title = show(folder.resolve().name)
    files = [files[i] for i in random_state(seed).permutation(len(files))]
    images = np.empty((len(files), SIDE, SIDE), np.uint8)
    paths = [path for path, _ in files]
    hidden = None if len(files) >= MANY else True
    # Decoding leaves Python free.
    with ThreadPoolExecutor() as threads:
        read = tqdm(threads.map(_read_pixels, paths), title, len(files), disable=hidden)
        for number, pixels in enumerate(read):
            images[number] = pixels
    labels = np.array([label for _, label in files])
    place = {"title": title, "origin": show(folder)}
    return ImageDataset(images, labels, classes=classes, preparation=WHOLE, **place)


def _read_pixels(path: Path) -> np.ndarray:
    """Read one picture."""
    with open_picture(path) as (image, _):
        return prepare(image, WHOLE).pixels


def _list_folders(folder: Path) -> list[Path]:
    """List the folders in a folder."""
    return [path for path in _list_visible(folder) if os.path.isdir(path)]


def _list_pictures(folder: Path) -> list[Path]:
    """List the files in a folder that are called like pictures."""
    found = [path for path in _list_visible(folder) if os.path.isfile(path)]
    return [path for path in found if path.suffix.lower() in SUFFIXES]


def _list_visible(folder: Path) -> list[Path]:
    """List what is in a folder and not hidden, by name."""
    return [path for path in list_folder(folder) if path.name[0] != "."]
