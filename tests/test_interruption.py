"""Ctrl-C and SIGTERM, as a program receives them."""

from __future__ import annotations

import json
import signal
import subprocess
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
from small_training import write_program

SIGNALS = [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Terminated)]


@pytest.mark.parametrize(("number", "kind"), SIGNALS)
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

    def terminate():
        with raising_at_sigterm(), hinting("the same command goes on"):
            signal.raise_signal(signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Terminated, match="the same command goes on"):
        terminate()
    assert signal.getsignal(signal.SIGTERM) == before


def interrupt(number, then) -> None:
    """Send a signal into a block that does something else then."""
    with Interruption():
        signal.raise_signal(number)
        then()


@pytest.mark.parametrize(("number", "kind"), SIGNALS)
def test_a_second_signal_breaks_off(number, kind):
    """Who asks twice does not wait; afterwards signals do what they did before."""
    before = [signal.getsignal(number) for number, _ in SIGNALS]
    with pytest.raises(KeyboardInterrupt) as caught:
        interrupt(number, lambda: signal.raise_signal(number))
    assert caught.type is kind
    assert [signal.getsignal(number) for number, _ in SIGNALS] == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_without_an_alarm(monkeypatch):
    """On Windows, too, the second signal breaks off."""
    monkeypatch.setattr(interruption, "HAS_ALARM", False)
    for name in ("SIGALRM", "setitimer", "ITIMER_REAL"):
        monkeypatch.delattr(signal, name)
    with pytest.raises(KeyboardInterrupt):
        interrupt(signal.SIGINT, lambda: signal.raise_signal(signal.SIGINT))


def test_what_does_not_ask_is_broken_off(monkeypatch):
    """After a while without an answer the block ends, though it would go on."""
    monkeypatch.setattr(interruption, "GRACE", 0.05)
    with pytest.raises(KeyboardInterrupt):
        interrupt(signal.SIGINT, lambda: time.sleep(5))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_training_ends_with_all_that_it_had(tmp_path, number, code):
    """Checkpoint, history and parameters are written, and one line says so."""
    kept, output = tmp_path / "kept", tmp_path / "output"
    command = [*write_program(tmp_path), "train", "softmax", "--data", "mnist"]
    command += ["--num-epochs", "5000", "--batch-size", "16", "--output", output]
    command += ["--checkpoint", kept, "--every", "1000"]
    with subprocess.Popen(command, stdout=-1, stderr=-1, text=True) as process:
        process.stdout.readline()  # the first epoch is done
        process.send_signal(number)
        _, err = process.communicate(timeout=20)
    assert process.returncode == code
    assert err.endswith(
        "\ngluon-softmax: interrupted: go on with the same command and --resume\n"
    )
    newest = max(kept.glob("*.npz"))
    head = json.loads(read_arrays(newest)["head"].tolist())["state"]
    epochs = json.loads((output / "softmax-mnist.json").read_text())["epochs"]
    assert [epoch["epoch"] for epoch in epochs] == list(range(1, head["epoch"] + 1))
