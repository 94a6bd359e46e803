"""The interpreters of the peers: other environments, since they need other NumPys."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping

from ..errors import ArgumentError
from .environment import last_line, make_environment

__all__ = ["PEERS", "check_peers", "parse_peer"]

PEERS = {"torch": "PyTorch", "jax": "JAX"}
"""Each peer's package, and its name."""


def parse_peer(text: str) -> tuple[str, str]:
    """Take ``torch=PYTHON`` apart.

    Parameters
    ----------
    text : str

    Returns
    -------
    name, python : str

    Raises
    ------
    ArgumentError
        If it is of another form, or names another peer.

    Examples
    --------
    >>> parse_peer("torch=/opt/torch/bin/python")
    ('torch', '/opt/torch/bin/python')
    """
    name, _, python = text.partition("=")
    if name not in PEERS or not python:
        forms = " or ".join(f"{peer}=PYTHON" for peer in PEERS)
        raise ArgumentError(f"expected --peer {forms}, found {text!r}")
    return name, python


def check_peers(peers: Mapping[str, str]) -> None:
    """Refuse an interpreter that cannot run its peer, before anything is measured.

    Parameters
    ----------
    peers : mapping of str to str
        The interpreter of each peer.

    Raises
    ------
    ArgumentError
        If one cannot be run, or lacks the peer's package.
    """
    for name, python in peers.items():
        problem = _problem(python, f"import numpy, {name}")
        if problem:
            raise ArgumentError(
                f"expected --peer {name} to name a Python that has {PEERS[name]}, "
                f"found {python} ({problem}): install it with "
                f"{python} -m pip install numpy {name}, or name another interpreter"
            )


def _problem(python: str, code: str) -> str:
    """Say why an interpreter cannot run a line; empty where it can."""
    try:
        done = subprocess.run(
            [python, "-c", code],
            env=make_environment(ours=False),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return getattr(error, "strerror", None) or str(error)
    if done.returncode == 0:
        return ""
    return last_line(done.stderr) or f"exit code {done.returncode}"
