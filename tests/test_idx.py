"""The IDX reader against bytes packed by hand, and against every kind of bad file."""

from __future__ import annotations

import bz2
import gzip
import lzma
import struct
import tracemalloc
import zlib
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from gluon_softmax.data import idx
from gluon_softmax.data.idx import decode_idx, read_content, read_idx
from gluon_softmax.errors import DataError
from idx_files import pack_header, pack_idx

MEBIBYTE = 2**20
LARGEST = 2**32 - 1
GOOD = pack_header(2, 3) + bytes([1, 2, 3, 4, 5, 6])
GOOD_GZIP = gzip.compress(GOOD, mtime=0)


@pytest.fixture(scope="module")
def path(tmp_path_factory) -> Path:
    """Return the path of a file that each example may overwrite."""
    return tmp_path_factory.mktemp("idx") / "some-idx.gz"


def read_or_refuse(path: Path, content: bytes) -> tuple[np.ndarray | None, str]:
    """Return a file's numbers, or the line with its path that refuses it."""
    path.write_bytes(content)
    try:
        return read_idx(path), ""
    except DataError as error:
        message = str(error)
        assert message.startswith(str(path))
        assert len(message.splitlines()) == 1
        return None, message


@pytest.mark.parametrize(
    ("code", "letter", "name", "numbers"),
    [
        (0x08, "B", "uint8", [0, 1, 255]),
        (0x09, "b", "int8", [-128, -1, 127]),
        (0x0B, "h", "int16", [-32768, 258, 1]),
        (0x0C, "i", "int32", [-(2**31), 66051, 1]),
        (0x0D, "f", "float32", [-0.5, 2.0**100, 2.0**-140]),
        (0x0E, "d", "float64", [-0.1, 1e300, 5e-324]),
    ],
)
def test_decodes_every_type(code, letter, name, numbers):
    """Numbers packed by struct come back in native byte order, last axis fastest."""
    packed = struct.pack(f">6{letter}", *numbers, *reversed(numbers))
    array = decode_idx(pack_header(2, 3, code=code) + packed)
    assert (array.dtype, array.dtype.isnative) == (np.dtype(name), True)
    assert array.tolist() == [numbers, numbers[::-1]]


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
@pytest.mark.parametrize("name", ["images-idx3-ubyte", "images.gz"])
def test_reads_gzip_or_not_whatever_the_name(tmp_path, compress, name):
    """The bytes decide, not the file's name; a path may be a text."""
    path = tmp_path / name
    path.write_bytes(compress(GOOD))
    assert read_content(path) == GOOD
    assert read_idx(str(path)).tolist() == [[1, 2, 3], [4, 5, 6]]


@pytest.mark.parametrize("length", [1, 120, 127, 128, 129, 300, 3_000_000])
def test_reads_any_length(path, length):
    """What is read in pieces joins without a gap or an overlap."""
    content = pack_header(length) + np.random.bytes(length)
    for level in (0, 1, 9):
        path.write_bytes(gzip.compress(content, level))
        assert read_content(path) == content


BAD_FILES = {
    "empty": (b"", "is empty"),
    "empty gzip": (gzip.compress(b""), "is empty"),
    "ends in header": (GOOD[:9], "ends within its header"),
    "ends in gzipped header": (gzip.compress(GOOD[:9]), "within its header"),
    "one byte short": (GOOD[:-1], "promises 18 bytes (shape (2, 3)), found only 17"),
    "one byte more": (GOOD + b"x", "promises 18 bytes (shape (2, 3)), found more"),
    "gzip, one short": (gzip.compress(GOOD[:-1]), "found only 17"),
    "gzip, one more": (gzip.compress(GOOD + b"x"), "found more"),
    "gzip cut in its header": (GOOD_GZIP[:5], "cut off"),
    "gzip cut in its numbers": (GOOD_GZIP[:-13], "cut off"),
    "gzip cut in its checksum": (GOOD_GZIP[:-3], "cut off"),
    "gzip without checksum": (GOOD_GZIP[:-8], "cut off"),
    "gzip, wrong checksum": (GOOD_GZIP[:-8] + b"sumsum!!", "damaged gzip"),
    "gzip, then text": (GOOD_GZIP + b"more than ten bytes", "damaged gzip"),
    "only gzip's magic": (b"\x1f\x8b", "cut off"),
    "gzip of another method": (b"\x1f\x8b\x07" + bytes(20), "damaged gzip"),
    "gzip twice": (gzip.compress(GOOD_GZIP), "a gzip file inside another"),
    "bzip2": (bz2.compress(GOOD), "a bzip2 file"),
    "xz": (lzma.compress(GOOD), "an xz file"),
    "zip": (b"PK\x03\x04" + bytes(26), "a zip archive"),
    "web page": (b"\n  <!DOCTYPE html>\n<html></html>", "a web page"),
    "text": (b"hello\nworld", "found b'hell'"),
    "line ends": (b"\r\n\r\nhello", r"found b'\r\n\r\n'"),
    "wrong magic number": (b"\x01" + GOOD[1:], "expected two zero bytes"),
    "little-endian": (struct.pack("<II", 2051, 1), "expected two zero bytes"),
    "unknown type code": (pack_header(1, code=0x0A) + b"x", "type code 0x0a"),
    "no dimensions": (pack_header() + b"x", "found 0"),
    "33 dimensions": (pack_header(*[1] * 33) + b"x", "found 33"),
    "no images": (pack_header(0, 28, 28), "holds no numbers"),
    "images without width": (pack_header(2, 28, 0), "(2, 28, 0)"),
}


@pytest.mark.parametrize(
    ("content", "reason"), BAD_FILES.values(), ids=BAD_FILES.keys()
)
def test_bad_file_is_refused_in_one_line(path, content, reason):
    """The message names the file and says what is wrong with it."""
    array, message = read_or_refuse(path, content)
    assert array is None
    assert reason in message


def test_every_cut_is_noticed(path):
    """However few bytes are left of a file, compressed or not, it is not read."""
    for whole in (GOOD, GOOD_GZIP):
        for length in range(len(whole)):
            assert read_or_refuse(path, whole[:length])[1]


def test_bit_errors_in_gzip_never_change_numbers(path):
    """With any one bit flipped, a compressed file gives its numbers or none at all."""
    for bit in range(8 * len(GOOD_GZIP)):
        damaged = bytearray(GOOD_GZIP)
        damaged[bit // 8] ^= 1 << bit % 8
        array, message = read_or_refuse(path, damaged)
        assert message or pack_idx(array) == GOOD


@pytest.mark.parametrize("name", ["", "missing"])
def test_what_cannot_be_opened_is_refused(tmp_path, name):
    """A folder and a missing file are named."""
    with pytest.raises(DataError) as info:
        read_idx(tmp_path / name)
    assert str(info.value).startswith(f"{tmp_path / name} cannot be read (")


def bomb() -> bytes:
    """Compress a short file with 64 MiB of zeros behind it, without holding these."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    pieces = [deflate.compress(GOOD)]
    pieces += [deflate.compress(bytes(MEBIBYTE)) for _ in range(64)]
    return b"".join([*pieces, deflate.flush()])


@pytest.mark.parametrize(("name", "size"), [("uint8", 14), ("int16", 32)])
def test_more_numbers_than_memory_holds_are_refused(path, monkeypatch, name, size):
    """Compressed or not; whose bytes change places, are there twice meanwhile."""
    content = pack_idx(np.arange(4 if size == 32 else 6, dtype=name))
    for most, packed in product((size, size - 1), (content, gzip.compress(content))):
        monkeypatch.setattr(idx, "MOST_BYTES", most)
        array, message = read_or_refuse(path, packed)
        assert (array is None) == (most < size)
        assert array is not None or f"numbers that take {size} (shape " in message


CLAIMS = [pack_header(*[LARGEST] * n, code=0x0E) + bytes(100_000) for n in (2, 3, 32)]


HUGE = [*CLAIMS, *map(gzip.compress, CLAIMS), bomb()]


@pytest.mark.parametrize("content", HUGE, ids=range(len(HUGE)))
def test_little_memory_is_taken_for_what_is_refused(path, content):
    """Neither by a header that claims terabytes, nor by a bomb that stays folded."""
    tracemalloc.start()
    _, message = read_or_refuse(path, content)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert message
    assert peak < 2 * MEBIBYTE
