"""Who is measured at which work, and how each is started."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..errors import ArgumentError
from ..storage.processes import count_cores, python_command

__all__ = [
    "BUSY_WORKS",
    "CONTENDERS",
    "PEERS",
    "SAME",
    "WORKS",
    "Contender",
    "make_command",
    "select",
]

SCRIPTS = Path(__file__).with_name("peers")
PEERS = {"torch": "PyTorch", "jax": "JAX"}
"""The packages that need an interpreter of their own, since they need another NumPy."""
SAME = "-same"
"""Ends the key of a peer that takes as many threads as MXNet does."""
THREADS = max(1, count_cores() // 2)
"""As many that is: two of what the system calls cores may be one."""

WORKS = {
    "training": "one epoch of training, batch 256, and evaluating",
    "perceptron": "one epoch of the perceptron, batch 64, and evaluating",
    "convolutional": "one epoch of the convolutional network, batch 64, and evaluating",
    "perceptron-busy": "the perceptron, beside one busy process",
    "convolutional-busy": "the convolutional network, beside one busy process",
    "evaluating": "evaluating the test images, 100 times",
    "reading": "reading the training images once, shuffled",
    "resizing": "reading the training images, resized to 96 x 96",
    "file": "one epoch on 600,000 images; no file is in the page cache at its start",
    "starting": "from the start of the process to its end",
}
"""Each kind of work, and what it is."""
BUSY_WORKS = ("perceptron-busy", "convolutional-busy")
"""Those beside which another process computes all the time."""
PERCEPTRON, CONVOLUTIONAL = {"name": "perceptron"}, {"name": "convolutional"}
PLAIN, HYBRID, RESIZE = {"engine": None}, {"hybridizes": True}, {"resize": 96}
TABLE = {
    "training": (
        ("gluon", "ours, Gluon", "training.gluon"),
        ("gluon-plain", "ours, Gluon, without the engine", "training.gluon", PLAIN),
        ("scratch", "ours, from scratch", "training.scratch"),
        ("hybrid", "ours, from scratch, hybridized", "training.scratch", HYBRID),
        ("d2lzh", "d2lzh, Gluon", "training.d2lzh"),
        ("d2lzh-scratch", "d2lzh, from scratch", "training.d2lzh_scratch"),
        ("numpy", "NumPy by hand", "training.handmade"),
        ("torch", "PyTorch, best eager loop", "torch.linear"),
        ("torch-scratch", "PyTorch, from scratch", "torch.scratch"),
        ("jax", "JAX, compiled scan", "jax.scan"),
        ("blas", "BLAS alone", "blas.blas"),
    ),
    "perceptron": (
        ("perceptron", "ours", "training.network", PERCEPTRON),
        ("torch-perceptron", "PyTorch", "torch.perceptron"),
    ),
    "convolutional": (
        ("convolutional", "ours", "training.network", CONVOLUTIONAL),
        ("torch-convolutional", "PyTorch", "torch.convolutional"),
    ),
    "perceptron-busy": (
        ("perceptron-busy", "ours", "training.network", PERCEPTRON),
        ("torch-perceptron-busy", "PyTorch", "torch.perceptron"),
    ),
    "convolutional-busy": (
        ("convolutional-busy", "ours", "training.network", CONVOLUTIONAL),
        ("torch-convolutional-busy", "PyTorch", "torch.convolutional"),
    ),
    "evaluating": (
        ("evaluate", "ours", "training.evaluation"),
        ("torch-evaluate", "PyTorch", "torch.evaluation"),
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
    "file": (
        ("memory", "ours, in memory", "training.repeated", {"in_file": False}),
        ("file", "ours, in a file", "training.repeated", {"in_file": True}),
    ),
    "starting": (
        ("start", "ours, to the first batch", "starting.process", {"does": "read"}),
        ("import", "import mxnet", "starting.process", {"does": "import"}),
        ("own", "import gluon_softmax", "starting.process", {"does": "own"}),
        ("help", "gluon-softmax --help", "starting.process", {"does": "help"}),
    ),
}
"""By work: key, name, what runs it, and with which options."""


@dataclass(frozen=True)
class Contender:
    """One implementation of one kind of work; only those of one kind are compared.

    The command line calls it by its key, tables and figures by its name. What it runs
    is "module.name" for `prepare_name` in a module of `bench.work`, which is called
    with the images and the options. Where the module is one of `PEERS`, its script is
    called with the name instead, and with so many threads, 0 for its own choice.
    """

    work: str
    key: str
    name: str
    runs: str
    options: dict = field(default_factory=dict)
    threads: int = 0

    @property
    def peer(self) -> str:
        """Whose interpreter it needs; empty for this one."""
        module = self.runs.partition(".")[0]
        return module if module in PEERS else ""


def _list_contenders() -> Iterator[Contender]:
    """Yield the contenders of the table, a peer's with both numbers of threads."""
    for work, rows in TABLE.items():
        for row in rows:
            contender = Contender(work, *row)
            yield contender
            if contender.peer:
                name = f"{contender.name}, threads as ours ({THREADS})"
                key = contender.key + SAME
                yield replace(contender, key=key, name=name, threads=THREADS)


CONTENDERS = tuple(_list_contenders())


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
        name = contender.runs.partition(".")[2]
        words = [str(script), name, images, str(contender.threads)]
        return [peers[contender.peer], *words]
    options = dict(contender.options)
    if contender.work == "starting":
        options["root"] = root
    return python_command(
        "bench.work.child", contender.runs, images, json.dumps(options)
    )
