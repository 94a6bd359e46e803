"""Run one target under atheris: ``python -m fuzz.one TARGET LIBFUZZER-OPTIONS``."""

from __future__ import annotations

import random
import resource
import sys
from collections.abc import Callable

import atheris

MOST_GROWTH = 64 * 2**10
"""KiB by which one input may raise the most memory that the process ever had."""


def bound(target: Callable[[bytes], object]) -> Callable[[bytes], None]:
    """Give a target that fails where an input takes much memory."""

    def run(content: bytes) -> None:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        target(content)
        growth = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        if growth > MOST_GROWTH:
            raise MemoryError(f"one input took {growth:,} KiB")

    return run


def make_mutator(damage: Callable, name: str) -> Callable[[bytes, int, int], bytes]:
    """Give what libFuzzer calls for new inputs: its own damage, or within the form."""

    def mutate(content: bytes, longest: int, seed: int) -> bytes:
        def mutate_bytes(piece: bytes, _: random.Random) -> bytes:
            return atheris.Mutate(piece, longest)

        return damage(name, content, random.Random(seed), mutate_bytes)[:longest]

    return mutate


def main() -> None:
    """Load the target with its branches reported, and run it until told to stop."""
    name, options = sys.argv[1], sys.argv[2:]
    with atheris.instrument_imports(include=["gluon_softmax", "zipfile"]):
        from . import damage, seeds, targets

        target = targets.TARGETS[name]
        for content in seeds.make_seeds()[name]:
            target(content)  # loads all that it needs before memory is measured
    mutator = make_mutator(damage.damage, name)
    atheris.Setup([sys.argv[0], *options], bound(target), custom_mutator=mutator)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
