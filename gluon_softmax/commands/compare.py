"""The command `gluon-softmax compare`: parses, trains all versions, prints, writes."""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

from ..trainer.settings import DATA_SETS, Settings, add_settings
from .parser import add_data
from .results import FOLDER, STAND_IN_SUFFIX, name_classes

__all__ = ["add_arguments"]

SETTINGS = ("num_epochs", "batch_size", "lr", "momentum", "seed")
STAND_IN = "[drawn stand-in] "
"""Begins every line about data that is not Fashion-MNIST."""


def add_arguments(commands) -> None:
    """Describe `compare`."""
    parser = commands.add_parser(
        "compare",
        help="train from scratch, with Gluon and by hand, side by side",
        description="Train softmax regression from scratch, with Gluon and by hand in "
        "NumPy, from the same start on the same mini-batches; print them side by side "
        "and write figures, models and numbers.",
        epilog="example: gluon-softmax compare --num-epochs 10 --momentum 0.9",
    )
    parser.set_defaults(command=_compare)
    add_data(parser)
    add_settings(parser, SETTINGS)
    parser.add_argument(
        "--output", type=Path, default=FOLDER, help="folder to write to"
    )
    parser.add_argument(
        "--animate", type=Path, help="also save how weights grew: .gif, .mp4 or .html"
    )
    parser.add_argument(
        "--language",
        choices=("en", "zh"),
        default="en",
        help="of the garments in the figures, and the font of all names there",
    )


def _compare(options: argparse.Namespace) -> int:
    """Look for a font where one is needed, before all else; then compare."""
    if options.language == "en":
        return _run(options)

    from ..figures.chinese import chinese_figures

    with chinese_figures():
        return _run(options)


def _run(options: argparse.Namespace) -> int:
    """Train all versions; print the table; write figures, models and numbers."""
    settings = {name: getattr(options, name) for name in SETTINGS}
    Settings(**settings)  # checked before MXNet is loaded, which takes seconds

    from ..chapter.compare import run_comparison
    from ..figures.animation import check_path

    if options.animate is not None:
        check_path(options.animate)
    sets, mark, suffix = _load(options)
    make_callbacks, recorders = _watch(options, mark)
    comparison = run_comparison(*sets, make_callbacks=make_callbacks, **settings)
    for name, part in zip(("training", "test"), sets):
        print(f"{mark}{name} set: {part.describe()}", file=sys.stderr)
    for line in _format_table(comparison, mark):
        print(f"{mark}{line}")
    for line in _write(comparison, options, suffix, recorders):
        print(f"{mark}{line}")
    return 0


def _watch(options: argparse.Namespace, mark: str):
    """Return what makes the callbacks of a version, and what records the first one."""
    from ..figures.animation import Recorder
    from ..figures.live import Bar

    recorders = []

    def make_callbacks(name: str, version) -> list:
        if options.animate is not None and not recorders:
            recorders.append(Recorder(lambda: version.params()[0]))
            return [Bar(f"{mark}{name}: "), *recorders]
        return [Bar(f"{mark}{name}: ")]

    return make_callbacks, recorders


def _load(options: argparse.Namespace):
    """Load the data, or draw the stand-in where Fashion-MNIST cannot be had.

    Returns training and test set, what each line begins with, and what is added to the
    names of files.
    """
    from ..data.splits import load_splits
    from ..data.synthetic import SyntheticFashion
    from ..errors import DownloadError

    is_fashion = options.data == DATA_SETS[0]
    try:
        train_set, _, test_set = load_splits(options.data, root=options.root)
    except DownloadError as error:
        if not is_fashion:
            raise
        print(f"{STAND_IN}{error}; drawing garments instead", file=sys.stderr)
        sets = [SyntheticFashion(train=train) for train in (True, False)]
        return sets, STAND_IN, STAND_IN_SUFFIX
    name = re.sub(r"[^\w.-]+", "_", Path(options.data).resolve().name)[:40]
    return (train_set, test_set), "", "" if is_fashion else f"-{name}"


def _format_table(comparison, mark: str) -> list[str]:
    """Format the comparison, with a line per version where the terminal is narrow."""
    from ..chapter.report import format_hybridized, format_narrow_table, format_table

    lines = [*format_table(comparison), format_hybridized(comparison)]
    width = shutil.get_terminal_size().columns - len(mark)
    if not sys.stdout.isatty() or max(map(len, lines)) <= width:
        return lines
    table = format_narrow_table(comparison)
    width = max(width, len(table[1]))  # whatever is narrower, the terminal wraps
    lines = [*table, format_hybridized(comparison)]
    return [part for line in lines for part in textwrap.wrap(line, width)]


def _write(comparison, options, suffix: str, recorders: list) -> Iterator[str]:
    """Write figures, models, numbers and animation; yield lines that say so."""
    from ..figures.animation import save_animation
    from ..models.gallery import write_gallery

    classes = name_classes(comparison.test_set.classes, options.language)
    files = list(write_gallery(comparison, options.output, suffix, classes))
    yield f"wrote {len(files)} files to {options.output}: figures, models, numbers"
    for recorder in recorders:
        title = f"{comparison.data}, {next(iter(comparison.histories))}"
        save_animation(recorder.frames, classes, options.animate, title)
        yield f"wrote {options.animate}"
