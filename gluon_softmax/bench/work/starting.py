"""Starting Python, and importing MXNet or reading a first batch there."""

from __future__ import annotations

import sys

from ...storage.processes import python_command
from ..peers.serving import Work
from ..processes import run_process

BATCH_SIZE = 256


def prepare_process(images: str, does: str, root: str) -> Work:
    """Prepare running a process from its start to its end."""
    command = {
        "read": python_command("bench.work.starting", root),
        "import": python_command("bench.work.starting"),
        "own": [sys.executable, "-c", "import gluon_softmax"],
        "help": python_command("commands.main", "--help"),
    }[does]

    def work() -> dict:
        run_process("a new process", command)
        return {}

    return work


def main() -> None:
    """Do what the process that is measured does."""
    import gluon_softmax as d2l  # first: MXNet alone fails on current NumPy
    import mxnet  # noqa: F401

    if sys.argv[1:]:
        root = sys.argv[1] or None
        train_iter, _ = d2l.load_data_fashion_mnist(BATCH_SIZE, root=root)
        next(iter(train_iter))
