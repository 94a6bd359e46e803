"""Who is measured at which work, and how each is started."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import ArgumentError

__all__ = ["CONTENDERS", "WORKS", "Contender", "make_command", "select"]

SCRIPTS = Path(__file__).with_name("peers")
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
        What the process is told to do.
    name : str
        What tables and figures call it.
    work : str
        The kind of work, a key of `WORKS`; only contenders of one kind are compared.
    peer : str
        Whose interpreter it needs; empty for this one.
    code : str
        Run in a fresh interpreter each round, instead of in a process that stays.
    """

    key: str
    name: str
    work: str
    peer: str = ""
    code: str = ""


CONTENDERS = (
    Contender("gluon", "ours, Gluon", "training"),
    Contender("gluon-hybrid", "ours, Gluon, hybridized", "training"),
    Contender("gluon-plain", "ours, Gluon, without the engine", "training"),
    Contender("scratch", "ours, from scratch", "training"),
    Contender("scratch-hybrid", "ours, from scratch, hybridized", "training"),
    Contender("block", "ours, a hybridized block of the user's", "training"),
    Contender("block-plain", "the same block in a plain Gluon loop", "training"),
    Contender("d2lzh", "d2lzh, Gluon", "training"),
    Contender("d2lzh-scratch", "d2lzh, from scratch", "training"),
    Contender("numpy", "NumPy by hand", "training"),
    Contender("torch", "PyTorch, best eager loop", "training", "torch"),
    Contender("torch-scratch", "PyTorch, from scratch", "training", "torch"),
    Contender("jax", "JAX, compiled scan", "training", "jax"),
    Contender("jax-bytes", "JAX, compiled scan over bytes", "training", "jax"),
    Contender("blas", "BLAS alone", "training"),
    Contender("perceptron", "ours", "perceptron"),
    Contender("torch-perceptron", "PyTorch", "perceptron", "torch"),
    Contender("convolutional", "ours", "convolutional"),
    Contender("torch-convolutional", "PyTorch", "convolutional", "torch"),
    Contender("evaluate", "ours", "evaluating"),
    Contender("torch-evaluate", "PyTorch", "evaluating", "torch"),
    Contender("read-0", "ours, 0 workers", "reading"),
    Contender("read-1", "ours, 1 worker", "reading"),
    Contender("read-2", "ours, 2 workers", "reading"),
    Contender("read-4", "ours, 4 workers", "reading"),
    Contender("read-gluon", "Gluon's DataLoader, 4 workers", "reading"),
    Contender("read-d2lzh", "d2lzh, 4 workers", "reading"),
    Contender("resize-0", "ours, 0 workers", "resizing"),
    Contender("resize-2", "ours, 2 workers", "resizing"),
    Contender("resize-d2lzh", "d2lzh, 4 workers", "resizing"),
    Contender("start", "ours, to the first batch", "starting", code=FIRST_BATCH),
    Contender("import", "import mxnet", "starting", code=IMPORT_ALONE),
)


def select(words: Iterable[str], peers: Iterable[str]) -> list[Contender]:
    """Choose contenders.

    Parameters
    ----------
    words : iterable of str
        Each names a work or a key; no word chooses all.
    peers : iterable of str
        The peers that there is an interpreter for.

    Returns
    -------
    list of Contender
        In the order of `CONTENDERS`, without those of other peers.

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
    contender: Contender, data: str, arrays: str, peers: Mapping[str, str]
) -> list[str]:
    """Make the command that starts a contender.

    Parameters
    ----------
    contender : Contender
    data : str
        Where this package's loader looks: a folder, or nothing for its usual places.
    arrays : str
        The file that peers read.
    peers : mapping of str to str
        The interpreter of each peer.

    Returns
    -------
    list of str
    """
    if contender.code:
        root = f", root={data!r}" if data else ""
        return [sys.executable, "-W", "ignore", "-c", contender.code.format(root)]
    if contender.peer:
        script = SCRIPTS / f"{contender.peer}_peer.py"
        return [peers[contender.peer], str(script), contender.key, arrays]
    return [sys.executable, "-m", "gluon_softmax.bench.work", contender.key, data]
