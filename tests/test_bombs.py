"""What means harm, each in a process of its own: under 60 seconds and 1 GB."""

from __future__ import annotations

import gzip
import io
import os
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from drawn_models import draw_model
from gluon_softmax.models.model import save_model
from PIL import Image

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="reads the peak from /proc"),
]

MOST_SECONDS, MOST_KILOBYTES = 60, 10**6
RUN = r"""
import re, resource, sys
resource.setrlimit(resource.RLIMIT_DATA, (2**32, 2**32))  # spares the machine
{statement}
print(re.search(r"VmHWM:\s+(\d+)", open("/proc/self/status").read())[1])
sys.exit(code)
"""
COMMAND = "from gluon_softmax.commands.main import main; code = main({!r})"
FROM_IDX = """
from gluon_softmax.data.datasets import ImageDataset
from gluon_softmax.errors import DataError
try:
    ImageDataset.from_idx("images", "labels")
except DataError as error:
    print(error, file=sys.stderr)
code = 2
"""


def save_png(path: Path, width: int, height: int) -> None:
    """Write a PNG of zeros with transparency, as small as such a file can be."""
    packer, size = zlib.compressobj(9), (4 * width + 1) * height
    pieces = [packer.compress(bytes(2**20)) for _ in range(size >> 20)]
    pieces.append(packer.compress(bytes(size % 2**20)) + packer.flush())
    content = b"".join(pieces)
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    file = b"\x89PNG\r\n\x1a\n"
    for kind, data in ((b"IHDR", header), (b"IDAT", content), (b"IEND", b"")):
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        file += struct.pack(">I", len(data)) + kind + data + checksum
    path.write_bytes(file)


def make_folder(side: int) -> None:
    """Make a folder of eight pictures of zeros."""
    save_png(Path("a.png"), side, side)
    for name in ("a", "b"):
        Path("pictures", name).mkdir(parents=True)
        for number in range(4):
            os.link("a.png", f"pictures/{name}/{number}.png")


def make_gzip(name: str, shape: tuple[int, ...]) -> None:
    """Write zeros as a compressed IDX file."""
    header = bytes([0, 0, 8, len(shape)]) + struct.pack(f">{len(shape)}I", *shape)
    with gzip.open(name, "wb", compresslevel=1) as file:
        file.write(header)
        for _ in range(int(np.prod(shape, dtype="int64")) >> 24):
            file.write(bytes(2**24))


def make_sparse(name: str, shape: tuple[int, ...]) -> None:
    """Write an IDX file of zeros that takes no room on the disk."""
    header = bytes([0, 0, 8, len(shape)]) + struct.pack(f">{len(shape)}I", *shape)
    Path(name).write_bytes(header)
    os.truncate(name, len(header) + int(np.prod(shape, dtype="int64")))


def make_model(classes: np.ndarray) -> None:
    """Write a model of so many classes, compressed."""
    arrays = dict(np.load(save_model(draw_model(), "m.npz")))
    np.savez_compressed("m.npz", **{**arrays, "classes": classes})


def make_zip(count: int) -> None:
    """Write a zip of so many members, all of them the first one."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a", b"")
    content = file.getvalue()
    start, end = content.index(b"PK\1\2"), content.index(b"PK\5\6")
    entries = content[start:end] * count
    file = content[:start] + entries
    place = struct.pack(
        "<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, count, count, len(entries), start
    )
    place += struct.pack("<4sIQI", b"PK\6\7", 0, len(file), 1)
    Path("m.npz").write_bytes(
        file
        + place
        + struct.pack(
            "<4sHHHHIIH", b"PK\5\6", 0, 0, 65535, 65535, 2**32 - 1, 2**32 - 1, 0
        )
    )


def run(statement: str) -> tuple[int, str, int]:
    """Run Python; return its exit code, its errors and its peak in kilobytes."""
    done = subprocess.run(
        [sys.executable, "-c", RUN.format(statement=statement)],
        capture_output=True,
        text=True,
        timeout=MOST_SECONDS,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "80"},
    )
    assert done.stdout.strip(), done.stderr
    return done.returncode, done.stderr, int(done.stdout.split()[-1])


PREDICT = ["predict", "a.png", "--model", "m.npz"]
TRAIN = ["train", "softmax", "--data", "./pictures", "--num-epochs", "1"]
TRAIN += ["--batch-size", "2"]
LAUNCH = ["launch", "-n", "1", "--hosts", "/dev/zero", "--", "train", "softmax"]
VERIFY = ["data", "verify", "mnist", "--root", "."]
MNIST = "train-images-idx3-ubyte"
BOMBS = {
    "pictures that are large": (lambda: make_folder(8190), TRAIN, 0),
    "pictures that are too large": (lambda: make_folder(12_000), TRAIN, 2),
    "a long picture": (lambda: save_png(Path("a.png"), 1, 89_000_000), PREDICT, 2),
    "a wide picture": (lambda: save_png(Path("a.png"), 60_000_000, 1), PREDICT, 2),
    "a gzip": (lambda: make_gzip(f"{MNIST}.gz", (2**19, 28, 42)), VERIFY, 2),
    "a hole": (lambda: make_sparse(MNIST, (2**23, 32, 32)), VERIFY, 2),
    "class names": (lambda: make_model(np.zeros(2**24, "U1")), PREDICT, 2),
    "large class names": (lambda: make_model(np.zeros(4, f"U{2**24}")), PREDICT, 2),
    "members": (lambda: make_zip(5_000_000), PREDICT, 2),
    "fewer members": (lambda: make_zip(1_000_000), PREDICT, 2),
    "hosts": (lambda: None, LAUNCH, 2),
    "JSON": (
        lambda: Path("c.json").write_text("[" + '{"":1},' * 2**21 + "1]"),
        ["page", "--comparison", "c.json"],
        2,
    ),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_does_no_harm(name, tmp_path, monkeypatch):
    """It is read as it is meant or refused in one line."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GLUON_SOFTMAX_DATA", raising=False)
    Image.new("L", (30, 30)).save("a.png")
    save_model(draw_model(), "m.npz")
    make, command, expected = BOMBS[name]
    make()
    for labels in Path().glob("train-images*"):
        labels.with_name(labels.name.replace("images-idx3", "labels-idx1")).touch()
    code, errors, peak = run(COMMAND.format(command))
    assert code == expected, errors
    assert peak < MOST_KILOBYTES
    lines = [line for line in errors.splitlines() if "set: " not in line]
    assert len(lines) == (1 if expected else 0), errors


def test_a_large_file_of_images_stays_where_it_is(tmp_path, monkeypatch):
    """Labels are read into memory, and of them there are too many."""
    monkeypatch.chdir(tmp_path)
    make_sparse("images", (2**32 - 1, 2, 1))
    make_sparse("labels", (2**32 - 1,))
    _, errors, peak = run(FROM_IDX)
    assert "expected at most 671,088,640 bytes in memory" in errors
    assert peak < MOST_KILOBYTES
