"""A data set's files from the first mirror that has them."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from ..errors import DataError, DownloadError
from ..storage.atomic import replacing
from .published import get_publication, read_verified

__all__ = ["fetch"]

PROBE_SECONDS = 10.0
"""How long all mirrors together have to show that they can be reached."""
DOWNLOAD_TIMEOUT = (5.0, 15.0)
"""Seconds to connect, and seconds without a byte, before a mirror is given up."""


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
    import pooch
    import requests

    download = pooch.HTTPDownloader(
        progressbar=sys.stderr.isatty(), timeout=DOWNLOAD_TIMEOUT
    )
    path = folder / f"{file}.gz"
    with replacing(path) as temporary:
        try:
            download(f"{mirror}{file}.gz", str(temporary), None)
            read_verified(name, temporary, file)
        except requests.RequestException as error:
            status = getattr(error.response, "status_code", "")
            reason = f"{type(error).__name__} {status}".strip()
            raise DownloadError(f"{path.name}: {reason}") from error
        except DataError as error:
            message = str(error).replace(str(temporary), path.name)
            raise DownloadError(message) from error
    return path
