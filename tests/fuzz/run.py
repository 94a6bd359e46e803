"""Fuzz one format until it breaks: ``python -m fuzz.run FORMAT SECONDS``.

The formats are idx, picture, npz and json.

Hypothesis keeps what broke: the test of that format shows it, and fails until mended.
"""

from __future__ import annotations

import sys
import tempfile

import atheris

with atheris.instrument_imports(include=["gluon_softmax", "zipfile"]):
    import test_fuzz

OPTIONS = ["-max_len=4096", "-len_control=0", "-timeout=10", "-rss_limit_mb=1000"]
"""Of libFuzzer: bytes of an input, long ones at once; its seconds; MiB, MXNet's too."""


def main() -> None:
    """Give the format's test whatever leads it to new branches."""
    _, name, seconds = sys.argv
    target = getattr(test_fuzz, f"test_damaged_{name}").hypothesis.fuzz_one_input
    place = f"-artifact_prefix={tempfile.gettempdir()}/fuzz-{name}-"
    atheris.Setup([name, f"-max_total_time={seconds}", place, *OPTIONS], target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
