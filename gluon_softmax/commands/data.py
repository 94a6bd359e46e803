"""The commands `gluon-softmax data list`, `data fetch` and `data verify`."""

from __future__ import annotations

import argparse

from ..errors import DataError

__all__ = ["add_arguments", "fetch_data"]


def add_arguments(commands) -> None:
    """Describe `data` and its actions."""
    parser = commands.add_parser(
        "data",
        help="list, fetch and verify the data sets",
        description="List which data sets are on this machine, download what is not, "
        "or check every file against its published checksum.",
        epilog="example: gluon-softmax data fetch fashion-mnist",
    )
    actions = parser.add_subparsers(required=True, metavar="action")
    for name, command, text in (
        ("list", _list_data, "where each data set was found, and of which revision"),
        ("fetch", fetch_data, "download what is not on this machine"),
        ("verify", _list_data, "as list, but fail if a file is damaged or missing"),
    ):
        action = actions.add_parser(name, help=text)
        action.set_defaults(command=command, must_be_there=name == "verify")
        action.add_argument(
            "names", nargs="*", metavar="name", help="fashion-mnist, mnist or both"
        )
        action.add_argument(
            "--root", metavar="DIR", help="folder to look in, and to download to"
        )


def fetch_data(options: argparse.Namespace) -> int:
    """Download what is missing."""
    from ..data import sources
    from ..data.published import PUBLISHED

    for name in options.names or PUBLISHED:
        for is_train in (True, False):
            files = sources.read(name, is_train, options.root)
            split = "train" if is_train else "test"
            print(f"{name} {split}: {files.revision} revision in {files.folder}")
    return 0


def _list_data(options: argparse.Namespace) -> int:
    """Print where the data sets are; `verify` fails where one is not as it should."""
    from ..data.published import PUBLISHED
    from ..data.sources import check_variable, take_inventory

    check_variable()
    for name in options.names or PUBLISHED:
        for finding in take_inventory(name, options.root):
            if finding.problem and options.must_be_there:
                raise DataError(str(finding))
            print(finding)
    return 0
