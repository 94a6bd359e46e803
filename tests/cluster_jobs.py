"""Small processes for tests of jobs, which can be found by a mark in their command."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import gluon_softmax
from gluon_softmax.cluster.hosts import HERE
from gluon_softmax.cluster.plan import Task

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


def python(code: str, *arguments: str) -> list[str]:
    """Give the command of a Python that runs some lines."""
    return [sys.executable, "-c", f"{BEGINNING}\n{code}", *arguments]


def order(
    role: str, number: int, code: str, *arguments: str
) -> tuple[Task, dict[str, Any]]:
    """Give a task and the order for its keeper."""
    task = Task(role, number, HERE, {"DMLC_ROLE": role})
    return task, task.to_order(argv=python(code, *arguments))


def find_processes(mark: str) -> list[int]:
    """List the processes with a mark in their command."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if mark.encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:  # it ended meanwhile
            continue
    return found


def comes_true(condition, seconds: float) -> bool:
    """Wait for something, so long."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.05)
    return False
