"""A data set's files from the first mirror that has them."""

from __future__ import annotations

import io
import os
import queue
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ..errors import DataError, DownloadError
from ..storage.atomic import replacing
from .published import get_publication, read_verified

__all__ = ["fetch"]

PROBE_SECONDS = 10.0
"""How long all mirrors together have to show that they can be reached."""
DOWNLOAD_TIMEOUT = (5.0, 15.0)
"""Seconds to connect, and seconds without a byte, before a mirror is given up."""
DOWNLOAD_SECONDS = 900.0
"""Seconds that one file may take in all: the largest then comes with 30 kB a second."""
MOST_BYTES = 2**27
"""So much a mirror may send for one file."""


def fetch(
    name: str, folder: str | os.PathLike[str], files: tuple[str, ...]
) -> list[Path]:
    """Download files of a data set, and return their paths.

    Each appears in the folder whole and verified, or not at all.
    """
    failures = []
    for mirror in _reachable(_mirrors(name), failures):
        try:
            return [_download(name, mirror, Path(folder), file) for file in files]
        except DataError as error:
            failures.append(f"{mirror}: {error}")
    raise DownloadError(
        f"{get_publication(name).title} is not on this machine and cannot be "
        f"downloaded ({'; '.join(failures)}): put its four .gz files into a folder and "
        "name that folder with --root (root= in Python)"
    )


def _mirrors(name: str) -> list[str]:
    """Return the mirrors to ask, MXNet's own setting first."""
    mirrors = get_publication(name).mirrors
    repository = os.environ.get("MXNET_GLUON_REPO")
    if not repository:
        return mirrors
    return [f"{repository.rstrip('/')}/gluon/dataset/{name}/", *mirrors]


def _reachable(mirrors: list[str], failures: list[str]) -> Iterator[str]:
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
    path = folder / f"{file}.gz"
    with replacing(path) as temporary:
        try:
            with _File(temporary, "w") as place:
                _fill(place, f"{mirror}{path.name}")
            read_verified(name, temporary, file)
        except DataError as error:
            message = str(error).replace(str(temporary), path.name)
            raise DownloadError(message) from error
    return path


class _File(io.FileIO):
    """A file that takes no more than any data set's has."""

    def write(self, content: bytes) -> int:
        """Write a piece of what a mirror sends."""
        if self.tell() + len(content) > MOST_BYTES:
            raise DownloadError(f"more than {MOST_BYTES:,} bytes")
        return super().write(content)


def _fill(place: BinaryIO, url: str) -> None:
    """Download a file within `DOWNLOAD_SECONDS`, however slowly its bytes come.

    A mirror that is too slow is left to a thread, which ends when the file is closed.
    """
    results: queue.Queue[Exception | None] = queue.Queue()
    threading.Thread(
        target=lambda: results.put(_download_all(place, url)), daemon=True
    ).start()
    try:
        error = results.get(timeout=DOWNLOAD_SECONDS)
    except queue.Empty:
        error = DownloadError(f"not all in {DOWNLOAD_SECONDS:g} seconds")
    if isinstance(error, DownloadError):
        raise DownloadError(f"{url.rpartition('/')[2]}: {error}") from error
    if error is not None:
        raise error


def _download_all(place: BinaryIO, url: str) -> Exception | None:
    """Download a file, and return what went wrong."""
    import pooch
    import requests

    try:
        is_shown = sys.stderr.isatty()
        download = pooch.HTTPDownloader(progressbar=is_shown, timeout=DOWNLOAD_TIMEOUT)
        download(url, place, None)
    except requests.RequestException as error:
        status = getattr(error.response, "status_code", "")
        return DownloadError(f"{type(error).__name__} {status}".strip())
    except Exception as error:  # raised where it is waited for
        return error
    return None
