"""The command `gluon-softmax` where MNIST is a small drawn data set."""

from __future__ import annotations

import sys
from pathlib import Path

SMALL_MNIST = """
import sys
from gluon_softmax import SyntheticFashion
from gluon_softmax.data import splits

def load(root, train):
    return SyntheticFashion(train, num_images=1500 if train else 100)

splits.DATA_SETS["mnist"] = load
"""
PROGRAM = f"""{SMALL_MNIST}
from gluon_softmax.commands.main import main
sys.exit(main(sys.argv[1:]))
"""


def write_program(folder: Path) -> list[str]:
    """Write the program, and return what a command of `gluon-softmax` begins with."""
    path = folder / "program.py"
    path.write_text(PROGRAM)
    return [sys.executable, str(path)]
