"""The command `gluon-softmax bench`: parses, starts, prints."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from ..bench.contenders import PEERS, make_command, select
from ..bench.processes import run_process
from ..errors import ArgumentError, ContenderError, check_whole_number

__all__ = ["add_arguments", "check_peers", "parse_peer"]


def add_arguments(commands) -> None:
    """Describe `bench`."""
    parser = commands.add_parser(
        "bench",
        help="measure this package against d2lzh, NumPy, PyTorch and JAX, in turn",
        description="Measure this package against others, each in a process of its "
        "own, in turn; write a figure and numbers.",
        epilog="example: gluon-softmax bench --rounds 3 --only training",
    )
    parser.set_defaults(command=_bench)
    parser.add_argument(
        "--peer",
        action="append",
        default=[],
        metavar="NAME=PYTHON",
        help="an interpreter that has a peer: torch=PYTHON or jax=PYTHON",
    )
    parser.add_argument(
        "--rounds", type=int, default=7, help="how often each works and is counted"
    )
    parser.add_argument(
        "--only",
        nargs="+",
        action="extend",
        default=[],
        metavar="WORD",
        help="works or contenders to measure; a wrong word lists them",
    )
    parser.add_argument("--root", default="", help="folder with Fashion-MNIST's files")
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("benchmark"),
        help="folder for what is written",
    )


def parse_peer(text: str) -> tuple[str, str]:
    """Split ``torch=PYTHON`` into the name of a peer and its interpreter.

    Examples
    --------
    >>> parse_peer("torch=/opt/torch/bin/python")
    ('torch', '/opt/torch/bin/python')
    """
    name, _, python = text.partition("=")
    if name not in PEERS or not python:
        forms = " or ".join(f"{peer}=PYTHON" for peer in PEERS)
        raise ArgumentError(f"expected --peer {forms}, found {text!r}")
    return name, python


def check_peers(peers: Mapping[str, str]) -> None:
    """Check that each interpreter can run its peer, before anything is measured."""
    for name, python in peers.items():
        command = [python, "-c", f"import numpy, {name}"]
        try:
            run_process(python, command, is_peer=True)
        except ContenderError as error:
            raise ArgumentError(
                f"expected --peer {name} to name a Python that has {PEERS[name]}, "
                f"found that {error}: install it with "
                f"{python} -m pip install numpy {name}, or name another interpreter"
            ) from error


def _bench(options: argparse.Namespace) -> int:
    """Measure, print the tables, write figure and numbers."""
    check_whole_number("--rounds", options.rounds, least=1)
    peers = dict(map(parse_peer, options.peer))
    contenders = select(options.only, peers)
    check_peers(peers)

    from ..bench import machine, report
    from ..bench.rounds import WARM_UP, run_rounds
    from ..bench.work import arrays

    with tempfile.TemporaryDirectory(prefix="gluon-softmax-") as folder:
        images = str(Path(folder, "images.npz"))
        arrays.write_arrays(options.root, images)
        command = partial(make_command, images=images, root=options.root, peers=peers)
        rows = run_rounds(contenders, command, options.rounds)
    measured_on, verdicts = machine.describe_machine(), report.judge(rows)
    left_out = {} if options.only else report.list_left_out(peers)
    print(machine.format_machine(measured_on))
    print(*report.format_all(rows, verdicts, left_out), sep="\n")
    content = {
        "machine": measured_on,
        "rounds": options.rounds,
        "warm_up": WARM_UP,
        "left_out": left_out,
        "contenders": rows,
        "ratios": verdicts,
    }
    figure = report.show_benchmark(rows, machine.format_machine(measured_on))
    machine.write(content, options.output / "bench", figure)
    return 0
