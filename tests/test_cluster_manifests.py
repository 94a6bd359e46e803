"""A job as text: for terminals, Slurm and Kubernetes."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys

import pytest
from gluon_softmax.cluster.job import Job
from gluon_softmax.cluster.manifests import format_job

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


STAND_INS = {
    "python": 'echo "$DMLC_ROLE $*"',
    "srun": """
while [[ $1 == --* ]]; do shift; done
for SLURM_PROCID in 0 1 2 3; do export SLURM_PROCID; "$@"; done
""",
}


@pytest.fixture
def environment(tmp_path):
    """Return where python says which role it is to play, and srun runs four tasks."""
    for name, code in STAND_INS.items():
        path = tmp_path / name
        path.write_text(f"#!/bin/bash\n{code}")
        path.chmod(0o755)
    return {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}


PLAYED = [
    f"{role} -m gluon_softmax.commands.role {' '.join(ARGUMENTS)}"
    for role in ("scheduler", "server", "worker", "worker")
]


@pytest.mark.needs("bash")
def test_slurm_roles(environment):
    """Each of as many tasks as it asks for plays the role of its number."""
    script = format_job(Job(ARGUMENTS, 2, 1), "slurm")
    assert re.findall(r"--ntasks=(\d+)", script) == ["4", "4"]
    assert "--kill-on-bad-exit=1" in script
    text = subprocess.check_output(["bash", "-c", script], env=environment, text=True)
    assert text.splitlines() == PLAYED


@pytest.mark.needs("bash")
def test_kubernetes_roles(environment):
    """Each pod plays the role of its number."""
    yaml = pytest.importorskip("yaml")
    _, job = yaml.safe_load_all(format_job(Job(ARGUMENTS, 2, 1), "kubernetes"))
    (container,) = job["spec"]["template"]["spec"]["containers"]
    own = {v["name"]: v["value"] for v in container["env"] if "value" in v}
    command = [*container["command"], *container["args"]]
    texts = [
        subprocess.check_output(
            command,
            env={**environment, **own, "JOB_COMPLETION_INDEX": str(number)},
            text=True,
        )
        for number in range(job["spec"]["completions"])
    ]
    assert [text.rstrip() for text in texts] == PLAYED
