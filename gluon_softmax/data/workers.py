"""Section 3.5: worker processes that read whole batches.

A batch comes back through memory that two processes map; only its shapes go through a
pipe. The memory is Linux's `memfd`, which lies in no folder: a container's small
/dev/shm does not limit it (tested with one of 4 kB; what limits it is the memory that
the container has), and it goes with the last process that holds it, however that ends.
"""

from __future__ import annotations

import gc
import itertools
import mmap
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import traceback
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.spawn import prepare
from typing import Any, NamedTuple, Union

import numpy as np

from ..errors import ArgumentError, WorkerError

__all__ = ["WorkerPool"]

START_METHODS = ("fork", "spawn", "forkserver")
SLOTS = 2  # batches under way per worker: one being read, one waiting to be fetched
ALIGNMENT = 64  # bytes, a cache line
# The parent may handle the first; MXNet makes an exit code of 255 of the others.
OWN_SIGNALS = (signal.SIGTERM, signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE)
PATIENCE = 1.0  # seconds to wait for one worker before looking at all of them

Arrays = tuple[np.ndarray, ...]
Read = Callable[[Any], Arrays]
Layout = tuple[tuple[int, ...], np.dtype, int, int]  # shape, type, first byte, last


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
        self._start_method = start_method or _usual_start_method()
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
        _check_no_import_by_a_worker()
        try:
            with _starter(self._start_method, self._read) as start:
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
        if isinstance(result[0], _Failure):
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
        self._slots = [_Slot(os.memfd_create("batch")) for _ in range(SLOTS)]
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
        failed = isinstance(reply, _Failure)  # told to the loop that asked for it
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


class _Slot:
    """Memory of two processes that holds one batch, and grows with the batches."""

    def __init__(self, descriptor: int):
        self.file = open(descriptor, "r+b", buffering=0)  # noqa: SIM115
        self._map: mmap.mmap | None = None

    def write(self, arrays: Arrays) -> list[Layout]:
        """Copy arrays in, and say how they lie there."""
        layouts, end = [], 0
        for array in arrays:
            layouts.append((array.shape, array.dtype, end, end := end + array.nbytes))
            end = -(-end // ALIGNMENT) * ALIGNMENT
        for view, array in zip(self._views(layouts), arrays):
            np.copyto(view, array)
        return layouts

    def read(self, layouts: list[Layout]) -> Arrays:
        """Copy arrays out."""
        return tuple(view.copy() for view in self._views(layouts))

    def close(self) -> None:
        """Give the memory back, whoever else was forked and holds the file too."""
        if not self.file.closed:
            self.file.truncate(0)
            self.file.close()
            self._map = None

    def _views(self, layouts: list[Layout]) -> list[np.ndarray]:
        """Give arrays that lie in the memory, which is made as large as they need."""
        size = max((end for *_, end in layouts), default=0) or 1
        if self._map is None or len(self._map) < size:
            if os.fstat(self.file.fileno()).st_size < size:
                self.file.truncate(size)
            self._map = mmap.mmap(self.file.fileno(), 0)  # all of it
        return [np.ndarray(*kind, self._map, start) for *kind, start, _ in layouts]


class _Failure(NamedTuple):
    """What a worker sends in place of a batch when reading it raised an exception."""

    line: str
    traceback: str

    @classmethod
    def of(cls, error: BaseException) -> _Failure:
        """Describe an exception, which may be one that cannot be sent."""
        lines = traceback.format_exception(type(error), error, error.__traceback__)
        return cls(_in_one_line(error), "".join(lines))


class _WorkerTraceback(Exception):
    """Shows the traceback of another process as the cause of an error of this one."""


Start = Callable[[Connection, list[_Slot]], int]
_Result = list[Union[Arrays, _Failure]]  # empty until what was read is there


# Starting


@contextmanager
def _starter(method: str, read: Read) -> Iterator[Start]:
    """Give a function that starts a worker with a pipe and slots, and gives its id."""
    if method == "fork":
        yield partial(_fork, read)
        return
    pickled = _pickled(read)
    main = _main_module() if b"__main__" in pickled else {}
    with open(os.memfd_create("read"), "wb") as file:
        file.write(pickled)
        file.flush()
        yield partial(_spawn, main, file.fileno())


def _fork(read: Read, connection: Connection, slots: list[_Slot]) -> int:
    """Start a worker as a copy of this process."""
    parent, child = os.getpid(), os.fork()
    if child:
        return child
    try:
        gc.freeze()  # what the parent made is not this process's to clear up
        # Of a notebook's event loop; asyncio sees to it from Python 3.12 on.
        signal.set_wakeup_fd(-1)
        _serve(lambda: read, connection, slots, parent)
    finally:
        os._exit(1)  # never on into the parent's program and its exit handlers


def _spawn(
    main: dict[str, Any], pickled: int, connection: Connection, slots: list[_Slot]
) -> int:
    """Start a worker as a fresh Python."""
    shared = [pickled, connection.fileno(), *(slot.file.fileno() for slot in slots)]
    code = (
        f"import sys; sys.path[:] = {sys.path!r}; "
        f"from {__name__} import _serve_spawned; "
        f"_serve_spawned({main!r}, {os.getpid()}, *{shared!r})"
    )
    command = [sys.executable, "-c", code]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=shared)
    process.returncode = 0  # `_Worker` waits for it, as for a forked one
    return process.pid


def _pickled(read: Read) -> bytes:
    """Pickle what a fresh Python is to call."""
    try:
        return pickle.dumps(read, protocol=5)
    except Exception as error:  # pickling may raise any
        raise ArgumentError(
            "expected a function of a module, which can be sent to a fresh Python, "
            f"found one that cannot ({_in_one_line(error)}): move it into a module, or "
            "use start_method='fork'"
        ) from error


def _main_module() -> dict[str, Any]:
    """Say how `multiprocessing.spawn.prepare` finds the script that runs here."""
    main = sys.modules["__main__"]
    if getattr(main, "__spec__", None):
        return {"sys_argv": sys.argv, "init_main_from_name": main.__spec__.name}
    path = os.path.abspath(getattr(main, "__file__", None) or "")
    if os.path.isfile(path):  # "<stdin>" is none
        return {"sys_argv": sys.argv, "init_main_from_path": path}
    raise ArgumentError(
        "expected a function of a module, found one of a notebook or a Python prompt, "
        "which a fresh Python cannot import: move it into a module, or use "
        "start_method='fork'"
    )


def _check_no_import_by_a_worker() -> None:
    """Refuse a script that would start workers of workers of workers."""
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise WorkerError(
            "a worker that imports this script, for a function in it, came to start "
            "workers too: put what the script does under if __name__ == '__main__':, "
            "or move the function into a module"
        )


def _usual_start_method() -> str:
    """Give `multiprocessing`'s start method, without fixing it as asking it does."""
    usual = multiprocessing.get_all_start_methods()[0]
    return multiprocessing.get_start_method(allow_none=True) or usual


@contextmanager
def _no_interrupts() -> Iterator[None]:
    """Hold Ctrl-C back; what starts meanwhile never gets it, not even at its start."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


# Ending


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


# In the worker


def _serve_spawned(
    main: dict[str, Any], parent: int, pickled: int, connection: int, *slots: int
) -> None:
    """Be a worker in a fresh Python."""

    def load() -> Read:
        process = multiprocessing.current_process()
        process._inheriting = True  # refuses to start processes, as under `spawn`
        prepare(main)
        process._inheriting = False
        with mmap.mmap(pickled, 0, access=mmap.ACCESS_READ) as data:
            os.close(pickled)
            return pickle.loads(data)

    _serve(load, Connection(connection), [_Slot(slot) for slot in slots], parent)


def _serve(
    load: Callable[[], Read], connection: Connection, slots: list[_Slot], parent: int
) -> None:
    """Answer tasks until the parent ends this process, or ends itself."""
    threading.Thread(target=_follow, args=[parent], daemon=True).start()
    try:
        read = load()
        for number in OWN_SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        for slot in itertools.cycle(slots):
            connection.send(_answer(read, connection.recv(), slot))
    except BaseException as error:
        with suppress(OSError):  # the parent has ended: that is the error
            connection.send(_Failure.of(error))


def _answer(read: Read, task: Any, slot: _Slot) -> list[Layout] | _Failure:
    """Read what a task asks for."""
    try:
        return slot.write(_checked(read(task)))
    except Exception as error:
        return _Failure.of(error)


def _follow(parent: int) -> None:
    """End this process, though it may be reading, when the parent has ended.

    The kernel's own means, PR_SET_PDEATHSIG, ends it with the thread that started it.
    """
    while os.getppid() == parent:
        time.sleep(0.2)
    os._exit(0)


def _checked(arrays: Any) -> Arrays:
    """Refuse what cannot be laid into shared memory."""
    for array in arrays:
        if not isinstance(array, np.ndarray) or array.dtype.hasobject:
            raise TypeError(f"expected arrays of numbers to be read, found {array!r}")
    return arrays


def _in_one_line(error: BaseException) -> str:
    """Give the type and the text of an exception."""
    lines = traceback.format_exception_only(type(error), error)
    return " ".join("".join(lines).split())
