"""The command `gluon-softmax setup`: installs the MXNet that fits this machine."""

from __future__ import annotations

import argparse
import importlib
import shutil
import subprocess
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

from ..errors import InstallationError

if TYPE_CHECKING:
    from importlib.metadata import Distribution

__all__ = ["add_arguments"]


def add_arguments(commands) -> None:
    """Describe `setup`."""
    parser = commands.add_parser(
        "setup",
        help="install the MXNet that fits this machine",
        description="Install the MXNet that fits this machine, and nothing else, into "
        "this Python; mend its library where that is needed; say what the system "
        "lacks. It can be run again at any time.",
        epilog="example: gluon-softmax setup",
    )
    parser.set_defaults(command=_setup)


def _setup(options: argparse.Namespace) -> int:
    """Do each step that is not done yet, and print what is."""
    from ..compat import arm, platforms

    needed = platforms.this_platform()
    from .doctor import Check, look_at_import, look_at_mxnet  # for Pythons that can

    print(Check("platform", platforms.describe()), flush=True)
    if not _is_installed(platforms.find_mxnet(), needed.mxnet):
        _install(needed.mxnet)
    if arm.is_needed():
        print(Check("library mended for Arm", str(arm.mend_library())), flush=True)
    checks = [*look_at_mxnet(needed), look_at_import("mxnet")]
    print(*checks, sep="\n")
    return 1 if any(check.remedy for check in checks) else 0


def _is_installed(found: Distribution | None, version: str) -> bool:
    """Return whether MXNet is there in this version, with each file whole.

    Raises
    ------
    InstallationError
        If another package brings a module of this name, which pip would mix with it.
    """
    if found is None:
        return False
    name = found.metadata["Name"]
    if name != "mxnet" and found.version != version:
        raise InstallationError(
            f"expected MXNet {version}, found {name} {found.version}: run "
            f"{sys.executable} -m pip uninstall {name}, then gluon-softmax setup"
        )
    sized = (file for file in found.files or () if file.size is not None)
    paths = ((file.locate(), file.size) for file in sized)
    return found.version == version and all(
        path.is_file() and path.stat().st_size == size for path, size in paths
    )


def _install(version: str) -> None:
    """Install MXNet alone: what its metadata asks for are the packages of its time."""
    command = [*_choose_installer(), "--no-deps", f"mxnet=={version}"]
    print(f"running {' '.join(command)}", flush=True)
    if subprocess.run(command).returncode:
        raise InstallationError(
            f"mxnet=={version} could not be installed, as said above: mend that, or "
            "download its wheel elsewhere (pip download --no-deps, with --platform) "
            "and install that file with --no-deps; then run gluon-softmax setup again"
        )
    importlib.invalidate_caches()


def _choose_installer() -> list[str]:
    """Return how the command that installs into this Python begins."""
    if find_spec("pip"):
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
        return [*pip, "install", "--force-reinstall"]
    if shutil.which("uv"):
        return ["uv", "pip", "install", "--python", sys.executable, "--reinstall"]
    raise InstallationError(
        f"pip is missing, which installs MXNet: run {sys.executable} -m ensurepip"
    )
