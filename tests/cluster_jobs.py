"""Jobs of small processes, which can be found by a mark in their command."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import gluon_softmax
import psutil
from gluon_softmax.cluster.job import Job, print_line, run_job

FOLDER = str(Path(gluon_softmax.__file__).parents[1])

BEGINNING = f"""
import os, signal, sys, time
sys.path.insert(0, {FOLDER!r})
from gluon_softmax.cluster import heartbeat
"""

SLEEP = "print('ready', flush=True); time.sleep(60)"
STEP = "while True: heartbeat.beat(); time.sleep(0.05)"

TRAIN = """
import mxnet as mx
kv = mx.kv.create("dist_sync")
heartbeat.announce(kv.rank)
time.sleep(0.2)  # what is printed takes another way to the launcher
total = mx.nd.zeros(3)
kv.init("w", total)
print("rank", kv.rank, "of", kv.num_workers, flush=True)
for step in range(int(sys.argv[1])):
    kv.push("w", mx.nd.ones(3) * (step + kv.rank))
    kv.pull("w", out=total)
    total.wait_to_read()
    heartbeat.beat()
    time.sleep(0.05)
print("total", *total.asnumpy(), flush=True)
heartbeat.finish()
"""
"""A worker that sums over all workers, so many times."""


class TrainingJob(Job):
    """A real job of KVStore; its arguments are a number of sums, and the mark."""

    def make_command(self, task, resume):
        """Return the command of a worker that sums, or of another role."""
        if task.role == "worker":
            return python(TRAIN, *self.arguments)
        return [*super().make_command(task, resume), self.arguments[1]]


def run_codes(codes: dict[str, str], mark: str, show=print_line, **options) -> None:
    """Run a job whose processes run a few lines each, by name; the others sleep."""

    class CodeJob(Job):
        def make_command(self, task, resume):
            return python(codes.get(task.name, SLEEP), mark)

    num_workers = sum(name.startswith("worker") for name in codes)
    run_job(CodeJob([], num_workers, **options), show)


class Record:
    """Notes the lines that a job shows, and calls a function when one comes."""

    def __init__(self, line: str = "", act: Callable[[], object] | None = None):
        self.lines, self._line, self._act = [], line, act

    def __call__(self, line, stream):
        """Note a line."""
        self.lines.append(line)
        if self._act and line == self._line:
            act, self._act = self._act, None
            act()


def python(code: str, *arguments: str) -> list[str]:
    """Return the command of a Python that runs some lines."""
    return [sys.executable, "-c", f"{BEGINNING}\n{code}", *arguments]


def find_processes(mark: str) -> list[psutil.Process]:
    """Return the processes with a mark in their command, and their keepers."""
    found = psutil.process_iter(["cmdline"])
    return [p for p in found if any(mark in word for word in p.info["cmdline"] or [])]


def find_workers(mark: str) -> list[psutil.Process]:
    """Return the processes with a mark that are no keepers, nor the ssh to one."""
    found = find_processes(mark)
    return [p for p in found if "cluster.keeper" not in " ".join(p.info["cmdline"])]


def comes_true(condition: Callable[[], object], seconds: float) -> bool:
    """Wait for something, so long."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.05)
    return False
