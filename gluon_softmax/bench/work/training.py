"""Training and evaluating on MXNet, as the book calls it."""

from __future__ import annotations

import io
import os
import re
import struct
import tempfile
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path

import numpy as np
from mxnet import gluon, nd
from mxnet.gluon import nn

from ...chapter import concise, handmade, scratch
from ...chapter.evaluation import evaluate_accuracy
from ...chapter.networks import NETWORKS
from ...chapter.training import train_ch3
from ...data.datasets import ImageDataset
from ...data.loader import load_data
from ...engine import ENGINE, Engine, hybridize
from ...trainer.sgd import SGDTrainer
from ..peers.serving import Work, nearest_mean, read_arrays
from .reading import BATCH_SIZE, load_d2lzh, load_ours

LR = 0.1
NETWORK_BATCH_SIZE, NETWORK_MOMENTUM = 64, 0.5
EVALUATIONS = 100
"""How often the test images are evaluated: once is too short to be timed."""
FIGURES = ("loss", "train_acc", "test_acc")
LOSS = gluon.loss.SoftmaxCrossEntropyLoss()


def prepare_gluon(images: str, engine: Engine | None = ENGINE) -> Work:
    """Prepare an epoch of section 3.7, with the engine or without."""
    return _train_gluon(load_ours(images), engine)


def prepare_scratch(images: str, hybridizes: bool = False) -> Work:
    """Prepare an epoch of section 3.6, with net and loss as written or hybridized."""
    net, params, loss = *_make_scratch(), scratch.cross_entropy
    if hybridizes:
        net, loss = hybridize(net), hybridize(loss)
    return _train_ours(net, load_ours(images), loss, params=params, lr=LR)


def prepare_handmade(images: str) -> Work:
    """Prepare an epoch of `compare`'s third version, in the chapter's loop."""
    model = handmade.SoftmaxRegression(*handmade.draw_start(28 * 28, 10))
    trainer = handmade.MomentumTrainer(model, LR)
    return _train_ours(model, load_ours(images), model.loss, trainer=trainer)


def prepare_network(images: str, name: str) -> Work:
    """Prepare an epoch of a deeper network, as `gluon-softmax train` trains it."""
    net = NETWORKS[name]()
    net(nd.zeros((1, 1, 28, 28)))  # Gluon learns the shapes
    trainer = SGDTrainer(net, LR, NETWORK_MOMENTUM)
    loaders = load_ours(images, NETWORK_BATCH_SIZE)
    return _train_ours(net, loaders, LOSS, trainer=trainer)


def prepare_d2lzh(images: str) -> Work:
    """Prepare an epoch of section 3.7 with d2lzh."""
    net = concise.make_net()
    return _train_d2lzh(images, net, LOSS, trainer=concise.make_trainer(net, LR))


def prepare_d2lzh_scratch(images: str) -> Work:
    """Prepare an epoch of section 3.6 with d2lzh."""
    net, params = _make_scratch()
    return _train_d2lzh(images, net, scratch.cross_entropy, params=params, lr=LR)


def prepare_repeated(images: str, in_file: bool, samples: int = 600_000) -> Work:
    """Prepare an epoch of section 3.7 on the training set over and over.

    The images are in memory; or in a file, which is read from the disk again in each
    epoch as if it were larger than memory.
    """
    arrays = read_arrays(images, train=True)
    test_set = ImageDataset(*read_arrays(images, train=False))
    if not in_file:
        repeated = (np.resize(array, (samples, *array.shape[1:])) for array in arrays)
        return _train_gluon(load_data(ImageDataset(*repeated), test_set, BATCH_SIZE))
    folder = tempfile.TemporaryDirectory(prefix="gluon-softmax-")
    paths = [Path(folder.name, name) for name in ("images", "labels")]
    for path, array in zip(paths, arrays):
        write_repeated(array, samples, path)
    train = _train_gluon(load_data(ImageDataset.from_idx(*paths), test_set, BATCH_SIZE))

    def work() -> dict:
        with open(Path(folder.name, "images"), "rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        return train()

    return work


def write_repeated(array: np.ndarray, samples: int, path: Path) -> None:
    """Write so many rows, those of an array over and over, as an IDX file.

    It is on the disk when this returns, and was never in memory as a whole.
    """
    shape = samples, *array.shape[1:]
    with open(path, "wb") as file:
        file.write(struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *shape))
        for start in range(0, samples, len(array)):
            file.write(array[: samples - start].tobytes())
        file.flush()
        os.fsync(file.fileno())


def prepare_evaluation(images: str) -> Work:
    """Prepare evaluating 100 times a hybridized net that all contenders set alike."""
    net, (_, test_iter) = nn.HybridSequential(), load_ours(images)
    net.add(nn.Dense(10))
    net.initialize()
    net.hybridize()
    net(next(iter(test_iter))[0])  # now it knows its shapes
    for param, value in zip((net[0].weight, net[0].bias), nearest_mean(images)):
        param.set_data(nd.array(value))

    def work() -> dict:
        found = [evaluate_accuracy(test_iter, net) for _ in range(EVALUATIONS)]
        return {"test_acc": found[-1]}

    return work


def _make_scratch() -> tuple:
    """Draw parameters, and bind the taught net to them."""
    params = scratch.init_params()
    return partial(scratch.net, W=params[0], b=params[1]), params


def _train_gluon(loaders: tuple, engine: Engine | None = ENGINE) -> Work:
    """Return an epoch of this package's loop, with net and trainer of section 3.7."""
    net = concise.make_net()
    trainer = concise.make_trainer(net, LR)
    return _train_ours(net, loaders, LOSS, trainer=trainer, engine=engine)


def _train_ours(net, loaders: tuple, loss, **updater) -> Work:
    """Return an epoch of this package's loop over its loaders."""
    batch_size = loaders[0].batch_size

    def work() -> dict:
        history = train_ch3(net, *loaders, loss, 1, batch_size, **updater)
        nd.waitall()
        return {name: getattr(history[-1], name) for name in FIGURES}

    return work


def _train_d2lzh(images: str, net, loss, **updater) -> Work:
    """Return an epoch of d2lzh's loop over its loaders, which prints its figures."""
    import d2lzh

    loaders = load_d2lzh(images)

    def work() -> dict:
        with redirect_stdout(io.StringIO()) as printed:
            d2lzh.train_ch3(net, *loaders, loss, 1, BATCH_SIZE, **updater)
        nd.waitall()
        numbers = re.findall(r"\d+\.\d+", printed.getvalue())
        return dict(zip(FIGURES, map(float, numbers)))

    return work
