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
from PIL import Image, ImageOps
from tqdm import tqdm

from ..errors import DataError, show
from ..storage.files import list_folder
from .datasets import ImageDataset
from .decoding import open_picture
from .pictures import SIDE
from .randomness import random_state

__all__ = ["read_folder", "to_pixels"]

SUFFIXES = (".png", ".jpg", ".jpeg")
MANY = 10_000
"""From how many pictures on a bar shows how far the reading is."""

Files = list["tuple[Path, int]"]  # each picture's file and label


def to_pixels(image: Image.Image) -> np.ndarray:
    """Bring a picture of any size and mode to 28 x 28 bytes of grey.

    It is turned as its EXIF data say. What is transparent becomes white, as on paper,
    sixteen bits become eight, and bright stays bright. The longer side is brought to 28
    pixels, and the shorter one is filled up on both sides with the median of the pixels
    along the edge. A grey picture of 28 x 28 bytes stays as it is, to the bit.
    """
    grey = _to_grey(ImageOps.exif_transpose(image))
    factor = SIDE / max(grey.size)
    size = tuple(max(1, round(side * factor)) for side in grey.size)
    small = np.asarray(grey.resize(size, Image.LANCZOS))
    edge = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])
    pixels = np.full((SIDE, SIDE), np.median(edge), np.uint8)
    height, width = small.shape
    top, left = (SIDE - height) // 2, (SIDE - width) // 2
    pixels[top : top + height, left : left + width] = small
    return pixels


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
    title = show(folder.resolve().name)
    return tuple(_read_all(part, classes, title, seed) for part in files)


def _to_grey(image: Image.Image) -> Image.Image:
    """Convert any mode to eight bits of grey; transparent to white."""
    if image.mode.startswith("I"):  # sixteen bits, which Pillow would clip
        values = np.asarray(image).astype(np.int64)
        return Image.fromarray(((values + 128) // 257).clip(0, 255).astype(np.uint8))
    if "A" in image.mode or "transparency" in image.info:
        image = image.convert("RGBA")
        paper = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(paper, image)
    return image.convert("L")


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
        raise DataError(
            f"{folder}: expected a folder for each of at least two classes, found "
            f"{len(folders)}"
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
    files: Files, classes: tuple[str, ...], title: str, seed: int
) -> ImageDataset:
    """Read files in an order that mixes the classes, so that any part has them all."""
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
    return ImageDataset(images, labels, title=title, classes=classes)


def _read_pixels(path: Path) -> np.ndarray:
    """Read one picture."""
    with open_picture(path) as (image, _):
        return to_pixels(image)


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
