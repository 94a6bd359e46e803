"""What is published about each data set, and whether a file is one of its own.

Whatever a file went through on its way here, it counts as the data set's only if its
decompressed bytes have the published SHA-256.
"""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ..errors import ArgumentError, DataError
from ..storage.files import hash_file
from .idx import read_content

__all__ = ["FILE_NAMES", "PUBLISHED", "Publication", "get_publication", "read_verified"]

OFFICIAL = "official"
EARLIER = "earlier (MXNet's)"

FILE_NAMES = {
    True: ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    False: ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
"""The names of images and labels, for training and for testing."""


@dataclass(frozen=True)
class Publication:
    """What is published about a data set.

    `sha256` is of each file's decompressed bytes, `earlier_sha1` of each `.gz` file of
    the revision that MXNet used to download, if that was another one.
    """

    title: str
    torchvision_folder: str
    sha256: dict[str, str]
    mirrors: list[str]
    earlier_sha1: dict[str, str]


def _load_all() -> dict[str, Publication]:
    """Load what is published about each data set, by name."""
    path = Path(__file__).with_name("published.json")
    content = json.loads(path.read_text(encoding="utf-8"))
    return {name: Publication(**entries) for name, entries in content.items()}


PUBLISHED = _load_all()


def get_publication(name: str) -> Publication:
    """Return what is published about the data set called `name`."""
    if name not in PUBLISHED:
        known = ", ".join(PUBLISHED)
        raise ArgumentError(f"unknown data set {name!r}: choose one of {known}")
    return PUBLISHED[name]


def read_verified(name: str, path: Path, file: str) -> tuple[memoryview, str]:
    """Read a data set's file, and return its content and its revision."""
    published, sha256 = get_publication(name), hashlib.sha256()
    with ThreadPoolExecutor(1) as aside:  # both leave Python free
        content = read_content(path, partial(aside.submit, sha256.update))
    digest = sha256.hexdigest()
    if digest == published.sha256[file]:
        return content, OFFICIAL
    earlier = published.earlier_sha1.get(file)
    if earlier and earlier == hash_file(path, "sha1"):
        return content, EARLIER
    raise DataError(
        f"{path} is not {published.title}'s {file}: {_identify(digest)}; "
        "delete it, or name another folder"
    )


def _identify(digest: str) -> str:
    """Return what a checksum belongs to."""
    for known in PUBLISHED.values():
        for file, sha256 in known.sha256.items():
            if digest == sha256:
                return f"it is {known.title}'s {file}"
    return f"its content has the unknown SHA-256 {digest[:12]}…"
