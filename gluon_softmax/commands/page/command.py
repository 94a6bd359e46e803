"""The command `gluon-softmax page`: parses, builds, writes."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from ...errors import DataError
from ..parser import add_data
from ..results import COMPARISON, check_result, find_published

__all__ = ["add_arguments"]


def add_arguments(commands) -> None:
    """Describe `page`."""
    parser = commands.add_parser(
        "page",
        help="write a comparison as one web page to draw on and to look around in",
        description="Write a comparison as one web page that needs no network: to draw "
        "on, to train in, and to look at weights, mistakes and curves.",
        epilog="example: gluon-softmax page --output page.html",
    )
    parser.set_defaults(command=_page)
    parser.add_argument(
        "--comparison", type=Path, default=COMPARISON, help="what compare wrote"
    )
    add_data(parser, default=None)
    parser.add_argument(
        "--networks",
        type=Path,
        nargs="+",
        metavar="MODEL",
        help="deeper models to set beside it; those that train left in networks/, if "
        "not given",
    )
    parser.add_argument(
        "--output", type=Path, default=Path("page.html"), help="the file to write"
    )


def _page(options: argparse.Namespace) -> int:
    """Write the page, and say how large it is."""
    check_result(options.comparison, "--comparison")

    from ...models.comparison_file import read_comparison
    from ...storage.atomic import write_text
    from .build import build_page

    comparison = read_comparison(options.comparison)
    train_set, test_set = _load_sets(comparison.data, options)
    networks = list(_load_networks(options.networks, test_set))
    page = build_page(comparison, train_set, test_set, networks)
    path = write_text(page, options.output)
    megabytes = path.stat().st_size / 1e6
    print(f"wrote {path} ({megabytes:.2f} MB)")
    return 0


def _load_sets(title: str, options: argparse.Namespace):
    """Load the training and test images that the comparison was made with."""
    from ...data.splits import load_splits
    from ...data.synthetic import SyntheticFashion
    from .practice import COUNT

    data = options.data or find_published(title)
    if data is not None:
        splits = load_splits(data, root=options.root)
        return splits.train, splits.test
    stand_in = SyntheticFashion(train=False)
    if title == stand_in.title:
        return SyntheticFashion(num_images=COUNT), stand_in
    raise DataError(
        f"{options.comparison}: expected a comparison on a published data set, found "
        f"one on {title!r}: say where its pictures are with --data DIR"
    )


def _load_networks(paths: list[Path] | None, test_set) -> Iterator:
    """Load the models that are named, or those that `train` left of these classes."""
    from ...models.model import load_model

    named = paths if paths is not None else sorted(Path("networks").glob("*.npz"))
    for path in named:
        model = load_model(path)
        is_fitting = model.network != "softmax" and model.classes == test_set.classes
        if paths is not None or is_fitting:
            yield model
