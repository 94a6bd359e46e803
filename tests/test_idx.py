"""The IDX reader against bytes packed by hand, and against every kind of bad file."""

from __future__ import annotations

import bz2
import gzip
import lzma
import struct
import tracemalloc
import zipfile
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from gluon_softmax.data.idx import decode_idx, encode_idx, read_content, read_idx
from gluon_softmax.errors import DataError
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

MEBIBYTE = 2**20
LARGEST = 2**32 - 1

# Type code, struct's letter, NumPy's name, and three numbers that show the byte order.
TYPES = [
    (0x08, "B", "uint8", [0, 1, 255]),
    (0x09, "b", "int8", [-128, -1, 127]),
    (0x0B, "h", "int16", [-32768, 258, 1]),
    (0x0C, "i", "int32", [-(2**31), 66051, 1]),
    (0x0D, "f", "float32", [-0.5, 2.0**100, 2.0**-140]),
    (0x0E, "d", "float64", [-0.1, 1e300, 5e-324]),
]
each_type = pytest.mark.parametrize(("code", "letter", "name", "numbers"), TYPES)

quick = settings(max_examples=300, deadline=None)


def header(*shape: int, code: int = 0x08) -> bytes:
    """Pack an IDX header."""
    return struct.pack(f">BBBB{len(shape)}I", 0, 0, code, len(shape), *shape)


GOOD = header(2, 3) + bytes([1, 2, 3, 4, 5, 6])


def zipped(content: bytes) -> bytes:
    """Pack bytes into a zip archive."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("train-images-idx3-ubyte", content)
    return file.getvalue()


def gzip_of_zeros(start: bytes, count: int) -> bytes:
    """Compress `start` and `count` zeros after it, without ever holding the zeros."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    parts = [deflate.compress(start)]
    for _ in range(count // MEBIBYTE):
        parts.append(deflate.compress(bytes(MEBIBYTE)))
    return b"".join([*parts, deflate.flush()])


def with_wrong_checksum(content: bytes) -> bytes:
    """Compress bytes and change one bit of the checksum that gzip adds."""
    compressed = bytearray(gzip.compress(content))
    compressed[-8] ^= 1
    return bytes(compressed)


@pytest.fixture(scope="module")
def path(tmp_path_factory) -> Path:
    """Give the path of a file that each example may overwrite."""
    return tmp_path_factory.mktemp("idx") / "some-idx.gz"


def refusal(read, *arguments) -> str:
    """Give the message with which something is refused, which is always one line."""
    with pytest.raises(DataError) as info:
        read(*arguments)
    message = str(info.value)
    assert len(message.splitlines()) == 1
    return message


def read_or_refuse(path: Path) -> tuple[np.ndarray | None, str]:
    """Give a file's numbers, or the message with which they are refused."""
    try:
        return read_idx(path), ""
    except DataError as error:
        return None, str(error)


def check_arbitrary(path: Path, content: bytes) -> None:
    """Expect an array or one line that names the file, and no other error."""
    path.write_bytes(content)
    array, message = read_or_refuse(path)
    if array is None:
        assert message.startswith(str(path))
        assert len(message.splitlines()) == 1
    else:
        assert 0 < array.nbytes < len(content) * 1032  # deflate's best ratio


@each_type
def test_decodes_every_type(code, letter, name, numbers):
    """Numbers packed by struct come back in native byte order, to the last bit."""
    array = decode_idx(header(3, 1, code=code) + struct.pack(f">3{letter}", *numbers))
    assert (array.dtype, array.dtype.isnative) == (np.dtype(name), True)
    assert array.tolist() == [[number] for number in numbers]


@each_type
@pytest.mark.parametrize("order", "<>")
def test_encodes_every_type(code, letter, name, numbers, order):
    """Arrays of either byte order become the bytes that struct packs."""
    array = np.array(numbers, np.dtype(name).newbyteorder(order)).reshape(1, 3)
    expected = header(1, 3, code=code) + struct.pack(f">3{letter}", *numbers)
    assert encode_idx(array) == expected


def test_last_dimension_runs_fastest():
    """Shape and order of the numbers are those of the format."""
    array = decode_idx(header(2, 3, 4) + bytes(range(24)))
    assert array[1, 2, 3] == 23
    assert array[0, 1, 2] == 6
    assert array.shape == (2, 3, 4)


def test_encodes_arrays_that_are_not_contiguous():
    """A transposed view is written in its own order, not in that of its memory."""
    array = np.arange(6, dtype="uint8").reshape(2, 3).T
    assert encode_idx(array) == header(3, 2) + bytes([0, 3, 1, 4, 2, 5])


@pytest.mark.parametrize(
    "array",
    [
        np.array(3, "uint8"),
        np.zeros((0, 28), "uint8"),
        np.zeros(3, "int64"),
        np.zeros(3, "uint16"),
        np.zeros(3, "bool"),
        np.array(["a"]),
    ],
    ids=lambda array: f"{array.dtype}-{array.shape}",
)
def test_encoding_refuses_what_idx_cannot_hold(array):
    """Types without a code and arrays without a number are refused by name."""
    assert f"type {array.dtype} and shape {array.shape}" in refusal(encode_idx, array)


@given(
    st_numpy.arrays(
        st.sampled_from([name for _, _, name, _ in TYPES]),
        st_numpy.array_shapes(min_dims=1, max_dims=6, max_side=4),
    )
)
@quick
def test_round_trip(array):
    """Any array comes back as it went in, NaN's bits included."""
    back = decode_idx(encode_idx(array))
    assert (back.shape, back.dtype) == (array.shape, array.dtype)
    assert back.tobytes() == array.tobytes()


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
@pytest.mark.parametrize("name", ["images-idx3-ubyte", "images.gz", "images.txt"])
def test_reads_gzip_or_not_whatever_the_name(tmp_path, compress, name):
    """The bytes decide, not the file's name; a path may be a text."""
    path = tmp_path / name
    path.write_bytes(compress(GOOD))
    assert read_content(path) == GOOD
    assert read_idx(str(path)).tolist() == [[1, 2, 3], [4, 5, 6]]


@pytest.mark.parametrize("level", [0, 1, 9])
def test_reads_files_much_longer_than_a_header(path, level):
    """Decompression in two steps joins them without a gap or an overlap."""
    content = header(300_000) + np.random.bytes(300_000)
    path.write_bytes(gzip.compress(content, level))
    assert read_content(path) == content


@pytest.mark.parametrize("length", range(1, 300, 7))
def test_reads_any_length_around_the_longest_header(path, length):
    """Files that end near the end of the first step are read whole, too."""
    content = header(length) + bytes(range(1, 252)) * 2
    content = content[: 8 + length]
    path.write_bytes(gzip.compress(content))
    assert read_content(path) == content


BAD_FILES = {
    "empty": (b"", "is empty"),
    "empty gzip": (gzip.compress(b""), "ends within its header"),
    "one byte": (b"\0", "ends within its header"),
    "ends in header": (header(2, 3)[:9], "ends within its header"),
    "ends in gzipped header": (gzip.compress(header(2, 3)[:9]), "within its header"),
    "one byte short": (GOOD[:-1], "promises 18 bytes (shape (2, 3)), found only 17"),
    "one byte more": (GOOD + b"x", "promises 18 bytes (shape (2, 3)), found more"),
    "gzip, one short": (gzip.compress(GOOD[:-1]), "found only 17"),
    "gzip, one more": (gzip.compress(GOOD + b"x"), "found more"),
    "gzip cut in its header": (gzip.compress(GOOD)[:5], "ends within its header"),
    "gzip cut in its numbers": (gzip.compress(GOOD)[:-13], "found only"),
    "gzip cut in its checksum": (gzip.compress(GOOD)[:-3], "cut off"),
    "gzip without checksum": (gzip.compress(GOOD)[:-8], "cut off"),
    "gzip, wrong checksum": (with_wrong_checksum(GOOD), "damaged gzip"),
    "gzip, then text": (gzip.compress(GOOD) + b"text", "after its gzip stream"),
    "two gzips": (gzip.compress(GOOD[:14]) + gzip.compress(GOOD[14:]), "gzip stream"),
    "only gzip's magic": (b"\x1f\x8b", "header"),
    "gzip of another method": (b"\x1f\x8b\x07" + bytes(20), "damaged gzip"),
    "gzip twice": (gzip.compress(gzip.compress(GOOD)), "a gzip file inside another"),
    "bzip2": (bz2.compress(GOOD), "a bzip2 file"),
    "xz": (lzma.compress(GOOD), "an xz file"),
    "zip": (zipped(GOOD), "a zip archive"),
    "bzip2 in gzip": (gzip.compress(bz2.compress(GOOD)), "a bzip2 file"),
    "web page": (b"\n  <!DOCTYPE html>\n<html></html>", "a web page"),
    "gzipped web page": (gzip.compress(b"<html></html>"), "a web page"),
    "text": (b"hello\nworld", "found b'hell'"),
    "line ends": (b"\r\n\r\nhello", r"found b'\r\n\r\n'"),
    "wrong magic number": (b"\x01" + GOOD[1:], "expected two zero bytes"),
    "little-endian": (struct.pack("<II", 2051, 1), "expected two zero bytes"),
    "unknown type code": (header(1, code=0x0A) + b"x", "type code 0x0a"),
    "type code 0": (bytes(12), "type code 0x00"),
    "no dimensions": (header() + b"x", "found 0"),
    "33 dimensions": (header(*[1] * 33) + b"x", "found 33"),
    "255 dimensions": (header(*[1] * 255) + b"x", "found 255"),
    "no images": (header(0, 28, 28), "holds no numbers"),
    "images without width": (header(2, 28, 0), "(2, 28, 0)"),
}


@pytest.mark.parametrize(
    ("content", "reason"), BAD_FILES.values(), ids=BAD_FILES.keys()
)
def test_bad_file_is_refused_in_one_line(path, content, reason):
    """The message names the file and says what is wrong with it."""
    path.write_bytes(content)
    message = refusal(read_idx, path)
    assert message.startswith(str(path))
    assert reason in message


def test_every_cut_is_noticed(path):
    """However few bytes are left of a file, compressed or not, it is not read."""
    for whole in (GOOD, gzip.compress(GOOD)):
        for length in range(len(whole)):
            path.write_bytes(whole[:length])
            assert str(path) in refusal(read_idx, path)


def test_bit_errors_in_gzip_never_change_numbers(path):
    """With any one bit flipped, a compressed file gives its numbers or none at all."""
    whole = gzip.compress(GOOD)
    for bit in range(8 * len(whole)):
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        array, message = read_or_refuse(path)
        assert message or encode_idx(array) == GOOD


@pytest.mark.parametrize(
    ("name", "reason"), [("", "Is a directory"), ("missing", "No such file")]
)
def test_what_cannot_be_opened_is_refused(tmp_path, name, reason):
    """A folder and a missing file are named with the system's reason."""
    message = refusal(read_idx, tmp_path / name)
    assert message.startswith(f"{tmp_path / name} cannot be read ({reason}")


def test_decoding_names_the_data_as_told():
    """Bytes that came from no file are called what the caller calls them."""
    assert refusal(decode_idx, GOOD[:-1], "my labels").startswith("my labels: ")
    assert refusal(decode_idx, GOOD[:-1]).startswith("IDX data: ")


headers = st.builds(
    lambda code, shape, numbers: header(*shape, code=code) + numbers,
    st.sampled_from([code for code, *_ in TYPES]) | st.integers(0, 255),
    st.lists(
        st.sampled_from([0, 1, 2, 2**31, LARGEST]) | st.integers(0, 9), max_size=40
    ),
    st.binary(max_size=300),
)


@given(st.binary(max_size=400))
@quick
def test_arbitrary_bytes(path, content):
    """Whatever the bytes are, and in gzip too, only the package's errors come out."""
    check_arbitrary(path, content)
    check_arbitrary(path, b"\x1f\x8b\x08" + content)
    check_arbitrary(path, gzip.compress(content, 1))


@given(headers)
@example(header(*[LARGEST] * 32) + b"x")
@example(header(LARGEST, LARGEST, LARGEST, code=0x0E) + bytes(200))
@quick
def test_arbitrary_headers(path, content):
    """Whatever the header claims, only the package's errors come out."""
    check_arbitrary(path, content)
    check_arbitrary(path, gzip.compress(content, 1))


def peak_while_refusing(path: Path, content: bytes) -> int:
    """Count the bytes that are allocated while a file is refused."""
    path.write_bytes(content)
    tracemalloc.start()
    try:
        refusal(read_idx, path)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
@pytest.mark.parametrize(
    "shape", [(2**40 >> 9, 2**9), (LARGEST, LARGEST), (LARGEST,) * 3, (LARGEST,) * 32]
)
def test_claimed_size_is_not_allocated(path, compress, shape):
    """A header that claims terabytes, and more than a machine word, costs nothing."""
    shape = tuple(min(size, LARGEST) for size in shape)
    content = compress(header(*shape, code=0x0E) + bytes(100_000))
    assert peak_while_refusing(path, content) < 2 * MEBIBYTE


def test_gzip_bomb_stays_folded(path):
    """No more than one byte beyond the header's promise is decompressed."""
    bomb = gzip_of_zeros(GOOD, 64 * MEBIBYTE)
    # What zlib has not consumed of the 64 KiB is copied a few times.
    assert peak_while_refusing(path, bomb) < MEBIBYTE
