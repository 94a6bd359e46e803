"""The command `gluon-softmax`: parses, calls, prints."""

from __future__ import annotations

import argparse
import difflib
import os
import re
import sys
import warnings
from pathlib import Path

from .. import __version__
from ..errors import DataError, GluonSoftmaxError
from . import compare, export, notebooks, predict, reproduce, study, train
from .bench import add_arguments as add_bench_arguments
from .interruption import Terminated, raising_at_sigterm
from .launch import add_arguments as add_launch_arguments
from .page.command import add_arguments as add_page_arguments
from .run import add_arguments as add_run_arguments
from .setup import add_arguments as add_setup_arguments

__all__ = ["main", "make_parser"]


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with the arguments in one line, and what may be meant."""

    def __init__(self, **options):
        options.update(formatter_class=argparse.HelpFormatter, allow_abbrev=False)
        self._names: list[str] = []
        super().__init__(**options)

    def add_argument(self, *names, **options):
        """Add an argument, with what its value is and its default in the help."""
        self._names += [name for name in names if name.startswith("--")]
        default, text = options.get("default"), options.get("help", "")
        has_default = not isinstance(default, bool) and default not in NO_DEFAULT
        if has_default and "default:" not in text:
            options["help"] = f"{text} (default: {_format(default)})"
        is_open = options.get("metavar") is None and names[0].startswith("-")
        if is_open and options.get("type") in METAVARS:
            options["metavar"] = METAVARS[options["type"]]
        return super().add_argument(*names, **options)

    def parse_known_args(self, args=None, namespace=None):
        """Leave at once where an option is unknown: this parser knows the others."""
        options, unknown = super().parse_known_args(args, namespace)
        if unknown:
            near = _suggest(unknown[0].partition("=")[0], self._names)
            self.error(f"unrecognized arguments: {' '.join(unknown)}{near}")
        return options, unknown

    def error(self, message: str):
        """Leave with exit code 2."""
        found, _, choices = message.partition(" (choose from ")
        if choices:
            word = found.rpartition(": ")[2].strip("'")
            message += _suggest(word, re.findall(r"[\w-]+", choices))
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


NO_DEFAULT = (None, "", [], argparse.SUPPRESS)
METAVARS = {int: "N", float: "X", Path: "PATH"}
"""What the help calls a value."""


def _format(default: object) -> str:
    """Format a default as it would be typed."""
    return " ".join(map(str, default)) if isinstance(default, list) else str(default)


def _suggest(found: str, names: list[str]) -> str:
    """Return a question that names what is nearest, if anything is near."""
    near = difflib.get_close_matches(found, names, n=1)
    return f" (did you mean {near[0]}?)" if near else ""


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
    options = make_parser().parse_args(arguments)
    try:
        with warnings.catch_warnings(), raising_at_sigterm():
            warnings.showwarning = _warn
            code = options.command(options)
            sys.stdout.flush()  # here, where it can still be caught
            return code
    except BrokenPipeError:  # `| head` has read enough; nor may Python's end complain
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except GluonSoftmaxError as error:
        print(f"gluon-softmax: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as stop:
        hint = str(stop) or "nothing was kept; the same command begins anew"
        print(f"gluon-softmax: interrupted: {hint}", file=sys.stderr)
        return 143 if isinstance(stop, Terminated) else 130


def _warn(message: Warning, *where) -> None:
    """Print a warning in one line, without the code that it comes from."""
    print(f"gluon-softmax: {message}", file=sys.stderr)


def make_parser() -> argparse.ArgumentParser:
    """Describe the commands and their options.

    Returns
    -------
    argparse.ArgumentParser
        What it parses has a `command` to call with it, and may have a `check` to call
        first with it and the number of processes.
    """
    parser = _Parser(
        prog="gluon-softmax",
        description="Softmax regression of Dive into Deep Learning, sections 3.5-3.7.",
        epilog="example: gluon-softmax compare",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="command")
    compare.add_arguments(commands)
    _add_data(commands)
    doctor = commands.add_parser(
        "doctor",
        help="what is installed, found and amiss",
        description="Look at versions, libraries, data and memory, and say what to do "
        "about anything amiss; exit with 1 where nothing runs without it.",
        epilog="example: gluon-softmax doctor",
    )
    doctor.set_defaults(command=_doctor)
    add_setup_arguments(commands)
    add_run_arguments(commands)
    train.add_arguments(commands)
    add_launch_arguments(commands)
    study.add_arguments(commands)
    reproduce.add_arguments(commands)
    add_page_arguments(commands)
    predict.add_arguments(commands)
    export.add_arguments(commands)
    notebooks.add_arguments(commands)
    add_bench_arguments(commands)
    return parser


def _add_data(commands) -> None:
    """Describe `data`."""
    parser = commands.add_parser(
        "data",
        help="list, fetch and verify the data sets",
        description="List which data sets are on this machine, download what is not, "
        "or check every file against its published checksum.",
        epilog="example: gluon-softmax data fetch fashion-mnist",
    )
    actions = parser.add_subparsers(required=True, metavar="action")
    for action, text, command in (
        ("list", "where each data set was found, and of which revision", _list_data),
        ("fetch", "download what is not on this machine", _fetch_data),
        (
            "verify",
            "as list, but fail where anything is damaged or missing",
            _verify_data,
        ),
    ):
        sub = actions.add_parser(action, help=text)
        sub.add_argument(
            "names", nargs="*", metavar="name", help="fashion-mnist, mnist or both"
        )
        sub.add_argument(
            "--root", metavar="DIR", help="folder to look in, and to download to"
        )
        sub.set_defaults(command=command)


def _doctor(options: argparse.Namespace) -> int:
    """Print what the doctor finds."""
    from .doctor import examine

    ready = True
    for check in examine():
        print(check, flush=True)
        ready = ready and not (check.remedy and check.essential)
    return 0 if ready else 1


def _list_data(options: argparse.Namespace) -> int:
    """Print where the data sets are."""
    for finding in _find_data(options):
        print(finding)
    return 0


def _fetch_data(options: argparse.Namespace) -> int:
    """Download what is missing."""
    from ..data import sources

    for name in options.names or sources.DATA_SETS:
        for is_train in sources.SPLITS:
            files = sources.read(name, is_train, options.root)
            split = "train" if is_train else "test"
            print(f"{name} {split}: {files.revision} revision in {files.folder}")
    return 0


def _verify_data(options: argparse.Namespace) -> int:
    """Print where the data sets are, and fail where one is damaged or missing."""
    for finding in _find_data(options):
        if finding.problem:
            raise DataError(str(finding))
        print(finding)
    return 0


def _find_data(options: argparse.Namespace):
    """Look for the data sets that were named, or for all."""
    from ..data.inventory import take_inventory
    from ..data.sources import DATA_SETS

    for name in options.names or DATA_SETS:
        yield from take_inventory(name, options.root)
