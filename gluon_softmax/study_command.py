"""The command `gluon-softmax study`: parses, calls, prints."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from .interruption import hinting

__all__ = ["add_arguments"]

OPTIONS = {
    "momentum": (float, [0.0, 0.9], "what part of a step is kept"),
    "lr": (float, [0.01], "learning rates"),
    "batch-size": (int, [100], "samples per step"),
    "num-epochs": (int, [10], "passes over the data"),
    "model": (str, ["numpy"], "scratch, gluon, numpy, perceptron, convolutional"),
    "data": (str, ["mnist"], "mnist, fashion-mnist"),
    "pixels": (str, ["centred"], "scaled, centred, normalised"),
    "start": (str, ["xavier"], "how weights are drawn: normal, xavier"),
    "num-validation": (int, [5000], "images cut off the training set"),
}
"""Type, usual values and help of each setting that a study can vary."""


def add_arguments(commands) -> None:
    """Describe `study`.

    Parameters
    ----------
    commands : argparse's subparsers
    """
    parser = commands.add_parser(
        "study",
        help="train with every combination of some settings, and sum up",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.set_defaults(command=_study)
    for name, (kind, default, text) in OPTIONS.items():
        parser.add_argument(
            f"--{name}", type=kind, nargs="+", default=default, help=text
        )
    parser.add_argument("--seeds", type=int, default=3, help="how many, from 0")
    parser.add_argument("--target", type=float, default=0.9, help="accuracy to reach")
    parser.add_argument(
        "--processes", type=int, help="how many train at a time (default: the faster)"
    )
    parser.add_argument("--root", help="folder with the data set's files")
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("study"),
        help="folder for what is written; a study that is there goes on",
    )


def _study(options: argparse.Namespace) -> int:
    """Run what is missing; print the table; write table, figures and numbers."""
    from .checks import check_whole_number

    check_whole_number("--seeds", options.seeds, least=1)

    from tqdm import tqdm

    from .experiments import run_experiment
    from .study import Study, choose_processes, list_experiments, run_all

    names = [name.replace("-", "_") for name in OPTIONS]
    grid = {name: getattr(options, name) for name in names}
    study = Study(options.output / "study.json", list_experiments(grid, options.seeds))
    missing = study.missing()
    processes = options.processes or choose_processes(missing)
    check_whole_number("--processes", processes, least=1)
    print(f"{len(study.finished())} runs are finished, {len(missing)} are to be run")
    run = partial(run_experiment, root=options.root)
    with hinting("the same command goes on"):
        try:
            for done in tqdm(
                run_all(missing, run, processes), "study", len(missing), disable=None
            ):
                study.add(done)
        except KeyboardInterrupt:
            _write_table(study, options)
            raise
    _write(study, options)
    return 0


def _write(study, options: argparse.Namespace) -> None:
    """Print and write what a study found."""
    from .figures import save
    from .study_figures import draw_study

    written = _write_table(study, options)
    for name, figure in draw_study(study.finished()):
        written += save(figure, options.output / name)
    for path in written:
        print(f"wrote {path}")


def _write_table(study, options: argparse.Namespace) -> list[Path]:
    """Print and write the table of the runs that are finished."""
    from .atomic import write_json, write_text
    from .study import format_summary, summarise

    summary = summarise(study.finished(), options.target)
    lines = format_summary(summary)
    print("\n".join(lines))
    table = {"target": options.target, "rows": summary}
    return [
        study.path,
        write_json(table, options.output / "summary.json"),
        write_text("\n".join(lines) + "\n", options.output / "summary.md"),
    ]
