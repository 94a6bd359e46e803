"""What training costs in a job of several workers: `gluon-softmax bench distributed`.

Each network trains as a user trains it: by `gluon-softmax train` in one process, and by
`gluon-softmax launch` in jobs of workers. Seconds are those of the history that `train`
writes, evaluation included, without the first epoch.
"""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from tqdm import tqdm

from ..storage.processes import python_command
from ..trainer.settings import NETWORKS
from .machine import describe_machine, format_machine, write
from .processes import run_process

__all__ = ["format_costs", "measure", "run"]

ALONE = 0
BATCH_SIZE = 256
DATA = "fashion-mnist"


def run(options: argparse.Namespace) -> int:
    """Measure one process alone and jobs; print the table, write the numbers."""
    networks, workers, epochs = NETWORKS, (ALONE, 1, 2, 3, 4), 4
    if options.quick:
        networks, workers, epochs = ("softmax",), (ALONE, 2), 2
    trainings = list(itertools.product(networks, workers))
    costs = [
        measure(network, count, epochs, options.root)
        for network, count in tqdm(trainings, leave=False, disable=None)
    ]
    machine = describe_machine()
    print(format_machine(machine), *format_costs(costs), sep="\n")
    write({"machine": machine, "costs": costs}, options.output / "distributed")
    return 0


def measure(network: str, workers: int, epochs: int, root: str = "") -> dict:
    """Train a network in one process, or in a job; the first epoch is not counted."""
    with tempfile.TemporaryDirectory(prefix="gluon-softmax-") as folder:
        words = ["launch", "-n", str(workers), "--"] if workers else []
        words += ["train", network, "--data", DATA, "--output", folder]
        words += ["--num-epochs", str(epochs), "--batch-size", str(BATCH_SIZE)]
        words += ["--root", root] if root else []
        run_process(_name(network, workers), python_command("commands.main", *words))
        history = json.loads(Path(folder, f"{network}-{DATA}.json").read_text())
    seconds = [epoch["seconds"] for epoch in history["epochs"]][1:]
    return {"network": network, "workers": workers, "seconds": seconds}


def format_costs(costs: list[dict]) -> Iterator[str]:
    """Yield the lines of the table; each job is compared with one process alone."""
    yield f"{'one epoch, batch 256, and evaluating':46} {'seconds':>8} {'ratio':>6}"
    alone = {c["network"]: median(c["seconds"]) for c in costs if c["workers"] == ALONE}
    for cost in costs:
        name, middle = _name(cost["network"], cost["workers"]), median(cost["seconds"])
        yield f"{name:46} {middle:8.3f} {middle / alone[cost['network']]:6.2f}"


def _name(network: str, workers: int) -> str:
    """Return what a training is called in the table and in errors."""
    if workers == ALONE:
        return f"{network}, one process alone"
    return f"{network}, a job of {workers} worker{'s' * (workers > 1)}"
