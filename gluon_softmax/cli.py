"""The command `gluon-softmax`: parses, calls, prints."""

from __future__ import annotations

import argparse
import sys
import warnings
from pathlib import Path

from . import __version__, reproduce_command, study_command, train_command
from .bench.command import add_arguments as add_bench_arguments
from .data import sources
from .data.inventory import take_inventory
from .doctor import examine
from .errors import DataError, DownloadError, GluonSoftmaxError

__all__ = ["main"]

STAND_IN = "[drawn stand-in] "
"""Begins every line about data that is not Fashion-MNIST."""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with the arguments in one line."""

    def error(self, message: str):
        """Leave with exit code 2."""
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


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
        the user's, 130 when interrupted.
    """
    options = _make_parser().parse_args(arguments)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _warn
            return options.command(options)
    except GluonSoftmaxError as error:
        print(f"gluon-softmax: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("gluon-softmax: interrupted", file=sys.stderr)
        return 130


def _warn(message: Warning, *where) -> None:
    """Print a warning in one line, without the code that it comes from."""
    print(f"gluon-softmax: {message}", file=sys.stderr)


def _make_parser() -> argparse.ArgumentParser:
    """Describe the commands and their options."""
    parser = _Parser(
        prog="gluon-softmax",
        description="Softmax regression of Dive into Deep Learning, sections 3.5-3.7.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="command")
    _add_compare(commands)
    _add_data(commands)
    doctor = commands.add_parser("doctor", help="what is installed, found and amiss")
    doctor.set_defaults(command=_doctor)
    train_command.add_arguments(commands)
    study_command.add_arguments(commands)
    reproduce_command.add_arguments(commands)
    add_bench_arguments(commands)
    return parser


def _add_compare(commands) -> None:
    """Describe `compare`."""
    parser = commands.add_parser(
        "compare",
        help="train from scratch, with Gluon and by hand, side by side",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.set_defaults(command=_compare)
    parser.add_argument(
        "--num-epochs", type=int, default=5, help="passes over the data"
    )
    parser.add_argument("--batch-size", type=int, default=256, help="samples per step")
    parser.add_argument("--lr", type=float, default=0.1, help="learning rate")
    parser.add_argument(
        "--momentum", type=float, default=0.0, help="what part of a step is kept"
    )
    parser.add_argument("--seed", type=int, default=0, help="of start and batches")
    parser.add_argument("--root", help="folder with Fashion-MNIST's files")
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("figures"),
        help="folder for what is written",
    )


def _add_data(commands) -> None:
    """Describe `data`."""
    parser = commands.add_parser("data", help="list, fetch and verify the data sets")
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
            "names", nargs="*", metavar="name", help="fashion-mnist, mnist"
        )
        sub.add_argument("--root", help="folder to look in first, and to download to")
        sub.set_defaults(command=command)


def _compare(options: argparse.Namespace) -> int:
    """Train all versions; print the table; write figures and numbers."""
    from tqdm import tqdm

    from .compare import VERSIONS, run_comparison
    from .gallery import write_gallery
    from .report import format_table

    train_set, test_set, mark = _load(options.root)
    with tqdm(
        desc="training",
        unit="epoch",
        total=len(VERSIONS) * options.num_epochs,
        leave=False,
        disable=None,
    ) as bar:

        def report(name, epoch):
            bar.write(f"{mark}{name}: {epoch}")
            bar.update()

        comparison = run_comparison(
            train_set,
            test_set,
            options.num_epochs,
            options.batch_size,
            options.lr,
            options.seed,
            report,
            options.momentum,
        )
    for line in format_table(comparison):
        print(f"{mark}{line}")
    for path in write_gallery(comparison, options.output, "-stand-in" if mark else ""):
        print(f"{mark}wrote {path}")
    return 0


def _load(root: str | None):
    """Load Fashion-MNIST, or draw the stand-in where it cannot be had."""
    from .data.datasets import FashionMNIST, SyntheticFashion

    try:
        return FashionMNIST(root, train=True), FashionMNIST(root, train=False), ""
    except DownloadError as error:
        print(f"{STAND_IN}{error}; drawing garments instead", file=sys.stderr)
        return SyntheticFashion(train=True), SyntheticFashion(train=False), STAND_IN


def _doctor(options: argparse.Namespace) -> int:
    """Print what the doctor finds."""
    ready = True
    for check in examine():
        print(check, flush=True)
        ready = ready and not (check.remedy and check.essential)
    return 0 if ready else 1


def _list_data(options: argparse.Namespace) -> int:
    """Print where the data sets are."""
    for name in options.names or sources.DATA_SETS:
        for finding in take_inventory(name, options.root):
            print(finding)
    return 0


def _fetch_data(options: argparse.Namespace) -> int:
    """Download what is missing."""
    for name in options.names or sources.DATA_SETS:
        for train in sources.SPLITS:
            files = sources.read(name, train, options.root)
            split = "train" if train else "test"
            print(f"{name} {split}: {files.revision} revision in {files.folder}")
    return 0


def _verify_data(options: argparse.Namespace) -> int:
    """Print where the data sets are, and fail where one is damaged or missing."""
    for name in options.names or sources.DATA_SETS:
        for finding in take_inventory(name, options.root):
            if finding.problem:
                raise DataError(str(finding))
            print(finding)
    return 0
