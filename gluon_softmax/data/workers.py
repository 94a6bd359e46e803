"""Section 3.5: worker processes that read whole batches.

A batch comes back through memory that two processes map (see `slots`); only its shapes
go through a pipe.
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import threading
import weakref
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Union

from ..errors import ArgumentError, WorkerError
from .launch import Start, check_no_import_by_a_worker, starter, usual_start_method
from .slots import Arrays, Slot
from .worker import Failure, Read

__all__ = ["WorkerPool"]

START_METHODS = ("fork", "spawn", "forkserver")
SLOTS = 2  # batches under way per worker: one being read, one waiting to be fetched
PATIENCE = 1.0  # seconds to wait for one worker before looking at all of them


class WorkerPool:
    """Worker processes that read batches, on Linux.

    They end when the pool is closed or no longer used, and when this process ends,
    even if it is killed.

    Parameters
    ----------
    read : callable
        Takes a task and gives a tuple of arrays. Forked workers inherit it; to others
        it is sent once, when they start.
    num_workers : int
        How many processes, at least 1.
    start_method : {'fork', 'spawn', 'forkserver'}, optional
        How they start; `multiprocessing`'s setting if not given. 'forkserver' starts a
        fresh Python as 'spawn' does. The script that runs is not imported there, unless
        `read` comes from it.

    Raises
    ------
    ArgumentError
        If there is no such start method, or `read` cannot be sent to a fresh Python.
    WorkerError
        If a process cannot be started.
    """

    def __init__(self, read: Read, num_workers: int, start_method: str | None = None):
        self._read, self._num_workers = read, num_workers
        self._start_method = start_method or usual_start_method()
        if self._start_method not in START_METHODS:
            raise ArgumentError(
                f"expected start_method to be one of {', '.join(START_METHODS)}, "
                f"found {start_method!r}"
            )
        self._lock = threading.RLock()
        self._start()

    def read_all(self, tasks: Iterable[Any]) -> Iterator[Arrays]:
        """Read what each task asks for; loops may be left early, and nested.

        Workers that were closed are started again.

        Parameters
        ----------
        tasks : iterable
            What `read` takes, one by one; small, for it goes through a pipe.

        Yields
        ------
        tuple of numpy.ndarray
            What `read` gives for each task, in the order of the tasks.

        Raises
        ------
        WorkerError
            If `read` raises or a worker dies; the pool is closed then.
        """
        workers, tasks = self._running(), iter(tasks)
        turns, waiting = itertools.cycle(workers), deque()
        while True:
            with self._exchange(workers):
                batch = self._receive(*waiting.popleft()) if waiting else None
                room = SLOTS * len(workers) - len(waiting)
                for task, worker in zip(itertools.islice(tasks, room), turns):
                    waiting.append((worker, self._send(worker, task)))
            if batch is not None:
                yield batch
            elif not waiting:
                return

    def close(self) -> None:
        """End the workers at once."""
        self._finalizer()
        self._workers = []

    def _running(self) -> list[_Worker]:
        """Give the workers; new ones if they were closed, or are another process's."""
        with self._lock:
            if not self._workers or self._workers[0].owner != os.getpid():
                self._start()
            return self._workers

    def _start(self) -> None:
        """Start the workers, and see to it that they end with this pool."""
        self._workers: list[_Worker] = []
        self._finalizer = weakref.finalize(self, _end_all, self._workers)
        check_no_import_by_a_worker()
        try:
            with starter(self._start_method, self._read) as start:
                for number in range(1, self._num_workers + 1):
                    name = f"worker {number} of {self._num_workers}"
                    self._workers.append(_Worker(name, start))
        except BaseException as error:  # an interrupt too
            self.close()
            if not isinstance(error, OSError):
                raise
            raise WorkerError(
                f"{self._num_workers} workers cannot be started ({error}): use fewer, "
                "or num_workers=0, which reads in this process"
            ) from error

    @contextmanager
    def _exchange(self, workers: list[_Worker]) -> Iterator[None]:
        """Talk to the workers, one thread at a time; end them if that breaks off."""
        with self._lock:
            if workers is not self._workers:
                raise WorkerError(
                    "the workers were closed while a loop over their batches was under "
                    "way: start the loop again"
                )
            try:
                yield
            except BaseException:  # an interrupt leaves half a message in a pipe
                self.close()
                raise

    def _send(self, worker: _Worker, task: Any) -> _Result:
        """Send a task; give the list that will hold what is read for it."""
        while len(worker.pending) == SLOTS:  # by a loop that was left, or an outer one
            self._wait_for(worker)
        return worker.send(task)

    def _receive(self, worker: _Worker, result: _Result) -> Arrays:
        """Wait for what is read for a task."""
        while not result:
            self._wait_for(worker)
        if isinstance(result[0], Failure):
            cause = _WorkerTraceback("\n" + result[0].traceback)
            raise WorkerError(f"{worker.name} raised {result[0].line}") from cause
        return result[0]

    def _wait_for(self, worker: _Worker) -> None:
        """Wait until a worker has read something, so long as all of them live."""
        while not worker.connection.poll(PATIENCE):
            for each in self._workers:
                each.check()
        worker.receive()


class _Worker:
    """One worker process, as the process that started it sees it."""

    def __init__(self, name: str, start: Start):
        self.name, self.owner = name, os.getpid()
        self.pending: deque[_Result] = deque()
        self._slots = [Slot(os.memfd_create("batch")) for _ in range(SLOTS)]
        self._turns = itertools.cycle(self._slots)  # in step with the worker's
        self.connection, theirs = multiprocessing.Pipe()
        with theirs, _no_interrupts():  # what is blocked here is blocked there
            self._pid = start(theirs, self._slots)

    def send(self, task: Any) -> _Result:
        """Send a task; give the list that will hold what is read for it."""
        self.pending.append([])
        with suppress(ConnectionError):  # it ended: `receive` tells how
            self.connection.send(task)
        return self.pending[-1]

    def receive(self) -> None:
        """Take what was read for the oldest task; raise if the process has ended."""
        try:
            reply, slot = self.connection.recv(), next(self._turns)
        except (EOFError, ConnectionError):
            raise self._death() from None
        failed = isinstance(reply, Failure)  # told to the loop that asked for it
        self.pending.popleft().append(reply if failed else slot.read(reply))

    def check(self) -> None:
        """Raise if the process has ended."""
        if _has_ended(self._pid):
            raise self._death()

    def end(self) -> int | None:
        """End the process if it has not yet; give its exit code where it is known."""
        code = None
        with suppress(ChildProcessError):  # someone else waited for it already
            _has_ended(self._pid)
            os.kill(self._pid, signal.SIGKILL)  # without effect if it has
            code = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
        self.connection.close()
        for slot in self._slots:
            slot.close()
        return code

    def _death(self) -> WorkerError:
        """Say how the process ended and what to do."""
        code, advice = self.end(), "num_workers=0 reads in this process"
        if code is None:
            how = "ended in a way unknown"
        elif code < 0:
            how = f"was ended by {_signal_name(-code)}"
        else:
            how = f"exited with code {code}"
        if code == -signal.SIGKILL:
            advice = f"if memory ran out, use fewer workers; {advice}"
        return WorkerError(f"{self.name} (process {self._pid}) {how}: {advice}")


class _WorkerTraceback(Exception):
    """Shows the traceback of another process as the cause of an error of this one."""


_Result = list[Union[Arrays, Failure]]  # empty until what was read is there


@contextmanager
def _no_interrupts() -> Iterator[None]:
    """Hold Ctrl-C back; what starts meanwhile never gets it, not even at its start."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_all(workers: list[_Worker]) -> None:
    """End workers, unless this is a forked copy of the process that started them."""
    for worker in workers:
        if worker.owner == os.getpid():
            worker.end()


def _has_ended(process: int) -> bool:
    """Whether a child has ended; it can still be waited for then."""
    options = os.WEXITED | os.WNOHANG | os.WNOWAIT
    return os.waitid(os.P_PID, process, options) is not None


def _signal_name(number: int) -> str:
    """Give `SIGKILL` for 9; some signals have no name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
