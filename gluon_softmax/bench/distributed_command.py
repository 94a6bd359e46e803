"""The command `gluon-softmax bench distributed`: parses, measures, prints, writes."""

from __future__ import annotations

import argparse

from .machine import describe_machine
from .output import format_machine, progress, write

__all__ = ["add_distributed"]

HELP = "measure jobs of 1 to 4 workers, and model what follows for up to 1,000"


def add_distributed(actions) -> argparse.ArgumentParser:
    """Describe `bench distributed`.

    Parameters
    ----------
    actions
        What `argparse.ArgumentParser.add_subparsers` gave.

    Returns
    -------
    argparse.ArgumentParser
        Still without its places for data and results.
    """
    parser = actions.add_parser("distributed", help=HELP)
    parser.set_defaults(command=_distributed)
    parser.add_argument(
        "--quick", action="store_true", help="few images, one epoch of each kind"
    )
    return parser


def _distributed(options: argparse.Namespace) -> int:
    """Measure; print costs and sentences; write figure and numbers."""
    from . import distributed
    from .distributed_figure import show_distributed
    from .distributed_verdict import (
        NOTE,
        describe_sharing,
        judge_measured,
        judge_modelled,
    )

    plan = distributed.list_runs(options.quick)
    with progress(1 + len(plan.workers)) as report:
        costs = distributed.measure_distributed(plan, options.root, report)
    machine, sharing = describe_machine(), describe_sharing(costs)
    verdicts = [*judge_measured(costs), *judge_modelled(costs), NOTE]
    for line in (format_machine(machine), sharing, *costs, *verdicts):
        if line:
            print(line)
    title = "; ".join(filter(None, (format_machine(machine), sharing)))
    content = {
        "machine": machine,
        "quick": options.quick,
        "sharing": sharing,
        "costs": [cost.to_dict() for cost in costs],
        "model": _describe_model(costs),
        "verdicts": verdicts,
    }
    write(show_distributed(costs, title), content, options.output / "distributed")
    return 0


def _describe_model(costs) -> dict:
    """Give what the curves are made of, for who wants to draw them again."""
    from .distributed_model import LINKS, WAYS, make_bases

    return {
        "links": [link._asdict() for link in LINKS],
        "ways": [way._asdict() for way in WAYS],
        "bases": [basis._asdict() for basis in make_bases(costs)],
    }
