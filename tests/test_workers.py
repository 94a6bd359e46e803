"""Worker processes against reading in this process, and every way they may end."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import weakref
from pathlib import Path

import numpy as np
import pytest
from gluon_softmax.data.workers import WorkerPool
from gluon_softmax.errors import ArgumentError, WorkerError

EACH_START = pytest.mark.parametrize("method", ["fork", "spawn"])


# What the workers are to read; `spawn` imports it from here.


def numbered(task: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give images that hold their numbers, not in C order, and labels."""
    X = np.broadcast_to(task.astype("float32"), (2, 3, 1, len(task))).T
    return X, (task % 10).astype("int32")


def empty(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Give a batch without samples, or without anything."""
    return (np.zeros((0, size)), np.zeros(size, "uint8"))[: 2 * size]


def slow(seconds: float) -> tuple[np.ndarray]:
    """Take some time."""
    time.sleep(seconds)
    return (np.full(3, seconds),)


def whoami(_) -> tuple[np.ndarray]:
    """Give the number of the process that reads."""
    return (np.array(os.getpid()),)


def kill(number: int) -> tuple[np.ndarray]:
    """Read until the task is a signal, then die of it."""
    if number:
        os.kill(os.getpid(), number)
    return (np.zeros(2),)


def leave(code: int) -> tuple[np.ndarray]:
    """Leave without a word."""
    os._exit(code)


def stumble(task) -> tuple[np.ndarray]:
    """Raise an error of two lines for one of the tasks."""
    if task == 5:
        raise ValueError("sample 1234\nis bad")
    return (np.array(task),)


def quit_python(_) -> tuple[np.ndarray]:
    """End Python in an orderly manner."""
    sys.exit("enough")


def lists(_) -> list[list[int]]:
    """Give what is no array."""
    return [[1, 2]]


def objects(_) -> tuple[np.ndarray]:
    """Give an array of references, which mean nothing to another process."""
    return (np.array([None, "text"]),)


class Unloadable:
    """Can be pickled, and not unpickled."""

    def __call__(self, _):
        """Never come to be called."""

    def __setstate__(self, state):
        raise ImportError("no such module here")

    def __getstate__(self):
        return {"some": "state"}


# Helpers


def batches(sizes) -> list[np.ndarray]:
    """Make tasks of given sizes, all numbers different."""
    return np.split(np.arange(sum(sizes)), np.cumsum(sizes)[:-1])


def assert_read(pool, tasks, read=numbered):
    """Expect from the workers what reading here gives: order, types and every bit."""
    found = list(pool.read_all(tasks))
    assert len(found) == len(tasks)
    for arrays, expected in zip(found, map(read, tasks)):
        assert isinstance(arrays, tuple)
        assert len(arrays) == len(expected)
        for one, other in zip(arrays, expected):
            assert (one.dtype, one.shape) == (other.dtype, other.shape)
            assert one.tobytes() == other.tobytes()
            assert one.flags.owndata
            assert one.flags.writeable


def children(parent: int) -> set[int]:
    """List the processes that a process has started, zombies included."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        if int(fields[1]) == parent:
            found.add(int(stat.parent.name))
    return found


def running(process: int) -> bool:
    """Whether a process runs; a zombie, which others should wait for, does not."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def comes_true(condition, seconds: float) -> bool:
    """Wait for something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


def holdings() -> tuple:
    """List what must not grow: children, open files, threads, shared memory."""
    gc.collect()
    files = [os.readlink(f.path) for f in os.scandir("/proc/self/fd") if exists(f)]
    shared = sorted(os.listdir("/dev/shm"))
    return children(os.getpid()), sorted(files), threading.active_count(), shared


def exists(entry: os.DirEntry) -> bool:
    """Whether an open file is still open, as that of the listing itself is not."""
    return os.path.lexists(entry.path)


@pytest.fixture
def nothing_left():
    """Expect that a test leaves nothing behind."""
    before = holdings()
    yield
    assert holdings() == before


@pytest.fixture
def pool_of():
    """Give a function that starts a pool, which is closed after the test."""
    pools = []

    def start(*args) -> WorkerPool:
        pools.append(WorkerPool(*args))
        return pools[-1]

    yield start
    for pool in pools:
        pool.close()


@pytest.fixture
def script(tmp_path):
    """Give a function that starts a script, in a process group of its own."""
    processes = []

    def start(text, *before) -> subprocess.Popen:
        (tmp_path / "readers.py").write_text(READERS)
        path = tmp_path / "script.py"
        path.write_text(textwrap.dedent(text))
        command = [*before, sys.executable, str(path)]
        pipes = dict.fromkeys(["stdin", "stdout", "stderr"], subprocess.PIPE)
        process = subprocess.Popen(command, text=True, start_new_session=True, **pipes)
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


READERS = """
import time
import numpy as np

def image(task):
    return np.full((256, 1, 28, 28), task, "float32"), np.full(256, task)

def slow(task):
    time.sleep(60 * task)
    return (np.array(task),)
"""


# As reading here


@pytest.mark.parametrize("num_workers", [1, 2, 4])
@EACH_START
def test_batches_are_those_read_here(pool_of, method, num_workers):
    """Workers give the same arrays in the same order, pass after pass."""
    pool = pool_of(numbered, num_workers, method)
    for _ in range(3):
        assert_read(pool, batches([7] * 20 + [2]))


@pytest.mark.parametrize("count", range(7))
def test_any_number_of_tasks(pool_of, count):
    """None at all, fewer than there are workers, or more."""
    assert_read(pool_of(numbered, 2), batches([3] * count) if count else [])


def test_forkserver_is_a_fresh_python(pool_of):
    """The third start method works too."""
    assert_read(pool_of(numbered, 1, "forkserver"), batches([5, 5, 1]))


@EACH_START
def test_sizes_of_batches_may_change(pool_of, method):
    """Batches may grow, shrink and grow again, past every page and slot."""
    sizes = [1, 300, 5000, 2, 100_000, 7, 100_001, 3, 400_000, 256]
    assert_read(pool_of(numbered, 2, method), batches(sizes))


def test_empty_arrays(pool_of):
    """Arrays without elements, and no arrays at all, are batches as well."""
    assert_read(pool_of(empty, 1), [3, 0, 1, 0], empty)


def test_tasks_larger_than_a_pipe(pool_of):
    """A task that the pipe cannot hold at once reaches the worker all the same."""
    assert_read(pool_of(numbered, 2), batches([200_000] * 6))


def test_all_workers_read(pool_of):
    """Each worker takes its turn, and this process takes none."""
    found = {int(process) for (process,) in pool_of(whoami, 3).read_all(range(9))}
    assert len(found) == 3
    assert found == children(os.getpid())


def test_batches_that_are_kept_stay_as_they_are(pool_of):
    """No batch lies in memory that a later one is written to."""
    found = list(pool_of(numbered, 1).read_all(batches([4] * 9)))
    assert [int(X[0, 0, 0, 0]) for X, _ in found] == list(range(0, 36, 4))


def test_workers_read_ahead(pool_of):
    """While a batch is used the workers read two more each, and not all of them."""
    asked = []

    def tasks():
        for number in range(20):
            asked.append(number)
            yield 0

    loop = pool_of(slow, 2).read_all(tasks())
    next(loop)
    assert len(asked) == 5
    next(loop)
    assert len(asked) == 6


def test_lambdas_can_be_forked():
    """Forked workers call what cannot be pickled."""
    pool = WorkerPool(lambda task: (np.array(2 * task),), 2, "fork")
    assert [int(x) for (x,) in pool.read_all(range(6))] == [0, 2, 4, 6, 8, 10]
    pool.close()


def test_usual_start_method_is_asked_for_without_being_fixed(script):
    """Python's own setting holds, and may still be changed afterwards."""
    process = script("""
        import multiprocessing, os
        from gluon_softmax.data.workers import WorkerPool
        WorkerPool(lambda task: (), 1)  # could not be spawned
        multiprocessing.set_start_method("spawn")
        try:
            WorkerPool(lambda task: (), 1)
        except ValueError as error:
            print(error)
        """)
    out, err = process.communicate(timeout=20)
    assert "start_method='fork'" in out
    assert err == ""


# Loops left early, and loops at once


@EACH_START
def test_next_loop_after_one_left_early(pool_of, method):
    """What was under way for a loop that was left is not given to the next."""
    pool = pool_of(numbered, 2, method)
    for _ in range(3):
        for count, _ in enumerate(pool.read_all(batches([5] * 20))):
            if count == 3:
                break
        next(pool.read_all(batches([6] * 20)))
    assert_read(pool, batches([4] * 9))


def test_error_of_a_loop_left_early(pool_of):
    """What goes wrong for a loop that was left is no error of the next."""
    pool = pool_of(stumble, 2)
    for tasks in ([3, 5, 3], [3, 3, 5, 5]):
        next(pool.read_all(tasks))
        assert_read(pool, [1, 2, 3, 4] * 3, stumble)


def test_error_in_a_nested_loop(pool_of):
    """An error is told to the loop that asked for what cannot be read."""
    pool = pool_of(stumble, 1)
    outer = pool.read_all([3, 5, 3])
    next(outer)
    assert_read(pool, [1, 2, 3, 4], stumble)
    with pytest.raises(WorkerError, match="sample 1234"):
        next(outer)


def test_tasks_that_come_from_the_workers(pool_of):
    """One loop's tasks may be what another reads."""
    pool = pool_of(stumble, 2)
    chained = pool.read_all(int(x) for (x,) in pool.read_all([1, 2, 3]))
    assert [int(x) for (x,) in chained] == [1, 2, 3]


def test_error_in_the_loop(pool_of):
    """An error of the caller's leaves the workers ready for the next loop."""
    pool = pool_of(numbered, 2)
    with pytest.raises(ZeroDivisionError):
        sum(1 // 0 for _ in pool.read_all(batches([5] * 9)))
    assert_read(pool, batches([4] * 9))


def test_nested_loops(pool_of):
    """Loops over the same workers at the same time get their own batches each."""
    pool, tasks = pool_of(numbered, 2), batches([5] * 8)
    outer = [int(y[0]) for X, y in pool.read_all(tasks)]
    found = []
    for _, y in pool.read_all(tasks):
        found.append(int(y[0]))
        assert_read(pool, batches([3] * 6))
    assert found == outer


def test_loops_of_several_threads(pool_of):
    """Threads that share the workers do not take each other's batches."""
    pool, passed = pool_of(numbered, 2), []

    def run(size):
        for _ in range(10):
            assert_read(pool, batches([size] * 10))
        passed.append(size)

    threads = [threading.Thread(target=run, args=[size]) for size in (3, 4, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(passed) == [3, 4, 5]


def test_interrupted_loop(pool_of):
    """After Ctrl-C, as in a notebook, the next loop has fresh workers."""
    pool = pool_of(slow, 2)

    def interrupt(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with pytest.raises(KeyboardInterrupt):
            list(pool.read_all([0, 30, 0]))
    finally:
        signal.signal(signal.SIGALRM, before)
    assert children(os.getpid()) == set()
    assert_read(pool, [0, 0, 0.01, 0], slow)


# Workers that die or raise


@pytest.mark.parametrize(
    "number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGRTMIN + 1]
)
def test_worker_that_a_signal_ends(pool_of, number):
    """The signal is named, or numbered, and the process too."""
    pool = pool_of(kill, 2)
    name = {9: "SIGKILL: if memory", 11: "SIGSEGV:"}.get(number, f"signal {number}:")
    with pytest.raises(WorkerError, match=f"^worker 2 of 2 .* was ended by {name}"):
        list(pool.read_all([0, number, 0, 0]))


@EACH_START
def test_worker_killed_while_it_reads(pool_of, method):
    """A kill from outside is told at once, with what to do, in one line."""
    pool = pool_of(slow, 1, method)
    loop = pool.read_all([0, 60])
    next(loop)
    (worker,) = children(os.getpid())
    start = time.monotonic()
    timer = threading.Timer(0.2, os.kill, [worker, signal.SIGKILL])
    timer.start()
    with pytest.raises(
        WorkerError, match=rf"worker 1 of 1 \(process {worker}\)"
    ) as info:
        next(loop)
    assert time.monotonic() - start < 1
    assert str(info.value).endswith("num_workers=0 reads in this process")
    assert len(str(info.value).splitlines()) == 1
    assert children(os.getpid()) == set()


def test_worker_killed_while_another_reads(pool_of):
    """A death is told within 5 seconds, though it is another worker's turn."""
    pool = pool_of(slow, 2)
    processes = children(os.getpid())
    loop = pool.read_all([0, 0, 60, 60])
    next(loop), next(loop)
    second = max(processes)
    os.kill(second, signal.SIGKILL)
    start = time.monotonic()
    with pytest.raises(WorkerError, match=rf"^worker 2 of 2 \(process {second}\)"):
        next(loop)
    assert time.monotonic() - start < 5


def test_idle_worker_killed(pool_of):
    """Workers that died between two loops are told of by the second."""
    pool = pool_of(slow, 1)
    assert_read(pool, [0, 0], slow)
    os.kill(*children(os.getpid()), signal.SIGKILL)
    with pytest.raises(WorkerError, match="SIGKILL"):
        list(pool.read_all([0] * 9))
    assert_read(pool, [0, 0], slow)


@EACH_START
@pytest.mark.parametrize("code", [0, 3])
def test_worker_that_exits(pool_of, method, code):
    """An exit code is told, 0 as well."""
    pool = pool_of(leave, 2, method)
    with pytest.raises(
        WorkerError, match=rf"worker 1 of 2 .* exited with code {code}:"
    ):
        list(pool.read_all([code] * 5))


def test_worker_that_something_else_waited_for(pool_of):
    """Where the exit code is gone, the death is told nevertheless."""
    pool = pool_of(kill, 1)
    os.kill(*children(os.getpid()), signal.SIGKILL)
    os.wait()
    with pytest.raises(WorkerError, match="ended in a way unknown"):
        list(pool.read_all([0]))


@EACH_START
def test_error_in_a_worker(pool_of, method):
    """It is raised here once, in one line, after the batches before it."""
    pool, found = pool_of(stumble, 2, method), []
    with pytest.raises(WorkerError) as info:
        found.extend(int(x) for (x,) in pool.read_all([3, 4, 5, 6, 5, 5]))
    assert str(info.value) == "worker 1 of 2 raised ValueError: sample 1234 is bad"
    assert found == [3, 4]
    assert children(os.getpid()) == set()
    assert [int(x) for (x,) in pool.read_all([7, 8])] == [7, 8]


def test_original_traceback_is_shown_once(script):
    """The worker's traceback stands before the parent's, and stderr has no other."""
    process = script("""
        from gluon_softmax.data.workers import WorkerPool
        def innermost(task):
            raise LookupError("sample 1234")
        def read(task):
            return innermost(task)
        list(WorkerPool(read, 2).read_all(range(9)))
        """)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert err.count("raise LookupError") == err.count("in innermost") == 1
    assert err.count("Traceback (most recent call last)") == 2
    assert err.splitlines()[-1].endswith("1 of 2 raised LookupError: sample 1234")


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (quit_python, r"raised SystemExit: enough$"),
        (lists, r"raised TypeError: expected arrays of numbers .*\[1, 2\]"),
        (objects, r"raised TypeError: expected arrays of numbers .*None, 'text'"),
    ],
)
def test_what_no_reader_should_do(pool_of, read, message):
    """Ending Python, and giving what cannot be shared, are errors like others."""
    with pytest.raises(WorkerError, match=message):
        list(pool_of(read, 1).read_all([0]))


def test_reader_that_cannot_be_loaded(pool_of):
    """What fails before the first task is told with it."""
    pool = pool_of(Unloadable(), 2, "spawn")
    time.sleep(0.5)  # gone before a task is sent, perhaps
    with pytest.raises(WorkerError, match=r"1 of 2 raised ImportError: no such module"):
        list(pool.read_all(range(9)))


def test_too_few_open_files(script):
    """Where workers cannot be started, one line says so and none is left."""
    process = script("""
        import os, resource
        from gluon_softmax.data.workers import WorkerPool
        pool = WorkerPool(print, 20)
        pool.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (30, 30))
        try:
            next(pool.read_all([1]))
        except RuntimeError as error:
            print(error)
        os.wait()
        """)
    out, err = process.communicate(timeout=20)
    assert out.startswith(
        "20 workers cannot be started ([Errno 24] Too many open files"
    )
    assert err.endswith("ChildProcessError: [Errno 10] No child processes\n")


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_reader_that_cannot_be_pickled(nothing_left, method):
    """A fresh Python cannot be given a lambda, and one line says what to do."""
    with pytest.raises(ArgumentError, match=r"lambda.*start_method='fork'$") as info:
        WorkerPool(lambda task: (), 2, method)
    assert len(str(info.value).splitlines()) == 1


@pytest.mark.parametrize("method", ["thread", "FORK", 3])
def test_bad_start_method(nothing_left, method):
    """Only Python's own three are taken."""
    with pytest.raises(ArgumentError, match=r"^expected start_method .* found "):
        WorkerPool(numbered, 2, method)


# What is left


@EACH_START
@pytest.mark.usefixtures("nothing_left")
def test_close(method):
    """Closing ends workers within a second though they read, and leaves nothing."""
    pool = WorkerPool(slow, 3, method)
    loop = pool.read_all([0, 0, 0, 60, 60, 60])
    next(loop)
    assert len(children(os.getpid())) == 3
    start = time.monotonic()
    pool.close()
    assert children(os.getpid()) == set()
    assert time.monotonic() - start < 1
    with pytest.raises(WorkerError, match=r"closed.*start the loop again"):
        next(loop)
    pool.close()


@EACH_START
@pytest.mark.usefixtures("nothing_left")
def test_closed_workers_start_again(method):
    """A loop over a closed pool has new workers."""
    pool = WorkerPool(numbered, 1, method)
    for _ in range(2):
        pool.close()
        assert_read(pool, batches([3, 2]))
    pool.close()


@EACH_START
@pytest.mark.usefixtures("nothing_left")
def test_garbage_collection(method):
    """A pool that nothing refers to ends its workers, a loop half done or not."""
    pool = WorkerPool(slow, 2, method)
    loop = pool.read_all([0, 0, 60, 60])
    next(loop)
    assert len(children(os.getpid())) == 2
    del loop, pool
    gc.collect()
    assert children(os.getpid()) == set()


HALF_DONE = """
import readers
from gluon_softmax.data.workers import WorkerPool
pool = WorkerPool(readers.slow, 2, {method!r})
loop = pool.read_all({tasks})
next(loop), next(loop)
print("ready", flush=True)
"""
READING, IDLE = [0, 0, 1, 1], [0, 0]


def half_done(script, rest, method, tasks=READING) -> tuple[subprocess.Popen, set[int]]:
    """Start a program that does something within a loop; list its workers."""
    process = script(HALF_DONE.format(method=method, tasks=tasks) + rest)
    assert process.stdout.readline() == "ready\n"
    workers = children(process.pid)
    assert len(workers) == 2
    return process, workers


@EACH_START
def test_end_of_the_program(script, method):
    """A program that ends with a loop half done says nothing and leaves nothing."""
    before = os.listdir("/dev/shm")
    process, workers = half_done(script, "input()", method)
    start = time.monotonic()
    assert process.communicate("\n", timeout=20) == ("", "")
    assert time.monotonic() - start < 2
    assert not any(map(running, workers))
    assert os.listdir("/dev/shm") == before


@EACH_START
@pytest.mark.parametrize("tasks", [READING, IDLE])
def test_killed_program(script, method, tasks):
    """Workers end with a program that is killed, reading or waiting for a task."""
    before = os.listdir("/dev/shm")
    process, workers = half_done(script, "input()", method, tasks)
    process.kill()
    assert process.communicate(timeout=20) == ("", "")
    assert comes_true(lambda: not any(map(running, workers)), seconds=2)
    assert os.listdir("/dev/shm") == before


@EACH_START
def test_ctrl_c(script, method):
    """Ctrl-C, sent to all processes of a terminal, is one traceback: the program's."""
    process, workers = half_done(script, "next(loop)", method)
    time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)
    start = time.monotonic()
    out, err = process.communicate(timeout=20)
    assert time.monotonic() - start < 2
    assert not any(map(running, workers))
    assert out == ""
    assert err.count("Traceback") == err.count("KeyboardInterrupt") == 1


@EACH_START
def test_ctrl_c_while_workers_start(pool_of, method):
    """A worker never gets Ctrl-C, not even while its Python starts."""
    pool = pool_of(numbered, 2, method)
    for _ in range(20):
        for worker in children(os.getpid()):
            os.kill(worker, signal.SIGINT)
        time.sleep(0.01)
    assert_read(pool, batches([3] * 9))


def test_pool_outlives_the_thread_that_made_it(pool_of):
    """Workers end with the process that started them, and not with the thread."""
    pools = []
    thread = threading.Thread(target=lambda: pools.append(pool_of(numbered, 2)))
    thread.start()
    thread.join()
    time.sleep(0.5)
    assert_read(pools[0], batches([3] * 9))


def in_a_fork(action) -> None:
    """Do something in a copy of this process, and expect it to succeed."""
    process = os.fork()
    if process == 0:
        try:
            action()
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitpid(process, 0)[1] == 0


@pytest.mark.usefixtures("nothing_left")
def test_copy_of_this_process():
    """A forked copy may drop the pool, or read from it, without harm to this one's."""
    pool = WorkerPool(numbered, 2)

    def read_there():
        assert_read(pool, batches([2] * 9))
        pool.close()

    loop = pool.read_all(batches([3] * 9))
    next(loop)
    in_a_fork(pool.close)
    in_a_fork(read_there)
    assert len(list(loop)) == 8
    pool.close()


def test_memory_goes_though_a_later_worker_holds_the_file(pool_of):
    """A forked worker inherits open files of other pools, but keeps no memory so."""
    pool = pool_of(numbered, 1, "fork")
    list(pool.read_all(batches([100_000] * 3)))
    pool_of(numbered, 1, "fork")
    worker = max(children(os.getpid()))
    files = [
        f for f in Path(f"/proc/{worker}/fd").iterdir() if "memfd" in os.readlink(f)
    ]
    assert len(files) >= 4
    assert sum(file.stat().st_size for file in files) > 2_000_000
    pool.close()
    assert sum(file.stat().st_size for file in files) == 0


def test_spawned_worker_keeps_no_copy_of_what_was_sent(pool_of):
    """What is sent at the start, perhaps all data, is held in memory once."""
    pool = pool_of(numbered, 1, "spawn")
    assert_read(pool, batches([3]))
    (worker,) = children(os.getpid())
    files = [os.readlink(f) for f in Path(f"/proc/{worker}/fd").iterdir()]
    assert sum("memfd:batch" in file for file in files) >= 2
    assert not any("memfd:read" in file for file in files)


def test_garbage_of_this_process_is_not_collected_there(pool_of):
    """A forked worker runs no finalizer of what it merely inherits."""

    class Cycle:
        def __init__(self):
            self.myself = self

    ended = []
    gc.disable()
    try:
        weakref.finalize(Cycle(), ended.append, 1)
        pool = pool_of(lambda _: (np.array([gc.collect(), len(ended)]),), 1, "fork")
        assert [x[1] for (x,) in pool.read_all([0, 0])] == [0, 0]
    finally:
        gc.enable()
    gc.collect()
    assert ended == [1]


def test_signals_of_a_worker_do_not_wake_this_process(pool_of):
    """A notebook's event loop is not told of signals that a forked worker gets."""
    reading, writing = os.pipe2(os.O_NONBLOCK)
    before = signal.set_wakeup_fd(writing)
    try:
        pool = pool_of(lambda _: (np.array(signal.set_wakeup_fd(-1)),), 1, "fork")
        assert [int(x) for (x,) in pool.read_all([0])] == [-1]
    finally:
        signal.set_wakeup_fd(before)
        os.close(reading)
        os.close(writing)


# Where it runs


@EACH_START
def test_script_without_main_guard(script, method):
    """A script need not be guarded, and runs once."""
    process = script(
        f"""
        print("once")
        from readers import image
        from gluon_softmax.data.workers import WorkerPool
        found = list(WorkerPool(image, 2, {method!r}).read_all(range(10)))
        print([int(y[0]) for X, y in found])
        """,
        *["env", "PYTHONWARNINGS=always::ResourceWarning"],
    )
    out, err = process.communicate(timeout=20)
    assert out == "once\n[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]\n"
    assert err == ""


READER_IN_THE_SCRIPT = """
import sys
import numpy as np
from gluon_softmax.data.workers import WorkerPool

def read(task):
    return (np.array(task),)

def main():
    print([int(x) for (x,) in WorkerPool(read, 2, {method!r}).read_all(range(4))])
"""


@EACH_START
def test_reader_in_a_script(script, method):
    """A guarded script may define what the workers call."""
    text = READER_IN_THE_SCRIPT.format(method=method)
    process = script(text + "if __name__ == '__main__':\n    main()")
    assert process.communicate(timeout=20) == ("[0, 1, 2, 3]\n", "")


def test_reader_in_a_script_without_main_guard(script):
    """Workers that import an unguarded script do not start workers without end."""
    process = script(READER_IN_THE_SCRIPT.format(method="spawn") + "main()")
    out, err = process.communicate(timeout=20)
    assert out == ""
    assert "put what the script does under if __name__ == '__main__'" in err
    assert err.splitlines()[-1].startswith("gluon_softmax.errors.WorkerError: worker 1")


@pytest.mark.parametrize(
    ("method", "expected"),
    [("fork", "[0, 1, 2, 3]"), ("spawn", "found one of a notebook or a Python prompt")],
)
def test_reader_at_a_prompt(method, expected):
    """What is typed in can be forked; a fresh Python is not asked to import it."""
    text = READER_IN_THE_SCRIPT.format(method=method) + "\nmain()"
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    done = subprocess.run([sys.executable], input=text, timeout=20, **options)
    assert expected in done.stdout.splitlines()[-1]


def test_module_run_as_a_script(tmp_path, monkeypatch):
    """`python -m` finds what the workers call by the name of the module."""
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "other.py").write_text("")
    text = "from . import other\n" + READER_IN_THE_SCRIPT.format(method="spawn")
    text += "if __name__ == '__main__':\n    main()"
    (tmp_path / "package" / "reading.py").write_text(text)
    monkeypatch.chdir(tmp_path)
    command = [sys.executable, "-m", "package.reading"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert (done.stdout, done.stderr) == ("[0, 1, 2, 3]\n", "")


@pytest.mark.needs("unshare")
@EACH_START
def test_full_shared_memory(script, method, full_shm):
    """Batches come through though /dev/shm has no room for any."""
    process = script(
        f"""
        from pathlib import Path
        from readers import image
        from gluon_softmax.data.workers import WorkerPool
        try:
            Path("/dev/shm/large").write_bytes(bytes(100_000))
        except OSError as error:
            print(error.strerror)
        found = list(WorkerPool(image, 2, {method!r}).read_all(range(10)))
        print(sum(X.nbytes for X, y in found))
        """,
        *full_shm,
    )
    out, err = process.communicate(timeout=20)
    assert out == f"No space left on device\n{10 * 256 * 784 * 4}\n"
    assert err == ""


@pytest.mark.slow
@EACH_START
def test_notebook(method):
    """Cells of a notebook leave a loop, read again and close."""
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    cells = [
        "import test_workers, mxnet; from gluon_softmax.data.workers import *\n"
        f"pool = WorkerPool(test_workers.numbered, 2, {method!r})",
        "next(pool.read_all(test_workers.batches([3] * 9)))",
        "test_workers.assert_read(pool, test_workers.batches([3] * 9))",
        "pool.close(); test_workers.children(test_workers.os.getpid())",
    ]
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
    folder = {"metadata": {"path": str(Path(__file__).parent)}}
    nbclient.NotebookClient(notebook, timeout=60, resources=folder).execute()
    *_, last = notebook.cells
    assert [output["data"]["text/plain"] for output in last.outputs] == ["set()"]
