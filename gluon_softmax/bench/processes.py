"""The parent's side: one process per contender, one line per question and answer.

Whatever goes wrong with a process is a `ContenderError`: one that cannot be started,
dies, prints nonsense, or takes longer than `ANSWER_LIMIT`.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from ..errors import ContenderError
from ..storage.processes import describe_exit

__all__ = ["StandingProcess", "run_process"]

ANSWER_LIMIT = 1800.0
"""Seconds after which a process that has not answered is ended."""
LEAVE_LIMIT = 5.0
"""Seconds that a contender has to leave by itself."""


def run_process(name: str, command: Sequence[str], is_peer: bool = False) -> None:
    """Run a process, by its name in errors, from its start to its end."""
    try:
        done = subprocess.run(
            command,
            env=_make_environment(is_peer),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=ANSWER_LIMIT,
        )
    except OSError as error:
        raise ContenderError(f"{name} cannot be started ({error.strerror})") from error
    except subprocess.TimeoutExpired as error:
        raise ContenderError(
            f"{name} was still at work after {ANSWER_LIMIT:g} s"
        ) from error
    if done.returncode:
        raise ContenderError(f"{name} {_describe_end(done.returncode, done.stderr)}")


class StandingProcess:
    """A contender that sets up once and then works each time it is told to.

    What it says of itself when it is ready, versions and threads, is in `facts`.
    """

    def __init__(self, name: str, command: Sequence[str], is_peer: bool = False):
        self._name = name
        # A file, since a pipe that nobody reads would fill up and stop the process.
        self._errors = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115
        try:
            self._process = subprocess.Popen(
                command,
                env=_make_environment(is_peer),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                text=True,
            )
        except OSError as error:
            self._errors.close()
            reason = error.strerror
            raise ContenderError(f"{name} cannot be started ({reason})") from error
        try:
            self.facts = self._read_answer("a line that says it is ready")
        except BaseException:  # an interrupt too: no process may be left behind
            self.close()
            raise

    def run(self) -> dict:
        """Ask it to work once, and return its seconds and figures."""
        with suppress(OSError):  # it is dead: reading its answer will say why
            self._process.stdin.write("run\n")
            self._process.stdin.flush()
        return self._read_answer("seconds")

    def read_peak(self) -> float:
        """Return its largest resident memory so far, in MB, as Linux counts it.

        `resource.getrusage` would count what this process held when it started it, too.
        """
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        kibibytes = int(status.partition("VmHWM:")[2].split()[0])
        return round(kibibytes * 1.024e-3, 1)

    def close(self) -> None:
        """End the process, however it is, and leave nothing of it open."""
        try:
            self._process.stdin.close()  # the end of its questions: it leaves by itself
            self._process.wait(timeout=LEAVE_LIMIT)
        except (OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._errors.close()

    def _read_answer(self, expected: str) -> dict:
        """Read one line of JSON."""
        watchdog = threading.Timer(ANSWER_LIMIT, self._process.kill)
        watchdog.start()
        try:
            line = self._process.stdout.readline()
        finally:
            watchdog.cancel()
        if not line:
            code = self._process.wait()
            self._errors.seek(0)
            raise ContenderError(
                f"{self._name}: expected {expected}, found that the process "
                f"{_describe_end(code, self._errors.read())}: "
                "run it alone with --only to look into it"
            )
        try:
            return json.loads(line)
        except ValueError as error:  # what a library printed, say
            raise ContenderError(
                f"{self._name}: expected {expected} as a line of JSON, "
                f"found {line.strip()!r:.80}"
            ) from error


def _make_environment(is_peer: bool) -> dict[str, str]:
    """Return the environment variables of a process.

    A peer finds no folder of PYTHONPATH: what is there was made for this interpreter.
    """
    left_out = {"PYTHONPATH"} if is_peer else set()
    return {name: os.environ[name] for name in os.environ.keys() - left_out}


def _describe_end(code: int, errors: str) -> str:
    """Return how a process ended, with the last line that it wrote to stderr."""
    lines = errors.strip().splitlines()
    cause = f" ({lines[-1].strip().removeprefix('gluon-softmax: ')})" if lines else ""
    return describe_exit(code) + cause
