"""Training at one size, for the measurements of how cost grows."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
from mxnet import gluon, nd

from ...chapter.training import train_ch3
from ...concise import make_trainer
from ...data.datasets import ImageDataset
from ...data.loader import BatchLoader
from .arrays import read_arrays
from .serving import Work
from .training import LR, make_hybrid_net

__all__ = ["prepare_growth"]


def prepare_growth(data: str) -> Work:
    """Prepare an epoch of training and evaluating at one size.

    Parameters
    ----------
    data : str
        JSON: where the images are (``data``), and the numbers of ``samples``,
        ``batch_size``, ``num_workers``, ``classes`` and ``pixels`` along a side; with
        ``folder``, the folder of the IDX files that are mapped instead.

    Returns
    -------
    callable
    """
    size = json.loads(data)
    train_iter, test_iter = _load(size)
    net = make_hybrid_net(size["classes"])
    loss, trainer = gluon.loss.SoftmaxCrossEntropyLoss(), make_trainer(net, LR)
    arguments = (loss, 1, size["batch_size"], None, None, trainer)

    def work() -> dict:
        history = train_ch3(net, train_iter, test_iter, *arguments)
        nd.waitall()
        return {"loss": history[-1].loss}

    return work


def _load(size: dict) -> tuple[BatchLoader, BatchLoader]:
    """Make the loaders of one size."""
    train_set = _map(size["folder"]) if size["folder"] else _repeat(size)
    test_set = ImageDataset(*read_arrays(size["data"], train=False))
    options = {"resize": size["pixels"] if size["pixels"] != 28 else None}
    batch_size = size["batch_size"]
    with warnings.catch_warnings():
        # Workers that cannot be had must not be measured as if they were there.
        warnings.simplefilter("error", UserWarning)
        return (
            BatchLoader(
                train_set,
                batch_size,
                shuffle=True,
                num_workers=size["num_workers"],
                **options,
            ),
            BatchLoader(test_set, min(batch_size, len(test_set)), **options),
        )


def _map(folder: str) -> ImageDataset:
    """Open uncompressed IDX files, which are mapped rather than read."""
    return ImageDataset.from_idx(Path(folder, "images"), Path(folder, "labels"))


def _repeat(size: dict) -> ImageDataset:
    """Repeat the training set in memory, with labels of as many classes."""
    images, labels = read_arrays(size["data"], train=True)
    samples = size["samples"]
    images = np.resize(images, (samples, *images.shape[1:]))
    dataset = ImageDataset(images, np.resize(labels, samples))
    if size["classes"] > 10:
        # A data set of files takes the ten labels of this chapter alone. Random ones
        # cost as much to train on as any.
        random = np.random.default_rng(0)
        labels = random.integers(size["classes"], size=samples, dtype=np.int32)
        dataset.labels = labels
    return dataset
