"""A worker's signs of life, as its keeper reads them."""

from __future__ import annotations

import os
import subprocess

import pytest
from cluster_jobs import python
from gluon_softmax.cluster import heartbeat


@pytest.fixture
def file():
    """Give the memory."""
    number = heartbeat.make()
    yield number
    os.close(number)


def run(file: int, code: str, inherit: bool = True) -> None:
    """Let a process that is told of the memory run some lines."""
    subprocess.run(
        python(code),
        env={**os.environ, heartbeat.VARIABLE: str(file)},
        pass_fds=[file] if inherit else [],
        check=True,
    )


def test_nothing_said(file):
    """Before the first sign there is no step and no rank."""
    assert heartbeat.read(file) == heartbeat.Pulse(None, None, False)


def test_each_sign(file):
    """A step's age, the rank and the end are read as they were said."""
    run(file, "heartbeat.announce(3); heartbeat.beat(); time.sleep(0.3)")
    pulse = heartbeat.read(file)
    assert 0.3 <= pulse.age < 5
    assert (pulse.rank, pulse.finished) == (3, False)
    run(file, "heartbeat.finish()")
    assert heartbeat.read(file).finished


def test_outside_a_job(monkeypatch):
    """Without a job the signs go nowhere, and harm nothing."""
    monkeypatch.delenv(heartbeat.VARIABLE, raising=False)
    heartbeat._file.cache_clear()
    heartbeat.beat()
    heartbeat.announce(0)
    heartbeat.finish()


def test_no_other_file_is_written_to(tmp_path):
    """A process that inherits the variable and not the memory leaves files alone."""
    path = tmp_path / "precious"
    path.write_bytes(b"x" * 100)
    with open(path, "r+b") as file:
        run(file.fileno(), "heartbeat.beat(); heartbeat.finish()")
    assert path.read_bytes() == b"x" * 100


def test_cheap(file):
    """A sign costs less than 20 microseconds, so that each batch can give one."""
    code = """
start = time.perf_counter()
for _ in range(10_000): heartbeat.beat()
assert time.perf_counter() - start < 0.2
"""
    run(file, code)
