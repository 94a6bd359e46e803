"""The command `gluon-softmax notebooks`: parses, calls, prints."""

from __future__ import annotations

import argparse
import ast
import time
from pathlib import Path

from .errors import ArgumentError, InstallationError

__all__ = ["add_arguments"]


def add_arguments(commands) -> None:
    """Describe `notebooks`.

    Parameters
    ----------
    commands : argparse's subparsers
    """
    parser = commands.add_parser("notebooks", help="run the scripts as notebooks")
    parser.set_defaults(command=_notebooks)
    parser.add_argument("scripts", nargs="+", type=_script, help="what to run")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        type=_setting,
        metavar="NAME=VALUE",
        help="a parameter at the top of the scripts that have it, num_epochs=1 say",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("build/notebooks"),
        help="folder to write to, in which they also run (default: %(default)s)",
    )


def _notebooks(options: argparse.Namespace) -> int:
    """Build one notebook after the other; print how long each took."""
    try:
        from .notebooks import build, read_parameters
    except ModuleNotFoundError as error:
        raise InstallationError(
            f"{error.name} is missing, which notebooks need: pip install '.[notebooks]'"
        ) from error
    known = {name for script in options.scripts for name in read_parameters(script)}
    settings = dict(options.set)
    _check_known(settings, known)
    begin = time.perf_counter()
    for script in options.scripts:
        start = time.perf_counter()
        path = build(script, options.output, settings)
        print(f"wrote {path} ({time.perf_counter() - start:.1f} s)", flush=True)
    seconds = time.perf_counter() - begin
    print(f"all notebooks: {len(options.scripts)} in {seconds:.1f} s")
    return 0


def _check_known(settings: dict[str, object], known: set[str]) -> None:
    """Refuse a parameter that no script has."""
    for name in settings:
        if name not in known:
            raise ArgumentError(
                f"expected --set to name one of {', '.join(sorted(known))}, "
                f"found {name!r}"
            )


def _script(text: str) -> Path:
    """Turn an argument to a script that is there."""
    if not Path(text).is_file():
        raise argparse.ArgumentTypeError(f"there is no file {text}")
    return Path(text)


def _setting(text: str) -> tuple[str, object]:
    """Turn NAME=VALUE to a name and a number, a tuple or whatever else it is."""
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"expected NAME=VALUE, found {text!r}")
    try:
        return name, ast.literal_eval(value)
    except (SyntaxError, ValueError):
        return name, value
