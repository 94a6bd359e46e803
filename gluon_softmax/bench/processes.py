"""The parent's side: one process per contender, one line per question and answer."""

from __future__ import annotations

import json
import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence

from ..errors import GluonSoftmaxError
from .environment import last_line

__all__ = ["ContenderError", "StandingProcess"]

LIMIT = 1800.0
"""Seconds after which a contender that has not answered is ended."""
PATIENCE = 5.0
"""Seconds that a contender has to leave by itself."""


class ContenderError(GluonSoftmaxError, RuntimeError):
    """A contender died, or did not answer as it should."""


class StandingProcess:
    """A contender that sets up once and then works each time it is told to.

    Parameters
    ----------
    name : str
        What to call it in an error.
    command : sequence of str
    environment : mapping of str to str

    Attributes
    ----------
    facts : dict
        What it said of itself when it was ready: versions and threads.

    Raises
    ------
    ContenderError
        If it cannot be started, or ends before it is ready.
    """

    def __init__(
        self, name: str, command: Sequence[str], environment: Mapping[str, str]
    ):
        self._name = name
        # A file, since a pipe that nobody reads would fill up and stop the process.
        self._errors = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115
        try:
            self._process = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                text=True,
            )
        except OSError as error:
            self._errors.close()
            raise ContenderError(f"{name}: {command[0]}: {error.strerror}") from error
        try:
            self.facts = self._read("a line that says it is ready")
        except BaseException:  # an interrupt too: no process may be left behind
            self.close()
            raise

    def __enter__(self) -> StandingProcess:
        return self

    def __exit__(self, *error) -> None:
        self.close()

    def run(self) -> dict:
        """Let it work once.

        Returns
        -------
        dict
            Its seconds and figures.

        Raises
        ------
        ContenderError
            If it dies, prints nonsense, or takes longer than `LIMIT`.
        """
        self._say("run")
        answer = self._read("seconds")
        _check_seconds(self._name, answer)
        return answer

    def stop(self) -> dict:
        """Let it end.

        Returns
        -------
        dict
            Its peak resident memory in KiB.

        Raises
        ------
        ContenderError
            If it dies or prints nonsense instead.
        """
        self._say("stop")
        answer = self._read("its peak memory")
        self.close()
        return answer

    def close(self) -> None:
        """End the process, however it is, and leave nothing of it open."""
        if self._errors.closed:
            return
        try:
            self._process.stdin.close()  # the end of its questions: it leaves by itself
            self._process.wait(timeout=PATIENCE)
        except (OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._errors.close()

    def _say(self, word: str) -> None:
        """Send one line."""
        try:
            self._process.stdin.write(word + "\n")
            self._process.stdin.flush()
        except OSError:  # it is dead: reading its answer will say why
            return

    def _read(self, expected: str) -> dict:
        """Read one line of JSON."""
        watchdog = threading.Timer(LIMIT, self._process.kill)
        watchdog.start()
        try:
            line = self._process.stdout.readline()
        finally:
            watchdog.cancel()
        if not line:
            raise ContenderError(
                f"{self._name}: expected {expected}, found that the process ended "
                f"({self._cause()}): run it alone with --only to look into it"
            )
        return _decode(self._name, expected, line)

    def _cause(self) -> str:
        """Say what an ended process died of."""
        code = self._process.wait()
        self._errors.seek(0)
        return last_line(self._errors.read()) or f"exit code {code}"


def _decode(name: str, expected: str, line: str) -> dict:
    """Turn a line of JSON into a dictionary."""
    try:
        answer = json.loads(line)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise ContenderError(
            f"{name}: expected {expected} as a line of JSON, found {line.strip()!r:.80}"
        )
    return answer


def _check_seconds(name: str, answer: dict) -> None:
    """Refuse an answer without a time."""
    seconds = answer.get("seconds")
    if not isinstance(seconds, float) or not 0 < seconds < float("inf"):
        raise ContenderError(
            f"{name}: expected seconds above 0 in its answer, found {seconds!r}"
        )
