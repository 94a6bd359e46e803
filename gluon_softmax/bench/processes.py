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
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from ..errors import ContenderError

__all__ = ["FreshProcess", "StandingProcess", "make_environment", "run_process"]

PACKAGE_FOLDER = str(Path(__file__).resolve().parents[2])
ANSWER_LIMIT = 1800.0
"""Seconds after which a process that has not answered is ended."""
LEAVE_LIMIT = 5.0
"""Seconds that a contender has to leave by itself."""


def make_environment(ours: bool = True, **variables: str) -> dict[str, str]:
    """Return the environment variables of a process, with further ones.

    Ours finds this copy of the package. A peer finds no folder of PYTHONPATH: what is
    there was made for another interpreter.
    """
    environment = {**os.environ, **variables}
    path = environment.pop("PYTHONPATH", "")
    if ours:
        folders = [PACKAGE_FOLDER, path] if path else [PACKAGE_FOLDER]
        environment["PYTHONPATH"] = os.pathsep.join(folders)
    return environment


def run_process(
    name: str, command: Sequence[str], environment: Mapping[str, str]
) -> None:
    """Run a process, by its name in errors, from its start to its end."""
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=ANSWER_LIMIT,
        )
    except OSError as error:
        raise ContenderError(f"{name} cannot be started ({error.strerror})") from error
    except subprocess.TimeoutExpired as error:
        raise ContenderError(
            f"{name} was still at work after {ANSWER_LIMIT:g} s"
        ) from error
    if done.returncode:
        raise ContenderError(f"{name} failed ({_find_cause(done.stderr, done)})")


class FreshProcess:
    """A contender that is a new process each time it works: its start is measured.

    It is called like a `StandingProcess`; its memory is not measured.
    """

    def __init__(
        self, name: str, command: Sequence[str], environment: Mapping[str, str]
    ):
        self._arguments = name, command, environment
        self.facts: dict = {}

    def __enter__(self) -> FreshProcess:
        return self

    def __exit__(self, *error) -> None:
        """Nothing is left to end."""

    def run(self) -> dict:
        """Run the process from its start to its end, and return its seconds."""
        start = time.perf_counter()
        run_process(*self._arguments)
        return {"seconds": time.perf_counter() - start}

    def stop(self) -> dict:
        """Return nothing."""
        return {}


class StandingProcess:
    """A contender that sets up once and then works each time it is told to.

    What it says of itself when it is ready, versions and threads, is in `facts`.
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
            reason = error.strerror
            raise ContenderError(f"{name} cannot be started ({reason})") from error
        try:
            self.facts = self._read_answer("a line that says it is ready")
        except BaseException:  # an interrupt too: no process may be left behind
            self.close()
            raise

    def __enter__(self) -> StandingProcess:
        return self

    def __exit__(self, *error) -> None:
        self.close()

    def run(self) -> dict:
        """Ask it to work once, and return its seconds and figures."""
        return self._ask("run", expected="seconds")

    def stop(self) -> dict:
        """Ask it to end, and return its peak resident memory in KiB."""
        answer = self._ask("stop", expected="its peak memory")
        self.close()
        return answer

    def close(self) -> None:
        """End the process, however it is, and leave nothing of it open."""
        if self._errors.closed:
            return
        try:
            self._process.stdin.close()  # the end of its questions: it leaves by itself
            self._process.wait(timeout=LEAVE_LIMIT)
        except (OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._errors.close()

    def _ask(self, word: str, expected: str) -> dict:
        """Send one line, and read the answer."""
        with suppress(OSError):  # it is dead: reading its answer will say why
            self._process.stdin.write(word + "\n")
            self._process.stdin.flush()
        return self._read_answer(expected)

    def _read_answer(self, expected: str) -> dict:
        """Read one line of JSON."""
        watchdog = threading.Timer(ANSWER_LIMIT, self._process.kill)
        watchdog.start()
        try:
            line = self._process.stdout.readline()
        finally:
            watchdog.cancel()
        if not line:
            self._process.wait()
            self._errors.seek(0)
            cause = _find_cause(self._errors.read(), self._process)
            raise ContenderError(
                f"{self._name}: expected {expected}, found that the process ended "
                f"({cause}): run it alone with --only to look into it"
            )
        try:
            return json.loads(line)
        except ValueError as error:  # what a library printed, say
            raise ContenderError(
                f"{self._name}: expected {expected} as a line of JSON, "
                f"found {line.strip()!r:.80}"
            ) from error


def _find_cause(errors: str, ended) -> str:
    """Return the last line of an ended process's stderr, or else its exit code."""
    lines = errors.strip().splitlines()
    cause = lines[-1].strip() if lines else f"exit code {ended.returncode}"
    return cause.removeprefix("gluon-softmax: ")
