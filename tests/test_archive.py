"""Arrays in a file: what is written comes back, and nothing else does any harm."""

from __future__ import annotations

import io
import os
import pickle
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest
from gluon_softmax.errors import DataError
from gluon_softmax.storage.archive import read_arrays, write_arrays
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

ARRAYS = {
    "W": np.arange(6, dtype="float32").reshape(2, 3),
    "0.bias": np.array([1, -1], "int64"),
    "names": np.array(["coat", "短靴"]),
    "mean": np.array(0.5),
}


def save(**arrays: np.ndarray) -> bytes:
    """Return NumPy's own bytes of some arrays."""
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def pack(content: bytes, compression: int = zipfile.ZIP_STORED) -> bytes:
    """Make a .npz with one member of any content."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as made:
        made.writestr("a.npy", content)
    return file.getvalue()


def forge(descr: str, shape: str, numbers: bytes = bytes(16)) -> bytes:
    """Make a .npz with one array of any type and shape."""
    header = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape}}}\n"
    length = struct.pack("<H", len(header))
    return pack(b"\x93NUMPY\1\0" + length + header.encode("latin1") + numbers)


def promise(content: bytes, size: int) -> bytes:
    """Make the list of a zip say that its only member unpacks to another size."""
    start = content.rindex(b"PK\1\2") + 24
    return content[:start] + size.to_bytes(4, "little") + content[start + 4 :]


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """Return a path to write to again and again."""
    return tmp_path_factory.mktemp("archive") / "a.npz"


def check_equal(found, expected):
    """Compare names, values and types."""
    assert sorted(found) == sorted(expected)
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype


def test_numpy_alone_reads_it(tmp_path):
    """Its loader, told to load no pickle, gives the same; no time or place is in it."""
    path = write_arrays(ARRAYS, tmp_path / "new" / "a.npz")
    check_equal(read_arrays(path), ARRAYS)
    with np.load(path, allow_pickle=False) as loaded:
        check_equal(dict(loaded), ARRAYS)
    other = write_arrays(ARRAYS, tmp_path / "other.npz")
    assert other.read_bytes() == path.read_bytes()


@settings(max_examples=30, deadline=None)
@given(
    hnp.arrays(
        st.sampled_from(["float32", "float64", "uint8", "int64", "bool", "<U3"]),
        hnp.array_shapes(min_dims=0, min_side=0),
    )
)
def test_any_array_comes_back(path, array):
    """Of any shape, an empty one too, in either order of memory."""
    arrays = {"a": array, "0.W": np.asfortranarray(array)}
    check_equal(read_arrays(write_arrays(arrays, path)), arrays)


GOOD = save(**ARRAYS)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_a_changed_byte_changes_no_array(path, position, change):
    """The file is refused, or an array is lost or has another name."""
    damaged = bytearray(GOOD)
    damaged[position] ^= change
    path.write_bytes(damaged)
    try:
        found = read_arrays(path)
    except DataError:
        return
    kept = {name: array for name, array in ARRAYS.items() if name in found}
    check_equal({name: found[name] for name in kept}, kept)
    assert len(kept) >= len(found) - 1


class Trap:
    """Fails the test if it is ever unpickled."""

    def __reduce__(self):
        return pytest.fail, ("a pickle was run",)


NO_CHARACTER = np.array([0x110000], "<u4").view("<U1")
NO_CHARACTERS = np.array([0x82828282] * 3, ">u4").view(">U3")
SURROGATE = np.array([0xD800], "<u4").view("<U1")
HOSTILE = {
    "objects": (save(a=np.array([Trap(), 1], object)), "allow_pickle=False"),
    "a pickle": (pack(pickle.dumps(Trap())), "a damaged one"),
    "more numbers": (forge("<f4", "(5,)"), "a damaged one"),
    "fewer numbers": (forge("<f4", "(3,)"), "as many bytes as an array takes"),
    "no shape": (forge("<f4", "(0, 10**30)", b""), "a damaged one"),
    "numbers of no bytes": (forge("|V0", "(2,)", b""), "numbers or text"),
    "text of no bytes": (forge("<U0", f"({10**9},)", b""), "at most 65,536 entries"),
    "signs": (forge("<f4", "(" + "-" * 9000 + "1,)"), "a damaged one"),
    "bytes": (save(a=np.array(b"x")), r"expected numbers or text, found type \|S1"),
    "structures": (save(a=np.zeros(2, "i4,f4")), "expected numbers or text"),
    "no character": (save(a=NO_CHARACTER), "that are no characters"),
    "several": (save(a=NO_CHARACTERS), "that are no characters"),
    "half a character": (save(a=SURROGATE), "that are no characters"),
    "an empty file": (b"", "found 0"),
    "an empty member": (pack(b""), "found 0"),
    "a bomb in bzip2": (
        promise(pack(bytes(2**24), zipfile.ZIP_BZIP2), 200),
        "NumPy's compression, found 12",
    ),
    "a hidden bomb": (
        promise(pack(bytes(2**24), zipfile.ZIP_DEFLATED), 200),
        "a damaged one",
    ),
    "members": (save(a=np.zeros(1)) + b"PK\1\2" * 2**16, "at most 65,536 entries"),
    "texts": (save(a=np.zeros(2**17, "U1")), "at most 65,536 entries"),
    "a promise": (promise(GOOD, 2**29), "1 to 67,108,864 bytes, found 53"),
    "large shape": (forge("<f4", f"({10**9},)"), "a damaged one"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused(name, path):
    """A pickle is not run, a header not believed, in one line each."""
    content, message = HOSTILE[name]
    path.write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        read_arrays(path)
    line = str(caught.value)
    assert line.startswith(str(path))
    assert line.endswith("write the file anew")
    assert len(line.splitlines()) == 1
    assert len(line) < len(str(path)) + 400


def test_hostile_files_take_little_memory(tmp_path):
    """What would decompress to much is refused; what has no end is not read."""
    for name in HOSTILE.keys() - {"large shape"}:  # its memory is never touched
        (tmp_path / f"{name}.npz").write_bytes(HOSTILE[name][0])
    (tmp_path / "hole.npz").touch()
    os.truncate(tmp_path / "hole.npz", 2**40)  # no disk is needed
    tracemalloc.start()
    for path in ("/dev/zero", *tmp_path.iterdir()):
        with pytest.raises(DataError):
            read_arrays(path)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 2**23


@pytest.mark.parametrize(
    ("name", "reason"), [("missing", "No such file"), ("", "Is a directory")]
)
def test_a_path_that_cannot_be_read_is_named(tmp_path, name, reason):
    """The line says which path and why."""
    with pytest.raises(DataError, match=reason) as caught:
        read_arrays(tmp_path / name)
    assert str(caught.value).startswith(str(tmp_path / name))
