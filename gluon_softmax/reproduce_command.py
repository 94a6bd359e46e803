"""The command `gluon-softmax reproduce`: parses, calls, prints."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from .interruption import hinting

__all__ = ["add_arguments"]

QUICK_IMAGES, QUICK_EPOCHS = 6_000, 2


def add_arguments(commands) -> None:
    """Describe `reproduce`.

    Parameters
    ----------
    commands : argparse's subparsers
    """
    parser = commands.add_parser(
        "reproduce",
        help="run every published experiment, and set the figures side by side",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.set_defaults(command=_reproduce)
    parser.add_argument("--seeds", type=int, default=3, help="how many, from 0")
    parser.add_argument(
        "--quick",
        action="store_true",
        help=f"on {QUICK_IMAGES:,} images for {QUICK_EPOCHS} epochs: a trial",
    )
    parser.add_argument("--root", help="folder with the data sets' files")
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("reproduction"),
        help="folder for what is written; what is finished there is not run again",
    )


def _reproduce(options: argparse.Namespace) -> int:
    """Run what is missing; print and write the table."""
    from .checks import check_whole_number

    check_whole_number("--seeds", options.seeds, least=1)

    from tqdm import tqdm

    from .atomic import write_json, write_text
    from .experiments import run_experiment
    from .reproduce import compare_figures, format_findings, list_published
    from .study import Study, run_all

    name = "quick" if options.quick else "full"
    published = list_published(options.seeds, QUICK_EPOCHS if options.quick else None)
    experiments = list(dict.fromkeys(entry.experiment for entry in published))
    study = Study(options.output / f"{name}-runs.json", experiments)
    images = QUICK_IMAGES if options.quick else None
    run = partial(run_experiment, root=options.root, num_images=images)
    missing = study.missing()
    with hinting("the same command goes on"):
        for done in tqdm(
            run_all(missing, run), "reproduce", len(missing), disable=None
        ):
            study.add(done)
    findings = compare_figures(published, study.finished())
    lines = format_findings(findings)
    if options.quick:
        lines.insert(0, f"A trial on {QUICK_IMAGES:,} images, {QUICK_EPOCHS} epochs.\n")
    print("\n".join(lines))
    table = {"findings": [found._asdict() for found in findings]}
    print(f"wrote {write_text(chr(10).join(lines), options.output / f'{name}.md')}")
    print(f"wrote {write_json(table, options.output / f'{name}.json')}")
    return 0
