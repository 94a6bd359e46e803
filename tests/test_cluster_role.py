"""The processes of a job, as they see themselves."""

from __future__ import annotations

import subprocess
import sys

import pytest
from cluster_jobs import FOLDER


@pytest.mark.parametrize(
    ("cause", "code", "said"),
    [
        ("raise ValueError('broken')", 1, "ValueError: broken"),
        ("raise SystemExit(7)", 7, ""),
        ("raise KeyboardInterrupt", 1, "KeyboardInterrupt"),
        ("return 3", 3, ""),
        ("return 0", 0, ""),
    ],
)
def test_a_failed_worker_leaves_at_once(cause, code, said):
    """It does not run what waits at the end of Python; one that succeeds does."""
    text = f"""
import sys, types, atexit
sys.path.insert(0, {FOLDER!r})
from gluon_softmax.commands import role
def run(arguments):
    print(*arguments)
    {cause}
sys.modules["gluon_softmax.commands.main"] = types.SimpleNamespace(main=run)
atexit.register(print, "barrier")
role.work(["train", "softmax"])
"""
    done = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == code
    assert done.stdout.split() == ["train", "softmax"] + ["barrier"] * (code == 0)
    assert said in done.stderr
