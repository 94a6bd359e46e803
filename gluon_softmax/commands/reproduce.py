"""The command `gluon-softmax reproduce`: published experiments, run again.

The documents are named R1 to R5: R1 is the book's sections 3.5-3.7 on MXNet, R2 the
same in PyTorch, R4 the version by hand in NumPy with momentum, and R5 has the deeper
networks. (R3 publishes no figures.)
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from ..errors import check_whole_number
from ..history import History
from .study import Experiment, Study, run_experiment, write_table

__all__ = ["EXPERIMENTS", "PUBLISHED", "Finding", "add_arguments", "compare_figures"]

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
EXPERIMENTS = {
    "R1, from scratch": Experiment(model="scratch", batch_size=200),
    "R1, Gluon": Experiment(model="gluon", batch_size=200),
    "R2, from scratch": Experiment(model="scratch"),
    "R2, Gluon": Experiment(model="gluon"),
    "R4, momentum 0": R4,
    "R4, momentum 0.9": replace(R4, momentum=0.9),
    "R5, perceptron": replace(R5, model="perceptron"),
    "R5, convolutional": replace(R5, model="convolutional"),
}
PUBLISHED = (
    ("R1, from scratch", "loss", 0.4782),
    ("R1, from scratch", "test_acc", 0.842),
    ("R1, Gluon", "loss", 0.4770),
    ("R1, Gluon", "train_acc", 0.838),
    ("R1, Gluon", "test_acc", 0.843),
    ("R2, from scratch", "loss", 0.4855),
    ("R2, from scratch", "train_acc", 0.838),
    ("R2, from scratch", "test_acc", 0.827),
    ("R2, Gluon", "train_acc", 0.836),
    ("R2, Gluon", "test_acc", 0.823),
    ("R4, momentum 0", "loss", 0.4040),
    ("R4, momentum 0", "train_acc", 0.8901),
    ("R4, momentum 0", "valid_loss", 0.3151),
    ("R4, momentum 0", "valid_acc", 0.9200),
    ("R4, momentum 0", "test_acc", 0.9017),
    ("R4, momentum 0.9", "loss", 0.2929),
    ("R4, momentum 0.9", "train_acc", 0.9177),
    ("R4, momentum 0.9", "valid_loss", 0.2341),
    ("R4, momentum 0.9", "valid_acc", 0.9346),
    ("R4, momentum 0.9", "test_acc", 0.9220),
    ("R5, perceptron", "test_acc", 0.97),
    ("R5, convolutional", "test_acc", 0.98),
)
"""Experiment, figure of its last epoch, and its value."""
NOTES = {
    "R1": "published on an earlier revision of Fashion-MNIST",
    "R4": "the documents do not say from which start and in which order",
    "R5": "published as a round figure",
}
"""Why ours may differ from what a document publishes."""
QUICK_IMAGES, QUICK_EPOCHS = 6_000, 2
TRIAL_COLUMNS = ("experiment", "figure", "ours")
"""A trial is too short to be set beside what was published."""
VERDICTS = {True: "within", False: "outside", None: "unknown"}


class Finding(NamedTuple):
    """One published figure and ours; a single run has no standard deviation."""

    name: str
    figure: str
    published: float
    mean: float
    deviation: float | None
    note: str = ""

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
    experiments, kind, num_images = EXPERIMENTS, "full", None
    if options.quick:
        kind, num_images = "quick", QUICK_IMAGES
        experiments = {
            name: replace(experiment, num_epochs=QUICK_EPOCHS)
            for name, experiment in EXPERIMENTS.items()
        }
    runs = [
        replace(experiment, seed=seed)
        for experiment in experiments.values()
        for seed in range(options.seeds)
    ]
    study = Study(options.output / f"{kind}-runs.json", runs)
    study.run(partial(run_experiment, root=options.root, num_images=num_images))
    findings = compare_figures(experiments, study.finished())
    cells = [finding.describe() for finding in findings]
    columns = TRIAL_COLUMNS if options.quick else tuple(cells[0])
    rows = [columns, *([row[column] for column in columns] for row in cells)]
    numbers = {"trial": options.quick, "findings": [f._asdict() for f in findings]}
    write_table(rows, numbers, options.output / kind)
    return 0


def compare_figures(
    experiments: Mapping[str, Experiment], histories: Mapping[Experiment, History]
) -> list[Finding]:
    """Set what was published beside the means over the seeds of what came out."""
    from .study_report import average

    findings = []
    for name, figure, published in PUBLISHED:
        ours = [
            getattr(history[-1], figure)
            for experiment, history in histories.items()
            if replace(experiment, seed=0) == experiments[name]
        ]
        mean, deviation = average(ours)
        note = NOTES.get(name[:2], "")
        findings.append(Finding(name, figure, published, mean, deviation, note))
    return findings
