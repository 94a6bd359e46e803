"""Jobs over ssh, on hosts of their own: network namespaces with an sshd in each."""

from __future__ import annotations

import shlex
import threading
import time
import uuid

import pytest
from cluster_jobs import (
    TRAIN,
    Record,
    comes_true,
    find_processes,
    find_workers,
    python,
)
from gluon_softmax.cluster.hosts import HERE, Host
from gluon_softmax.cluster.job import Job, run_job
from gluon_softmax.errors import ArgumentError, JobError
from namespaces import make_hosts

pytestmark = [
    pytest.mark.slow,
    pytest.mark.privileged,
    pytest.mark.needs("ip", "ssh", "/usr/sbin/sshd"),
]


@pytest.fixture(scope="module")
def hosts(tmp_path_factory):
    """Return three hosts, or skip with the reason."""
    with make_hosts(tmp_path_factory.mktemp("hosts")) as made:
        yield made


@pytest.fixture
def mark(hosts):
    """Return a word for this test's workers; put the hosts back on the network."""
    word = uuid.uuid4().hex
    yield word
    for name in hosts.names:
        hosts.join(name)
    for process in find_processes(word):
        process.kill()


def make_job(hosts, mark, steps, names="abc", here=()) -> Job:
    """Return a job with a worker on each host, and two servers."""
    machines = [*here, *map(Host, names)]
    argv, ssh = python(TRAIN, str(steps), mark), shlex.split(hosts.ssh)
    return Job([], len(machines), 2, machines, ssh, argv=argv)


@pytest.mark.parametrize("here", [(), (HERE,)])
def test_over_ssh(hosts, mark, here):
    """Workers on all hosts sum up; this machine may be one of them."""
    screen = Record()
    run_job(make_job(hosts, mark, 3, "abc"[len(here) :], here), screen)
    expected = [f"worker {i} | rank {i} of 3" for i in range(3)]
    expected += [f"worker {i} | total 9.0 9.0 9.0" for i in range(3)]
    assert sorted(screen.lines) == sorted(expected)
    assert comes_true(lambda: not find_processes(mark), 1)


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
    assert f" on {name} was lost: nothing is heard of it any more" in str(info.value)
    left = 10 - (time.monotonic() - cut[0])
    assert comes_true(lambda: not find_processes(mark), left)


def test_worker_killed_elsewhere(hosts, mark):
    """The line names rank and host, and nothing is left on any host."""

    def act():
        find_workers(mark)[-1].kill()

    with pytest.raises(JobError, match=r"worker \d on [abc] was ended by SIGKILL"):
        run_job(make_job(hosts, mark, 10_000), Record("worker 1 | rank 1 of 3", act))
    assert comes_true(lambda: not find_processes(mark), 2)


def test_host_is_down(hosts, mark):
    """The line says what ssh has to say, and nothing is left on the others."""
    hosts.cut("b")
    with pytest.raises(JobError, match=r" on b was lost.*ssh: connect to"):
        run_job(make_job(hosts, mark, 3), Record())
    assert comes_true(lambda: not find_processes(mark), 2)


def test_unknown_to_ssh(hosts, mark):
    """Nothing starts anywhere."""
    screen = Record()
    with pytest.raises(ArgumentError, match="expected an address of d, found none"):
        run_job(make_job(hosts, mark, 3, names="abd"), screen)
    assert not screen.lines
