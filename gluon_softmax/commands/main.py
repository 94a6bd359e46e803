"""The command `gluon-softmax`: parses, calls, prints."""

from __future__ import annotations

import argparse
import os
import sys
import warnings

from .. import __version__
from ..cluster.variables import ignore_variables
from ..errors import ArgumentError, DataError, GluonSoftmaxError, show
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
from .terminal import showing_names

__all__ = ["main", "make_parser"]


def main(arguments: list[str] | None = None) -> int:
    """Run a command: 2 is an error of the user's, 1 what `doctor` found amiss.

    It is 130 when interrupted by Ctrl-C, 143 by SIGTERM, 141 where nobody reads on.
    """
    # Where `>&-` has closed one, nothing else may get its number.
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    if hasattr(sys.stdout, "reconfigure"):  # a console of cp1252 has no Chinese
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        return _call(arguments)
    except BrokenPipeError:  # `| head` has read enough
        _drop_output()
        return 141
    except OSError as error:
        place = "standard output" if _drop_output() else error.filename or "a file"
        problem = f"{place} cannot be used ({error.strerror or error})"
        print(f"gluon-softmax: {problem}: choose another place", file=sys.stderr)
        return 2
    except GluonSoftmaxError as error:
        print(f"gluon-softmax: {_format(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as stop:
        hint = str(stop) or "nothing was kept; the same command begins anew"
        print(f"gluon-softmax: interrupted: {hint}", file=sys.stderr)
        return 143 if isinstance(stop, Terminated) else 130


def _call(arguments: list[str] | None) -> int:
    """Parse the arguments and call the command that they name."""
    try:
        options = make_parser().parse_args(arguments)
        with warnings.catch_warnings(), raising_at_sigterm(), showing_names():
            warnings.showwarning = _warn
            # What Pillow finds odd in a picture that it reads all the same.
            warnings.filterwarnings("ignore", module=r"PIL\.")
            _ignore_variables()
            _check_folders(options)
            return options.command(options)
    finally:
        sys.stdout.flush()  # here, where it can be caught that this fails


def _drop_output() -> bool:
    """Drop what cannot be printed, for Python's end would try again and complain.

    Returns whether there was anything.
    """
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return True
    return False


def _warn(message: Warning, *where) -> None:
    """Print a warning in one line, without the code that it comes from."""
    text = show(message, keep="\t")
    print(f"gluon-softmax: {text}", file=sys.stderr)


def _ignore_variables() -> None:
    """Leave out what would make this process part of a job; say which it was."""
    if names := ignore_variables(os.environ):
        warnings.warn(f"outside a job ignored: {', '.join(names)}", stacklevel=2)


def _check_folders(options: argparse.Namespace) -> None:
    """Check that this folder is there, and the one for the data, unless it is made."""
    try:
        os.getcwd()
    except FileNotFoundError as error:
        raise DataError(
            "the working directory was removed: change to another one (cd)"
        ) from error
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
    """Describe the commands, each with a `command` to call with what was parsed."""
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
