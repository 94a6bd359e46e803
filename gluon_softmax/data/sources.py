"""Where a data set's files are: on this machine, or on a mirror.

Whatever a file went through on its way here, it counts as the data set only if its
decompressed bytes have the published SHA-256.
"""

from __future__ import annotations

import hashlib
import os
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import ArgumentError, DataError, DownloadError
from ..storage.atomic import replacing
from .idx import read_content

__all__ = [
    "DATA_SETS",
    "ENVIRONMENT_VARIABLE",
    "Files",
    "Place",
    "check_variable",
    "fetch",
    "inspect",
    "places",
    "read",
    "published",
]

ENVIRONMENT_VARIABLE = "GLUON_SOFTMAX_DATA"
PROBE_SECONDS = 10.0
"""How long all mirrors together have to show that they can be reached."""
DOWNLOAD_TIMEOUT = (5.0, 15.0)
"""Seconds to connect, and seconds without a byte, before a mirror is given up."""

OFFICIAL = "official"
EARLIER = "earlier (MXNet's)"


@dataclass(frozen=True)
class DataSet:
    """What is published about a data set: its files, checksums and mirrors."""

    title: str
    torchvision_folder: str
    sha256: dict[str, str]
    """SHA-256 of each file's decompressed bytes."""
    mirrors: tuple[str, ...]
    earlier_sha1: dict[str, str]
    """SHA-1 of each `.gz` file of the revision that MXNet used to download."""


SPLITS = {
    True: ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    False: ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
"""The names of images and labels, for training and for testing."""

DATA_SETS = {
    "fashion-mnist": DataSet(
        title="Fashion-MNIST",
        torchvision_folder="FashionMNIST",
        sha256={
            "train-images-idx3-ubyte": (
                "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"
            ),
            "train-labels-idx1-ubyte": (
                "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"
            ),
            "t10k-images-idx3-ubyte": (
                "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"
            ),
            "t10k-labels-idx1-ubyte": (
                "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"
            ),
        },
        mirrors=(
            "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        ),
        earlier_sha1={
            "train-images-idx3-ubyte": "0cf37b0d40ed5169c6b3aba31069a9770ac9043d",
            "train-labels-idx1-ubyte": "236021d52f1e40852b06a4c3008d8de8aef1e40b",
            "t10k-images-idx3-ubyte": "626ed6a7c06dd17c0eec72fa3be1740f146a2863",
            "t10k-labels-idx1-ubyte": "17f9ab60e7257a1620f4ad76bbbaf857c3920701",
        },
    ),
    "mnist": DataSet(
        title="MNIST",
        torchvision_folder="MNIST",
        sha256={
            "train-images-idx3-ubyte": (
                "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"
            ),
            "train-labels-idx1-ubyte": (
                "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"
            ),
            "t10k-images-idx3-ubyte": (
                "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"
            ),
            "t10k-labels-idx1-ubyte": (
                "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"
            ),
        },
        mirrors=(
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ),
        earlier_sha1={},  # MXNet's copy of MNIST is the published one
    ),
}


@dataclass(frozen=True)
class Place:
    """A folder that may hold a data set's files."""

    folder: Path
    origin: str
    chosen: bool
    """Whether the user named it, so that what is wrong there is not passed over."""


@dataclass(frozen=True)
class Files:
    """Images and labels of one split, read and verified."""

    images: bytes
    labels: bytes
    folder: Path
    revision: str


def published(name: str) -> DataSet:
    """Return what is published about the data set called `name`."""
    if name not in DATA_SETS:
        known = ", ".join(DATA_SETS)
        raise ArgumentError(f"unknown data set {name!r}: choose one of {known}")
    return DATA_SETS[name]


def places(name: str, root: str | os.PathLike[str] | None = None) -> list[Place]:
    """List the folders to look in, in order.

    Parameters
    ----------
    name : str
        Name of the data set, 'fashion-mnist' or 'mnist'.
    root : path, optional
        A folder to look in first.

    Returns
    -------
    list of Place
        The folder given, `$GLUON_SOFTMAX_DATA`, and the folders of MXNet, Keras and
        torchvision; they need not exist.
    """
    torch_raw = Path(published(name).torchvision_folder) / "raw"
    keras = Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser()
    found = [Place(_mxnet_folder(name), "MXNet's folder", False)]
    found.append(Place(keras / "datasets" / name, "Keras's cache", False))
    for parent in (Path("data"), Path("../data"), Path("~/.cache/torch").expanduser()):
        found.append(Place(parent / torch_raw, "torchvision's folder", False))
    if os.environ.get(ENVIRONMENT_VARIABLE):
        folder = Path(os.environ[ENVIRONMENT_VARIABLE]).expanduser() / name
        found.insert(0, Place(folder, f"${ENVIRONMENT_VARIABLE}", True))
    if root is not None:
        found.insert(0, Place(Path(root).expanduser(), "the folder given", True))
    return found


def check_variable() -> None:
    """Check that the folder that `$GLUON_SOFTMAX_DATA` names is there, if it names one.

    Raises
    ------
    DataError
        If it is not: whatever is found elsewhere is not what the user asked for.
    """
    folder = os.environ.get(ENVIRONMENT_VARIABLE)
    if folder and not os.path.exists(os.path.expanduser(folder)):
        raise DataError(
            f"${ENVIRONMENT_VARIABLE} names {folder}, which is not there: name a "
            "folder that holds fashion-mnist/ or mnist/, or unset it"
        )


def read(name: str, train: bool, root: str | os.PathLike[str] | None = None) -> Files:
    """Read and verify images and labels, fetching them first if they are nowhere.

    Parameters
    ----------
    name : str
        Name of the data set, 'fashion-mnist' or 'mnist'.
    train : bool
        Whether to read the training split or the test split.
    root : path, optional
        The folder to look in first, and to download to.

    Returns
    -------
    Files
        Both files' IDX bytes, from one folder and of one revision.

    Raises
    ------
    DataError
        If a folder that the user named holds damaged files or another data set.
    DownloadError
        If the files are nowhere and no mirror has them.
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
    folder = _mxnet_folder(name) if root is None else Path(root).expanduser()
    fetch(name, folder, SPLITS[train])
    return inspect(name, train, folder)


def inspect(name: str, train: bool, folder: str | os.PathLike[str]) -> Files | None:
    """Read and verify one split in one folder.

    Parameters
    ----------
    name : str
        Name of the data set, 'fashion-mnist' or 'mnist'.
    train : bool
        Whether to read the training split or the test split.
    folder : path
        The folder that may hold the files, as `NAME.gz` or `NAME`.

    Returns
    -------
    Files or None
        What was read; None where the folder does not hold both files.

    Raises
    ------
    DataError
        If a file is damaged or not the data set's, or both are of different revisions.
    """
    paths = [_existing(Path(folder), file) for file in SPLITS[train]]
    if None in paths:
        return None
    (images, of_images), (labels, of_labels) = (_verified(name, path) for path in paths)
    if of_images != of_labels:
        raise DataError(
            f"{folder} mixes two revisions of {published(name).title}: images "
            f"{of_images}, labels {of_labels}; delete one of them"
        )
    return Files(images, labels, Path(folder), of_images)


def fetch(
    name: str, folder: str | os.PathLike[str], files: tuple[str, ...] | None = None
) -> list[Path]:
    """Download files of a data set from the first mirror that has them.

    Parameters
    ----------
    name : str
        Name of the data set, 'fashion-mnist' or 'mnist'.
    folder : path
        Where to put them; each appears there whole and verified, or not at all.
    files : tuple of str, optional
        The files to download, without `.gz`; all four if not given.

    Returns
    -------
    list of pathlib.Path
        The files written.

    Raises
    ------
    DownloadError
        If no mirror can be reached, or none has the right files.
    OutputError
        If the folder cannot be written.
    """
    title, failures = published(name).title, []
    files = files or tuple(published(name).sha256)
    for mirror in _reachable(_mirrors(name), failures):
        try:
            return [_download(name, mirror, Path(folder), file) for file in files]
        except DataError as error:
            failures.append(f"{mirror}: {error}")
    raise DownloadError(
        f"{title} is not on this machine and cannot be downloaded "
        f"({'; '.join(failures)}): put its four .gz files into a folder and name "
        "that folder with --root (root= in Python)"
    )


def _mxnet_folder(name: str) -> Path:
    """Return the folder that Gluon's own data sets use."""
    home = Path(os.environ.get("MXNET_HOME", "~/.mxnet")).expanduser()
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


def _verified(name: str, path: Path, file: str = "") -> tuple[bytes, str]:
    """Read a file, and say which revision of the data set it belongs to."""
    file = file or path.name.removesuffix(".gz")
    content = read_content(path)
    digest = hashlib.sha256(content).hexdigest()
    if digest == published(name).sha256[file]:
        return content, OFFICIAL
    earlier = published(name).earlier_sha1.get(file)
    if earlier == hashlib.sha1(path.read_bytes()).hexdigest():
        return content, EARLIER
    raise DataError(
        f"{path} is not {published(name).title}'s {file}: {_identify(digest)}; "
        "delete it, or name another folder"
    )


def _identify(digest: str) -> str:
    """Return what a checksum belongs to."""
    for known in DATA_SETS.values():
        for file, sha256 in known.sha256.items():
            if digest == sha256:
                return f"it is {known.title}'s {file}"
    return f"its content has the unknown SHA-256 {digest[:12]}…"


def _mirrors(name: str) -> tuple[str, ...]:
    """Return the mirrors to ask, MXNet's own setting first."""
    mirrors = published(name).mirrors
    repository = os.environ.get("MXNET_GLUON_REPO")
    if not repository:
        return mirrors
    return (f"{repository.rstrip('/')}/gluon/dataset/{name}/", *mirrors)


def _reachable(mirrors: tuple[str, ...], failures: list[str]) -> Iterator[str]:
    """Yield the mirrors that answer, in order; note why the others do not.

    All are asked at once and share one time limit, so a machine without a network
    knows soon. The threads are daemons: a name server that never answers blocks one
    in a call that cannot be cancelled.
    """
    answers: dict[str, str] = {}
    threads = [
        threading.Thread(target=_probe, args=(mirror, answers), daemon=True)
        for mirror in mirrors
    ]
    deadline = time.monotonic() + PROBE_SECONDS
    for thread in threads:
        thread.start()
    for mirror, thread in zip(mirrors, threads):
        thread.join(max(0.0, deadline - time.monotonic()))
        answer = answers.get(mirror, f"no answer in {PROBE_SECONDS:.0f} seconds")
        if answer == "":
            yield mirror
        else:
            failures.append(f"{mirror}: {answer}")


def _probe(mirror: str, answers: dict[str, str]) -> None:
    """Ask a mirror for anything at all; note '' if it answers, else the reason."""
    import requests

    try:
        requests.head(mirror, timeout=PROBE_SECONDS)
        answers[mirror] = ""
    except requests.RequestException as error:
        answers[mirror] = type(error).__name__


def _download(name: str, mirror: str, folder: Path, file: str) -> Path:
    """Download one file, verify it, and move it into its place."""
    import pooch
    import requests

    download = pooch.HTTPDownloader(
        progressbar=sys.stderr.isatty(), timeout=DOWNLOAD_TIMEOUT
    )
    path = folder / f"{file}.gz"
    with replacing(path) as temporary:
        try:
            download(f"{mirror}{file}.gz", str(temporary), None)
            _verified(name, temporary, file)
        except requests.RequestException as error:
            status = getattr(error.response, "status_code", "")
            reason = f"{type(error).__name__} {status}".strip()
            raise DownloadError(f"{path.name}: {reason}") from error
        except DataError as error:
            message = str(error).replace(str(temporary), path.name)
            raise DownloadError(message) from error
    return path
