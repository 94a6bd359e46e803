"""The parser of the command line: what its help shows, and errors in one line."""

from __future__ import annotations

import argparse
import difflib
import os
import re
from pathlib import Path

from ..trainer.settings import DATA_SETS

__all__ = ["Parser", "add_data", "read_path"]

NO_DEFAULT = (None, "", [], argparse.SUPPRESS)
METAVARS = {int: "N", float: "X", Path: "PATH"}
"""What the help calls a value."""
PATHS = ("DIR", "FILE")
"""And what it calls one that is a path, where no type is named."""


class Parser(argparse.ArgumentParser):
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
        if names == ("--data",):
            options["type"] = _read_data
        elif options.get("type") is Path or _is_untyped_path(options):
            options["type"] = read_path
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


def _is_untyped_path(options: dict) -> bool:
    """Return whether the help calls a value a path, and no type is named."""
    return "type" not in options and options.get("metavar") in PATHS


def read_path(text: str) -> Path:
    """Convert an argument to a path that can be, with ``~`` as the home folder."""
    try:
        path = Path(text).expanduser()
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return path  # may be made; who reads it says that it is not there
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise argparse.ArgumentTypeError(
            f"expected the path of a file or folder, found {text!r:.80} ({reason})"
        ) from error
    return path


def add_data(parser: Parser, default: str | None = DATA_SETS[0]) -> None:
    """Add the options that say which data set, and where it is."""
    parser.add_argument(
        "--data",
        default=default,
        metavar="{fashion-mnist,mnist,DIR}",
        help="a published data set, or a folder of pictures (DIR/CLASS/*.png, or "
        "DIR/train/CLASS and DIR/test/CLASS)",
    )
    parser.add_argument("--root", metavar="DIR", help="folder with the data set")


def _read_data(text: str) -> str:
    """Check the name of a data set, or the path of its folder, whose ``./`` stays."""
    if text not in DATA_SETS:
        read_path(text)
    return os.path.expanduser(text)


def _format(default: object) -> str:
    """Format a default as it would be typed."""
    return " ".join(map(str, default)) if isinstance(default, list) else str(default)


def _suggest(found: str, names: list[str]) -> str:
    """Return a question that names what is nearest, if anything is near."""
    near = difflib.get_close_matches(found, names, n=1)
    return f" (did you mean {near[0]}?)" if near else ""
