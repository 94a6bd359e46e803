"""Damage that leaves the outer form whole, so that what is within gets read."""

from __future__ import annotations

import io
import json
import zipfile

from hypothesis import strategies as st

ODD = [10**400, "a\nb", "\ud800", "x" * 2000, "../a", "a\0b"]
"""What no reader expects, and chance does not find."""
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.sampled_from(ODD)
)
TEXT = st.text(max_size=10) | st.sampled_from([odd for odd in ODD if odd != 10**400])
VALUES = st.recursive(
    SCALARS | TEXT,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3)
    ),
    max_leaves=5,
)


@st.composite
def damage_bytes(draw, content: bytes) -> bytes:
    """Cut, double or overwrite a few pieces."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.sampled_from([0, 1, 2, 4, 8, 100])))
        piece = content[start:end]
        others = st.sampled_from([b"", piece * 2, b"\xff" * len(piece)])
        piece = draw(others | st.binary(max_size=4))
        content = content[:start] + piece + content[end:]
    return content


@st.composite
def damage_npz(draw, content: bytes) -> bytes:
    """Lose or damage one array and give it the right checksum; or damage the file."""
    if draw(st.booleans()):
        return draw(damage_bytes(content))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = draw(st.sampled_from(sorted(members)))
    before = members.pop(name)
    if draw(st.booleans()):
        members[name] = draw(damage_bytes(before))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for member, array in members.items():
            archive.writestr(zipfile.ZipInfo(member), array)
    return file.getvalue()


@st.composite
def damage_json(draw, content: object) -> bytes:
    """Put something odd in one place; or damage the bytes."""
    content = json.dumps(draw(_change(content))).encode()
    return content if draw(st.integers(0, 4)) else draw(damage_bytes(content))


@st.composite
def _change(draw, content: object) -> object:
    """Change a value, an entry of it, or an entry of an entry, and so on."""
    if (
        not isinstance(content, (dict, list))
        or not content
        or not draw(st.integers(0, 4))
    ):
        return draw(VALUES)
    is_list = isinstance(content, list)
    entries = dict(enumerate(content)) if is_list else dict(content)
    key = draw(st.sampled_from(list(entries)))
    kind = draw(st.sampled_from(["change", "change", "change", "lose", "rename"]))
    value = entries.pop(key)
    if kind == "change":
        entries[key] = draw(_change(value))
    if kind == "rename":
        entries[draw(TEXT)] = value
    return list(entries.values()) if is_list else entries
