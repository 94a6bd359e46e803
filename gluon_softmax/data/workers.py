"""Section 3.5: worker processes that read batches.

Batches go through a pipe and not through shared memory, so a container's small /dev/shm
does not limit their size.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import sys
import threading
import weakref
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, TimeoutError
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from itertools import islice
from multiprocessing.connection import Connection
from queue import SimpleQueue
from types import ModuleType
from typing import Any

from ..errors import ArgumentError, WorkerError
from ..storage.processes import describe_exit
from .worker import Read, answer, describe_error, prepare

__all__ = ["WorkerPool"]

TASKS_PER_WORKER = 2  # one being read, one waiting to be fetched
CHECK_SECONDS = 1.0  # to wait for a batch before looking whether all workers live


class WorkerPool:
    """Worker processes that read batches, started as `multiprocessing` is set to.

    `read` takes a task and returns a batch. Forked workers inherit it; to others it is
    sent once, when they start. They don't import the script that runs here, unless
    `read` comes from it.

    They end when the pool is no longer used, and when this process ends, even if it is
    killed. Ctrl-C reaches this process alone, which ends them.
    """

    def __init__(self, read: Read, num_workers: int):
        # Asked without `allow_none`, the method could no longer be changed afterwards.
        method = multiprocessing.get_start_method(allow_none=True)
        method = method or multiprocessing.get_all_start_methods()[0]
        sent = read if method == "fork" else _pickle(read)
        self._hides_main = isinstance(sent, bytes) and b"__main__" not in sent
        self._num_workers = num_workers
        self._options = {
            "max_workers": num_workers,
            "mp_context": multiprocessing.get_context(method),
            "initializer": prepare,
            "initargs": (sent,),
        }
        self._finalizer: weakref.finalize | None = None
        self._start()

    def read_all(self, tasks: Iterable[Any]) -> Iterator[Any]:
        """Read what each task asks for, in order; loops may be left early, and nested.

        Where `read` raises or a worker dies, so does this loop; the next has new ones.
        """
        executor, ahead = self._running(), iter(tasks)
        waiting: deque[Future] = deque()
        try:
            while True:
                room = TASKS_PER_WORKER * self._num_workers - len(waiting)
                for task in islice(ahead, room):
                    waiting.append(self._submit(executor, answer, task))
                if not waiting:
                    return
                yield _wait_for(waiting.popleft(), executor)
        except BrokenProcessPool:
            raise self._make_error(executor) from None
        except KeyboardInterrupt:
            _end_now(self._finalizer)
            raise

    def _running(self) -> ProcessPoolExecutor:
        """Return the workers; new ones if they ended, or are another process's."""
        if not self._finalizer.alive or self._owner != os.getpid():
            self._start()
        return self._executor

    def _start(self) -> None:
        """Start the workers, now rather than when MXNet's threads are at work."""
        self._owner = os.getpid()
        try:
            self._executor = executor = ProcessPoolExecutor(**self._options)
            workers, unused = (executor, self._owner), SimpleQueue()
            self._finalizer = weakref.finalize(self, unused.put, workers)
            # Python's usual exit handlers run after it has waited for all threads.
            threading._register_atexit(_end_now, self._finalizer)
            threading.Thread(target=_end_unused, args=(unused,)).start()
            # Else Python 3.10 waits for a dead worker to take the rest of a large task.
            executor._call_queue.cancel_join_thread()
            self._submit(executor, os.getpid)
        except OSError as error:
            _end_now(self._finalizer)
            raise WorkerError(
                f"{self._num_workers} workers cannot be started ({error}): use fewer, "
                "or num_workers=0, which reads in this process"
            ) from error

    def _submit(self, executor: ProcessPoolExecutor, *call: Any) -> Future:
        """Have a worker call a function; this may start the worker."""
        with _interrupts_blocked(), _main_hidden(self._hides_main):
            return executor.submit(*call)

    def _make_error(self, executor: ProcessPoolExecutor) -> WorkerError:
        """Return an error that says how a worker ended and what to do."""
        if executor is not self._executor or not self._finalizer.alive:
            return WorkerError("another loop's worker died: start this loop again")
        codes = {p.pid: p.exitcode for p in _end_now(self._finalizer)}
        # The others were sent SIGTERM.
        pid = next((pid for pid in codes if codes[pid] != -signal.SIGTERM), min(codes))
        return WorkerError(
            f"worker process {pid} {describe_exit(codes[pid])}: num_workers=0 reads in "
            "this process"
        )


def _wait_for(future: Future, executor: ProcessPoolExecutor) -> Any:
    """Wait for a batch.

    The executor notes a death at once, except of one who was writing to the pipe.
    """
    while True:
        try:
            return future.result(timeout=CHECK_SECONDS)
        except TimeoutError:
            processes = (executor._processes or {}).copy().values()
            if not all(process.is_alive() for process in processes):
                raise BrokenProcessPool from None


def _end_unused(unused: SimpleQueue) -> None:
    """Wait until a pool is garbage, and end its workers.

    Not where it is collected: that may be where a thread starts, which holds what
    joining another one needs.
    """
    if workers := unused.get():
        _end(*workers)


def _end_now(finalizer: weakref.finalize | None) -> list[multiprocessing.Process]:
    """End workers, and return them; none if there are none any more."""
    found = finalizer and finalizer.detach()
    if not found:
        return []
    _, put, (workers,), _ = found
    put(None)
    return _end(*workers)


def _end(executor: ProcessPoolExecutor, owner: int) -> list[multiprocessing.Process]:
    """End workers now, and return them; leave those of another process alone.

    Python 3.14 has `terminate_workers` for it.
    """
    if owner != os.getpid():
        return []
    processes = list(executor._processes.values())
    for process in processes:
        process.terminate()
    manager = executor._executor_manager_thread
    if manager is not None:
        _complete(executor._result_queue._writer, manager)
    executor.shutdown()
    for process in processes:
        process.join()
    return processes


def _complete(pipe: Connection, reader: threading.Thread) -> None:
    """Write to a pipe until its reader has ended, which waits for the rest of a batch.

    Closing the pipe would not do: forked workers of other pools have its end too.
    """
    if sys.platform == "win32":  # which forks none
        pipe.close()
        return
    os.set_blocking(pipe.fileno(), False)
    while reader.is_alive():
        with suppress(BlockingIOError):
            os.write(pipe.fileno(), bytes(65536))
        reader.join(timeout=0.001)


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Hold Ctrl-C back: a process that starts meanwhile never gets it."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _main_hidden(hidden: bool) -> Iterator[None]:
    """Hide the script that runs: no process that starts meanwhile imports it."""
    main = sys.modules["__main__"]
    if hidden:
        sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _pickle(read: Read) -> bytes:
    """Pickle what a fresh Python is to call."""
    try:
        return pickle.dumps(read, protocol=5)
    except Exception as error:  # pickling may raise any
        raise ArgumentError(
            "expected transforms that can be sent to a fresh Python, found one that "
            f"cannot ({describe_error(error)}): use functions of a module, or "
            "multiprocessing.set_start_method('fork')"
        ) from error
