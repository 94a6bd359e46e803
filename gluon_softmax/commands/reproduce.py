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

from ..errors import check_whole_number
from ..history import History
from ..storage.lock import locked
from .experiments import Experiment, run_experiment
from .study import Study, write_table

__all__ = [
    "EXPERIMENTS",
    "PUBLISHED",
    "add_arguments",
    "compare_figures",
    "tabulate_findings",
]

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
FIGURES = ("loss", "train_acc", "valid_loss", "valid_acc", "test_acc")
PUBLISHED = {
    "R1, from scratch": (0.4782, None, None, None, 0.842),
    "R1, Gluon": (0.4770, 0.838, None, None, 0.843),
    "R2, from scratch": (0.4855, 0.838, None, None, 0.827),
    "R2, Gluon": (None, 0.836, None, None, 0.823),
    "R4, momentum 0": (0.4040, 0.8901, 0.3151, 0.9200, 0.9017),
    "R4, momentum 0.9": (0.2929, 0.9177, 0.2341, 0.9346, 0.9220),
    "R5, perceptron": (None, None, None, None, 0.97),
    "R5, convolutional": (None, None, None, None, 0.98),
}
"""Of each experiment the `FIGURES` of its last epoch, where they are published."""
NOTES = {
    "R1": "published on an earlier revision of Fashion-MNIST",
    "R4": "the documents do not say from which start and in which order",
    "R5": "published as a round figure",
}
"""Why ours may differ from what a document publishes."""
QUICK_IMAGES, QUICK_EPOCHS = 6_000, 2
VERDICTS = {True: "within", False: "outside", None: "unknown"}


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
    with locked(options.output):
        study = Study(options.output / f"{kind}-runs.json", runs)
        study.run(partial(run_experiment, root=options.root, num_images=num_images))
    findings = compare_figures(experiments, study.finished())
    numbers = {"trial": options.quick, "findings": findings}
    rows = tabulate_findings(findings, options.quick)
    write_table(rows, numbers, options.output / kind)
    return 0


def compare_figures(
    experiments: Mapping[str, Experiment], histories: Mapping[Experiment, History]
) -> list[dict]:
    """Set what was published beside the means over the seeds of what came out.

    A figure is within if it is at most two standard deviations from our mean, which a
    single run does not have.
    """
    from .study_report import average

    findings = []
    for name, experiment in experiments.items():
        last = [
            history[-1]
            for found, history in histories.items()
            if replace(found, seed=experiment.seed) == experiment
        ]
        for figure, published in zip(FIGURES, PUBLISHED[name]):
            if published is None:
                continue
            mean, deviation = average([getattr(epoch, figure) for epoch in last])
            is_known = deviation is not None
            found = {
                "name": name,
                "figure": figure,
                "published": published,
                "mean": mean,
                "deviation": deviation,
                "within": abs(published - mean) <= 2 * deviation if is_known else None,
            }
            findings.append(found)
    return findings


def tabulate_findings(findings: list[dict], is_trial: bool = False) -> list[list[str]]:
    """Convert findings to rows; a trial is too short to be compared."""
    from .study_report import format_average

    rows = [
        ["experiment", "figure", "published", "ours", "two standard deviations", "note"]
    ]
    for found in findings:
        name, is_within = found["name"], found["within"]
        ours = format_average(found["mean"], found["deviation"])
        note = NOTES.get(name[:2], "") if is_within is False else ""
        cells = [name, found["figure"].replace("_", " "), f"{found['published']:g}"]
        rows.append([*cells, ours, VERDICTS[is_within], note])
    return [[*row[:2], row[3]] for row in rows] if is_trial else rows
