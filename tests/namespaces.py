"""Hosts on one machine: network namespaces on a bridge, with an sshd in each."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

NAMES = ("a", "b", "c")
NETWORK = "10.213.77"

SERVER = """\
Port 22
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/user_key.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin yes
"""

CLIENT = """\
Host a b c
  User root
  IdentityFile {folder}/user_key
  IdentitiesOnly yes
  UserKnownHostsFile {folder}/known_hosts
  StrictHostKeyChecking yes
  LogLevel ERROR
"""


class Hosts:
    """Three hosts.

    Parameters
    ----------
    folder : pathlib.Path
        For keys and settings.
    """

    def __init__(self, folder: Path):
        self.ssh = f"ssh -F {folder / 'ssh_config'}"
        self.names = NAMES

    def address(self, name: str) -> str:
        """Give a host's address."""
        return f"{NETWORK}.{NAMES.index(name) + 1}"

    def cut(self, name: str) -> None:
        """Take a host off the network."""
        _ip("link", "set", _link(name), "down")

    def join(self, name: str) -> None:
        """Put a host back on the network."""
        _ip("link", "set", _link(name), "up")


@contextmanager
def make_hosts(folder: Path) -> Iterator[Hosts]:
    """Make the hosts, or skip the test with the reason; leave nothing of them."""
    with ExitStack() as stack:
        try:
            _make_bridge(stack)
            for name in NAMES:
                _make_namespace(name, stack)
        except subprocess.CalledProcessError as error:
            pytest.skip(f"needs network namespaces ({error.stderr.strip()})")
        _write_settings(folder)
        _make_run_folder(stack)
        for name in NAMES:
            _start_sshd(name, folder, stack)
        yield Hosts(folder)


def _make_bridge(stack: ExitStack) -> None:
    """Make the bridge, on which this machine has an address too."""
    _ip("link", "add", _link("bridge"), "type", "bridge")
    stack.callback(_ip, "link", "del", _link("bridge"))
    _ip("address", "add", f"{NETWORK}.254/24", "dev", _link("bridge"))
    _ip("link", "set", _link("bridge"), "up")


def _make_namespace(name: str, stack: ExitStack) -> None:
    """Make a namespace with an address on the bridge."""
    space, link = _space(name), _link(name)
    _ip("netns", "add", space)
    stack.callback(_ip, "netns", "del", space)
    _ip("link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", space)
    _ip("link", "set", link, "master", _link("bridge"), "up")
    address = f"{NETWORK}.{NAMES.index(name) + 1}/24"
    _ip("-n", space, "address", "add", address, "dev", "eth0")
    for device in ("eth0", "lo"):
        _ip("-n", space, "link", "set", device, "up")


def _write_settings(folder: Path) -> None:
    """Write the keys and settings of ssh's both ends."""
    for key in ("host_key", "user_key"):
        _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / key))
    public = (folder / "host_key.pub").read_text().split()[:2]
    lines, known = [CLIENT], []
    for name in NAMES:
        address = f"{NETWORK}.{NAMES.index(name) + 1}"
        lines.append(f"Host {name}\n  HostName {address}\n")
        known.append(f"{address} {' '.join(public)}\n")
    settings = {"ssh_config": "".join(lines), "sshd_config": SERVER}
    for file, text in settings.items():
        (folder / file).write_text(text.format(folder=folder))
    (folder / "known_hosts").write_text("".join(known))


def _make_run_folder(stack: ExitStack) -> None:
    """Make the empty folder that sshd asks for, where it is missing."""
    folder = Path("/run/sshd")
    if not folder.exists():
        folder.mkdir()
        stack.callback(folder.rmdir)


def _start_sshd(name: str, folder: Path, stack: ExitStack) -> None:
    """Start a host's sshd, and wait until it answers."""
    command = ["/usr/sbin/sshd", "-D", "-e", "-f", str(folder / "sshd_config")]
    with open(folder / f"sshd-{name}.log", "wb") as log:
        process = subprocess.Popen(
            ["ip", "netns", "exec", _space(name), *command],
            stdin=subprocess.DEVNULL,
            stderr=log,
        )
    stack.callback(_end_all, name)
    stack.callback(process.wait)
    stack.callback(process.kill)
    address = (f"{NETWORK}.{NAMES.index(name) + 1}", 22)
    for _ in range(100):
        try:
            socket.create_connection(address, timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(Path(folder / f"sshd-{name}.log").read_text())


def _end_all(name: str) -> None:
    """End what is left in a namespace: sshd's sessions, and what a test has lost."""
    for pid in _run("ip", "netns", "pids", _space(name)).split():
        subprocess.run(["kill", "-9", pid], capture_output=True)


def _space(name: str) -> str:
    """Name a namespace of this process."""
    return f"gs{os.getpid()}{name}"


def _link(name: str) -> str:
    """Name a device of this process, in at most 15 characters."""
    return f"gs{os.getpid()}{name[:2]}"


def _ip(*arguments: str) -> str:
    """Run `ip`."""
    return _run("ip", *arguments)


def _run(*command: str) -> str:
    """Run a program that must succeed, and give what it prints."""
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout
