"""Who is measured at which work, and how each is started."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import ArgumentError
from ..storage.processes import python_command

__all__ = ["CONTENDERS", "PEERS", "WORKS", "Contender", "make_command", "select"]

SCRIPTS = Path(__file__).with_name("peers")
PEERS = {"torch": "PyTorch", "jax": "JAX"}
"""The packages that need an interpreter of their own, since they need another NumPy."""

WORKS = {
    "training": "one epoch of training, batch 256, and evaluating",
    "perceptron": "one epoch of the perceptron, batch 64, and evaluating",
    "convolutional": "one epoch of the convolutional network, batch 64, and evaluating",
    "evaluating": "evaluating the test images, 20 times",
    "reading": "reading the training images once, shuffled",
    "resizing": "reading the training images, resized to 96 x 96",
    "starting": "from the start of the process to its end",
}
"""Each kind of work, and what it is."""
BLOCK, PLAIN, HYBRID = {"form": "block"}, {"engine": None}, {"hybridizes": True}
RESIZE = {"resize": 96}
TABLE = {
    "training": (
        ("gluon", "ours, Gluon", "training.gluon"),
        ("gluon-plain", "ours, Gluon, without the engine", "training.gluon", PLAIN),
        ("scratch", "ours, from scratch", "training.scratch"),
        (
            "scratch-hybrid",
            "ours, from scratch, hybridized",
            "training.scratch",
            HYBRID,
        ),
        ("block", "ours, a hybridized block of the user's", "training.gluon", BLOCK),
        ("block-plain", "the same block in a plain Gluon loop", "training.block_plain"),
        ("d2lzh", "d2lzh, Gluon", "training.d2lzh"),
        ("d2lzh-scratch", "d2lzh, from scratch", "training.d2lzh_scratch"),
        ("numpy", "NumPy by hand", "training.handmade"),
        ("torch", "PyTorch, best eager loop", "torch"),
        ("torch-scratch", "PyTorch, from scratch", "torch"),
        ("jax", "JAX, compiled scan", "jax"),
        ("blas", "BLAS alone", "blas.blas"),
    ),
    "perceptron": (
        ("perceptron", "ours", "training.network", {"name": "perceptron"}),
        ("torch-perceptron", "PyTorch", "torch"),
    ),
    "convolutional": (
        ("convolutional", "ours", "training.network", {"name": "convolutional"}),
        ("torch-convolutional", "PyTorch", "torch"),
    ),
    "evaluating": (
        ("evaluate", "ours", "training.evaluation"),
        ("torch-evaluate", "PyTorch", "torch"),
    ),
    "reading": (
        ("read-0", "ours, 0 workers", "reading.ours", {"num_workers": 0}),
        ("read-4", "ours, 4 workers", "reading.ours", {"num_workers": 4}),
        ("read-gluon", "Gluon's DataLoader, 4 workers", "reading.gluon"),
        ("read-d2lzh", "d2lzh, 4 workers", "reading.d2lzh"),
    ),
    "resizing": (
        ("resize-0", "ours, 0 workers", "reading.ours", {"num_workers": 0, **RESIZE}),
        ("resize-2", "ours, 2 workers", "reading.ours", {"num_workers": 2, **RESIZE}),
        ("resize-d2lzh", "d2lzh, 4 workers", "reading.d2lzh", RESIZE),
    ),
    "starting": (
        ("start", "ours, to the first batch", "starting.process", {"reads": True}),
        ("import", "import mxnet", "starting.process", {"reads": False}),
    ),
}
"""By work: key, name, what runs it, and with which options."""


@dataclass(frozen=True)
class Contender:
    """One implementation of one kind of work; only those of one kind are compared.

    The command line calls it by its key, tables and figures by its name. What it runs
    is "module.name" for `prepare_name` in a module of `bench.work`, which is called
    with the images and the options; or a key of `PEERS` for what its script calls by
    this contender's key.
    """

    work: str
    key: str
    name: str
    runs: str
    options: dict = field(default_factory=dict)

    @property
    def peer(self) -> str:
        """Whose interpreter it needs; empty for this one."""
        return self.runs if self.runs in PEERS else ""


CONTENDERS = tuple(
    Contender(work, *row) for work, rows in TABLE.items() for row in rows
)


def select(words: Iterable[str], peers: Iterable[str]) -> list[Contender]:
    """Return the contenders of this interpreter and of peers that the words name.

    A word is a key or a work; without any all are returned.
    """
    words, peers = set(words), {"", *peers}
    known = {*WORKS, *(contender.key for contender in CONTENDERS)}
    if words - known:
        raise ArgumentError(
            f"expected --only to name a work ({', '.join(WORKS)}) or contenders "
            f"({', '.join(sorted(known - WORKS.keys()))}), "
            f"found {', '.join(sorted(words - known))}"
        )
    return [
        contender
        for contender in CONTENDERS
        if contender.peer in peers
        and (not words or words & {contender.key, contender.work})
    ]


def make_command(
    contender: Contender, images: str, root: str, peers: Mapping[str, str]
) -> list[str]:
    """Return the command that starts a contender.

    `images` is the file that `arrays.write_arrays` wrote; `root` the folder of the
    published files, empty for the usual places; `peers` has the interpreter of each.
    """
    if contender.peer:
        script = SCRIPTS / f"{contender.peer}_peer.py"
        return [peers[contender.peer], str(script), contender.key, images]
    options = dict(contender.options)
    if contender.work == "starting":
        options["root"] = root
    return python_command(
        "bench.work.child", contender.runs, images, json.dumps(options)
    )
