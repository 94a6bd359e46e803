"""Who is measured at which work, and how each is started."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import ArgumentError

__all__ = ["CONTENDERS", "PEERS", "WORKS", "Contender", "make_command", "select"]

SCRIPTS = Path(__file__).with_name("peers")
PEERS = {"torch": "PyTorch", "jax": "JAX"}
"""The packages that need an interpreter of their own, since they need another NumPy."""
IMPORT_ALONE = "import gluon_softmax, mxnet"
"""Stands for `import mxnet`, which fails on current NumPy without the repair."""
FIRST_BATCH = (
    "import gluon_softmax as d2l; "
    "train_iter, _ = d2l.load_data_fashion_mnist(256{}); next(iter(train_iter))"
)

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


@dataclass(frozen=True)
class Contender:
    """One implementation of one kind of work.

    Attributes
    ----------
    key : str
        What the command line calls it.
    name : str
        What tables and figures call it.
    work : str
        The kind of work, a key of `WORKS`; only contenders of one kind are compared.
    function : str
        What prepares it: "module.name" for `prepare_name` in a module of `bench.work`.
    options : dict
        What that is called with, beside the images.
    peer : str
        Whose interpreter it needs, a key of `PEERS`; empty for this one.
    code : str
        Run in a fresh interpreter each round, instead of in a process that stays.
    """

    key: str
    name: str
    work: str
    function: str = ""
    options: dict = field(default_factory=dict)
    peer: str = ""
    code: str = ""


CONTENDERS = (
    Contender("gluon", "ours, Gluon", "training", "training.gluon"),
    Contender(
        "gluon-hybrid",
        "ours, Gluon, hybridized",
        "training",
        "training.gluon",
        {"hybrid": True},
    ),
    Contender(
        "gluon-plain",
        "ours, Gluon, without the engine",
        "training",
        "training.gluon",
        {"engine": None},
    ),
    Contender("scratch", "ours, from scratch", "training", "training.scratch"),
    Contender(
        "scratch-hybrid",
        "ours, from scratch, hybridized",
        "training",
        "training.scratch",
        {"hybrid": True},
    ),
    Contender(
        "block", "ours, a hybridized block of the user's", "training", "training.block"
    ),
    Contender(
        "block-plain",
        "the same block in a plain Gluon loop",
        "training",
        "training.block",
        {"plain": True},
    ),
    Contender("d2lzh", "d2lzh, Gluon", "training", "training.d2lzh"),
    Contender(
        "d2lzh-scratch", "d2lzh, from scratch", "training", "training.d2lzh_scratch"
    ),
    Contender("numpy", "NumPy by hand", "training", "training.handmade"),
    Contender("torch", "PyTorch, best eager loop", "training", peer="torch"),
    Contender("torch-scratch", "PyTorch, from scratch", "training", peer="torch"),
    Contender("jax", "JAX, compiled scan", "training", peer="jax"),
    Contender("jax-bytes", "JAX, compiled scan over bytes", "training", peer="jax"),
    Contender("blas", "BLAS alone", "training", "blas.blas"),
    Contender(
        "perceptron", "ours", "perceptron", "training.network", {"name": "perceptron"}
    ),
    Contender("torch-perceptron", "PyTorch", "perceptron", peer="torch"),
    Contender(
        "convolutional",
        "ours",
        "convolutional",
        "training.network",
        {"name": "convolutional"},
    ),
    Contender("torch-convolutional", "PyTorch", "convolutional", peer="torch"),
    Contender("evaluate", "ours", "evaluating", "training.evaluation"),
    Contender("torch-evaluate", "PyTorch", "evaluating", peer="torch"),
    Contender(
        "read-0", "ours, 0 workers", "reading", "reading.ours", {"num_workers": 0}
    ),
    Contender(
        "read-1", "ours, 1 worker", "reading", "reading.ours", {"num_workers": 1}
    ),
    Contender(
        "read-2", "ours, 2 workers", "reading", "reading.ours", {"num_workers": 2}
    ),
    Contender(
        "read-4", "ours, 4 workers", "reading", "reading.ours", {"num_workers": 4}
    ),
    Contender(
        "read-gluon",
        "Gluon's DataLoader, 4 workers",
        "reading",
        "reading.gluon",
        {"num_workers": 4},
    ),
    Contender("read-d2lzh", "d2lzh, 4 workers", "reading", "reading.d2lzh"),
    Contender(
        "resize-0",
        "ours, 0 workers",
        "resizing",
        "reading.ours",
        {"num_workers": 0, "resize": 96},
    ),
    Contender(
        "resize-2",
        "ours, 2 workers",
        "resizing",
        "reading.ours",
        {"num_workers": 2, "resize": 96},
    ),
    Contender(
        "resize-d2lzh", "d2lzh, 4 workers", "resizing", "reading.d2lzh", {"resize": 96}
    ),
    Contender("start", "ours, to the first batch", "starting", code=FIRST_BATCH),
    Contender("import", "import mxnet", "starting", code=IMPORT_ALONE),
)


def select(words: Iterable[str], peers: Iterable[str]) -> list[Contender]:
    """Return the contenders whose key or work is named; all, if none is.

    Those of peers that there is no interpreter for are left out.

    Raises
    ------
    ArgumentError
        If a word names nothing.
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

    Parameters
    ----------
    contender : Contender
    images : str
        The file that `arrays.write_arrays` wrote.
    root : str
        The folder of the published files; empty for the usual places.
    peers : mapping of str to str
        The interpreter of each peer.
    """
    if contender.code:
        options = f", root={root!r}" if root else ""
        return [sys.executable, "-W", "ignore", "-c", contender.code.format(options)]
    if contender.peer:
        script = SCRIPTS / f"{contender.peer}_peer.py"
        return [peers[contender.peer], str(script), contender.key, images]
    return [sys.executable, "-m", "gluon_softmax.bench.work", contender.key, images]
