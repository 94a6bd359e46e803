"""The processes of a job, as they see themselves."""

from __future__ import annotations

import subprocess
import sys

import pytest
from cluster_jobs import FOLDER
from gluon_softmax.cluster.role import address_towards, complete
from gluon_softmax.errors import ArgumentError

ROOT = {
    "DMLC_PS_ROOT_URI": "127.0.0.1",
    "DMLC_PS_ROOT_PORT": "9091",
    "DMLC_NUM_WORKER": "2",
    "DMLC_NUM_SERVER": "2",
}


@pytest.mark.parametrize("name", ["SLURM_PROCID", "JOB_COMPLETION_INDEX"])
def test_role_by_number(name):
    """The first is the scheduler, then come the servers, then the workers."""
    roles = []
    for index in range(5):
        variables = {**ROOT, name: str(index)}
        complete(variables)
        roles.append(variables["DMLC_ROLE"])
        assert variables["DMLC_NODE_HOST"] == "127.0.0.1"
    assert roles == ["scheduler", "server", "server", "worker", "worker"]


def test_what_is_set_stays():
    """A role and an address that are given are not changed."""
    given = {"DMLC_ROLE": "server", "DMLC_NODE_HOST": "10.0.0.9", "SLURM_PROCID": "0"}
    variables = {**ROOT, **given}
    complete(variables)
    assert variables == {**ROOT, **given}


@pytest.mark.parametrize("missing", [*ROOT, "DMLC_ROLE"])
def test_missing_variable(missing):
    """The error names the variable, in one line."""
    variables = {**ROOT, "DMLC_ROLE": "worker"}
    del variables[missing]
    with pytest.raises(ArgumentError, match=f"expected {missing} to be set") as info:
        complete(variables)
    assert "\n" not in str(info.value)


def test_no_way_there():
    """An address that means nothing is named."""
    with pytest.raises(ArgumentError, match=r"found 'no\.such\.host'"):
        address_towards("no.such.host")


@pytest.mark.parametrize(
    ("cause", "code", "said"),
    [
        ("raise ValueError('broken')", 1, "ValueError: broken"),
        ("raise SystemExit(7)", 7, ""),
        ("raise SystemExit('enough')", 1, "enough"),
        ("raise KeyboardInterrupt", 1, "KeyboardInterrupt"),
        ("return 3", 3, ""),
        ("return 0", 0, ""),
    ],
)
def test_a_failed_worker_leaves_at_once(cause, code, said):
    """It does not run what waits at the end of Python; one that succeeds does."""
    text = f"""
import sys, types, atexit
sys.path.insert(0, {FOLDER!r})
from gluon_softmax.cluster import role
def run(arguments):
    print(*arguments)
    {cause}
sys.modules["gluon_softmax.cli"] = types.SimpleNamespace(main=run)
atexit.register(print, "barrier")
role.work(["train", "gluon"])
"""
    done = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == code
    assert done.stdout.split() == ["train", "gluon"] + ["barrier"] * (code == 0)
    assert said in done.stderr
