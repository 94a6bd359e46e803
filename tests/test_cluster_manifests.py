"""A job as text: for terminals, Slurm and Kubernetes; each is run here as it stands."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from contextlib import suppress

import pytest
from gluon_softmax.cluster.hosts import HERE
from gluon_softmax.cluster.job import Job
from gluon_softmax.cluster.manifests import format_job
from gluon_softmax.cluster.plan import find_port

ARGUMENTS = ["train", "softmax", "--output", "my folder"]


def test_plain():
    """A command per process, with all its variables and no others."""
    lines = format_job(Job(ARGUMENTS, 2, 1), "plain").splitlines()
    names = ["scheduler", "server 0", "worker 0", "worker 1"]
    assert lines[::2] == [f"# {name}, on localhost" for name in names]
    for name, line in zip(names, lines[1::2]):
        env, *words = shlex.split(line)
        variables = [word for word in words if word.startswith("DMLC_")]
        assert [env, len(variables)] == ["env", 6]
        assert f"DMLC_ROLE={name.split()[0]}" in variables
        assert words[6:9] == [sys.executable, "-m", "gluon_softmax.commands.role"]
        assert words[9:] == (ARGUMENTS if name.startswith("worker") else [])


def test_kubernetes():
    """It is YAML: a Service, and a Job whose pods find each other by it."""
    yaml = pytest.importorskip("yaml")
    service, job = yaml.safe_load_all(format_job(Job(ARGUMENTS, 3, 2), "kubernetes"))
    assert (service["kind"], job["kind"]) == ("Service", "Job")
    assert service["spec"]["clusterIP"] == "None"
    name = job["metadata"]["name"]
    assert service["spec"]["selector"] == {"job-name": name}
    spec = job["spec"]
    assert spec["completions"] == spec["parallelism"] == 6
    assert (spec["completionMode"], spec["backoffLimit"]) == ("Indexed", 0)
    pod = spec["template"]["spec"]
    assert pod["subdomain"] == service["metadata"]["name"]
    (container,) = pod["containers"]
    assert container["args"][3:] == ARGUMENTS
    variables = {v["name"]: v.get("value") for v in container["env"]}
    assert variables["DMLC_PS_ROOT_URI"] == f"{name}-0.{pod['subdomain']}"
    assert (variables["DMLC_NUM_WORKER"], variables["DMLC_NUM_SERVER"]) == ("3", "2")


@pytest.mark.needs("bash")
def test_slurm():
    """Bash understands it; it asks for as many tasks as it starts."""
    text = format_job(Job(ARGUMENTS, 3, 1), "slurm")
    done = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.findall(r"--ntasks=(\d+)", text) == ["5", "5"]
    assert "--kill-on-bad-exit=1" in text
    assert "%" not in text


ROLE = """
import sys, time
sys.path[:0] = {path!r}
from cluster_jobs import TRAIN
from gluon_softmax.cluster import heartbeat
from gluon_softmax.commands import main, role
def train(arguments):
    exec(TRAIN, {{"heartbeat": heartbeat, "time": time, "sys": sys}})
    print(*arguments)
main.main = train
role.main()
"""
"""Plays a role; with `3` for arguments, a worker sums three times over all workers."""

PYTHON = """#!/bin/sh
# Stands in for python, where it is to play a role.
[ "$1 $2" = "-m gluon_softmax.commands.role" ] || exec {python} "$@"
shift 2
exec {python} {folder}/role.py "$@"
"""


@pytest.fixture
def run(tmp_path):
    """Return a function that runs commands at a time, and returns what each printed."""
    (tmp_path / "role.py").write_text(ROLE.format(path=sys.path))
    write_script(
        tmp_path / "python", PYTHON.format(python=sys.executable, folder=tmp_path)
    )
    started = []

    def run_all(*commands, **each):
        for number, command in enumerate(commands):
            own = {key: str(value).format(number) for key, value in each.items()}
            own["PATH"] = f"{tmp_path}:{os.environ['PATH']}"
            process = subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, **own},
                cwd=tmp_path,
                start_new_session=True,
            )
            started.append(process)
        return [process.communicate(timeout=120)[0].splitlines() for process in started]

    yield run_all
    for process in started:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def write_script(path, text: str) -> None:
    """Write a program that can be started."""
    path.write_text(text)
    path.chmod(0o755)


RESULT = ["total 5.0 5.0 5.0", "3"]  # of the last step, 2 + 0 and 2 + 1, over all

SRUN = """#!/bin/bash
# Stands in for Slurm's srun: all tasks on this machine.
for option; do [[ $option == --ntasks=* ]] && tasks=${option#*=}; done
while [[ $1 == --* ]]; do shift; done
for ((task = 0; task < tasks; task++)); do SLURM_PROCID=$task "$@" >said.$task & done
wait
cat said.*
"""


@pytest.mark.slow
@pytest.mark.needs("bash")
def test_slurm_runs(run, tmp_path):
    """With something in place of srun, the script is a job that ends well."""
    write_script(tmp_path / "srun", SRUN)
    (said,) = run(["bash", "-c", format_job(Job(["3"], 2, 1), "slurm")])
    assert sorted(said) == sorted(["rank 0 of 2", "rank 1 of 2", *RESULT, *RESULT])


@pytest.mark.slow
def test_kubernetes_runs(run):
    """What each container runs, run here, is a job that ends well."""
    yaml = pytest.importorskip("yaml")
    _, job = yaml.safe_load_all(format_job(Job(["3"], 2, 1), "kubernetes"))
    (container,) = job["spec"]["template"]["spec"]["containers"]
    own = {v["name"]: v["value"] for v in container["env"] if "value" in v}
    # What only a cluster gives: the name of pod 0, and an address per pod.
    own["DMLC_PS_ROOT_URI"] = own["DMLC_NODE_HOST"] = "127.0.0.1"
    own["DMLC_PS_ROOT_PORT"] = find_port(HERE, "127.0.0.1")
    command = [*container["command"], *container["args"]]
    commands = [command] * job["spec"]["completions"]
    said = run(*commands, JOB_COMPLETION_INDEX="{}", **own)
    assert [lines[-2:] for lines in said] == [[], [], RESULT, RESULT]
