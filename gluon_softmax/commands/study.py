"""The command `gluon-softmax study`: trainings that differ in a few settings.

The file of a study holds every finished run, so that a study that was broken off goes
on where it was.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path

from ..errors import ArgumentError, check_whole_number, show
from ..history import History
from ..storage.atomic import write_json, write_text
from ..storage.json_data import read_json
from ..storage.lock import locked
from ..storage.processes import count_cores
from ..trainer.settings import MODELS, PIXELS, STARTS, Settings
from .experiments import (
    Experiment,
    find_digests,
    list_experiments,
    run_all,
    run_experiment,
)
from .interruption import hinting

__all__ = ["Study", "add_arguments", "write_table"]

OPTIONS = {
    "momentum": ([0.0, 0.9], None, "momentum coefficients"),
    "lr": ([Settings.lr], None, "learning rates"),
    "batch_size": ([Settings.batch_size], None, "mini-batch sizes"),
    "num_epochs": ([Settings.num_epochs], None, "passes over the data"),
    "model": (["numpy"], MODELS, "what is trained"),
    "data": (["fashion-mnist"], None, "fashion-mnist, mnist, or a folder of pictures"),
    "pixels": (["scaled"], PIXELS, "how pixels are prepared"),
    "start": (["normal"], STARTS, "how initial weights are drawn"),
    "num_validation": ([5000], None, "images cut off the training set"),
}
"""Usual values, choices and help of each setting that a study can vary."""


class Study:
    """The runs of a study, in a file that is written again after each run.

    Only one process at a time may have it, as `locked` sees to.
    """

    def __init__(self, path: Path, experiments: list[Experiment]):
        self._path, self._experiments = path, experiments
        self._digests, self._histories = self._read() if path.exists() else ({}, {})
        others = self._histories.keys() - set(experiments)
        if others:
            settings = asdict(others.pop()).items()
            found = ", ".join(f"{name} {value!r:.40}" for name, value in settings)
            raise ArgumentError(
                f"{path} is of another study, with {found}: "
                "repeat its options, or name another folder with --output"
            )

    def finished(self) -> dict[Experiment, History]:
        """Return the finished runs in the order of the experiments."""
        kept = self._histories
        return {found: kept[found] for found in self._experiments if found in kept}

    def check_data(self, find: Callable[[str], list[str]]) -> None:
        """Check that what is to be run finds the data of the finished runs.

        Raises
        ------
        ArgumentError
            If `find` returns other digests for a data set's name than it did then.
        """
        finished = self.finished()
        for name in {e.data for e in self._experiments if e not in finished}:
            found = find(name)
            if self._digests.setdefault(name, found) != found:
                raise ArgumentError(
                    f"{self._path}: expected the images and labels of its finished "
                    f"runs, found others in {show(name)}: name another folder with "
                    "--output"
                )

    def run(self, run: Callable[[Experiment], History], num_processes: int = 1) -> None:
        """Run what is missing, and keep each run as soon as it is done."""
        from tqdm import tqdm

        finished = self.finished()
        missing = [found for found in self._experiments if found not in finished]
        print(f"{len(finished)} runs are finished, {len(missing)} are to be run")
        runs = run_all(missing, run, num_processes)
        with hinting("the same command goes on"):
            for experiment, history in tqdm(runs, total=len(missing), disable=None):
                self._histories[experiment] = history
                self._write()

    def _write(self) -> None:
        runs = [
            {"experiment": asdict(experiment), "history": history.to_list()}
            for experiment, history in self.finished().items()
        ]
        write_json({"data": self._digests, "runs": runs}, self._path)

    def _read(self) -> tuple[dict[str, list[str]], dict[Experiment, History]]:
        try:
            content = read_json(self._path)
            histories = {
                Experiment(**run["experiment"]): History.from_list(run["history"])
                for run in content["runs"]
            }
            return dict(content.get("data", {})), histories
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ArgumentError(
                f"{self._path} is not the file of a study ({error!r:.300}): delete it, "
                "or name another folder with --output"
            ) from error


def add_arguments(commands) -> None:
    """Describe `study`."""
    parser = commands.add_parser(
        "study",
        help="train with every combination of some settings, and sum up",
        description="Train with every combination of the values given, each with "
        "several random seeds; write means, standard deviations and curves. Broken "
        "off, the same command goes on; more values add their runs.",
        epilog="example: gluon-softmax study --momentum 0 0.9 --lr 0.01 0.1 --seeds 3",
    )
    parser.set_defaults(command=_study)
    for name, (default, choices, text) in OPTIONS.items():
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            nargs="+",
            type=type(default[0]),
            default=default,
            choices=choices,
            metavar=choices and name.upper(),
            help=f"{text}: {', '.join(choices)}" if choices else text,
        )
    parser.add_argument("--seeds", type=int, default=3, help="random seeds, from 0 on")
    parser.add_argument("--target", type=float, default=0.8, help="accuracy to reach")
    parser.add_argument(
        "--processes", type=int, help="trainings at a time (default: the fastest)"
    )
    parser.add_argument("--root", metavar="DIR", help="folder with the data set")
    parser.add_argument(
        "--output", type=Path, default=Path("study"), help="folder for what is written"
    )


def _study(options: argparse.Namespace) -> int:
    """Run what is missing; write the table, also of a study broken off, and curves."""
    check_whole_number("--seeds", options.seeds, least=1)
    if options.processes is not None:
        check_whole_number("--processes", options.processes, least=1)
    grid = {name: getattr(options, name) for name in OPTIONS}
    # NumPy alone leaves cores idle; MXNet computes on one core while Python reads the
    # next batches on another, so that a second training gains nothing.
    fastest = count_cores() if set(options.model) == {"numpy"} else 1
    experiments = list_experiments(grid, options.seeds)
    with locked(options.output):
        study = Study(options.output / "study.json", experiments)
        run = partial(run_experiment, root=options.root)
        study.check_data(partial(find_digests, root=options.root))
        try:
            study.run(run, options.processes or fastest)
        finally:
            _write_results(study.finished(), options.target, options.output)
    return 0


def _write_results(
    histories: Mapping[Experiment, History], target: float, folder: Path
) -> None:
    """Print and write the table of the runs that are finished, and their curves."""
    if not histories:
        return
    from ..figures.output import save
    from .study_report import draw_study, summarise, tabulate

    summary = summarise(histories, target)
    numbers = {"target": target, "rows": summary}
    write_table(tabulate(summary), numbers, folder / "summary")
    for name, figure in draw_study(histories):
        for path in save(figure, folder / name):
            print(f"wrote {path}")


def write_table(rows: list[list], numbers: dict, path: Path) -> None:
    """Print rows as a table in Markdown, and write it with its numbers beside it.

    The first row is the head of the table; `path` is without a suffix.
    """
    head, *others = rows
    lines = (head, ["---"] * len(head), *others)
    text = "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)
    print(text, end="")
    written = (
        write_text(text, path.with_suffix(".md")),
        write_json(numbers, path.with_suffix(".json")),
    )
    for file in written:
        print(f"wrote {file}")
