"""A worker's signs of life, as its keeper reads them."""

from __future__ import annotations

import os
import subprocess

import pytest
from cluster_jobs import python
from gluon_softmax.cluster import heartbeat


@pytest.fixture
def file():
    """Return the memory."""
    number = heartbeat.make()
    yield number
    os.close(number)


def run(file: int, code: str) -> str:
    """Let a process that is told of the memory run some lines."""
    variables = {**os.environ, heartbeat.VARIABLE: str(file)}
    return subprocess.check_output(
        python(code), env=variables, pass_fds=[file], text=True
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


def test_outside_a_job(tmp_path):
    """Without a job the signs go nowhere: not even to the file of that number."""
    path = tmp_path / "precious"
    path.write_bytes(b"x" * 100)
    with open(path, "r+b") as file:
        code = "heartbeat.beat(); heartbeat.announce(0); heartbeat.finish()"
        subprocess.run(python(code), pass_fds=[file.fileno()], check=True)
    assert path.read_bytes() == b"x" * 100


def test_no_child_inherits_it(file):
    """What a worker starts must not take another file for the memory."""
    assert run(file, f"print({heartbeat.VARIABLE!r} in os.environ)") == "False\n"
