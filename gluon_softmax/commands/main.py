"""The command `gluon-softmax`: parses, calls, prints."""

from __future__ import annotations

import argparse
import os
import sys
import warnings

from .. import __version__
from ..errors import ArgumentError, DataError, GluonSoftmaxError
from . import (
    bench,
    compare,
    data,
    export,
    launch,
    notebooks,
    predict,
    reproduce,
    run,
    setup,
    study,
    train,
)
from .interruption import Terminated, raising_at_sigterm
from .page import command as page
from .parser import Parser

__all__ = ["main", "make_parser"]


def main(arguments: list[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    arguments : list of str, optional
        What stands behind the program's name; taken from the command line if not given.

    Returns
    -------
    int
        0 where all went well, 1 where `doctor` found something amiss, 2 for an error of
        the user's, 130 when interrupted by Ctrl-C, 143 by SIGTERM, 141 where nobody
        reads on.
    """
    if hasattr(sys.stdout, "reconfigure"):  # a console of cp1252 has no Chinese
        sys.stdout.reconfigure(errors="backslashreplace")
    options = make_parser().parse_args(arguments)
    try:
        with warnings.catch_warnings(), raising_at_sigterm():
            warnings.showwarning = _warn
            _check_root(options)
            code = options.command(options)
            sys.stdout.flush()  # here, where it can still be caught
            return code
    except BrokenPipeError:  # `| head` has read enough; nor may Python's end complain
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except GluonSoftmaxError as error:
        print(f"gluon-softmax: {_format(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as stop:
        hint = str(stop) or "nothing was kept; the same command begins anew"
        print(f"gluon-softmax: interrupted: {hint}", file=sys.stderr)
        return 143 if isinstance(stop, Terminated) else 130


def _warn(message: Warning, *where) -> None:
    """Print a warning in one line, without the code that it comes from."""
    print(f"gluon-softmax: {message}", file=sys.stderr)


def _check_root(options: argparse.Namespace) -> None:
    """Check that the folder named for the data is there, unless it is to be made."""
    root = getattr(options, "root", None)
    is_made = options.command is data.fetch_data
    if root and not is_made and not os.path.exists(os.path.expanduser(root)):
        raise DataError(f"--root names {root}, which is not there: name another folder")


def _format(error: GluonSoftmaxError) -> str:
    """Return an error's message, with the option that was typed for its argument."""
    name = error.argument if isinstance(error, ArgumentError) else ""
    if not name.isidentifier():
        return str(error)
    return str(error).replace(name, f"--{name.replace('_', '-')}", 1)


def make_parser() -> argparse.ArgumentParser:
    """Describe the commands and their options.

    Returns
    -------
    argparse.ArgumentParser
        What it parses has a `command` to call with it, and may have a `check` to call
        first with it and the number of processes.
    """
    parser = Parser(
        prog="gluon-softmax",
        description="Softmax regression of Dive into Deep Learning, sections 3.5-3.7.",
        epilog="example: gluon-softmax compare",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="command")
    compare.add_arguments(commands)
    data.add_arguments(commands)
    _add_doctor(commands)
    for command in (setup, run, train, launch, study, reproduce, page, predict):
        command.add_arguments(commands)
    for command in (export, notebooks, bench):
        command.add_arguments(commands)
    return parser


def _add_doctor(commands) -> None:
    """Describe `doctor`."""
    doctor = commands.add_parser(
        "doctor",
        help="what is installed, found and amiss",
        description="Look at versions, libraries, data and memory, and say what to do "
        "about anything amiss; exit with 1 where nothing runs without it.",
        epilog="example: gluon-softmax doctor",
    )
    doctor.set_defaults(command=_doctor)


def _doctor(options: argparse.Namespace) -> int:
    """Print what the doctor finds."""
    from .doctor import examine

    ready = True
    for check in examine():
        print(check, flush=True)
        ready = ready and not (check.remedy and check.essential)
    return 0 if ready else 1
