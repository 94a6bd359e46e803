"""Every published experiment of the source documents, run again and set beside.

The documents are named R1 to R5: R1 is the book's sections 3.5-3.7 on MXNet, R2 the
same in PyTorch, R4 the version by hand in NumPy with momentum, and R5 has the deeper
networks. (R3 publishes no figures.)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from .experiments import Experiment
from .history import History
from .study import Run

__all__ = [
    "PUBLISHED",
    "Finding",
    "Published",
    "compare_figures",
    "format_findings",
    "list_published",
]

REVISION = "published on an earlier revision of Fashion-MNIST"
START = "the documents do not say from which start and in which order"
ROUGH = "published as a round figure"


@dataclass(frozen=True)
class Published:
    """An experiment, and the figures of its last epoch as published.

    Attributes
    ----------
    name : str
        Document and experiment.
    experiment : Experiment
    figures : dict of str to float
        By attribute of `Epoch`.
    note : str
        A known reason for a difference.
    """

    name: str
    experiment: Experiment
    figures: dict[str, float]
    note: str = ""


class Finding(NamedTuple):
    """One published figure and ours."""

    name: str
    figure: str
    published: float
    mean: float
    deviation: float
    note: str

    def is_within(self) -> bool:
        """Say whether the figure is within two standard deviations of our mean."""
        return abs(self.published - self.mean) <= 2 * self.deviation


FASHION = Experiment(
    data="fashion-mnist", pixels="scaled", num_validation=0, num_epochs=5, lr=0.1
)
R1, R2 = replace(FASHION, batch_size=200), replace(FASHION, batch_size=256)
R4 = Experiment(model="numpy", start="xavier")
R5 = Experiment(
    pixels="normalised", num_validation=0, batch_size=64, lr=0.1, momentum=0.5
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
        "R2, concise",
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


def list_published(num_seeds: int, num_epochs: int | None = None) -> list[Published]:
    """List the published experiments for several seeds.

    Parameters
    ----------
    num_seeds : int
        How many seeds, from 0.
    num_epochs : int, optional
        How many epochs at most, fewer than were published.

    Returns
    -------
    list of Published
    """
    return [
        replace(
            published,
            experiment=replace(
                published.experiment,
                seed=seed,
                num_epochs=min(
                    published.experiment.num_epochs,
                    num_epochs or published.experiment.num_epochs,
                ),
            ),
        )
        for published in PUBLISHED
        for seed in range(num_seeds)
    ]


def compare_figures(
    published: Iterable[Published], runs: Iterable[Run]
) -> list[Finding]:
    """Set what was published beside what came out.

    Parameters
    ----------
    published : iterable of Published
        As `list_published` gives them.
    runs : iterable of Run
        Of their experiments.

    Returns
    -------
    list of Finding
        One per published figure.
    """
    found = {run.experiment: run.history for run in runs}
    groups: dict[str, tuple[Published, list[History]]] = {}
    for entry in published:
        _, histories = groups.setdefault(entry.name, (entry, []))
        histories.append(found[entry.experiment])
    return [
        Finding(name, figure, value, *_average(histories, figure), entry.note)
        for name, (entry, histories) in groups.items()
        for figure, value in entry.figures.items()
    ]


def format_findings(findings: list[Finding]) -> list[str]:
    """Lay findings out as a table in Markdown.

    Parameters
    ----------
    findings : list of Finding

    Returns
    -------
    list of str
    """
    lines = [
        "| experiment | figure | published | ours | two standard deviations | note |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    return lines + [_format(found) for found in findings]


def _format(found: Finding) -> str:
    """Lay one finding out; a reason is only wanted where there is a difference."""
    cells = [
        found.name,
        found.figure.replace("_", " "),
        f"{found.published:g}",
        f"{found.mean:.4f} ± {found.deviation:.4f}",
        "within" if found.is_within() else "outside",
        "" if found.is_within() else found.note,
    ]
    return f"| {' | '.join(cells)} |"


def _average(histories: list[History], figure: str) -> tuple[float, float]:
    """Give mean and standard deviation of a figure after the last epoch."""
    values = [getattr(history[-1], figure) for history in histories]
    deviation = np.std(values, ddof=1) if len(values) > 1 else 0.0
    return float(np.mean(values)), float(deviation)
