"""Valid files, small and made by code: what damage begins with."""

from __future__ import annotations

import gzip
import hashlib
import io
import json

import numpy as np
from gluon_softmax.data.idx import encode_idx
from gluon_softmax.trainer.checkpoint import hash_arrays

RUN = {"network": "softmax", "seed": 0}
EPOCH = {"epoch": 1, "loss": 0.5, "train_acc": 0.75, "test_acc": 0.5, "seconds": 0.1}
STATE = {
    "epoch": 1,
    "batch": 2,
    "sums": [0.5, 3.0, 4.0],
    "recent": [0.5, 4.0],
    "seconds": 1.5,
    "history": [EPOCH],
    "running": [{"epoch": 1, "batch": 1, "loss": 0.5}],
}
HEAD = {"format": "gluon_softmax checkpoint 1", "run": RUN, "state": STATE}


def save(arrays: dict[str, np.ndarray], compressed: bool = False) -> bytes:
    """Return NumPy's bytes of some arrays."""
    file = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(file, **arrays)
    return file.getvalue()


def make_model() -> dict[str, np.ndarray]:
    """Return the arrays of a model of softmax regression for two classes."""
    return {
        "format": np.array("gluon_softmax model 1"),
        "network": np.array("softmax"),
        "data": np.array("Fashion-MNIST"),
        "classes": np.array(["coat", "shirt"]),
        "pixel_mean": np.array(0.25),
        "pixel_deviation": np.array(0.5),
        "W": np.zeros((784, 2), "float32"),
        "b": np.ones(2, "float32"),
    }


def make_checkpoint(head: str) -> dict[str, np.ndarray]:
    """Return a checkpoint's arrays with the right checksum, whatever its head says."""
    arrays = {"params/b": np.ones(2, "float32"), "momentum/b": np.zeros(2, "float32")}
    arrays["head"] = np.array(head)
    return {**arrays, "sha256": np.array(hash_arrays(arrays))}


def make_comparison() -> dict:
    """Return the numbers of a comparison of one version."""
    model = {"file": "model.npz", "sha256": hashlib.sha256(MODEL).hexdigest()}
    return {
        "format": "gluon_softmax comparison 2",
        "data": "Fashion-MNIST",
        "settings": {"num_epochs": 1, "lr": 0.1},
        "histories": {"Gluon": [EPOCH]},
        "largest_parameter_difference": [1e-7],
        "models": {"Gluon": model},
    }


MODEL = save(make_model())
CHECKPOINT = save(make_checkpoint(json.dumps(HEAD)))
NUMBERS = {"uint8": (3, 2, 2), "float32": (2, 3), "float64": (1,), "int16": (4, 1)}
IDX = [encode_idx(np.ones(shape, name)) for name, shape in NUMBERS.items()]
VALID = {
    "idx": IDX,
    "gzip": [gzip.compress(content, mtime=0) for content in IDX],
    "model": [MODEL, save(make_model(), compressed=True)],
    "checkpoint": [CHECKPOINT],
    "head": [HEAD],
    "history": [[EPOCH], [{**EPOCH, "valid_loss": 1.0, "valid_acc": 0.5}]],
    "comparison": [make_comparison()],
    "study": [{"runs": [{"experiment": {"model": "numpy"}, "history": [EPOCH]}]}],
}
"""What each reader takes: bytes, or what JSON is made of."""
