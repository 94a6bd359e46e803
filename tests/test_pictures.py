"""Pictures of any kind: brought to 28 x 28, or refused in one line."""

from __future__ import annotations

import io
from functools import partial

import numpy as np
import pytest
from gluon_softmax import load_data, make_net, make_trainer, train
from gluon_softmax.data.pictures import (
    DIGITS,
    GARMENTS,
    WHOLE,
    read_picture,
)
from gluon_softmax.errors import DataError
from gluon_softmax.models.conversion import from_gluon, predict_probabilities
from mxnet import gluon
from PIL import Image, ImageDraw

SIDE = 28


@pytest.fixture
def save(tmp_path):
    """Give what saves a picture, of pixels or Pillow's, and names the file."""

    def write(image, name="picture.png", **options):
        if isinstance(image, np.ndarray):
            image = Image.fromarray(image)
        image.save(tmp_path / name, **options)
        return tmp_path / name

    return write


def draw_shape(width=280, height=280, mode="RGB", paper="white", ink="black"):
    """Draw something like an L in the middle, twice as high as wide."""
    image = Image.new(mode, (width, height), paper)
    pen = ImageDraw.Draw(image)
    middle, unit = width // 2, min(width, height) // 8
    top = height // 2 - 2 * unit
    pen.rectangle([middle - unit, top, middle - unit // 2, top + 4 * unit], fill=ink)
    pen.rectangle(
        [middle - unit, top + 3 * unit, middle + unit, top + 4 * unit], fill=ink
    )
    return image


def look(path, rule=GARMENTS):
    """Return the pixels of a picture, as numbers with a sign."""
    return read_picture(path, rule).pixels.astype(int)


@pytest.fixture(params=[GARMENTS, WHOLE])
def bring(request):
    """Return what brings a picture to 28 x 28 by a rule."""
    return partial(look, rule=request.param)


@pytest.fixture
def plain(save, bring):
    """Give what becomes of the drawing in RGB."""
    pixels = bring(save(draw_shape(), "plain.png"))
    assert pixels.shape == (SIDE, SIDE)
    assert pixels[:, 15:].std(axis=1).argmax() > 16  # upright: the foot is below
    return pixels


@pytest.mark.parametrize(
    "name", ["L.png", "RGBA.png", "1.png", "P.png", "LA.png", "CMYK.tif", "CMYK.jpg"]
)
def test_every_mode_shows_the_same(name, save, bring, plain):
    """However the colours are stored, the same drawing is the same pixels."""
    mode = name.split(".")[0]
    path = save(draw_shape().convert(mode), name, quality=95)
    with Image.open(path) as saved:
        assert saved.mode == mode
    if name == "CMYK.jpg":
        assert abs(bring(path) - plain).mean() < 4
    else:
        np.testing.assert_allclose(bring(path), plain, atol=2)


@pytest.mark.parametrize(("dtype", "name"), [("uint16", "a.png"), ("int32", "a.tif")])
def test_sixteen_bits_keep_their_shades(dtype, name, save, bring, plain):
    """Grey of 65,536 shades becomes grey of 256: divided by 257, not clipped."""
    values = np.asarray(draw_shape().convert("L")).astype(dtype) * 257
    np.testing.assert_array_equal(bring(save(values, name)), plain)
    values = np.linspace(0, 65535, SIDE * SIDE).reshape(SIDE, SIDE)
    found = bring(save(values.astype(dtype), name))
    assert abs(found - np.floor(values.astype(int) / 257 + 0.5)).max() == 0


def test_numbers_of_any_range_become_grey(save):
    """A TIFF of floats, one of which is no number."""
    values = np.asarray(draw_shape().convert("L")).astype("float32") / 255
    values[200, 130] = np.nan  # in the foot, which is 0
    expected = look(save(draw_shape()))
    np.testing.assert_allclose(look(save(values, "a.tif")), expected, atol=2)


def test_what_is_transparent_is_paper(save, bring, plain):
    """Black ink on nothing, whatever colour the nothing has."""
    image = draw_shape(mode="RGBA", paper=(0, 0, 0, 0), ink=(0, 0, 0, 255))
    np.testing.assert_array_equal(bring(save(image)), plain)
    image = draw_shape(mode="P", paper=1, ink=0)
    image.putpalette([0, 0, 0, 90, 20, 70])
    np.testing.assert_array_equal(bring(save(image, transparency=1)), plain)


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_turned_photograph_is_turned_back(orientation, save, bring, plain):
    """As the camera says that it was held."""
    image = draw_shape()
    if orientation > 1:
        undo = {3: Image.ROTATE_180, 6: Image.ROTATE_90, 8: Image.ROTATE_270}
        image = image.transpose(undo[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    np.testing.assert_array_equal(bring(save(image, exif=exif)), plain)


@pytest.mark.parametrize(
    ("size", "inside"),
    [
        ((56, 28), np.s_[7:21, :]),
        ((28, 56), np.s_[:, 7:21]),
        ((14, 7), np.s_[7:21, :]),
        ((1000, 1), np.s_[13:14, :]),
    ],
)
def test_a_folder_keeps_the_shape_of_a_picture(size, inside, save):
    """The longer side fills the image; beside it is the edge's own brightness."""
    ramp = np.linspace(0, 255, size[0] * size[1]).reshape(size[::-1]).astype(np.uint8)
    pixels = look(save(ramp), WHOLE)
    outside = np.ones((SIDE, SIDE), bool)
    outside[inside] = False
    assert len(np.unique(pixels[outside])) == 1
    assert pixels[inside].min() < pixels[outside][0] < pixels[inside].max()


def test_resizing_is_pillows(save):
    """A large square picture is what its LANCZOS filter makes of it."""
    large = Image.fromarray(np.random.randint(0, 256, (90, 90)).astype(np.uint8))
    expected = np.asarray(large.resize((SIDE, SIDE), Image.LANCZOS))
    np.testing.assert_array_equal(look(save(large), WHOLE), expected)


@pytest.mark.parametrize("size", [(100, 300), (999, 280), (640, 480), (90, 91)])
def test_where_the_subject_is_does_not_matter(size, save):
    """Whatever is left free around it is cut off."""
    expected = look(save(draw_shape(), "plain.png"))
    assert abs(look(save(draw_shape(*size))) - expected).mean() < 12


def test_says_what_was_done(save):
    """Size, mode, inversion, trimming and scaling, in this order."""
    assert read_picture(save(draw_shape(200, 100))).steps == [
        "200 x 100 RGB, read as grey",
        "inverted, for its background is bright",
        "trimmed to 25 x 49",
        "scaled to 14 x 28 in the middle of 28 x 28",
    ]
    dark = draw_shape(paper="black", ink="white")
    assert "inverted" not in " ".join(read_picture(save(dark)).steps)


@pytest.mark.parametrize("paper", [0, 40, 255])
def test_pale_pictures_are_stretched(paper, fashion, save):
    """A garment of 50 shades on black, grey or white becomes that of 255."""
    for image in fashion[1].images[:20, :, :, 0]:
        faint = (image / 255 * 50).round().astype("uint8")
        path = save(255 - faint if paper == 255 else paper + faint)
        assert abs(look(path) - image).max() <= 3
        assert "contrast stretched, from 50" in read_picture(path).steps[-1]
        assert read_picture(path, WHOLE).pixels.max() >= paper


def test_a_subject_darker_than_a_grey_background_is_kept(save):
    """It is not pale: nothing of it is brighter than what is around."""
    path = save(draw_shape(mode="L", paper=120, ink=10))
    assert np.ptp(look(path)) > 90


def test_says_which_frame_was_taken(save):
    """The first of an animated picture, whatever the rule."""
    frames = [draw_shape(ink=ink) for ink in ("black", "red")]
    path = save(frames[0], "a.gif", save_all=True, append_images=frames[1:])
    picture = read_picture(path)
    assert picture.steps[0].startswith("frame 1 of several, ")
    np.testing.assert_array_equal(picture.pixels, look(save(frames[0])))


@pytest.mark.parametrize("size", [(1, 100), (100, 1), (2, 2), (3000, 3)])
def test_narrow_pictures_keep_a_pixel(size, save):
    """A line stays a line, on black."""
    values = np.zeros(size[::-1], "uint8")
    values[0, 0] = 255
    assert look(save(values)).max() > 0


def test_what_is_too_fine_to_be_seen_is_black(save):
    """Two dots far from each other are lost, and no centre of mass is missed."""
    values = np.zeros((3000, 3000), "uint8")
    values[100, 100] = values[2900, 2900] = 40
    np.testing.assert_array_equal(look(save(values), DIGITS), np.zeros((SIDE, SIDE)))


def test_the_subject_of_digits_has_a_margin(save):
    """As in MNIST: 20 pixels, the centre of mass in the middle."""
    pixels = look(save(draw_shape()), DIGITS)
    rows = np.flatnonzero(pixels.any(axis=1))
    assert rows[-1] - rows[0] + 1 == 20
    for axis in (0, 1):
        centre = np.average(np.arange(SIDE), weights=pixels.sum(axis=axis))
        assert centre == pytest.approx(14, abs=0.6)


def test_a_test_image_is_taken_as_it_is(fashion, save):
    """To the bit, and just so when it was saved inverted."""
    for image in fashion[1].images[:500, :, :, 0]:
        path = save(image)
        np.testing.assert_array_equal(look(path, WHOLE), image)
        picture = read_picture(path)
        np.testing.assert_array_equal(picture.pixels, image)
        assert picture.steps == ["28 x 28 L, read as grey"]
        picture = read_picture(save(255 - image))
        np.testing.assert_array_equal(picture.pixels, image)
        assert picture.steps[1:] == ["inverted, for its background is bright"]


@pytest.mark.parametrize("kind", ["inverted", "JPEG", "enlarged", "all three"])
def test_a_changed_test_image_is_classified_the_same(kind, fashion, save):
    """At least 97 of 100 by a trained model, of those far from any doubt all."""
    net, loss = make_net(), gluon.loss.SoftmaxCrossEntropyLoss()
    loaders = load_data(*fashion, 256)
    train(net, *loaders, loss, 1, make_trainer(net, 0.1).step, 256)
    model = from_gluon(net, "softmax", fashion[1].classes, fashion[1].title)
    images = fashion[1].images[:100, :, :, 0]

    def change(pixels):
        image = Image.fromarray(
            255 - pixels if kind in ("inverted", "all three") else pixels
        )
        if kind in ("enlarged", "all three"):
            image = image.resize((280, 280), Image.BICUBIC)
        return save(image, "a.jpg" if kind in ("JPEG", "all three") else "a.png")

    found = np.stack([read_picture(change(i)).pixels for i in images])
    expected = predict_probabilities(model, images)
    same = predict_probabilities(model, found).argmax(axis=1) == expected.argmax(axis=1)
    assert same.mean() >= 0.97
    assert same[expected.max(axis=1) > 0.7].all()


def encode(image, file_format):
    """Give a picture's bytes."""
    file = io.BytesIO()
    image.save(file, file_format)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (encode(Image.new("RGB", (50, 50), "red"), "PNG"), r"one colour all over"),
        (encode(Image.new("RGBA", (50, 50)), "PNG"), r"one colour .* \(grey 255\)"),
        (encode(Image.new("I", (50, 50), 9), "TIFF"), r"one colour .* \(grey 0\)"),
    ],
)
def test_a_picture_of_one_colour_gets_one_line(content, message, tmp_path):
    """It names the file, what was expected, and what to do."""
    path = tmp_path / "a.png"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        read_picture(path)
    assert str(caught.value).startswith(f"{path}: expected a picture")
    assert "\n" not in str(caught.value)
