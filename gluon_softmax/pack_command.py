"""The command `gluon-softmax pack`: parses, packs, prints."""

from __future__ import annotations

import argparse
from pathlib import Path

__all__ = ["add_arguments"]


def add_arguments(commands) -> None:
    """Describe `pack`.

    Parameters
    ----------
    commands : argparse's subparsers
    """
    parser = commands.add_parser(
        "pack",
        help="write a data set as RecordIO shards, for MXNet's ImageRecordIter",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.set_defaults(command=_pack)
    parser.add_argument(
        "data",
        metavar="DATA",
        help="fashion-mnist, mnist, or a folder with a folder of pictures per class",
    )
    parser.add_argument(
        "output", metavar="OUTPUT", type=Path, help="folder to write, new or empty"
    )
    parser.add_argument(
        "--shards", type=int, default=4, help="files to deal each split into"
    )
    parser.add_argument("--root", help="folder with a published data set's files")


def _pack(options: argparse.Namespace) -> int:
    """Pack; print what is in the shards."""
    from .checks import check_whole_number

    check_whole_number("shards", options.shards, least=1)

    from .data.packing import check_output, pack
    from .data.splits import load_sets

    check_output(options.output)
    sets = load_sets(options.data, options.root)
    packed = pack(sets.train, sets.test, sets.moments, options.output, options.shards)
    for split in packed.counts:
        size = sum(file.stat().st_size for file in options.output.glob(f"{split}-*"))
        print(
            f"{split}: {packed.num_images(split):,} images of {packed.title}, "
            f"{len(packed.classes)} classes, {options.shards} shards, "
            f"{size / 1e6:.1f} MB"
        )
    print(f"wrote {options.output}")
    return 0
