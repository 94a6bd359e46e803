"""Small processes for tests of jobs, which can be found by a mark in their command."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import gluon_softmax
import psutil
from gluon_softmax.cluster.hosts import HERE
from gluon_softmax.cluster.plan import Task
from gluon_softmax.cluster.screen import Screen

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


class Record(Screen):
    """Notes what is shown, and calls a function when a line comes."""

    def __init__(self, line: str = "", act=None):
        self.lines, self._line, self._act = [], line, act

    def show(self, name, message):
        """Note it."""
        for stream in ("out", "err"):
            if stream in message:
                self.lines.append(f"{name} | {message[stream]}")
                self._act_once(self.lines[-1])

    def say(self, line):
        """Note it."""
        self.lines.append(line)

    def _act_once(self, line):
        """Call the function, at its line."""
        if self._act and line == self._line:
            act, self._act = self._act, None
            act()


def python(code: str, *arguments: str) -> list[str]:
    """Return the command of a Python that runs some lines."""
    return [sys.executable, "-c", f"{BEGINNING}\n{code}", *arguments]


def order(argv: list[str], **settings: Any) -> dict[str, Any]:
    """Return an order for a keeper."""
    usual = {"variables": {}, "folder": "/", "silence": None}
    return {"version": gluon_softmax.__version__, "argv": argv, **usual, **settings}


def task(role: str, number: int = 0) -> Task:
    """Return a task on this machine."""
    return Task(role, number, HERE, {"DMLC_ROLE": role})


def find_processes(mark: str) -> list[psutil.Process]:
    """Return the processes with a mark in their command, and their keepers."""
    found = psutil.process_iter(["cmdline"])
    return [p for p in found if any(mark in word for word in p.info["cmdline"] or [])]


def find_workers(mark: str) -> list[psutil.Process]:
    """Return the processes with a mark that are no keepers, nor the ssh to one."""
    found = find_processes(mark)
    return [p for p in found if "cluster.keeper" not in " ".join(p.info["cmdline"])]


def comes_true(condition, seconds: float) -> bool:
    """Wait for something, so long."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.05)
    return False
