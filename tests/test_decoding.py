"""Pictures decoded: of known formats, upright, in bounded memory; else one line."""

from __future__ import annotations

import io
import threading
from pathlib import Path

import numpy as np
import pytest
from gluon_softmax.data import decoding
from gluon_softmax.data.decoding import FORMATS, open_picture
from gluon_softmax.errors import DataError
from PIL import Image, ImageOps

NOISE = Image.fromarray(np.random.RandomState(0).randint(0, 256, (40, 60, 3), "uint8"))
WIDE = Image.linear_gradient("L").resize((4000, 3000))
"""Dark above, bright below."""


def encode(image: Image.Image, kind: str, **options) -> bytes:
    """Return a picture's bytes."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def write(folder: Path, content: bytes) -> Path:
    """Write a picture's file; its name says nothing about its format."""
    path = folder / "picture.png"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_is_decoded_as_pillow_does(tmp_path, kind):
    """Whatever the file is called; a small picture to the bit."""
    content = encode(NOISE, kind)
    with open_picture(write(tmp_path, content)) as (image, found):
        expected = Image.open(io.BytesIO(content))
        assert found == f"60 x 40 {expected.mode}"
        np.testing.assert_array_equal(np.asarray(image), np.asarray(expected))


def to_grey(image: Image.Image) -> np.ndarray:
    """Return a picture's brightness, in whatever range its mode has."""
    is_deep = image.mode[0] in "IF"
    return np.asarray(image if is_deep else image.convert("RGBA").convert("L"), float)


KINDS = [("PNG", mode) for mode in ("1", "L", "P", "LA", "RGBA", "I;16")]
KINDS += [("JPEG", mode) for mode in ("L", "RGB", "CMYK")]
KINDS += [
    ("TIFF", mode) for mode in ("1", "P", "RGBA", "I;16", "I", "F", "CMYK", "LAB")
]


@pytest.mark.parametrize(("kind", "mode"), KINDS)
def test_large_pictures_become_smaller(tmp_path, kind, mode):
    """Of about 1,024 pixels, with the same content, turned as they say."""
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    content = encode(WIDE.convert(mode), kind, exif=exif)
    expected = to_grey(ImageOps.exif_transpose(Image.open(io.BytesIO(content))))
    with open_picture(write(tmp_path, content)) as (image, found):
        assert found.startswith("4000 x 3000 ")
        assert 1000 <= image.width < 2048
        grey = to_grey(image)
    block = 3000 // len(grey)
    rows = expected[: block * len(grey)].reshape(-1, block * 4000).mean(1)
    assert abs(grey.mean(1) - rows).max() <= 0.03 * expected.max()


def test_a_picture_is_told_as_it_is_seen(tmp_path):
    """Width and height are those of the picture when it is upright."""
    exif = Image.Exif()
    exif[0x0112] = 6
    path = write(tmp_path, encode(NOISE, "JPEG", exif=exif))
    with open_picture(path) as (image, found):
        assert found == "40 x 60 RGB"
        assert image.size == (40, 60)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "of another kind, or damaged"),
        (b"<html>sign in</html>", "of another kind, or damaged"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "of another kind"),
        (encode(NOISE, "PNG")[:200], "found none that can be read"),
        (encode(NOISE, "JPEG")[:700], "truncated"),
        (encode(NOISE, "PPM"), "of another kind"),
    ],
)
def test_what_is_no_picture_gets_one_line(content, message, tmp_path):
    """It names the file, what was expected, and what to do."""
    path = write(tmp_path, content)
    with pytest.raises(DataError, match=message) as caught, open_picture(path):
        pass
    assert str(caught.value).startswith(f"{path}: expected a picture (PNG, JPEG, ")
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(("kind", "most"), [("PNG", 8), ("WEBP", 16), ("TIFF", 12)])
def test_a_picture_that_says_it_is_huge_is_not_decoded(
    tmp_path, kind, most, monkeypatch
):
    """Its header is enough."""
    path = write(tmp_path, encode(NOISE, kind))
    monkeypatch.setattr(decoding, "MOST_BYTES", 2400 * most)
    with open_picture(path):
        pass
    monkeypatch.setattr(decoding, "MOST_BYTES", 2400 * most - 1)
    with pytest.raises(DataError, match=r"at most 2,399 pixels, found 2,400"):
        open_picture(path).__enter__()


def test_pictures_that_fill_the_memory_wait_for_each_other(tmp_path, monkeypatch):
    """Each may take it alone; what is read is the same."""
    path = write(tmp_path, encode(NOISE, "PNG"))
    at_a_time, most = [], []

    def read():
        with open_picture(path):
            at_a_time.append(1)
            most.append(len(at_a_time))
            pause.wait(0.01)
            at_a_time.pop()

    pause = threading.Event()
    monkeypatch.setattr(decoding, "MOST_BYTES", 2400 * 8)
    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 8
