"""Damage that leaves the outer form whole, so that what is within gets read."""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Callable

from . import seeds

PACKINGS = [zipfile.ZIP_STORED] * 9 + [zipfile.ZIP_DEFLATED]
Mutate = Callable[[bytes, random.Random], bytes]

ODD = [
    None,
    True,
    -1,
    0.5,
    10**400,
    float("nan"),
    float("inf"),
    "",
    "a\nb",
    "\ud800",
    "x" * 300,
    "../a",
    [],
    {},
    [[[]]],
    {"a": {}},
]
"""What no reader expects in some place or other."""


def damage_json(content: bytes, draw: random.Random, mutate: Mutate) -> bytes:
    """Put something odd in one place of JSON; damage the bytes of what is none."""
    try:
        whole = json.loads(content)
    except (ValueError, RecursionError):
        return mutate(content, draw)
    places = list(find_places(whole))
    if not places or draw.random() < 0.1:
        return mutate(content, draw)
    container, key = draw.choice(places)
    change(container, key, draw)
    try:
        return json.dumps(whole).encode()
    except RecursionError:  # buried too often
        return mutate(content, draw)


def find_places(content: object) -> list[tuple]:
    """List each container with each of its keys, as far as a path may go."""
    places, todo = [], [content]
    while todo and len(places) < 1000:
        found = todo.pop()
        if isinstance(found, (dict, list)):
            keys = found if isinstance(found, dict) else range(len(found))
            places += [(found, key) for key in keys]
            todo += [found[key] for key in keys]
    return places


def change(container: dict | list, key: str | int, draw: random.Random) -> None:
    """Remove one entry, double it, bury it, or put something odd in its place."""
    kind = draw.randrange(8)
    if kind == 0:
        del container[key]
    elif kind == 1 and isinstance(container, list):
        container.insert(key, container[key])
    elif kind == 2 and isinstance(container, dict):
        container[draw.choice(["x\ny", "x" * 2000, "\ud800"])] = container[key]
    elif kind == 3:
        for _ in range(draw.choice([1, 30, 500])):
            container[key] = [container[key]]
    else:
        container[key] = draw.choice(ODD)


def damage_npz(content: bytes, draw: random.Random, mutate: Mutate) -> bytes:
    """Damage one array of a file and give it the right checksum; or the file."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()[:20]
            members = {name: read_start(archive, name) for name in names}
    except Exception:  # whatever zipfile raises for damaged content
        return mutate(content, draw)
    if not members or draw.random() < 0.3:
        return mutate(content, draw)
    name = draw.choice(sorted(members))
    if draw.random() < 0.1:
        del members[name]
    else:
        members[name] = mutate(members[name], draw)
    return zip_members(members, draw.choice(PACKINGS))


def read_start(archive: zipfile.ZipFile, name: str) -> bytes:
    """Read so much of a member as is worth damaging."""
    with archive.open(name) as file:
        return file.read(2**13)


def zip_members(members: dict[str, bytes], packing: int) -> bytes:
    """Make a zip."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", packing) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, packing)
    return file.getvalue()


def damage_bytes(content: bytes, draw: random.Random) -> bytes:
    """Change, cut, double or insert a few bytes."""
    damaged = bytearray(content)
    for _ in range(draw.choice([1, 1, 2, 5])):
        start = draw.randint(0, len(damaged))
        end = min(len(damaged), start + draw.choice([1, 2, 4, 8, 100]))
        piece = damaged[start:end]
        number = draw.choice([0, 1, 0x7F, 0x80, 0xFF])
        others = [b"", piece * 2, bytes([number]) * len(piece), draw.randbytes(4)]
        damaged[start:end] = draw.choice(others)
    return bytes(damaged[: seeds.LONGEST])


DAMAGE: dict[str, Callable] = {
    "npz": damage_npz,
    "model": damage_npz,
    "checkpoint": damage_npz,
    "checkpoint_head": damage_json,
    "history": damage_json,
    "comparison": damage_json,
    "study": damage_json,
}
"""How the inputs of a target are damaged; all others byte by byte."""


def damage(name: str, content: bytes, draw: random.Random, mutate: Mutate) -> bytes:
    """Damage an input of a target."""
    if name in DAMAGE:
        return DAMAGE[name](content, draw, mutate)
    return mutate(content, draw)
