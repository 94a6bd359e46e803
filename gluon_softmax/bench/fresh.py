"""Contenders that are a new process each time, so that their start is measured."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping, Sequence

from .environment import last_line
from .processes import ContenderError

__all__ = ["FreshProcess"]


class FreshProcess:
    """A contender that is a new process each time it works.

    Parameters
    ----------
    name : str
        What to call it in an error.
    command : sequence of str
    environment : mapping of str to str
    """

    def __init__(
        self, name: str, command: Sequence[str], environment: Mapping[str, str]
    ):
        self._name, self._command, self._environment = name, command, environment
        self.facts: dict = {}

    def __enter__(self) -> FreshProcess:
        return self

    def __exit__(self, *error) -> None:
        """Nothing is left to end."""

    def run(self) -> dict:
        """Run the process from its start to its end.

        Returns
        -------
        dict
            Its seconds.

        Raises
        ------
        ContenderError
            If it fails.
        """
        start = time.perf_counter()
        done = subprocess.run(
            self._command,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        seconds = time.perf_counter() - start
        if done.returncode:
            cause = last_line(done.stderr) or f"exit code {done.returncode}"
            raise ContenderError(f"{self._name}: the process failed ({cause})")
        return {"seconds": seconds}

    def stop(self) -> dict:
        """Give nothing: its memory is not measured."""
        return {}
