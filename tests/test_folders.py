"""Folders of pictures against Pillow and against arrays made by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from gluon_softmax.data.folders import read_folder, to_pixels
from gluon_softmax.errors import DataError
from PIL import Image

GREY = np.arange(28 * 28).reshape(28, 28).astype(np.uint8)


def draw(path: Path, seed: int = 0, size: tuple[int, int] = (28, 28)) -> np.ndarray:
    """Write a random grey picture; give its pixels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.RandomState(seed).randint(0, 256, size[::-1]).astype(np.uint8)
    Image.fromarray(pixels).save(path)
    return pixels


def fill(folder: Path, counts: dict[str, int], seed: int = 0) -> dict[bytes, str]:
    """Write pictures of each class; give the class of each by its pixels."""
    drawn = {}
    for name, count in counts.items():
        for number in range(count):
            seed += 1
            drawn[draw(folder / name / f"{number}.png", seed).tobytes()] = name
    return drawn


def named(dataset) -> dict[bytes, str]:
    """Give the class of each image of a data set by its pixels."""
    return {
        image.tobytes(): dataset.classes[label]
        for image, label in zip(dataset.images, dataset.labels)
    }


def refusal(folder: Path) -> str:
    """Read a folder that is refused; give the message, of one line."""
    with pytest.raises(DataError) as caught:
        read_folder(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# Pictures


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "P", "CMYK"])
def test_a_grey_picture_stays_as_it_is(mode):
    """Pixels of a picture of the right size come through any mode unchanged."""
    pixels = to_pixels(Image.fromarray(GREY).convert(mode))
    np.testing.assert_array_equal(pixels, GREY)
    assert pixels.dtype == np.uint8


def test_sixteen_bits_become_eight():
    """Each value is divided by 257 and rounded, not clipped."""
    values = np.linspace(0, 65535, 28 * 28).reshape(28, 28).astype(np.uint16)
    for image in (Image.fromarray(values), Image.fromarray(values.astype(np.int32))):
        expected = np.floor(values / 257 + 0.5)
        np.testing.assert_array_equal(to_pixels(image), expected)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparent_is_white(mode):
    """A black picture that is half transparent is half grey."""
    image = Image.new("L", (28, 28)).convert(mode)
    image.putalpha(128)
    assert abs(to_pixels(image).astype(int) - 127).max() <= 1
    image.putalpha(0)
    assert (to_pixels(image) == 255).all()


def test_the_transparent_colour_of_a_palette_is_white(tmp_path):
    """PNG may keep transparency with the palette."""
    image = Image.fromarray(np.repeat(np.uint8([[0, 1]]), 28, axis=0), "P")
    image.putpalette([10, 10, 10, 90, 90, 90])
    image.save(tmp_path / "a.png", transparency=0)
    pixels = to_pixels(Image.open(tmp_path / "a.png"))
    assert pixels[:, 13].min() == 255 or pixels.max() == 255
    assert pixels.min() < 120


@pytest.mark.parametrize(
    ("size", "inside"),
    [
        ((56, 28), np.s_[7:21, :]),
        ((28, 56), np.s_[:, 7:21]),
        ((14, 7), np.s_[7:21, :]),
        ((1000, 1), np.s_[13:14, :]),
        ((1, 1), np.s_[:, :]),
    ],
)
def test_the_shape_of_a_picture_is_kept(size, inside):
    """The longer side fills the image; beside it is the edge's own brightness."""
    image = Image.new("L", size, 200)
    pixels = to_pixels(image)
    assert (pixels == 200).all()
    image = Image.fromarray(np.full(size[::-1], 0, np.uint8))
    image.paste(255, (0, 0, max(1, size[0] // 4), max(1, size[1] // 4)))
    pixels = to_pixels(image)
    changed = np.zeros((28, 28), bool)
    changed[inside] = True
    assert len(np.unique(pixels[~changed])) <= 1
    assert pixels.shape == (28, 28)


def test_resizing_is_pillows():
    """A large square picture is what Pillow's LANCZOS filter makes of it."""
    large = Image.fromarray(np.random.randint(0, 256, (90, 90)).astype(np.uint8))
    expected = np.asarray(large.resize((28, 28), Image.LANCZOS))
    np.testing.assert_array_equal(to_pixels(large), expected)


def test_a_picture_is_turned_as_its_camera_says(tmp_path):
    """EXIF orientation 3 stands for a picture upside down."""
    exif = Image.Exif()
    exif[0x0112] = 3
    Image.fromarray(GREY).save(tmp_path / "a.png", exif=exif)
    turned = to_pixels(Image.open(tmp_path / "a.png"))
    np.testing.assert_array_equal(turned, GREY[::-1, ::-1])


# Folders


def test_given_splits_are_kept(tmp_path):
    """Every picture is read once, into its split, with the label of its folder."""
    train = fill(tmp_path / "train", {"b": 4, "a": 3, "c": 2})
    test = fill(tmp_path / "test", {"a": 1, "b": 2, "c": 1}, seed=100)
    train_set, test_set = read_folder(tmp_path)
    assert (named(train_set), named(test_set)) == (train, test)
    assert train_set.classes == test_set.classes == ("a", "b", "c")
    assert train_set.title == tmp_path.name
    assert train_set.images.shape == (9, 28, 28, 1)


def test_every_fifth_picture_of_each_class_is_for_testing(tmp_path):
    """None is in both splits or lost; a small class gives at least one."""
    drawn = fill(tmp_path, {"many": 25, "few": 2, "some": 9})
    train_set, test_set = read_folder(tmp_path)
    assert {**named(train_set), **named(test_set)} == drawn
    assert np.bincount(test_set.labels).tolist() == [1, 5, 1]
    assert np.bincount(train_set.labels).tolist() == [1, 20, 8]


def test_the_split_is_drawn_by_seed(tmp_path):
    """One seed, one split and order; another seed, another."""
    fill(tmp_path, {"a": 20, "b": 20})
    one, again, other = (read_folder(tmp_path, seed)[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.images, again.images)
    assert set(named(one)) != set(named(other))


def test_any_part_of_the_training_set_has_all_classes(tmp_path):
    """Classes are mixed, so that a validation set can be cut off the end."""
    fill(tmp_path, {"a": 40, "b": 40, "c": 40})
    train_set, _ = read_folder(tmp_path)
    assert set(train_set.labels[-24:]) == {0, 1, 2}


def test_other_files_are_passed_over(tmp_path):
    """So are hidden files and folders; suffixes may be in capitals."""
    fill(tmp_path, {"a": 3, "b": 3})
    (tmp_path / "a" / "notes.txt").write_text("no picture")
    (tmp_path / "a" / ".hidden.png").write_text("no picture")
    (tmp_path / ".cache").mkdir()
    (tmp_path / "README.md").write_text("no class")
    Image.fromarray(GREY).convert("RGB").save(tmp_path / "b" / "x.JPG")
    train_set, test_set = read_folder(tmp_path)
    assert len(train_set) + len(test_set) == 7
    assert train_set.classes == ("a", "b")


def test_a_class_may_be_called_train(tmp_path):
    """Without test/, a folder of pictures is a class, whatever its name."""
    fill(tmp_path, {"train": 3, "tram": 3})
    assert read_folder(tmp_path)[0].classes == ("train", "tram")


# What is refused


@pytest.mark.parametrize("content", [b"", b"no picture", b"cut", b"\x89PNG\r\n\x1a\n"])
@pytest.mark.parametrize("name", ["a/bad.png", "b/bad.jpg"])
def test_a_damaged_file_is_named(tmp_path, name, content):
    """A file that is empty, no picture, or cut in the middle."""
    fill(tmp_path, {"a": 3, "b": 3})
    path = tmp_path / name
    if content == b"cut":
        draw(path)
        content = path.read_bytes()[: path.stat().st_size * 2 // 3]
    path.write_bytes(content)
    assert refusal(tmp_path).startswith(f"{path}: expected a picture as PNG or JPEG")


def test_a_picture_of_another_kind_is_refused(tmp_path):
    """A GIF that is called PNG is not read."""
    fill(tmp_path, {"a": 3, "b": 3})
    Image.fromarray(GREY).save(tmp_path / "a" / "bad.png", format="GIF")
    assert "bad.png" in refusal(tmp_path)


@pytest.mark.parametrize("limit", [1000, 2000])
def test_a_picture_too_large_to_be_true(tmp_path, monkeypatch, limit):
    """Pillow's limit is an error, where Pillow itself warns too."""
    fill(tmp_path, {"a": 3, "b": 3})
    draw(tmp_path / "a" / "bomb.png", size=(60, 60))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    message = refusal(tmp_path)
    assert "bomb.png: expected" in message
    assert f"more than {limit:,} pixels" in message


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ({}, "at least two classes, found 0"),
        ({"a": 3}, "at least two classes, found 1"),
        ({"a": 3, "b": 1}, "at least two pictures of a class"),
        ({"train/a": 3, "train/b": 3}, "expected test/ beside train/"),
        ({"test/a": 3, "test/b": 3}, "expected train/ beside test/"),
        ({"train/a": 1, "train/b": 1, "test/a": 1, "test/c": 1}, "one of them: b, c"),
        ({"train/a": 1, "train/b": 1, "test/a": 1}, "at least two classes, found 1"),
    ],
)
def test_folders_that_are_no_data_set(tmp_path, counts, message):
    """What is missing is said, with the folder."""
    fill(tmp_path, counts)
    assert message in refusal(tmp_path)
    assert str(tmp_path) in refusal(tmp_path)


def test_an_empty_class(tmp_path):
    """A folder without pictures is named."""
    fill(tmp_path, {"a": 3, "b": 3})
    (tmp_path / "c").mkdir()
    assert refusal(tmp_path).startswith(f"{tmp_path / 'c'}: expected PNG or JPEG files")
