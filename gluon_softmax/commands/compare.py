"""The command `gluon-softmax compare`: parses, trains all versions, prints, writes."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ..errors import DownloadError
from ..trainer.settings import Settings, add_settings

__all__ = ["FOLDER", "add_arguments"]

FOLDER = Path("comparison")
"""Where figures, models and numbers go, and where other commands look for them."""

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
    add_settings(parser, SETTINGS)
    parser.add_argument("--root", metavar="DIR", help="folder with Fashion-MNIST")
    parser.add_argument(
        "--output",
        type=Path,
        default=FOLDER,
        metavar="DIR",
        help="folder for what is written",
    )
    parser.add_argument(
        "--animate",
        type=Path,
        metavar="FILE",
        help="also save how templates and curves grew: .gif, .mp4 or .html",
    )
    parser.add_argument(
        "--language",
        choices=("en", "zh"),
        default="en",
        help="of the names of the classes in the figures",
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
    _check(options)

    from ..chapter.compare import run_comparison
    from ..chapter.report import format_hybridized, format_table
    from ..data.labels import get_fashion_mnist_labels
    from ..models.gallery import write_gallery

    watching = _Watching(options.animate)
    train_set, test_set, mark = _load(options)
    comparison = run_comparison(
        train_set,
        test_set,
        options.num_epochs,
        options.batch_size,
        options.lr,
        options.seed,
        options.momentum,
        lambda name, version: watching.start(f"{mark}{name}: ", version),
    )
    for line in format_table(comparison):
        print(f"{mark}{line}")
    print(f"{mark}{format_hybridized(comparison)}")
    suffix = "-stand-in" if mark else ""
    names = get_fashion_mnist_labels(range(10), options.language)
    for path in write_gallery(comparison, options.output, suffix, names):
        print(f"{mark}wrote {path}")
    for path in watching.write(comparison, names):
        print(f"{mark}wrote {path}")
    return 0


def _check(options: argparse.Namespace) -> None:
    """Check the settings before MXNet is loaded, which takes seconds."""
    Settings(**{name: getattr(options, name) for name in SETTINGS})


class _Watching:
    """What watches the versions train: a bar, and a recorder where one is asked for."""

    def __init__(self, path: Path | None):
        from ..figures.animation import check_path

        self._path, self._recorder = path, None
        if path is not None:
            check_path(path)

    def start(self, prefix: str, version):
        """Return the callbacks of the next version; the first one is recorded."""
        from ..figures.animation import Recorder
        from ..figures.live import Bar

        if self._path is None or self._recorder is not None:
            return [Bar(prefix)]
        self._recorder = Recorder(lambda: version.params()[0])
        return [Bar(prefix), self._recorder]

    def write(self, comparison, classes):
        """Write the animation; give its path."""
        from ..figures.animation import save_animation

        if self._path is None:
            return
        name = next(iter(comparison.histories))
        title = f"{comparison.data}, {name}"
        yield save_animation(self._recorder.frames, classes, self._path, title)


def _load(options: argparse.Namespace):
    """Load Fashion-MNIST, or draw the stand-in where it cannot be had."""
    from ..data.mnist import FashionMNIST
    from ..data.synthetic import SyntheticFashion

    root = options.root
    try:
        return FashionMNIST(root, train=True), FashionMNIST(root, train=False), ""
    except DownloadError as error:
        print(f"{STAND_IN}{error}; drawing garments instead", file=sys.stderr)
        return SyntheticFashion(train=True), SyntheticFashion(train=False), STAND_IN
