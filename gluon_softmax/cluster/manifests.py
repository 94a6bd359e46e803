"""A job for other launchers: for terminals, for Slurm, for Kubernetes.

There the processes start as `python -m gluon_softmax.cluster.role`, and the cluster
takes the launcher's place: the end of one process ends them all, as in Slurm with
`--kill-on-bad-exit` and in a Kubernetes Job with `backoffLimit: 0`. Neither notices a
worker that hangs; both have a limit for the whole.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from string import Template

from .. import __version__
from .plan import Task

__all__ = ["format_kubernetes", "format_plain", "format_slurm"]

ROLE = "python -m gluon_softmax.cluster.role"

ROLES = """\
# Process 0 is the scheduler, $servers_are, $workers_are:
# DMLC_ROLE follows from the number of the process."""

SLURM = Template(
    """\
#!/bin/bash
#SBATCH --job-name=gluon-softmax
#SBATCH --ntasks=$tasks
#SBATCH --time=01:00:00
# A job of gluon-softmax $version, which all nodes have: sbatch THIS_FILE
# Later, to go on from the last checkpoint: add --resume at the end.

$roles
export DMLC_NUM_SERVER=$servers
export DMLC_NUM_WORKER=$workers
# This script runs on the first node, and so does process 0.
export DMLC_PS_ROOT_URI=$$(hostname -I | cut -d' ' -f1)
export DMLC_PS_ROOT_PORT=$$(python -c \\
  'import socket; s = socket.socket(); s.bind(("", 0)); print(s.getsockname()[1])')
# DMLC_NODE_HOST: each process takes its node's address towards the first node.

srun --ntasks=$tasks --kill-on-bad-exit=1 --label \\
  $command
"""
)

KUBERNETES = Template(
    """\
# A job of gluon-softmax $version: kubectl apply -f THIS_FILE
# Put your image in, with that version in it, and a volume where checkpoints stay.
# Later, to go on from the last checkpoint: add "--resume" to the command, delete the
# Job and apply this again.
apiVersion: v1
kind: Service
metadata:
  name: gluon-softmax
spec:
  clusterIP: None
  publishNotReadyAddresses: true
  selector:
    job-name: gluon-softmax
---
apiVersion: batch/v1
kind: Job
metadata:
  name: gluon-softmax
spec:
  completionMode: Indexed
  completions: $tasks
  parallelism: $tasks
  backoffLimit: 0
  activeDeadlineSeconds: 3600
  template:
    spec:
      subdomain: gluon-softmax
      restartPolicy: Never
      containers:
        - name: gluon-softmax
          image: gluon-softmax:$version
          command: $command
          env:
$roles
            - name: DMLC_NUM_SERVER
              value: "$servers"
            - name: DMLC_NUM_WORKER
              value: "$workers"
            # Pod 0, by the name that Job and Service give it.
            - name: DMLC_PS_ROOT_URI
              value: gluon-softmax-0.gluon-softmax
            - name: DMLC_PS_ROOT_PORT
              value: "9091"
            # Has the scheduler listen although its own address is a name.
            - name: DMLC_USE_KUBERNETES
              value: "1"
            - name: DMLC_NODE_HOST
              valueFrom:
                fieldRef:
                  fieldPath: status.podIP
"""
)


def format_plain(plan: Sequence[Task], arguments: Sequence[str]) -> str:
    """Write a command for each process, to be typed into a terminal of its own.

    Parameters
    ----------
    plan : sequence of Task
    arguments : sequence of str
        Of `gluon-softmax`, for the workers.

    Returns
    -------
    str
    """
    lines = []
    for task in plan:
        variables = [f"{key}={value}" for key, value in sorted(task.variables.items())]
        command = [task.host.python, "-m", "gluon_softmax.cluster.role"]
        if task.role == "worker":
            command += arguments
        lines += [
            f"# {task.name}, on {task.host.name}",
            shlex.join(["env", *variables, *command]),
        ]
    return "\n".join(lines) + "\n"


def format_slurm(workers: int, servers: int, arguments: Sequence[str]) -> str:
    """Write a script for `sbatch`.

    Parameters
    ----------
    workers, servers : int
    arguments : sequence of str
        Of `gluon-softmax`, for the workers.

    Returns
    -------
    str
    """
    command = f"{ROLE} {shlex.join(arguments)}"
    return SLURM.substitute(_facts(workers, servers), command=command)


def format_kubernetes(workers: int, servers: int, arguments: Sequence[str]) -> str:
    """Write a Service and an indexed Job, for `kubectl apply`.

    Parameters
    ----------
    workers, servers : int
    arguments : sequence of str
        Of `gluon-softmax`, for the workers.

    Returns
    -------
    str
        YAML.
    """
    facts = _facts(workers, servers)
    facts["roles"] = "\n".join(
        f"            {line}" for line in facts["roles"].split("\n")
    )
    command = json.dumps([*ROLE.split(), *arguments])  # JSON is YAML
    return KUBERNETES.substitute(facts, command=command)


def _facts(workers: int, servers: int) -> dict[str, str]:
    """Give what both manifests say."""
    roles = Template(ROLES).substitute(
        servers_are=_count(1, servers, "server"),
        workers_are=_count(1 + servers, workers, "worker"),
    )
    return {
        "version": __version__,
        "workers": str(workers),
        "servers": str(servers),
        "tasks": str(1 + servers + workers),
        "roles": roles,
    }


def _count(first: int, count: int, role: str) -> str:
    """Say which processes have a role."""
    if count == 1:
        return f"{first} is the {role}"
    return f"{first}-{first + count - 1} are the {role}s"
