"""The command `gluon-softmax predict`: pictures of your own, classified."""

from __future__ import annotations

import argparse
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
        description="Prepare pictures as the model's data set has them, print the "
        "most probable classes of each, and draw them.",
        epilog="example: gluon-softmax predict photo.jpg --top 1",
    )
    parser.set_defaults(command=_predict)
    parser.add_argument(
        "images", type=Path, nargs="+", metavar="IMAGE", help="PNG or JPEG of any size"
    )
    parser.add_argument(
        "--model", type=Path, default=MODEL, help="the .npz that compare or train left"
    )
    parser.add_argument("--top", type=int, default=3, help="classes to name for each")
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("predictions"),
        help="the figure's name, without .png and .svg",
    )


def _predict(options: argparse.Namespace) -> int:
    """Print how each picture was prepared and what it is; write the figure."""
    check_whole_number("top", options.top, least=1)
    check_result(options.model, "--model")

    import numpy as np

    from ..data.pictures import read_picture
    from ..figures import output
    from ..figures.images import show_probabilities
    from ..models.conversion import predict_probabilities
    from ..models.model import load_model

    model = load_model(options.model)
    pictures = [read_picture(path, model.data) for path in options.images]
    images = np.stack([picture.pixels for picture in pictures])
    probabilities = predict_probabilities(model, images)
    for path, picture, row in zip(options.images, pictures, probabilities):
        steps = "; ".join(picture.steps)
        best = _name_best(row, model.classes, options.top)
        print(f"{path}: {steps}\n  {best}")
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


def _name_best(row, classes: tuple[str, ...], top: int) -> str:
    """Name the most probable classes with their probabilities."""
    best = row.argsort()[::-1][:top]
    return ", ".join(f"{classes[label]} {row[label]:.3f}" for label in best)
