"""The command `gluon-softmax reproduce`: published experiments, run again.

The documents are named R1 to R5: R1 is the book's sections 3.5-3.7 on MXNet, R2 the
same in PyTorch, R4 the version by hand in NumPy with momentum, and R5 has the deeper
networks. (R3 publishes no figures.)
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from ..errors import check_whole_number
from ..history import Epoch, History
from .study import Experiment, Study, run_experiment, write_table

__all__ = ["PUBLISHED", "Finding", "Published", "add_arguments", "compare_figures"]

QUICK_IMAGES, QUICK_EPOCHS = 6_000, 2
COLUMNS = (
    "experiment",
    "figure",
    "published",
    "ours",
    "two standard deviations",
    "note",
)
TRIAL_COLUMNS = ("experiment", "figure", "ours")
"""A trial is too short to be set beside what was published."""
VERDICTS = {True: "within", False: "outside", None: "unknown"}
REVISION = "published on an earlier revision of Fashion-MNIST"
START = "the documents do not say from which start and in which order"
ROUGH = "published as a round figure"


class Published(NamedTuple):
    """An experiment, the figures of its last epoch, and why ours may differ."""

    name: str
    experiment: Experiment
    figures: dict[str, float]
    note: str = ""


class Finding(NamedTuple):
    """One published figure and ours; a single run has no standard deviation."""

    name: str
    figure: str
    published: float
    mean: float
    deviation: float | None
    note: str

    def is_within(self) -> bool | None:
        """Return whether the figure is within two standard deviations of our mean."""
        if self.deviation is None:
            return None
        return abs(self.published - self.mean) <= 2 * self.deviation

    def describe(self) -> dict[str, str]:
        """Return the cells of the table; a reason only for a difference."""
        from .study_report import format_average

        is_within = self.is_within()
        return {
            "experiment": self.name,
            "figure": self.figure.replace("_", " "),
            "published": f"{self.published:g}",
            "ours": format_average(self.mean, self.deviation),
            "two standard deviations": VERDICTS[is_within],
            "note": self.note if is_within is False else "",
        }


R1, R2 = Experiment(batch_size=200), Experiment()
R4 = Experiment(
    data="mnist",
    pixels="centred",
    num_validation=5000,
    start="xavier",
    num_epochs=10,
    batch_size=100,
    lr=0.01,
)
R5 = Experiment(
    data="mnist", pixels="normalised", num_epochs=10, batch_size=64, momentum=0.5
)
PUBLISHED = (
    Published(
        "R1, from scratch",
        replace(R1, model="scratch"),
        {"loss": 0.4782, "test_acc": 0.842},
        REVISION,
    ),
    Published(
        "R1, Gluon",
        replace(R1, model="gluon"),
        {"loss": 0.4770, "train_acc": 0.838, "test_acc": 0.843},
        REVISION,
    ),
    Published(
        "R2, from scratch",
        replace(R2, model="scratch"),
        {"loss": 0.4855, "train_acc": 0.838, "test_acc": 0.827},
    ),
    Published(
        "R2, Gluon",
        replace(R2, model="gluon"),
        {"train_acc": 0.836, "test_acc": 0.823},
    ),
    Published(
        "R4, momentum 0",
        R4,
        {
            "loss": 0.4040,
            "train_acc": 0.8901,
            "valid_loss": 0.3151,
            "valid_acc": 0.9200,
            "test_acc": 0.9017,
        },
        START,
    ),
    Published(
        "R4, momentum 0.9",
        replace(R4, momentum=0.9),
        {
            "loss": 0.2929,
            "train_acc": 0.9177,
            "valid_loss": 0.2341,
            "valid_acc": 0.9346,
            "test_acc": 0.9220,
        },
        START,
    ),
    Published(
        "R5, perceptron", replace(R5, model="perceptron"), {"test_acc": 0.97}, ROUGH
    ),
    Published(
        "R5, convolutional",
        replace(R5, model="convolutional"),
        {"test_acc": 0.98},
        ROUGH,
    ),
)


def add_arguments(commands) -> None:
    """Describe `reproduce`."""
    parser = commands.add_parser(
        "reproduce",
        help="run every published experiment, and set the figures side by side",
        description="Run every experiment whose figures the source documents publish, "
        "with several random seeds, and set theirs beside ours. Broken off, the same "
        "command goes on.",
        epilog="example: gluon-softmax reproduce --seeds 3",
    )
    parser.set_defaults(command=_reproduce)
    parser.add_argument("--seeds", type=int, default=3, help="random seeds, from 0 on")
    parser.add_argument(
        "--quick",
        action="store_true",
        help=f"a trial on {QUICK_IMAGES:,} images for {QUICK_EPOCHS} epochs, which is "
        "compared with nothing",
    )
    parser.add_argument("--root", metavar="DIR", help="folder with the data sets")
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("reproduction"),
        help="folder for what is written; what is finished there is not run again",
    )


def _reproduce(options: argparse.Namespace) -> int:
    """Run what is missing; print and write the table."""
    check_whole_number("--seeds", options.seeds, least=1)
    published, name, num_images, columns = PUBLISHED, "full", None, COLUMNS
    if options.quick:
        published = [_shorten(entry) for entry in PUBLISHED]
        name, num_images, columns = "quick", QUICK_IMAGES, TRIAL_COLUMNS
    experiments = [
        replace(entry.experiment, seed=seed)
        for entry in published
        for seed in range(options.seeds)
    ]
    study = Study(options.output / f"{name}-runs.json", experiments)
    study.run(partial(run_experiment, root=options.root, num_images=num_images))
    findings = compare_figures(published, study.finished())
    cells = [found.describe() for found in findings]
    rows = [columns, *([row[column] for column in columns] for row in cells)]
    numbers = {"trial": options.quick, "findings": [f._asdict() for f in findings]}
    write_table(rows, numbers, options.output / name)
    return 0


def _shorten(entry: Published) -> Published:
    """Return an experiment with as few epochs as a trial has."""
    return entry._replace(experiment=replace(entry.experiment, num_epochs=QUICK_EPOCHS))


def compare_figures(
    published: Iterable[Published], histories: Mapping[Experiment, History]
) -> list[Finding]:
    """Set what was published beside the means over the seeds of what came out."""
    from .study_report import average

    last: dict[Experiment, list[Epoch]] = {}
    for experiment, history in histories.items():
        last.setdefault(replace(experiment, seed=0), []).append(history[-1])
    findings = []
    for entry in published:
        for figure, value in entry.figures.items():
            ours = [getattr(epoch, figure) for epoch in last[entry.experiment]]
            mean, deviation = average(ours)
            note = entry.note
            findings.append(Finding(entry.name, figure, value, mean, deviation, note))
    return findings
