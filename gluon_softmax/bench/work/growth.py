"""One size of `bench scaling` as a process, told what to train on as JSON."""

from __future__ import annotations

import json
import sys

import numpy as np

from ...chapter.concise import make_trainer
from ...data.datasets import ImageDataset
from ...data.loader import load_data
from ..peers.serving import Work, serve
from .arrays import read_arrays
from .training import LR, make_hybrid_net, make_loss, train_ours


def prepare(size: dict, images: str, folder: str) -> Work:
    """Prepare an epoch of a size of `scaling.list_sizes`."""
    if size["from_file"]:  # rows of uncompressed files are read when they are needed
        train_set = ImageDataset.from_idx(f"{folder}/images", f"{folder}/labels")
    else:
        train_set = _repeat(size, images)
    loaders = load_data(
        train_set,
        ImageDataset(*read_arrays(images, train=False)),
        size["batch_size"],
        resize=size["pixels"] if size["pixels"] != 28 else None,
        num_workers=size["num_workers"],
    )
    net = make_hybrid_net(size["classes"])
    return train_ours(loaders, net, make_loss(), trainer=make_trainer(net, LR))


def _repeat(size: dict, images: str) -> ImageDataset:
    """Repeat the training set in memory, with random labels of as many classes."""
    arrays, _ = read_arrays(images, train=True)
    samples, classes = size["samples"], size["classes"]
    labels = np.random.default_rng(0).integers(classes, size=samples)
    arrays = np.resize(arrays, (samples, *arrays.shape[1:]))
    return ImageDataset(arrays, labels, classes=tuple(map(str, range(classes))))


if __name__ == "__main__":
    serve(prepare(**json.loads(sys.argv[1])), packages=("mxnet", "numpy"))
