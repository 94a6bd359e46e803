"""Packed shards that stay in their files while a net trains on them."""

from __future__ import annotations

import os

from mxnet.gluon.data.vision.transforms import Normalize, ToTensor

from ..checks import check_batch_size
from ..errors import ArgumentError
from .packed import Packed, is_packed
from .record_loader import RecordLoader, part_sizes

__all__ = ["Stream", "load_streams"]


class Stream:
    """One split of a packed data set, which makes its own loader.

    Parameters
    ----------
    folder : path
    split : {'train', 'test'}
    transforms : tuple of callable
        What is applied to the images.

    Attributes
    ----------
    title, classes, revision
        As an `ImageDataset` has them.
    """

    def __init__(self, folder: str | os.PathLike[str], split: str, transforms: tuple):
        self._packed = Packed.read(folder)
        self.folder, self.split, self.transforms = folder, split, transforms
        self.title, self.classes = self._packed.title, self._packed.classes
        self.revision = self._packed.revision

    def __len__(self) -> int:
        return self._packed.num_images(self.split)

    def make_loader(
        self,
        batch_size: int,
        shuffle: bool = False,
        seed: int = 0,
        part: tuple[int, int] = (0, 1),
    ) -> RecordLoader:
        """Make mini-batches; each of several processes reads shares of its own.

        Parameters
        ----------
        batch_size : int
            Samples of all processes together.
        shuffle : bool
            Whether to train: each epoch has an order of its own then, and every process
            as many batches as the others.
        seed : int
        part : tuple of int
            Which process this is, from 0, and how many there are.

        Returns
        -------
        RecordLoader

        Raises
        ------
        ArgumentError
            If the processes cannot have equal shares of a batch to train on, or there
            are fewer samples than in a batch.
        """
        index, number = part
        if shuffle:
            self._check(batch_size, number)
        smallest = min(part_sizes(len(self), number))
        size = min(-(-batch_size // number), smallest)
        return RecordLoader(
            self.folder,
            size,
            self.split,
            shuffle,
            seed,
            num_parts=number,
            part_index=index,
            even=shuffle,
            transforms=self.transforms,
        )

    def _check(self, batch_size: int, number: int) -> None:
        """Refuse batches that cannot be filled, or not equally."""
        if batch_size % number:
            raise ArgumentError(
                f"expected a batch_size that {number} workers can share equally, found "
                f"{batch_size}: take a multiple of {number}, or leave out --stream"
            )
        check_batch_size(batch_size, len(self))


def load_streams(
    folder: str | os.PathLike[str], pixels: str = "scaled"
) -> tuple[Stream, Stream]:
    """Open a packed data set without reading it.

    Parameters
    ----------
    folder : path
        What `gluon-softmax pack` wrote.
    pixels : {'scaled', 'normalised'}

    Returns
    -------
    train_stream, test_stream : Stream

    Raises
    ------
    ArgumentError
        If the folder is none of packed shards.
    DataError
        If its index is damaged.
    """
    if not os.path.isdir(folder) or not is_packed(folder):
        raise ArgumentError(
            "expected a folder of packed shards to stream from, found "
            f"{str(folder)!r}: write one with gluon-softmax pack, or leave out --stream"
        )
    transforms = (ToTensor(),)
    if pixels == "normalised":
        transforms += (Normalize(*Packed.read(folder).moments),)
    return tuple(Stream(folder, split, transforms) for split in ("train", "test"))
