"""The commands `gluon-softmax export` and `import`: a model to other programs, back."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from ..errors import ArgumentError
from .results import MODEL, check_result, find_published

__all__ = ["add_arguments"]

SUFFIXES = (".npz", ".onnx", ".json")


def add_arguments(commands) -> None:
    """Describe `export` and `import`."""
    export = commands.add_parser(
        "export",
        help="write a trained model for programs that know nothing of MXNet",
        description="The suffix decides: .npz (plain arrays), .onnx, or .json (Gluon's "
        "symbol, with its .params beside it).",
        epilog="example: gluon-softmax export model.onnx",
    )
    export.set_defaults(command=_export)
    export.add_argument(
        "output", type=Path, nargs="+", help="files to write: .npz, .onnx or .json"
    )
    export.add_argument(
        "--model", type=Path, default=MODEL, help="the .npz that compare or train left"
    )
    read = commands.add_parser(
        "import",
        help="read a model's .npz back, into every version that can hold it",
        description="Print what a model's file holds, and its test accuracy in every "
        "version that can hold it.",
        epilog=f"example: gluon-softmax import {MODEL}",
    )
    read.set_defaults(command=_import)
    read.add_argument("model", type=Path, help="the .npz")
    read.add_argument("--root", metavar="DIR", help="folder with the data set's files")
    read.add_argument(
        "--output", type=Path, help="also write Gluon's .params for load_parameters"
    )


def _export(options: argparse.Namespace) -> int:
    """Write the model in every format asked for."""
    unknown = [path for path in options.output if path.suffix not in SUFFIXES]
    if unknown:
        raise ArgumentError(
            f"expected files that end in {', '.join(SUFFIXES)}, found "
            f"{str(unknown[0])!r}: the suffix says which format to write"
        )
    check_result(options.model, "--model")

    from ..models.model import load_model, save_model
    from ..models.onnx_file import write_onnx
    from ..models.symbol_files import write_symbol

    model = load_model(options.model)
    write = {".npz": save_model, ".onnx": write_onnx, ".json": write_symbol}
    for path in options.output:
        written = write[path.suffix](model, path)
        for file in [written] if isinstance(written, Path) else written:
            print(f"wrote {file}")
    return 0


def _import(options: argparse.Namespace) -> int:
    """Print what the file holds, and how well each version does with it."""
    from ..models.model import load_model

    model = load_model(options.model)
    size = sum(param.size for param in model.params.values())
    print(
        f"{options.model}: {model.network}, trained on {model.data or 'other data'}, "
        f"{size:,} parameters, {len(model.classes)} classes"
    )
    for line in _judge(model, options.root):
        print(line)
    if options.output is not None:
        from ..models.conversion import to_gluon
        from ..models.symbol_files import write_parameters

        path = write_parameters(to_gluon(model), options.output)
        print(f"wrote {path}")
    return 0


def _judge(model, root: str | None) -> Iterator[str]:
    """Return the test accuracy of each version, where the data set is a known one."""
    from mxnet.gluon.data.vision.transforms import Normalize, ToTensor

    from ..chapter.evaluation import evaluate_accuracy
    from ..data.loader import BatchLoader
    from ..data.splits import DATA_SETS
    from ..models.conversion import to_versions

    is_folder = model.preparation == "whole"  # which may be called MNIST, too
    name = None if is_folder else find_published(model.data)
    test_set = DATA_SETS[name](root, train=False) if name else None
    if test_set is None or tuple(test_set.classes) != model.classes:
        yield f"not evaluated: {model.data or 'its data set'} is not a published one"
        return
    normalize = Normalize(model.pixel_mean, model.pixel_deviation)
    test_set = test_set.transform_first(ToTensor()).transform_first(normalize)
    for name, net in to_versions(model).items():
        accuracy = evaluate_accuracy(BatchLoader(test_set, 256), net)
        yield f"{name}: test acc {accuracy:.4f}"
