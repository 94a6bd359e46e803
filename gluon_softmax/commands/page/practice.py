"""What the page needs to train: images, a start and orders, and what they came to."""

from __future__ import annotations

import mxnet as mx
import numpy as np

from ...chapter import scratch
from ...chapter.compare import run_comparison
from ...chapter.versions import GLUON, SCRATCH
from ...data.datasets import ImageDataset
from ...data.loader import BatchLoader
from .encoding import compress_images, encode

__all__ = ["COUNT", "EPOCHS", "collect_practice"]

COUNT = 2000
"""So many images from the start of the training set are embedded."""
EPOCHS = 5
"""And the order of these images in so many epochs."""
SEED, LR, BATCH_SIZE = 0, 0.1, 256


def collect_practice(train_set: ImageDataset, test_set: ImageDataset) -> dict:
    """Return the training images, and an epoch of the package's with its parameters.

    Start, order and result are those of `run_comparison` on the embedded images.
    """
    images, labels = train_set.images[:COUNT], train_set.labels[:COUNT]
    own = ImageDataset(
        images, labels, classes=train_set.classes, revision=train_set.revision
    )
    batch_size = min(BATCH_SIZE, len(own), len(test_set))
    loader = BatchLoader(own, batch_size, shuffle=True, seed=SEED)
    comparison = run_comparison(own, test_set, 1, batch_size, LR, SEED)
    mx.random.seed(SEED)
    W, _ = scratch.init_params(own.images[0].size, len(own.classes))
    orders = np.stack([loader.order(epoch) for epoch in range(EPOCHS)])
    return {
        "labels": labels.tolist(),
        "pixels": compress_images(images),
        "settings": {"lr": LR, "batchSize": batch_size, "seed": SEED},
        "start": encode(W.asnumpy().astype("<f4")),
        "orders": encode(orders.astype("<u2")),
        "epochs": EPOCHS,
        "after": {
            name: encode(np.concatenate([p.ravel() for p in comparison.params[name]]))
            for name in (SCRATCH, GLUON)
        },
    }
