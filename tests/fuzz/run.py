"""Fuzz the readers, one after the other: ``python -m fuzz.run --seconds 60``.

Prints what each one read; what breaks one is kept in build/fuzz, and the exit status is
1 then.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from .seeds import LONGEST, make_seeds
from .targets import TARGETS

KEPT = Path(__file__).parents[2] / "build" / "fuzz"
MEMORY = "/dev/shm" if os.path.isdir("/dev/shm") else None
"""Where inputs are written: a disk would set the pace."""
MOST_MEMORY = 1024
"""MiB of a process, MXNet included."""
LONGEST_READ = 10
"""Seconds for one input."""


def main() -> int:
    """Fuzz the targets that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", default=[*TARGETS])
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    options = parser.parse_args()
    print(f"{'target':16}{'inputs':>12}{'a second':>10}  found", flush=True)
    broken = [name for name in options.targets if not fuzz(name, options.seconds)]
    return 1 if broken else 0


def fuzz(name: str, seconds: int) -> bool:
    """Fuzz one target; say whether it withstood."""
    folder = KEPT / name
    corpus = write_seeds(name, folder / "corpus")
    start = time.monotonic()
    done = run_one(name, [*list_options(folder, seconds), corpus])
    log = folder / "log"
    log.write_bytes(done.stdout)
    inputs = count_inputs(done.stdout.decode(errors="replace"))
    rate = inputs / (time.monotonic() - start)
    found = "nothing" if done.returncode == 0 else f"see the end of {log}"
    print(f"{name:16}{inputs:>12,}{rate:>10,.0f}  {found}", flush=True)
    return done.returncode == 0


def run_one(name: str, options: list[str | Path]) -> subprocess.CompletedProcess:
    """Run the fuzzer, which ends without tidying up."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as temporary:
        return subprocess.run(
            [sys.executable, "-m", "fuzz.one", name, *options],
            env={**os.environ, "TMPDIR": temporary},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )


def write_seeds(name: str, corpus: Path) -> Path:
    """Put the valid files where libFuzzer reads them and adds its own."""
    corpus.mkdir(parents=True, exist_ok=True)
    for number, content in enumerate(make_seeds()[name]):
        (corpus / f"seed-{number}").write_bytes(content)
    return corpus


def list_options(folder: Path, seconds: int) -> list[str]:
    """List libFuzzer's options."""
    return [
        f"-max_total_time={seconds}",
        f"-max_len={LONGEST}",
        f"-timeout={LONGEST_READ}",
        f"-rss_limit_mb={MOST_MEMORY}",
        f"-artifact_prefix={folder}/",
        "-print_final_stats=1",
    ]


def count_inputs(log: str) -> int:
    """Read from libFuzzer's log how many inputs it ran."""
    counts = re.findall(r"^stat::number_of_executed_units: (\d+)|^#(\d+)\t", log, re.M)
    return max((int(final or line) for final, line in counts), default=0)


if __name__ == "__main__":
    sys.exit(main())
