"""Worker processes against reading in this process, and every way they may end."""

from __future__ import annotations

import gc
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
from contextlib import suppress
from multiprocessing import resource_tracker
from operator import neg
from pathlib import Path

import numpy as np
import psutil
import pytest
import worker_tasks
from gluon_softmax.data.workers import WorkerPool
from gluon_softmax.errors import ArgumentError, WorkerError
from refusals import refusal
from worker_tasks import die_while_writing, kill, numbered, slow, stumble

SPAWN = pytest.mark.parametrize("method", ["spawn"], indirect=True)


@pytest.fixture(params=["fork", "spawn"])
def method(request):
    """Set each of the start methods that differ, and none again after the test."""
    multiprocessing.set_start_method(request.param, force=True)
    yield request.param
    multiprocessing.set_start_method(None, force=True)


@pytest.fixture(autouse=True)
def _no_worker_left():
    """Expect that the workers of a test end with it."""
    yield
    gc.collect()
    assert comes_true(lambda: children() == set())


@pytest.fixture
def script(tmp_path):
    """Return a function that starts a script, in a process group of its own."""
    processes = []

    def start(text, method="fork", before=()) -> subprocess.Popen:
        path = tmp_path / "script.py"
        path.write_text(SCRIPT.format(method=method) + textwrap.dedent(text))
        paths = os.pathsep.join([str(Path(__file__).parent), *sys.path])
        process = subprocess.Popen(
            [*before, sys.executable, str(path)],
            text=True,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": paths},
            **dict.fromkeys(["stdin", "stdout", "stderr"], subprocess.PIPE),
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


SCRIPT = """
import multiprocessing
import worker_tasks
from gluon_softmax.data.workers import WorkerPool
multiprocessing.set_start_method({method!r}, force=True)
"""


def batches(sizes) -> list[np.ndarray]:
    """Make tasks of given sizes, all numbers different."""
    return np.split(np.arange(sum(sizes)), np.cumsum(sizes)[:-1])


def assert_read(pool, tasks):
    """Expect from the workers what reading here gives: order, types and every bit."""
    found = list(pool.read_all(tasks))
    assert len(found) == len(tasks)
    for arrays, expected in zip(found, map(numbered, tasks)):
        for one, other in zip(arrays, expected):
            assert (one.dtype, one.shape) == (other.dtype, other.shape)
            assert one.tobytes() == other.tobytes()
            assert one.flags.writeable


def children(parent: int | None = None) -> set[int]:
    """List the workers of a process, zombies included."""
    found = psutil.Process(parent).children()
    return {child.pid for child in found if "resource_tracker" not in command(child)}


def command(process: psutil.Process) -> str:
    """Return the command line of a process, which a zombie has not."""
    with suppress(psutil.Error):
        return " ".join(process.cmdline())
    return ""


def ended(processes: set[int]) -> bool:
    """Return whether no process runs; a zombie, which others wait for, does not."""
    running = [process for process in psutil.process_iter() if process.pid in processes]
    return all(not command(process) for process in running)


def comes_true(condition, seconds: float = 10) -> bool:
    """Wait for something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


# As reading here


def test_batches_are_those_read_here(method):
    """Workers give the same arrays in the same order, pass after pass."""
    pool = WorkerPool(numbered, 2)
    for sizes in ([7] * 20 + [2], [1, 300, 100_000, 2, 400_000], [5]):
        assert_read(pool, batches(sizes))
    assert list(pool.read_all([])) == []


def test_workers_read_ahead():
    """While a batch is used the workers read two more each, and not all of them."""
    asked = []
    tasks = (asked.append(number) or 0 for number in range(20))
    loop = WorkerPool(slow, 2).read_all(tasks)
    for count in (4, 5, 6):
        next(loop)
        assert len(asked) == count


@SPAWN
def test_fresh_workers_do_without_mxnet(method):
    """They start fast, for what they gather needs NumPy alone."""
    (found,) = WorkerPool(worker_tasks.modules, 1).read_all([0])
    assert {"gluon_softmax.data.worker", "numpy"} <= found
    assert "mxnet" not in found


# Loops left early, and loops at once


def test_nested_loops():
    """Loops at the same time get their own batches; those left early are forgotten."""
    pool = WorkerPool(neg, 2)
    found = []
    for number in pool.read_all(pool.read_all(range(8))):
        found.append(number)
        next(pool.read_all(range(20)))
        assert list(pool.read_all(range(6))) == [0, -1, -2, -3, -4, -5]
    assert found == list(range(8))


def test_interrupted_loop():
    """After Ctrl-C, as in a notebook, the next loop has fresh workers."""
    pool = WorkerPool(slow, 2)
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with pytest.raises(KeyboardInterrupt):
            list(pool.read_all([0, 60, 0]))
    finally:
        signal.signal(signal.SIGALRM, before)
    assert children() == set()
    assert list(pool.read_all([0, 0.01, 0])) == [0, 0.01, 0]


# Workers that die or raise


LARGE = np.zeros(1_000_000)


@pytest.mark.parametrize(
    ("read", "tasks", "end"),
    [
        (kill, [0, 0, 0, 0, 9, 0, 0], r"was ended by signal 9 \(Killed\)"),
        (kill, [0, 11, 0], r"was ended by signal 11 \(.*\)"),
        (kill, [0, 15, 0], r"was ended by signal 15 \(.*\)"),
        (kill, [(0, LARGE), (9, LARGE), (0, LARGE)], r"was ended by signal 9 \(.*\)"),
        (die_while_writing, [0, 0, 1, 0, 0, 0], "was ended by signal 9 .*"),
        (os._exit, [0] * 5, "exited with code 0"),
        (os._exit, [3] * 5, "exited with code 3"),
    ],
)
def test_worker_that_dies(read, tasks, end):
    """Its end is told in one line, be half a task or half a batch in a pipe or not."""
    other = WorkerPool(slow, 1)  # has the ends of the first one's pipes if it is forked
    pool = WorkerPool(read, 2)
    expected = rf"^worker process \d+ {end}: num_workers=0 reads in this process$"
    with pytest.raises(WorkerError, match=expected):
        list(pool.read_all(tasks))
    assert list(other.read_all([0])) == [0]
    assert len(children()) == 1


def test_worker_killed_from_outside():
    """A death is told though it is another worker's turn, and that reads for long."""
    pool = WorkerPool(slow, 2)
    loop = pool.read_all([0, 60, 60])
    next(loop)
    process = min(children())
    threading.Timer(0.3, os.kill, [process, signal.SIGKILL]).start()
    with pytest.raises(WorkerError, match=f"worker process {process} .* signal 9 "):
        next(loop)
    assert children() == set()
    assert list(pool.read_all([0, 0])) == [0, 0]


def test_death_in_a_nested_loop():
    """The outer loop is told too that it cannot go on."""
    pool = WorkerPool(kill, 2)
    outer = pool.read_all([0] * 20)
    next(outer)
    with pytest.raises(WorkerError, match="signal 9 "):
        list(pool.read_all([0, 9]))
    with pytest.raises(WorkerError, match="start this loop again"):
        list(outer)


def test_worker_whose_exit_code_is_gone():
    """Where something else waited for it, the death is told nevertheless."""
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        with pytest.raises(WorkerError, match=r"worker process \d+ ended:"):
            list(WorkerPool(os._exit, 1).read_all([1]))
    finally:
        signal.signal(signal.SIGCHLD, before)


def test_error_in_a_worker(method):
    """It is raised here in one line, after the batches before it, with its cause."""
    pool, found = WorkerPool(stumble, 2), []
    with pytest.raises(WorkerError) as info:
        found.extend(pool.read_all([3, 4, 5, 3, 5, 5]))
    expected = "a worker process raised OddError: sample 1234 is bad"
    assert str(info.value) == expected
    assert 'raise OddError("sample 1234", "is bad")' in str(info.value.__cause__)
    assert found == [3, 4]
    with pytest.raises(WorkerError, match="raised SystemExit: enough"):
        list(pool.read_all([6]))
    assert list(pool.read_all([7, 8])) == [7, 8]


@SPAWN
def test_reader_that_cannot_be_pickled(method):
    """A fresh Python cannot be given a lambda, and one line says what to do."""
    message = refusal(ArgumentError, WorkerPool, lambda task: (), 2)
    assert re.search(r"lambda.*start_method\('fork'\)", message)


def test_too_few_open_files(script):
    """Where workers cannot be started, one line says so and none is left."""
    process = script("""
        import resource
        resource.setrlimit(resource.RLIMIT_NOFILE, (30, 30))
        try:
            WorkerPool(print, 40)
        except RuntimeError as error:
            print(error)
        print(multiprocessing.active_children())
        """)
    out, err = process.communicate(timeout=60)
    assert out.startswith("40 workers cannot be started ([Errno 24] Too many open")
    assert (out[-4:], err) == ("\n[]\n", "")


# What is left


def test_garbage_collection(method):
    """A pool that nothing refers to ends its workers, though they are reading."""
    resource_tracker.ensure_running()  # one for this process's life
    before = threading.active_count(), psutil.Process().num_fds()
    pool = WorkerPool(slow, 2)
    loop = pool.read_all([0, 0, 60, 60])
    next(loop)
    assert len(children()) == 2
    del loop, pool
    gc.collect()
    assert comes_true(lambda: children() == set())
    assert comes_true(
        lambda: (threading.active_count(), psutil.Process().num_fds()) == before
    )


@pytest.mark.skipif(
    not hasattr(threading, "_shutdown_locks_lock"),
    reason="a thread that starts holds nothing here that joining another needs",
)
def test_garbage_collected_while_a_thread_starts(script, method):
    """It does not wait for the workers' threads, which would be for ever."""
    process = script(
        """
        import gc, threading
        gc.disable()
        pool = WorkerPool(worker_tasks.slow, 2)
        pool.itself = pool
        del pool
        with threading._shutdown_locks_lock:  # as where a thread starts
            gc.collect()
        print("collected")
        """,
        method,
    )
    assert process.communicate(timeout=30) == ("collected\n", "")


ENDS = {
    "itself": ("input()", [0, 0, 60, 60], lambda process: process.stdin.write("\n")),
    "killed": ("input()", [0, 0, 60, 60], subprocess.Popen.kill),
    "killed, workers wait": ("input()", [0, 0], subprocess.Popen.kill),
    "Ctrl-C": ("next(loop)", [0, 0, 60, 60], lambda p: os.killpg(p.pid, signal.SIGINT)),
}


@pytest.mark.parametrize("name", ENDS)
def test_workers_end_with_the_program(script, method, name):
    """Which leaves nothing, with a loop half done, and says nothing of its workers.

    Ctrl-C, sent to all processes of a terminal, is one traceback: the program's.
    """
    rest, tasks, end = ENDS[name]
    text = f"loop = WorkerPool(worker_tasks.slow, 2).read_all({tasks})\n"
    text += "next(loop), next(loop)\nprint('ready', flush=True)\n"
    process = script(text + rest, method)
    assert process.stdout.readline() == "ready\n"
    workers = children(process.pid)
    assert len(workers) == 2
    end(process)
    out, err = process.communicate(timeout=30)
    assert comes_true(lambda: ended(workers))
    expected = ["KeyboardInterrupt", "Traceback"] * (name == "Ctrl-C")
    assert out == ""
    assert sorted(re.findall("Traceback|KeyboardInterrupt", err)) == expected
    assert name != "itself" or err == ""


def test_ctrl_c_while_workers_start(method):
    """A worker never gets Ctrl-C, not even while its Python starts."""
    pool = WorkerPool(numbered, 2)
    for _ in range(20):
        for worker in children():
            os.kill(worker, signal.SIGINT)
        time.sleep(0.01)
    assert_read(pool, batches([3] * 9))


def test_copy_of_this_process():
    """A forked copy may read from the pool without harm to this one's."""
    pool = WorkerPool(numbered, 2)
    loop = pool.read_all(batches([3] * 9))
    next(loop)
    process = os.fork()
    if process == 0:
        try:
            assert_read(pool, batches([2] * 9))
            gc.collect()
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitpid(process, 0)[1] == 0
    assert len(list(loop)) == 8


# Where it runs


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_script_without_main_guard(script, method):
    """A script need not be guarded, and runs once, however workers are started."""
    text = "print(*WorkerPool(str.upper, 2).read_all('ab'))"
    process = script(text, method)
    assert process.communicate(timeout=60) == ("A B\n", "")


LARGER = 'rm /dev/shm/filler && mount -o remount,size=64k /dev/shm && exec "$@"'


@pytest.mark.needs("unshare")
def test_small_shared_memory(script, method, full_shm):
    """Docker's /dev/shm is more than enough: batches of 24 MB pass one of 64 kB."""
    text = """
        import numpy, os
        pool = WorkerPool(worker_tasks.numbered, 2)
        tasks = [numpy.arange(1_000_000)] * 2
        print(*(X.nbytes for X, y in pool.read_all(tasks)))
        print(os.statvfs("/dev/shm").f_blocks * os.statvfs("/dev/shm").f_bsize)
        """
    process = script(text, method, [*full_shm, "sh", "-c", LARGER, "sh"])
    assert process.communicate(timeout=60) == ("24000000 24000000\n65536\n", "")
