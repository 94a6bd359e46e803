"""Ctrl-C and SIGTERM, as a program receives them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import pytest
from gluon_softmax.commands import interruption
from gluon_softmax.commands.interruption import (
    Interruption,
    Terminated,
    hinting,
    raising_at_sigterm,
)
from gluon_softmax.storage.archive import read_arrays
from test_checkpoint import PROGRAM


@pytest.mark.parametrize(
    ("number", "kind"),
    [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Terminated)],
)
def test_a_signal_is_noted_and_named(number, kind):
    """The block goes on, and the question is answered."""
    with Interruption() as asked:
        assert not asked()
        signal.raise_signal(number)
        assert asked()
    error = asked.make_error("go on with --resume")
    assert type(error) is kind
    assert str(error) == "go on with --resume"


def test_sigterm_is_an_error_where_commands_run():
    """What catches Ctrl-C catches SIGTERM too, and a hint is handed on."""
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Terminated, match="the same command goes on"):
        terminate()
    assert signal.getsignal(signal.SIGTERM) == before


def terminate():
    """Send SIGTERM into a command that can go on."""
    with raising_at_sigterm(), hinting("the same command goes on"):
        signal.raise_signal(signal.SIGTERM)


@pytest.mark.parametrize(
    ("number", "error"),
    [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Terminated)],
)
def test_a_second_signal_breaks_off(number, error):
    """Who asks twice does not wait."""
    with pytest.raises(error) as caught:
        interrupt(number, lambda: signal.raise_signal(number))
    assert caught.type is error


def test_what_does_not_ask_is_broken_off(monkeypatch):
    """After a while without an answer the block ends."""
    monkeypatch.setattr(interruption, "PATIENCE", 0.05)
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        interrupt(signal.SIGINT, lambda: time.sleep(5))
    assert time.monotonic() - start < 2


def interrupt(number, then):
    """Send a signal into a block that does something else then."""
    with Interruption():
        signal.raise_signal(number)
        then()


def test_handlers_are_put_back():
    """After the block signals do what they did before."""
    before = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)]
    with Interruption():
        signal.raise_signal(signal.SIGINT)
    assert [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)] == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_training_ends_soon_with_all_that_it_had(tmp_path, number, code):
    """Checkpoint, history and parameters are written, and one line says so."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    kept, output = tmp_path / "kept", tmp_path / "output"
    command = ["train", "softmax", "--num-epochs", "5000", "--batch-size", "16"]
    command += ["--data", "mnist"]
    command += ["--checkpoint", kept, "--every", "1000", "--output", output]
    command = [sys.executable, program, *command]
    with subprocess.Popen(command, stdout=-1, stderr=-1, text=True) as process:
        process.stdout.readline()  # the first epoch is done
        start = time.monotonic()
        process.send_signal(number)
        _, err = process.communicate(timeout=20)
        seconds = time.monotonic() - start
    assert process.returncode == code
    assert err == (
        "gluon-softmax: interrupted: go on with the same command and --resume\n"
    )
    assert seconds < 2
    newest = max(kept.glob("*.npz"))
    head = json.loads(read_arrays(newest)["head"].tolist())["state"]
    epochs = json.loads((output / "softmax-mnist.json").read_text())["epochs"]
    assert [epoch["epoch"] for epoch in epochs] == list(range(1, head["epoch"] + 1))
