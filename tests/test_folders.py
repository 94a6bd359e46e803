"""Folders of pictures as data sets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from gluon_softmax.data.folders import read_folder
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
    """At least one, none in both or lost; one seed draws one split and order."""
    drawn = fill(tmp_path, {"many": 25, "few": 2, "some": 9})
    train_set, test_set = read_folder(tmp_path, seed=1)
    assert {**named(train_set), **named(test_set)} == drawn
    assert np.bincount(test_set.labels).tolist() == [1, 5, 1]
    assert np.bincount(train_set.labels).tolist() == [1, 20, 8]
    again, other = (read_folder(tmp_path, seed)[0] for seed in (1, 2))
    np.testing.assert_array_equal(again.images, train_set.images)
    assert set(named(other)) != set(named(train_set))


def test_any_part_of_the_training_set_has_all_classes(tmp_path):
    """Classes are mixed, so that a validation set can be cut off the end."""
    fill(tmp_path, {"a": 40, "b": 40, "c": 40})
    train_set, _ = read_folder(tmp_path)
    assert set(train_set.labels[-24:]) == {0, 1, 2}


def test_other_files_are_passed_over(tmp_path):
    """So are hidden ones; suffixes may be in capitals, and a class called train."""
    fill(tmp_path, {"train": 3, "tram": 3})
    (tmp_path / "train" / "notes.txt").write_text("no picture")
    (tmp_path / "train" / ".hidden.png").write_text("no picture")
    (tmp_path / ".cache").mkdir()
    (tmp_path / "README.md").write_text("no class")
    Image.fromarray(GREY).convert("RGB").save(tmp_path / "tram" / "x.JPG")
    train_set, test_set = read_folder(tmp_path)
    assert len(train_set) + len(test_set) == 7
    assert train_set.classes == ("train", "tram")


# What is refused


def test_a_damaged_file_is_named(tmp_path):
    """A folder is read whole or not at all."""
    fill(tmp_path, {"a": 3, "b": 3})
    bad = tmp_path / "a" / "bad.png"
    bad.write_text("no picture")
    assert refusal(tmp_path).startswith(f"{bad}: expected a picture")


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ({}, "at least two classes, found 0"),
        ({"a": 3, "b": 1}, "at least two pictures of a class"),
        ({"a": 3, "b": 3, "c/d": 1}, "expected PNG or JPEG files of a class"),
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


@pytest.mark.parametrize(
    ("name", "hint"),
    [("train-images-idx3-ubyte.gz", "ImageDataset.from_idx"), ("a.rec", "im2rec's")],
)
def test_files_of_another_kind_get_a_hint(tmp_path, name, hint):
    """Where there are IDX files or records, what reads them is said."""
    (tmp_path / name).write_bytes(b"")
    assert hint in refusal(tmp_path)
