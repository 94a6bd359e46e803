"""A trained model as plain arrays: what is left of it when MXNet is gone.

The file is NumPy's ``.npz``. Softmax regression is ``W`` (784, classes) and ``b``
(classes,); layer ``n`` of a network is ``n.weight`` and ``n.bias``, as Gluon names and
lays them out. With them are the names of the classes, what pixels are scaled to:
``(byte / 255 - pixel_mean) / pixel_deviation``, by which rule pictures were prepared,
and within which limits the data set's images are.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..data.likeness import Likeness
from ..data.pictures import RULES, SIDE
from ..errors import ArgumentError, DataError, check_choice, check_positive, show
from ..storage.archive import read_arrays, write_arrays
from ..storage.files import check_there

__all__ = ["SHAPES", "Model", "load_model", "save_model"]

FIRST = (
    "run gluon-softmax compare or train first, which write models, or name another file"
)
MODEL_FORMAT = "gluon_softmax model 1"

SHAPES: dict[str, dict[str, tuple[int, ...]]] = {
    "softmax": {"W": (784, -1), "b": (-1,)},
    "perceptron": {
        "0.weight": (512, 784),
        "0.bias": (512,),
        "1.weight": (256, 512),
        "1.bias": (256,),
        "2.weight": (128, 256),
        "2.bias": (128,),
        "3.weight": (64, 128),
        "3.bias": (64,),
        "4.weight": (-1, 64),
        "4.bias": (-1,),
    },
    "convolutional": {
        "0.weight": (10, 1, 5, 5),
        "0.bias": (10,),
        "3.weight": (20, 10, 5, 5),
        "3.bias": (20,),
        "6.weight": (-1, 320),
        "6.bias": (-1,),
    },
}
"""The parameters of each network; -1 is the number of classes."""

HEAD = {
    "network": ("U", 0),
    "data": ("U", 0),
    "classes": ("U", 1),
    "pixel_mean": ("f", 0),
    "pixel_deviation": ("f", 0),
}
OPTIONAL = {
    "preparation": ("U", 0),
    "test_set": ("U", 0),
    "class_means": ("f", 2),
    "typical_limits": ("f", 1),
}
"""What else is in a file, and may be: the kind of each array, and its axes."""


@dataclass(frozen=True)
class Model:
    """A trained model.

    Attributes
    ----------
    network : {'softmax', 'perceptron', 'convolutional'}
    params : dict of str to numpy.ndarray
        float32, named and shaped as in `SHAPES`.
    classes : tuple of str
        The name of each class.
    data : str
        Title of the data set that it was trained on.
    pixel_mean, pixel_deviation : float
        What is subtracted from pixels in 0-1, and what they are divided by then.
    preparation : str
        How pictures were brought to 28 x 28: a name in `pictures.RULES`, or '' if it is
        not known.
    likeness : Likeness, optional
        What the images of the data set have in common.
    test_set : str
        The digest by which `identify` knows the images that it was tested on, or '' if
        it is not known.
    """

    network: str
    params: Mapping[str, np.ndarray]
    classes: tuple[str, ...]
    data: str = ""
    pixel_mean: float = 0.0
    pixel_deviation: float = 1.0
    preparation: str = ""
    likeness: Likeness | None = None
    test_set: str = ""

    def __post_init__(self):
        check_choice("network", self.network, SHAPES)
        check_positive("pixel_deviation", self.pixel_deviation)
        check_choice("preparation", self.preparation, ("", *RULES))
        if not np.isfinite(self.pixel_mean):
            raise ArgumentError(f"expected a pixel_mean, found {self.pixel_mean!r}")
        # A folder's name may be no UTF-8, which no file of a model can hold.
        object.__setattr__(self, "data", _as_utf8(self.data))
        object.__setattr__(self, "classes", tuple(map(_as_utf8, self.classes)))
        num_classes = len(self.classes)
        if not num_classes:
            raise ArgumentError("expected the names of some classes, found none")
        if self.likeness is not None:
            _check_likeness(self.likeness, num_classes)
        expected = {
            name: (tuple(num_classes if n == -1 else n for n in shape), "float32")
            for name, shape in SHAPES[self.network].items()
        }
        found = {n: (param.shape, str(param.dtype)) for n, param in self.params.items()}
        if found != expected:
            raise ArgumentError(_tell_difference(self.network, expected, found))

    def scale(self, images: np.ndarray) -> np.ndarray:
        """Convert images of bytes to pixels as the model was trained on, float32.

        Their shape (n, 28, 28), with an axis of one channel behind or before or
        without, becomes (n, 1, 28, 28).
        """
        X = images.reshape(-1, 1, SIDE, SIDE).astype("float32") / np.float32(255)
        return (X - np.float32(self.pixel_mean)) / np.float32(self.pixel_deviation)


def save_model(model: Model, path: str | os.PathLike[str]) -> Path:
    """Write a model as ``.npz``, and return the path."""
    head = {
        "format": np.array(MODEL_FORMAT),
        "network": np.array(model.network),
        "data": np.array(model.data),
        "classes": np.array(model.classes),
        "pixel_mean": np.array(model.pixel_mean, "float64"),
        "pixel_deviation": np.array(model.pixel_deviation, "float64"),
        "preparation": np.array(model.preparation),
        "test_set": np.array(model.test_set),
    }
    if model.likeness is not None:
        head.update(zip(("class_means", "typical_limits"), model.likeness))
    return write_arrays({**head, **model.params}, path)


def load_model(path: str | os.PathLike[str]) -> Model:
    """Read a model that `save_model` wrote; nothing in the file is run.

    `DataError` is raised if the file is missing, damaged, holds a pickle, is no model,
    or has parameters of another shape than its network's.
    """
    check_there(path, FIRST)
    arrays = read_arrays(path)
    try:
        found = _take(arrays, "format", "U", 0) if "format" in arrays else "none"
        if found != MODEL_FORMAT:
            raise DataError(
                f"expected the format {MODEL_FORMAT!r}, found {found!r:.40}"
            )
        found = [name for name in OPTIONAL if name in arrays]
        kinds = {**HEAD, **{name: OPTIONAL[name] for name in found}}
        head = {name: _take(arrays, name, *kind) for name, kind in kinds.items()}
        measured = [head.pop(n, None) for n in ("class_means", "typical_limits")]
        if measured != [None, None]:
            head["likeness"] = Likeness(*(np.array(m, "float32") for m in measured))
        head["classes"] = tuple(map(show, head["classes"]))
        return Model(params=arrays, **{**head, "data": show(head["data"])})
    except (ArgumentError, KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{path}: expected a model's arrays, found others ({error!s:.300}): "
            "write the model again with gluon-softmax compare, train or export"
        ) from error


def _as_utf8(text: str) -> str:
    """Return a text with what is no character in it as escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _take(arrays: dict[str, np.ndarray], name: str, kind: str, ndim: int) -> object:
    """Return text or numbers of the arrays; check their kind before unpacking."""
    array = arrays.pop(name)
    if array.dtype.kind != kind or array.ndim != ndim:
        raise DataError(
            f"for {name!r} no array of kind {kind!r} with {ndim} axes, but one of type "
            f"{array.dtype.str!r:.40} with {array.ndim}"
        )
    return array.tolist()


def _check_likeness(likeness: Likeness, num_classes: int) -> None:
    """Check that there are a mean image of each class, and four limits."""
    shapes = tuple(array.shape for array in likeness)
    expected = ((num_classes, SIDE * SIDE), (4,))
    if shapes != expected or not all(np.isfinite(array).all() for array in likeness):
        raise ArgumentError(
            f"expected class means and limits of shapes {expected}, found {shapes}, or "
            "numbers that are not finite"
        )


def _tell_difference(network: str, expected: Mapping, found: Mapping) -> str:
    """Name the first parameter that is missing, superfluous or of another shape."""
    name = next(n for n in (*expected, *found) if expected.get(n) != found.get(n))
    texts = [
        "none of that name" if entry is None else f"{entry[1]} of shape {entry[0]}"
        for entry in (expected.get(name), found.get(name))
    ]
    return f"{network}: expected for {name!r} {texts[0]}, found {texts[1]}"
