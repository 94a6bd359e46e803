"""Jobs over ssh, on hosts of their own: network namespaces with an sshd in each.

`test_cluster_job.py` runs them, in a network of their own.
"""

from __future__ import annotations

import threading
import time
import uuid

import pytest
from cluster_jobs import Record, TrainingJob, comes_true, find_processes, find_workers
from gluon_softmax.cluster.hosts import HERE, Host
from gluon_softmax.cluster.job import run_job
from gluon_softmax.errors import JobError
from namespaces import NAMES, make_hosts, switch


@pytest.fixture(scope="module")
def ssh(tmp_path_factory):
    """Return the ssh that reaches the three hosts."""
    return make_hosts(tmp_path_factory.mktemp("hosts"))


@pytest.fixture
def mark(ssh):
    """Return a word for this test's processes; put the hosts back on the network."""
    word = uuid.uuid4().hex
    yield word
    all_gone = comes_true(lambda: not find_processes(word), 2)
    for name in NAMES:
        switch(name, "up")
    assert all_gone


@pytest.fixture
def make_job(ssh, mark):
    """Return a function that makes a job of a worker on each host, and two servers."""

    def make(num_sums, hosts=NAMES):
        hosts = [host if host is HERE else Host(host) for host in hosts]
        return TrainingJob([str(num_sums), mark], len(hosts), 2, hosts, ssh)

    return make


@pytest.mark.parametrize("hosts", ["abc", (HERE, "b", "c")])
def test_over_ssh(make_job, hosts):
    """Workers on all hosts sum up; this machine may be one of them."""
    record = Record()
    run_job(make_job(3, hosts), record)
    expected = [f"worker {i} | rank {i} of 3" for i in range(3)]
    expected += [f"worker {i} | total 9.0 9.0 9.0" for i in range(3)]
    listening, *lines = record.lines
    assert listening.startswith("gluon-softmax: the job listens on 10.213.77.")
    assert sorted(lines) == sorted(expected)


@pytest.mark.parametrize("name", ["a", "c"])
def test_cut_off(make_job, mark, name):
    """A host that is lost, the scheduler's or another, ends the job within 10 s."""
    cut = []

    def act():
        cut.append(time.monotonic())
        threading.Thread(target=switch, args=[name, "down"]).start()

    with pytest.raises(JobError, match=f" on {name} was lost: nothing is heard of it"):
        run_job(make_job(10_000), Record("worker 1 | rank 1 of 3", act))
    left = 10 - (time.monotonic() - cut[0])
    assert comes_true(lambda: not find_processes(mark), left)


def test_worker_killed_elsewhere(make_job, mark):
    """The line names rank and host, and nothing is left on any host."""

    def act():
        found = find_workers(mark)
        next(p for p in found if p.environ()["DMLC_ROLE"] == "worker").kill()

    with pytest.raises(JobError, match=r"worker \d on [abc] was ended by signal 9"):
        run_job(make_job(10_000), Record("worker 1 | rank 1 of 3", act))


def test_host_is_down(make_job):
    """The line says what ssh has to say, and nothing is left on the others."""
    switch("b", "down")
    with pytest.raises(JobError, match=r" on b was lost.*ssh: connect to"):
        run_job(make_job(3), Record())
