"""A job as text for other launchers: for terminals, for Slurm, for Kubernetes.

There the processes start as `python -m gluon_softmax.commands.role`, and the cluster
takes the launcher's place: the end of one process ends them all, as in Slurm with
`--kill-on-bad-exit` and in a Kubernetes Job with `backoffLimit: 0`. Neither notices a
worker that hangs; both have a limit for the whole.
"""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from string import Template

from .. import __version__
from .job import Job

__all__ = ["format_job"]

TEMPLATES = Path(__file__).with_name("templates")
ROLE = ("-m", "gluon_softmax.commands.role")


class _Template(Template):
    """A template of a script, whose own variables begin with a dollar."""

    delimiter = "%"


def format_job(job: Job, form: str) -> str:
    """Return a job as 'plain' commands, for 'slurm' or for 'kubernetes'."""
    if form == "plain":
        return _format_commands(job)
    command = ["python", *ROLE, *job.arguments]
    if form == "slurm":
        return _fill_in("slurm.sh", job, shlex.join(command))
    return _fill_in("kubernetes.yaml", job, json.dumps(command))  # JSON is YAML


def _format_commands(job: Job) -> str:
    """Return a command for each process, to be typed into a terminal of its own."""
    lines = []
    for task in job.make_plan():
        variables = [f"{key}={value}" for key, value in sorted(task.variables.items())]
        arguments = job.arguments if task.role == "worker" else []
        command = ["env", *variables, task.host.python, *ROLE, *arguments]
        lines += [f"# {task.name}, on {task.host.name}", shlex.join(command)]
    return "\n".join(lines) + "\n"


def _fill_in(name: str, job: Job, command: str) -> str:
    """Return a template with a job's numbers and the command of each process."""
    return _Template((TEMPLATES / name).read_text(encoding="utf-8")).substitute(
        version=__version__,
        tasks=1 + job.num_servers + job.num_workers,
        servers=job.num_servers,
        workers=job.num_workers,
        command=command,
    )
