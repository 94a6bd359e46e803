"""The command `gluon-softmax launch`: parses, starts a job, says how it ended."""

from __future__ import annotations

import argparse
import shlex
import sys

__all__ = ["add_arguments"]

FORMS = ("plain", "slurm", "kubernetes")


def add_arguments(commands) -> None:
    """Describe `launch`.

    Parameters
    ----------
    commands
        What `argparse.ArgumentParser.add_subparsers` gave.
    """
    parser = commands.add_parser(
        "launch",
        help="train in several processes, on several machines too",
        description="Start a job of workers and servers, watch it, and end all of it "
        "where one fails.",
        epilog="example: gluon-softmax launch -n 2 -- train softmax",
        usage="gluon-softmax launch -n WORKERS [options] -- COMMAND ...",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.set_defaults(command=_launch)
    parser.add_argument("-n", "--workers", type=int, required=True, help="how many")
    parser.add_argument("-s", "--servers", type=int, default=1, help="how many")
    parser.add_argument("--hosts", metavar="FILE", help="machines, one per line")
    parser.add_argument(
        "--ssh", default="ssh", help="program to reach them, e.g. ssh -F F"
    )
    parser.add_argument(
        "--restart", type=int, default=0, metavar="N", help="further attempts"
    )
    parser.add_argument(
        "--hang-limit", type=float, default=60.0, help="seconds for a worker's step"
    )
    parser.add_argument(
        "--start-limit", type=float, default=120.0, help="seconds for its first step"
    )
    parser.add_argument(
        "--print-env",
        choices=FORMS,
        help="start nothing; print each role's variables, or a job for a cluster",
    )
    parser.add_argument(
        "arguments",
        nargs=argparse.REMAINDER,
        metavar="-- COMMAND ...",
        help="what each worker runs, as in: train softmax --kvstore dist_sync",
    )


def _launch(options: argparse.Namespace) -> int:
    """Run the job, or print what it takes."""
    from ..errors import JobError
    from .job import run_job
    from .screen import Screen
    from .supervisor import Interrupted

    job = _read_job(options)
    _check_command(job)
    if options.print_env:
        _print_env(job, options.print_env)
        return 0
    try:
        run_job(job, Screen())
    except JobError as error:
        print(f"gluon-softmax: {error}", file=sys.stderr)
        return 1
    except Interrupted as error:
        print(f"gluon-softmax: interrupted; {_hint(job)}", file=sys.stderr)
        return 128 + error.number
    return 0


def _hint(job) -> str:
    """Say how to go on with a job."""
    if not job.keeps_checkpoints:
        return "to be able to go on, give --checkpoint DIR behind -- next time"
    again = "" if "--resume" in job.arguments else " with --resume at its end"
    return f"the same command{again} goes on"


def _check_command(job) -> None:
    """Let the command look at its own arguments, before any process is started."""
    from ..cli import make_parser

    options = make_parser().parse_args(job.arguments)
    check = getattr(options, "check", None)
    if check is not None:
        check(options, job.num_workers)


def _read_job(options: argparse.Namespace):
    """Check the options."""
    from ..checks import check_positive, check_whole_number
    from ..errors import ArgumentError
    from .hosts import HERE, read_hosts
    from .job import Job
    from .verdict import Limits

    arguments = options.arguments
    if arguments[:1] == ["--"]:
        arguments = arguments[1:]
    if not arguments or arguments[0] == "launch":
        raise ArgumentError(
            "expected a command for the workers behind --, found "
            f"{arguments[0] if arguments else 'nothing'}: "
            "gluon-softmax launch -n 2 -- train softmax, say"
        )
    check_whole_number("-n", options.workers, least=1)
    check_whole_number("-s", options.servers, least=1)
    check_whole_number("--restart", options.restart, least=0)
    check_positive("--hang-limit", options.hang_limit)
    check_positive("--start-limit", options.start_limit)
    return Job(
        arguments,
        options.workers,
        options.servers,
        read_hosts(options.hosts) if options.hosts else (HERE,),
        _read_ssh(options.ssh),
        Limits(start=options.start_limit, hang=options.hang_limit),
        options.restart,
    )


def _read_ssh(command: str) -> list[str]:
    """Split the command that starts ssh, as a shell would."""
    from ..errors import ArgumentError

    try:
        words = shlex.split(command)
    except ValueError:  # a quotation without an end
        words = []
    if not words:
        raise ArgumentError(
            f"expected --ssh to name a program, with options, found {command!r}"
        )
    return words


def _print_env(job, form: str) -> None:
    """Print a job in a form."""
    from .manifests import format_kubernetes, format_plain, format_slurm

    if form == "plain":
        print(format_plain(job.make_plan(), job.arguments), end="")
        return
    write = format_slurm if form == "slurm" else format_kubernetes
    print(write(job.num_workers, job.num_servers, job.arguments), end="")
