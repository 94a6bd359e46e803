"""The command `gluon-softmax launch`: parses, starts a job, says how it ended."""

from __future__ import annotations

import argparse
import platform
import shlex
import sys

from ..errors import ArgumentError, check_positive, check_whole_number

__all__ = ["add_arguments"]


def add_arguments(commands) -> None:
    """Describe `launch`; `train` is among the commands already."""
    parser = commands.add_parser(
        "launch",
        help="train in several processes, on several machines too",
        description="Start a job of workers and servers, watch it, and end all of it "
        "where one fails.",
        epilog="example: gluon-softmax launch -n 2 -- train softmax",
        usage="gluon-softmax launch -n WORKERS [options] -- train ...",
    )
    parser.set_defaults(command=_launch, commands=commands.choices)
    parser.add_argument(
        "-n", "--workers", type=int, required=True, help="number of workers"
    )
    parser.add_argument(
        "-s", "--servers", type=int, default=1, help="number of servers"
    )
    parser.add_argument("--hosts", metavar="FILE", help="machines, one per line")
    parser.add_argument(
        "--ssh",
        type=shlex.split,
        default="ssh",
        metavar="PROGRAM",
        help="program to reach them, e.g. ssh -F F",
    )
    parser.add_argument(
        "--restart", type=int, default=0, metavar="N", help="attempts after a failure"
    )
    parser.add_argument(
        "--hang-limit", type=float, default=60.0, help="seconds for a worker's step"
    )
    parser.add_argument(
        "--start-limit", type=float, default=120.0, help="seconds for its first step"
    )
    parser.add_argument(
        "--print-env",
        choices=("plain", "slurm", "kubernetes"),
        help="start nothing; print each role's variables, or a job for a cluster",
    )
    parser.add_argument(
        "arguments",
        nargs=argparse.REMAINDER,
        metavar="-- train ...",
        help="what each worker runs, as in: train softmax --kvstore dist_sync",
    )


def _launch(options: argparse.Namespace) -> int:
    """Run the job, or print what it takes."""
    from ..cluster.job import run_job
    from ..cluster.manifests import format_job
    from ..compat.mending import require_mxnet
    from ..errors import InstallationError, JobError
    from .interruption import hinting

    job = _read_job(options)
    if options.print_env:
        print(format_job(job, options.print_env), end="")
        return 0
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise InstallationError(
            "MXNet trains in several processes on Linux x86-64 alone, found "
            f"{platform.system()} {platform.machine()}: use gluon-softmax train"
        )
    require_mxnet()
    try:
        with hinting(_hint(job)):
            run_job(job)
    except JobError as error:
        print(f"gluon-softmax: {error}", file=sys.stderr)
        return 1
    return 0


def _hint(job) -> str:
    """Return how to go on with a job."""
    if not job.keeps_checkpoints:
        return "to be able to go on, give --checkpoint DIR behind -- next time"
    again = "" if "--resume" in job.arguments else " with --resume at its end"
    return f"the same command{again} goes on"


def _read_job(options: argparse.Namespace):
    """Return the job that the options describe, when they have been checked."""
    from ..cluster.failure import Limits
    from ..cluster.hosts import HERE, read_hosts
    from ..cluster.job import Job

    check_whole_number("-n", options.workers, least=1)
    check_whole_number("-s", options.servers, least=1)
    check_whole_number("--restart", options.restart, least=0)
    check_positive("--hang-limit", options.hang_limit)
    check_positive("--start-limit", options.start_limit)
    return Job(
        arguments=_read_arguments(options),
        num_workers=options.workers,
        num_servers=options.servers,
        hosts=read_hosts(options.hosts) if options.hosts else (HERE,),
        ssh=options.ssh,
        limits=Limits(start=options.start_limit, hang=options.hang_limit),
        restarts=options.restart,
    )


def _read_arguments(options: argparse.Namespace) -> list[str]:
    """Return the workers' command, which has looked at its own arguments."""
    arguments = options.arguments
    if arguments[:1] == ["--"]:
        arguments = arguments[1:]
    if arguments[:1] != ["train"]:
        raise ArgumentError(
            "expected train behind --, the one command that shares its work among "
            f"processes, found {arguments[0] if arguments else 'nothing'}: "
            "gluon-softmax launch -n 2 -- train softmax, say"
        )
    train = options.commands["train"].parse_args(arguments[1:])
    train.check(train, options.workers)
    return arguments
