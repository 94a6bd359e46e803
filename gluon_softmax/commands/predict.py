"""The command `gluon-softmax predict`: pictures of your own, classified."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from ..errors import check_whole_number, show
from .results import MODEL, check_result

__all__ = ["add_arguments"]

MOST_DRAWN = 20
"""So many pictures the figure has at most; its height grows with each."""


def add_arguments(commands) -> None:
    """Describe `predict`."""
    parser = commands.add_parser(
        "predict",
        help="classify pictures of your own with a trained model",
        description="Prepare pictures as those that the model was trained on were, "
        "print the most probable classes of each, and draw them.",
        epilog="example: gluon-softmax predict photo.jpg --top 1",
    )
    parser.set_defaults(command=_predict)
    parser.add_argument(
        "images",
        type=Path,
        nargs="+",
        metavar="IMAGE",
        help="PNG, JPEG, GIF, WebP, TIFF or BMP",
    )
    parser.add_argument(
        "--model", type=Path, default=MODEL, help="the .npz that compare or train left"
    )
    parser.add_argument("--top", type=int, default=3, help="classes to name for each")
    parser.add_argument(
        "--output", type=Path, default="predictions", help="figure, without .png, .svg"
    )


def _predict(options: argparse.Namespace) -> int:
    """Print how each picture was prepared and what it is; write the figure."""
    check_whole_number("top", options.top, least=1)
    check_result(options.model, "--model")

    import numpy as np

    from ..data.pictures import RULES, assume_rule, read_picture
    from ..figures import output
    from ..figures.images import show_probabilities
    from ..models.conversion import predict_probabilities
    from ..models.model import load_model

    model = load_model(options.model)
    rule = model.preparation or assume_rule(model.data)
    pictures = [read_picture(path, rule) for path in options.images]
    images = np.stack([picture.pixels for picture in pictures])
    probabilities = predict_probabilities(model, images)
    if not model.preparation:
        print(
            f"{options.model} does not say how its pictures were prepared; taken for "
            f"{RULES[rule]}"
        )
    for path, picture, row in zip(options.images, pictures, probabilities):
        for line in _describe(path, picture, row, model, options.top):
            print(line)
    if len(images) > MOST_DRAWN:
        print(f"the figure shows the first {MOST_DRAWN} of {len(images)} pictures")
    names = [show(path.name) for path in options.images[:MOST_DRAWN]]
    title = f"{model.network}, trained on {model.data or 'other data'}"
    figure = show_probabilities(
        images[:MOST_DRAWN], names, probabilities[:MOST_DRAWN], model.classes, title
    )
    for path in output.save(figure, options.output):
        print(f"wrote {path}")
    return 0


def _describe(path: Path, picture, row, model, top: int) -> Iterator[str]:
    """Yield how a picture was prepared, what it is, and in what it is unusual."""
    from ..data.likeness import tell_unlikeness

    yield f"{path}: {'; '.join(picture.steps)}"
    best = row.argsort()[::-1][:top]
    yield "  " + ", ".join(f"{model.classes[n]} {row[n]:.3f}" for n in best)
    told = tell_unlikeness(model.likeness, picture.pixels, model.preparation)
    if told:
        yield f"  unlike the data set's images: {told}"
