"""What a folder of packed shards holds, as its index.json says."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from ..bounded import read_bytes
from ..checks import check_choice
from ..errors import ArgumentError, DataError
from ..json_data import MOST_BYTES, decode_json

__all__ = ["INDEX", "SPLITS", "Packed", "check_path", "digest", "is_packed"]

INDEX = "index.json"
FORMAT = 1
SPLITS = ("train", "test")
MALFORMED = (ArithmeticError, AttributeError, KeyError, TypeError, ValueError)
"""What reading an index raises that holds something else than `pack` writes."""


@dataclass(frozen=True)
class Packed:
    """The data set in a folder of shards.

    Parameters
    ----------
    title, revision : str
        As those of an `ImageDataset`.
    classes : tuple of str
        The name of each label.
    shape : tuple of int
        Height and width of the images.
    moments : tuple of float
        Mean and standard deviation of the training pixels, scaled to 0-1.
    num_shards : int
        Into how many files each split is dealt.
    counts : dict
        For 'train' and 'test', how many images of each class there are.
    sha256 : dict
        Checksum of each file.
    """

    title: str
    revision: str
    classes: tuple[str, ...]
    shape: tuple[int, int]
    moments: tuple[float, float]
    num_shards: int
    counts: dict[str, list[int]]
    sha256: dict[str, str]

    @classmethod
    def read(cls, folder: str | os.PathLike[str]) -> Packed:
        """Read a folder's index.json.

        Parameters
        ----------
        folder : path

        Returns
        -------
        Packed

        Raises
        ------
        DataError
            If it is missing, damaged, or of another version.
        """
        path = Path(folder) / INDEX
        try:
            content = decode_json(read_bytes(path, MOST_BYTES))
            version = content.pop("format")
            packed = cls(**content)._checked() if version == FORMAT else None
        except OSError as error:
            raise DataError(f"{path} cannot be read ({error.strerror})") from error
        except MALFORMED as error:
            raise DataError(
                f"{path}: expected what gluon-softmax pack writes, found a damaged "
                "file: pack the data again"
            ) from error
        if packed is None:
            raise DataError(
                f"{path}: expected format {FORMAT}, found {version!r:.40}: pack the "
                "data again with this version"
            )
        return packed

    def write(self, folder: Path) -> None:
        """Write index.json.

        Parameters
        ----------
        folder : pathlib.Path

        Raises
        ------
        OSError
            If it cannot be written.
        """
        content = json.dumps({"format": FORMAT, **asdict(self)}, indent=2)
        (folder / INDEX).write_text(content + "\n", encoding="utf-8")

    def shards(self, split: str) -> list[str]:
        """Name the shards of a split, without their suffix.

        Parameters
        ----------
        split : {'train', 'test'}

        Returns
        -------
        list of str
            'train-00000-of-00004' and so on.
        """
        check_choice("split", split, SPLITS)
        return [
            f"{split}-{i:05}-of-{self.num_shards:05}" for i in range(self.num_shards)
        ]

    def num_images(self, split: str) -> int:
        """Count the images of a split.

        Parameters
        ----------
        split : {'train', 'test'}

        Returns
        -------
        int
        """
        check_choice("split", split, SPLITS)
        return sum(self.counts[split])

    def verify(self, folder: str | os.PathLike[str], split: str) -> None:
        """Compare a split's files with their checksums.

        MXNet's reader ends the whole process where a shard or its index is damaged, so
        nothing is handed to it unseen.

        Parameters
        ----------
        folder : path
        split : {'train', 'test'}

        Raises
        ------
        DataError
            If a file is missing or damaged.
        """
        for name in [f"{split}.idx", *(f"{shard}.rec" for shard in self.shards(split))]:
            path = Path(folder) / name
            try:
                found = digest(path)
            except OSError as error:
                raise DataError(f"{path} cannot be read ({error.strerror})") from error
            if found != self.sha256.get(name):
                raise DataError(
                    f"{path}: expected the file that {INDEX} describes, found a "
                    "damaged one: pack the data again"
                )

    def _checked(self) -> Packed:
        """Bring JSON's lists to tuples; raise ValueError where types are wrong."""
        counts = {split: [int(n) for n in self.counts[split]] for split in SPLITS}
        height, width = map(int, self.shape)
        mean, deviation = map(float, self.moments)
        classes = tuple(map(str, self.classes))
        for count in counts.values():
            fits = len(count) == len(classes) and min(count) >= 0
            if not fits or not 1 <= self.num_shards <= sum(count):
                raise ValueError("the numbers do not fit each other")
        return Packed(
            str(self.title),
            str(self.revision),
            classes,
            (height, width),
            (mean, deviation),
            int(self.num_shards),
            counts,
            dict(self.sha256),
        )


def is_packed(folder: str | os.PathLike[str]) -> bool:
    """Say whether a folder holds packed shards.

    Parameters
    ----------
    folder : path

    Returns
    -------
    bool
    """
    return (Path(folder) / INDEX).is_file()


def check_path(folder: str | os.PathLike[str]) -> str:
    """Give a folder's whole path, unless MXNet would take it for more than a path.

    Parameters
    ----------
    folder : path

    Returns
    -------
    str

    Raises
    ------
    ArgumentError
        If there is a character in it that separates or ends a path for MXNet.
    """
    path = os.path.abspath(folder)
    if set(path) & set(";#?"):
        raise ArgumentError(
            "expected a folder without ; # ? in its path, which mean something to "
            f"MXNet, found {path}: rename it"
        )
    return path


def digest(path: Path) -> str:
    """Compute the SHA-256 of a file of any size.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    str
    """
    sha256 = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(1 << 20):
            sha256.update(piece)
    return sha256.hexdigest()
