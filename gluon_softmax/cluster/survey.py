"""Looks at all machines of a job before anything starts on any of them."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

from ..errors import ArgumentError, InstallationError
from .hosts import Host, python_command
from .probe import describe

__all__ = ["LOOPBACK", "Site", "survey"]

LOOPBACK = "127.0.0.1"
START_TIMEOUT = 20.0  # seconds for ssh and a Python on another machine
ANSWER_TIMEOUT = 10.0


class Site(NamedTuple):
    """What a machine has for its part of a job.

    Parameters
    ----------
    address : str
    ports : list of int
        Free ones, ascending.
    """

    address: str
    ports: list[int]


def survey(counts: Mapping[Host, int], ssh: Sequence[str]) -> dict[Host, Site]:
    """Ask each machine for its versions, its address, free ports and its neighbours.

    Parameters
    ----------
    counts : mapping of Host to int
        How many ports each is to have.
    ssh : sequence of str

    Returns
    -------
    dict of Host to Site

    Raises
    ------
    ArgumentError
        If one is unknown, cannot be reached, has other versions than this machine, or
        does not have the address or reach the others.
    InstallationError
        If one lacks a system library that MXNet needs.
    """
    remote = [host for host in counts if not host.is_here]
    if not remote:
        return {host: _look_here(host, LOOPBACK, counts[host]) for host in counts}
    with ExitStack() as stack:
        asked = {host: stack.enter_context(_probe(host, ssh)) for host in remote}
        for host, probe in asked.items():
            probe.ask({"address": host.address, "ports": counts[host]})
        answers = {host: probe.answer(START_TIMEOUT) for host, probe in asked.items()}
        caller = answers[remote[0]]["caller"]
        sites = {
            host: _check(host, answers[host])
            if host in answers
            else _look_here(host, caller, counts[host])
            for host in counts
        }
        _check_addresses(sites)
        _check_ways(sites, asked)
    return sites


def _look_here(host: Host, usual: str, ports: int) -> Site:
    """Describe this machine."""
    return _check(host, describe(host.address or usual, ports))


def _check(host: Host, answer: Mapping[str, Any]) -> Site:
    """Refuse a machine that does not fit."""
    here = describe(LOOPBACK, 0)["versions"]
    for package, version in answer["versions"].items():
        if version != here[package]:
            raise ArgumentError(
                f"expected {package} {here[package]} on {host.name} as on this "
                f"machine, found {version}: install the same on both"
            )
    if answer["lacking"]:
        raise InstallationError(f"{host.name}: {answer['lacking']}")
    if "problem" in answer:
        raise ArgumentError(
            f"expected {answer['address']!r} to be an IPv4 address of {host.name}, "
            f"which cannot use it ({answer['problem']}): give it address= in the "
            "hosts file"
        )
    return Site(answer["address"], answer["ports"])


def _check_addresses(sites: Mapping[Host, Site]) -> None:
    """Refuse one machine under two names."""
    names: dict[str, str] = {}
    for host, site in sites.items():
        other = names.setdefault(site.address, host.name)
        if other != host.name:
            raise ArgumentError(
                f"expected different machines, found {other} and {host.name} at "
                f"{site.address}: give it one line, with slots="
            )


def _check_ways(sites: Mapping[Host, Site], asked: Mapping[Host, _Probe]) -> None:
    """Refuse machines that do not reach each other."""
    names = {site.address: host.name for host, site in sites.items()}
    ways = [(site.address, site.ports[0]) for site in sites.values()]
    for probe in asked.values():
        probe.ask({"reach": ways})
    for host, probe in asked.items():
        for address, reason in probe.answer(ANSWER_TIMEOUT * len(ways))["unreached"]:
            raise ArgumentError(
                f"{host.name} does not reach {names[address]} at {address} ({reason}): "
                "mend the network, or give another address= in the hosts file"
            )


class _Probe:
    """Questions to another machine.

    Parameters
    ----------
    host : Host
    process : subprocess.Popen
        Ssh, with `probe` at its other end.
    """

    def __init__(self, host: Host, process: subprocess.Popen):
        self._host, self._process = host, process
        self._answers: queue.SimpleQueue = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        """Read answers until there are no more; then what ssh says about it."""
        for line in self._process.stdout:
            self._answers.put(json.loads(line))
        lines = self._process.stderr.read().split("\n")
        said = [line.strip() for line in lines if line.strip()]
        self._process.wait()
        self._answers.put(said[-1] if said else "no answer")

    def ask(self, question: Mapping[str, Any]) -> None:
        """Send a question."""
        try:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
        except OSError:  # it has ended, and the answer says why
            return

    def answer(self, timeout: float) -> dict[str, Any]:
        """Wait for the answer."""
        try:
            answer = self._answers.get(timeout=timeout)
        except queue.Empty:
            answer = f"no answer within {timeout:.0f} s"
        if isinstance(answer, dict):
            return answer
        if self._process.poll() in (None, 255):
            raise ArgumentError(
                f"{self._host.name} cannot be reached over ssh ({answer}): it must "
                "work without a password, as in: ssh -o BatchMode=yes "
                f"{self._host.name} true"
            )
        raise ArgumentError(
            f"expected {self._host.python} on {self._host.name} to run this package, "
            f"found {answer!r}: install it there, or give python= in the hosts file"
        )


@contextmanager
def _probe(host: Host, ssh: Sequence[str]) -> Iterator[_Probe]:
    """Start to question another machine; leave nothing running."""
    try:
        process = subprocess.Popen(
            python_command(host, "probe", ssh),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is the launcher's
        )
    except OSError as error:
        raise ArgumentError(
            f"expected {ssh[0]!r} to start ssh, found none ({error.strerror})"
        ) from error
    try:
        yield _Probe(host, process)
    finally:
        process.kill()
        process.wait()
