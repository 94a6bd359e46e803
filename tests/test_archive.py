"""Arrays in a file: what is written comes back, and nothing else does any harm."""

from __future__ import annotations

import io
import os
import pickle
import struct
import zipfile

import numpy as np
import pytest
from gluon_softmax import archive
from gluon_softmax.archive import decode_arrays, read_arrays, write_arrays
from gluon_softmax.errors import DataError, OutputError
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

ARRAYS = {
    "W": np.arange(6, dtype="float32").reshape(2, 3),
    "0.bias": np.array([1, -1], "int64"),
    "names": np.array(["coat", "短靴"]),
    "mean": np.array(0.5),
}


def pack(content: bytes, name: str = "a.npy", compression=zipfile.ZIP_STORED) -> bytes:
    """Make a .npz with one member of any content."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as made:
        made.writestr(name, content)
    return file.getvalue()


def forge(header: str, numbers: bytes = bytes(16), version: int = 1) -> bytes:
    """Make a .npz with one array whose header says what it likes."""
    length = struct.pack("<H" if version == 1 else "<I", len(header) + 1)
    magic = b"\x93NUMPY" + bytes([version, 0])
    return pack(magic + length + header.encode("latin1") + b"\n" + numbers)


def write(arrays) -> bytes:
    """Give NumPy's own bytes of some arrays."""
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


GOOD = write(ARRAYS)


def check_equal(found, expected):
    """Compare names, values and types."""
    assert sorted(found) == sorted(expected)
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype


def test_numpy_alone_reads_it(tmp_path):
    """NumPy's loader, which is told to load no pickle, gives the same arrays."""
    path = write_arrays(ARRAYS, tmp_path / "new" / "a.npz")
    check_equal(read_arrays(path), ARRAYS)
    with np.load(path, allow_pickle=False) as loaded:
        check_equal(dict(loaded), ARRAYS)


def test_equal_arrays_give_equal_bytes(tmp_path):
    """Nothing of the time or the place is in the file."""
    one = write_arrays(ARRAYS, tmp_path / "one.npz").read_bytes()
    assert write_arrays(ARRAYS, tmp_path / "other.npz").read_bytes() == one


@settings(max_examples=30, deadline=None)
@given(
    st.dictionaries(
        st.text("abc.0W", min_size=1, max_size=5),
        hnp.arrays(
            st.sampled_from(["float32", "float64", "uint8", "int64", "bool", "<U3"]),
            hnp.array_shapes(min_dims=0, min_side=0),
        ),
        min_size=1,
        max_size=3,
    )
)
def test_any_arrays_come_back(arrays):
    """Of any shape, an empty one too, in either order of memory."""
    check_equal(decode_arrays(write(arrays)), arrays)
    turned = {name: np.asfortranarray(array) for name, array in arrays.items()}
    check_equal(decode_arrays(write(turned)), arrays)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_refused(content):
    """What is no .npz is an error of the package, whatever it is."""
    with pytest.raises(DataError, match="expected"):
        decode_arrays(content)
    with pytest.raises(DataError, match="expected"):
        decode_arrays(pack(content))


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
@example(len(GOOD) - 22 - 4 * 46 - len("W0.biasnamesmean.npy.npy.npy.npy") + 33, 1)
def test_a_changed_byte_is_found_or_harmless(position, change):
    """Either the arrays are those that were written, or there are none.

    The example makes all further entries of the zip's list the first one's comment.
    """
    damaged = bytearray(GOOD)
    damaged[position] ^= change
    try:
        found = decode_arrays(bytes(damaged))
    except DataError:
        return
    check_equal(found, ARRAYS)


def test_a_lost_directory_is_no_empty_file():
    """A small file of which one byte says that it holds nothing is damaged."""
    damaged = bytearray(write({"a": np.zeros(2)}))
    assert damaged[-10] == damaged[-10:-6][0] != 0  # the directory's size
    damaged[-10] = 0
    with pytest.raises(DataError, match="expected"):
        decode_arrays(bytes(damaged))


@settings(max_examples=50, deadline=None)
@given(st.integers(0, len(GOOD) - 1))
def test_a_truncated_file_is_refused(length):
    """However much is missing."""
    with pytest.raises(DataError):
        decode_arrays(GOOD[:length])


class Trap:
    """Fails the test if it is ever unpickled."""

    def __reduce__(self):
        return pytest.fail, ("a pickle was run",)


NESTED = "{'descr': '<f4', 'fortran_order': False, 'shape': " + "(" * 3000
SIGNS = "{'descr': '<f4', 'fortran_order': False, 'shape': (" + "-" * 3900 + "1,)}"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (write({"a": np.array([Trap(), 1], object)}), "pickle, which is never loaded"),
        (pack(pickle.dumps(Trap())), "damaged one"),
        (forge("{'descr': '<f4', 'fortran_order': 0, 'shape': (5,)}"), "damaged one"),
        (
            forge("{'descr': '<f4', 'fortran_order': False, 'shape': (5,)}"),
            "damaged one",
        ),
        (
            forge("{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}"),
            "damaged one",
        ),
        (
            forge(
                "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 10**30)}", b""
            ),
            "damaged one",
        ),
        (
            forge("{'descr': '|O', 'fortran_order': False, 'shape': (2,)}"),
            "pickle, which is never loaded",
        ),
        (
            forge("{'descr': '|V0', 'fortran_order': False, 'shape': (2,)}"),
            "damaged one",
        ),
        (forge("__import__('os').abort()"), "damaged one"),
        (forge(NESTED), "damaged one"),
        (forge(SIGNS), "damaged one"),
        (forge("{" + " " * 5000), "header unlike theirs"),
        (forge("{" * 70000, version=2), "header unlike theirs"),
        (forge("{}", version=9), "unlike theirs"),
        (pack(b""), "damaged one"),
        (b"", "damaged one"),
        (b"PK\x05\x06" + bytes(18), "found 0"),
    ],
)
def test_hostile_files_are_refused(content, message):
    """A pickle is not run, a header not believed, in one line each."""
    with pytest.raises(DataError, match=message) as caught:
        decode_arrays(content)
    assert "\n" not in str(caught.value)


def test_a_zip_bomb_is_not_unpacked(monkeypatch):
    """What would unpack to more than any file of this package is refused before."""
    zeros = np.zeros(2**20, "uint8")
    file = io.BytesIO()
    np.savez_compressed(file, a=zeros, b=zeros)
    assert len(file.getvalue()) < 10_000
    monkeypatch.setattr(archive, "MOST_BYTES", 2**20)
    monkeypatch.setattr(zipfile.ZipFile, "read", lambda *_: pytest.fail("unpacked"))
    with pytest.raises(DataError, match="at most 1,048,576 bytes, found 2,097,408"):
        decode_arrays(file.getvalue())


def test_a_huge_file_is_not_read_whole(tmp_path, monkeypatch):
    """Of a file without end only so much is read as one may have."""
    monkeypatch.setattr(archive, "MOST_BYTES", 1000)
    with pytest.raises(DataError, match="at most 1,000 bytes, found 1,001"):
        read_arrays("/dev/zero")


def test_a_path_that_cannot_be_read_is_named(tmp_path):
    """Missing, a folder, below a file: the line says which path and why."""
    (tmp_path / "file").write_bytes(b"no zip")
    for name, reason in (
        ("missing", "No such file"),
        ("", "Is a directory"),
        ("file/below", "Not a directory"),
    ):
        with pytest.raises(DataError, match=reason) as caught:
            read_arrays(tmp_path / name)
        assert str(tmp_path / name) in str(caught.value)
    with pytest.raises(
        DataError, match=r"file: expected a .npz .* write the file anew"
    ):
        read_arrays(tmp_path / "file")


def test_what_stood_there_stays_where_writing_fails(tmp_path, monkeypatch):
    """A full disk leaves the file of before, and none beside it."""
    path = write_arrays(ARRAYS, tmp_path / "a.npz")
    before = path.read_bytes()

    def fail(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OutputError, match="No space left"):
        write_arrays({"b": np.zeros(1)}, path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
