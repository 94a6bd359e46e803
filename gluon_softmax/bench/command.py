"""The command `gluon-softmax bench`: parses, starts, prints."""

from __future__ import annotations

import argparse
import tempfile
from functools import partial
from pathlib import Path

from ..checks import check_whole_number
from .contenders import Contender, make_command, select
from .distributed_command import add_distributed
from .environment import make_environment
from .fresh import FreshProcess
from .interpreters import check_peers, parse_peer
from .machine import describe_machine
from .output import format_machine, progress, write
from .processes import StandingProcess
from .rounds import WARM_UP, Result, run_rounds

__all__ = ["add_arguments"]

ROUNDS = 7
EPOCHS = {False: 3, True: 1}
"""How many epochs are counted per size, in full and in a hurry."""


def add_arguments(commands) -> None:
    """Describe `bench`, `bench scaling` and `bench distributed`.

    Parameters
    ----------
    commands
        What `argparse.ArgumentParser.add_subparsers` gave.
    """
    parser = commands.add_parser(
        "bench",
        help="measure this package against d2lzh, NumPy, PyTorch and JAX, in turn",
        description="Measure this package against others, each in a process of its "
        "own, in turn; write a figure and numbers. Without an action, one epoch.",
        epilog="example: gluon-softmax bench --rounds 3 --only training",
    )
    parser.set_defaults(command=_bench)
    _add_places(parser)
    _add_choices(parser)
    actions = parser.add_subparsers(metavar="action")
    scaling = actions.add_parser("scaling", help="measure how cost grows with size")
    scaling.set_defaults(command=_scaling)
    _add_places(scaling)
    scaling.add_argument(
        "--quick", action="store_true", help="fewer sizes, one epoch each"
    )
    _add_places(add_distributed(actions))


def _add_choices(parser: argparse.ArgumentParser) -> None:
    """Describe who is measured, and how often."""
    parser.add_argument(
        "--peer",
        action="append",
        default=[],
        metavar="NAME=PYTHON",
        help="an interpreter that has a peer: torch=PYTHON or jax=PYTHON",
    )
    parser.add_argument(
        "--rounds",
        type=int,
        default=ROUNDS,
        help="how often each works and is counted (default: %(default)s)",
    )
    parser.add_argument(
        "--only",
        nargs="+",
        action="extend",
        default=[],
        metavar="WORD",
        help="works or contenders to measure; a wrong word lists them",
    )


def _add_places(parser: argparse.ArgumentParser) -> None:
    """Describe where data comes from and results go."""
    parser.add_argument("--root", default="", help="folder with Fashion-MNIST's files")
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("benchmark"),
        help="folder for what is written (default: %(default)s)",
    )


def _bench(options: argparse.Namespace) -> int:
    """Measure, print the tables, write figure and numbers."""
    check_whole_number("--rounds", options.rounds, least=1)
    peers = dict(map(parse_peer, options.peer))
    contenders = select(options.only, peers)
    check_peers(peers)
    with tempfile.TemporaryDirectory(prefix="gluon-softmax-") as folder:
        start = partial(_start, _find_data(contenders, options.root, folder), peers)
        with progress(len(contenders) * (WARM_UP + options.rounds)) as report:
            results = run_rounds(contenders, start, options.rounds, report)
    _show(results, options, peers)
    return 0


def _find_data(contenders: list[Contender], root: str, folder: str) -> tuple[str, str]:
    """Give where the data is, and write the file for peers if one is to run."""
    if root.endswith(".npz"):
        return root, root
    arrays = str(Path(folder, "images.npz"))
    if any(contender.peer for contender in contenders):
        from .work.arrays import write_arrays

        write_arrays(root, arrays)
    return root, arrays


def _start(
    places: tuple[str, str], peers: dict[str, str], contender: Contender
) -> StandingProcess | FreshProcess:
    """Start a contender's process."""
    command = make_command(contender, *places, peers)
    kind = FreshProcess if contender.code else StandingProcess
    return kind(contender.name, command, make_environment(ours=not contender.peer))


def _show(
    results: list[Result], options: argparse.Namespace, peers: dict[str, str]
) -> None:
    """Print the tables; write figure and numbers."""
    from . import table
    from .figure import show_benchmark
    from .ratios import judge, list_left_out

    verdicts, machine = judge(results), describe_machine()
    left_out = {} if options.only else list_left_out(peers)
    print(format_machine(machine))
    for lines in (
        table.format_results(results),
        table.format_verdicts(verdicts),
        table.format_left_out(left_out),
        table.format_doubts(results),
    ):
        for line in lines:
            print(line)
    settings = {"rounds": options.rounds, "warm_up": WARM_UP, "left_out": left_out}
    content = {**settings, **table.to_dict(results, verdicts)}
    figure = show_benchmark(results, format_machine(machine))
    write(figure, {"machine": machine, **content}, options.output / "bench")


def _scaling(options: argparse.Namespace) -> int:
    """Measure how cost grows; print a line per size, write figure and numbers."""
    from .scaling import measure_scaling
    from .scaling_figure import show_scaling
    from .sizes import list_sizes

    sizes, skipped = list(list_sizes(options.quick)), []
    with progress(len(sizes)) as report:
        epochs = EPOCHS[options.quick]
        points = measure_scaling(sizes, options.root, epochs, skipped.append, report)
    machine = describe_machine()
    for line in (format_machine(machine), *points, *skipped):
        print(line)
    content = {
        "machine": machine,
        "points": [point.to_dict() for point in points],
        "skipped": skipped,
    }
    write(
        show_scaling(points, format_machine(machine)),
        content,
        options.output / "scaling",
    )
    return 0
