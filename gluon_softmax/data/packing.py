"""Data sets to RecordIO shards, MXNet's own format.

Each image is a record: a header with its label and its number, then a PNG, of which
nothing is lost. Each shard has MXNet's index beside it, and each split one more, of all
its shards joined, with which MXNet's `ImageRecordIter` reads them as one file.
"""

from __future__ import annotations

import io
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import mxnet as mx
import numpy as np
from mxnet.base import MXNetError
from mxnet.recordio import IRHeader, MXIndexedRecordIO
from PIL import Image
from tqdm import tqdm

from ..checks import check_whole_number
from ..errors import ArgumentError, OutputError
from .datasets import ImageDataset
from .packed import SPLITS, Packed, check_path, digest
from .randomness import random_state

__all__ = ["check_output", "pack"]

MANY = 10_000
"""From how many images on a bar shows how far the packing is."""


def pack(
    train_set: ImageDataset,
    test_set: ImageDataset,
    moments: tuple[float, float],
    output: str | os.PathLike[str],
    num_shards: int = 4,
    seed: int = 0,
) -> Packed:
    """Write a data set as shards.

    Parameters
    ----------
    train_set, test_set : ImageDataset
        Grey images, all of one size.
    moments : tuple of float
        Mean and standard deviation of the training pixels, scaled to 0-1.
    output : path
        The folder to write; it appears whole or not at all.
    num_shards : int
        Into how many files to deal each split.
    seed : int
        Decides which shard each image goes to, and where in it.

    Returns
    -------
    Packed

    Raises
    ------
    ArgumentError
        If there are more shards than images, or the images are not grey.
    OutputError
        If something is at `output` already, or the disk is full.
    """
    check_whole_number("shards", num_shards, least=1)
    splits = dict(zip(SPLITS, (train_set, test_set)))
    for split, dataset in splits.items():
        _check(dataset, split, num_shards)
    counts = {
        split: np.bincount(dataset.labels, minlength=len(dataset.classes)).tolist()
        for split, dataset in splits.items()
    }
    check_output(output)
    with _new_folder(Path(output)) as folder:
        packed = Packed(
            train_set.title,
            train_set.revision,
            tuple(train_set.classes),
            tuple(train_set.images.shape[1:3]),
            tuple(map(float, moments)),
            num_shards,
            counts,
            sha256={},
        )
        for split, dataset in splits.items():
            _write_split(dataset, packed.shards(split), folder / f"{split}.idx", seed)
        files = sorted(folder.iterdir())
        packed.sha256.update({path.name: digest(path) for path in files})
        packed.write(folder)
    return packed


def check_output(output: str | os.PathLike[str]) -> None:
    """Refuse a folder that cannot be written, before any work is done for it.

    Parameters
    ----------
    output : path

    Raises
    ------
    ArgumentError
        If MXNet would take the path for more than a path.
    OutputError
        If something is there already.
    """
    path = Path(check_path(output))
    if os.path.lexists(path) and not _is_empty_folder(path):
        raise OutputError(
            f"{output}: expected a folder that is empty or not there yet, found "
            "something there: name another, or remove it first"
        )


def _check(dataset: ImageDataset, split: str, num_shards: int) -> None:
    """Refuse what cannot be dealt into shards."""
    if dataset.images.shape[3] != 1:
        raise ArgumentError(
            f"expected grey images, found images of shape {dataset.images.shape[1:]}"
        )
    if num_shards > len(dataset):
        raise ArgumentError(
            f"expected at most {len(dataset):,} shards, as many as there are images "
            f"for {split}, found {num_shards:,}"
        )


def _deal(labels: np.ndarray, num_shards: int, seed: int) -> Iterator[np.ndarray]:
    """Give the image numbers of each shard: every class in all, and well mixed.

    Class after class is dealt out like cards, so shards differ by one image at most, in
    all and of each class. The order within a shard is drawn anew, so that a part of it
    has all classes too.
    """
    random = random_state(seed)
    order = random.permutation(len(labels))
    order = order[np.argsort(labels[order], kind="stable")]
    for shard in range(num_shards):
        yield random.permutation(order[shard::num_shards])


def _write_split(
    dataset: ImageDataset, shards: list[str], joint: Path, seed: int
) -> None:
    """Write the shards of a split, and the index of all of them joined."""
    hidden = None if len(dataset) >= MANY else True
    done = tqdm(total=len(dataset), desc=joint.stem, disable=hidden)
    start = 0  # where a shard begins in all of them joined
    with done, open(joint, "w", encoding="ascii") as index:
        for name, numbers in zip(shards, _deal(dataset.labels, len(shards), seed)):
            places, size = _write_shard(dataset, numbers, joint.parent / name, done)
            pairs = zip(numbers, places)
            index.writelines(f"{number}\t{start + place}\n" for number, place in pairs)
            start += size


def _write_shard(
    dataset: ImageDataset, numbers: np.ndarray, path: Path, done: tqdm
) -> tuple[list[int], int]:
    """Write a shard and its index; give where each record begins, and the size."""
    record, places = path.with_suffix(".rec"), []
    writer = MXIndexedRecordIO(str(path.with_suffix(".idx")), str(record), "w")
    try:
        for number in map(int, numbers):
            header = IRHeader(0, float(dataset.labels[number]), number, 0)
            image = _to_png(dataset.images[number][..., 0])
            places.append(writer.tell())
            writer.write_idx(number, mx.recordio.pack(header, image))
            done.update()
        size = writer.tell()
    finally:
        writer.close()
    if record.stat().st_size != size:  # closing does not tell of a disk that is full
        raise OSError("cut short")
    return places, size


def _to_png(image: np.ndarray) -> bytes:
    """Encode a grey image."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return buffer.getvalue()


@contextmanager
def _new_folder(output: Path) -> Iterator[Path]:
    """Give a temporary folder beside `output`; move it there if the block succeeds."""
    place = Path(os.path.abspath(output))
    temporary = place.parent / f".{uuid.uuid4().hex}-{place.name}"
    try:
        temporary.mkdir(parents=True)
        yield temporary
        os.rename(temporary, output)
    except (OSError, MXNetError) as error:  # MXNet writes the shards in C++
        reason = getattr(error, "strerror", None) or "a shard was cut short: disk full?"
        raise OutputError(
            f"{output} cannot be written ({reason}): choose another folder, or mend "
            "this one and try again"
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _is_empty_folder(path: Path) -> bool:
    """Say whether a path is a folder, not a link to one, with nothing in it."""
    return path.is_dir() and not path.is_symlink() and not any(path.iterdir())
