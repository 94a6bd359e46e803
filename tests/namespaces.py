"""Hosts on one machine: network namespaces on a bridge, with an sshd in each.

They are made in a network, mounts and process numbers of one's own, as `OWN` begins a
command with; they end with it, and the machine sees nothing of them.
"""

from __future__ import annotations

import socket
import subprocess
import time
from pathlib import Path

NAMES = ("a", "b", "c")
NETWORK = "10.213.77"
OWN = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]

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


def make_hosts(folder: Path) -> list[str]:
    """Make the hosts, and return the ssh that reaches them; keys are in the folder."""
    run("mount -t tmpfs none /run")
    Path("/run/sshd").mkdir()  # which sshd asks for
    run("ip link set lo up")
    run("ip link add name bridge type bridge")
    run(f"ip address add {NETWORK}.254/24 dev bridge")
    run("ip link set bridge up")
    _write_settings(folder)
    for name in NAMES:
        _make_namespace(name)
        _start_sshd(name, folder)
    return ["ssh", "-F", str(folder / "ssh_config")]


def switch(name: str, state: str) -> None:
    """Take a host off the network, 'down', or put it back, 'up'."""
    run(f"ip link set dev {name} {state}")


def run(command: str) -> None:
    """Run a program that must succeed."""
    subprocess.run(command.split(), check=True)


def _address(name: str) -> str:
    """Return a host's address."""
    return f"{NETWORK}.{NAMES.index(name) + 1}"


def _make_namespace(name: str) -> None:
    """Make a namespace with an address on the bridge."""
    run(f"ip netns add {name}")
    run(f"ip link add name {name} type veth peer name eth0 netns {name}")
    run(f"ip link set dev {name} master bridge up")
    run(f"ip -n {name} address add {_address(name)}/24 dev eth0")
    run(f"ip -n {name} link set eth0 up")
    run(f"ip -n {name} link set lo up")


def _write_settings(folder: Path) -> None:
    """Write the keys and settings of ssh's both ends."""
    for key in ("host_key", "user_key"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / key],
            check=True,
        )
    public = " ".join((folder / "host_key.pub").read_text().split()[:2])
    names = [f"Host {name}\n  HostName {_address(name)}\n" for name in NAMES]
    known = [f"{_address(name)} {public}\n" for name in NAMES]
    (folder / "ssh_config").write_text(CLIENT.format(folder=folder) + "".join(names))
    (folder / "sshd_config").write_text(SERVER.format(folder=folder))
    (folder / "known_hosts").write_text("".join(known))


def _start_sshd(name: str, folder: Path) -> None:
    """Start a host's sshd, and wait until it answers."""
    server = ["/usr/sbin/sshd", "-D", "-e", "-f", folder / "sshd_config"]
    subprocess.Popen(
        ["ip", "netns", "exec", name, *server],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for _ in range(100):
        try:
            socket.create_connection((_address(name), 22), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"the sshd of host {name} does not answer")
