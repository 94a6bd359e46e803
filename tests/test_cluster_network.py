"""Jobs over ssh, on hosts of their own: network namespaces with an sshd in each."""

from __future__ import annotations

import os
import shlex
import signal
import threading
import time
import uuid

import pytest
from cluster_jobs import TRAIN, comes_true, find_processes, python
from gluon_softmax.cluster.hosts import HERE, Host
from gluon_softmax.cluster.job import Job, run_job
from gluon_softmax.errors import ArgumentError, JobError
from namespaces import make_hosts
from test_cluster_job import Record

pytestmark = [
    pytest.mark.slow,
    pytest.mark.privileged,
    pytest.mark.needs("ip", "ssh", "/usr/sbin/sshd"),
]


@pytest.fixture(scope="module")
def hosts(tmp_path_factory):
    """Give three hosts, or skip with the reason."""
    with make_hosts(tmp_path_factory.mktemp("hosts")) as made:
        yield made


@pytest.fixture
def mark(hosts):
    """Give a word for this test's workers; put the hosts back on the network."""
    word = uuid.uuid4().hex
    yield word
    for name in hosts.names:
        hosts.join(name)
    for pid in find_processes(word):
        os.kill(pid, signal.SIGKILL)


def make_job(hosts, mark, steps, names="abc", here=()) -> Job:
    """Make a job with a worker on each host, and two servers."""
    machines = [*here, *map(Host, names)]
    return Job(
        [],
        len(machines),
        2,
        machines,
        shlex.split(hosts.ssh),
        argv=python(TRAIN, str(steps), mark),
    )


@pytest.mark.parametrize("here", [(), (HERE,)])
def test_over_ssh(hosts, mark, here):
    """Workers on all hosts sum up; this machine may be one of them."""
    names = "abc"[len(here) :]
    screen = Record()
    run_job(make_job(hosts, mark, 3, names, here), screen)
    places, *lines = screen.lines
    expected = [f"worker {i} | rank {i} of 3" for i in range(3)]
    expected += [f"worker {i} | total 9.0 9.0 9.0" for i in range(3)]
    assert sorted(lines) == sorted(expected)
    assert places.startswith(f"scheduler on {'localhost' if here else 'a'}, server")
    assert not find_processes(mark)


@pytest.mark.parametrize("name", [pytest.param("a", marks=pytest.mark.heavy), "c"])
def test_cut_off(hosts, mark, name):
    """A host that is lost in training, the scheduler's or another, ends the job."""
    cut = []

    def act():
        cut.append(time.monotonic())
        threading.Thread(target=hosts.cut, args=[name]).start()

    with pytest.raises(JobError) as info:
        run_job(make_job(hosts, mark, 10_000), Record("worker 1 | rank 1 of 3", act))
    assert time.monotonic() - cut[0] < 10
    assert f" on {name} was lost: no sign of {name} for 5 s" in str(info.value)
    left = 10 - (time.monotonic() - cut[0])
    assert comes_true(lambda: not find_processes(mark), left)


def test_worker_killed_elsewhere(hosts, mark):
    """The line names rank and host, and nothing is left on any host."""

    def act():
        os.kill(find_processes(mark)[-1], signal.SIGKILL)

    with pytest.raises(JobError, match=r"worker \d on [abc] was ended by SIGKILL"):
        run_job(make_job(hosts, mark, 10_000), Record("worker 1 | rank 1 of 3", act))
    assert not find_processes(mark)


def test_host_is_down(hosts, mark):
    """Nothing starts anywhere."""
    hosts.cut("b")
    start = time.monotonic()
    with pytest.raises(
        ArgumentError, match=r"b cannot be reached over ssh \(ssh: conn"
    ):
        run_job(make_job(hosts, mark, 3), Record())
    assert time.monotonic() - start < 15
    assert not find_processes(mark)


def test_unknown_to_ssh(hosts, mark):
    """What ssh says of a host that it does not know is passed on."""
    with pytest.raises(ArgumentError, match="d cannot be reached over ssh"):
        run_job(make_job(hosts, mark, 3, names="abd"), Record())
