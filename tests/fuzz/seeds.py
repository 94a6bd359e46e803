"""Valid files, small and made by code: what damage begins with."""

from __future__ import annotations

import gzip
import hashlib
import io
import json

import numpy as np
from gluon_softmax.data.decoding import FORMATS
from idx_files import pack_idx
from PIL import Image

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
MODEL_ARRAYS = {  # of softmax regression for two classes
    "format": np.array("gluon_softmax model 1"),
    "network": np.array("softmax"),
    "data": np.array("Fashion-MNIST"),
    "classes": np.array(["coat", "shirt"]),
    "pixel_mean": np.array(0.25),
    "pixel_deviation": np.array(0.5),
    "W": np.zeros((784, 2), "float32"),
    "b": np.ones(2, "float32"),
}


def save(arrays: dict[str, np.ndarray], compressed: bool = False) -> bytes:
    """Return NumPy's bytes of some arrays."""
    file = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(file, **arrays)
    return file.getvalue()


def save_checkpoint(head: str) -> bytes:
    """Return a checkpoint whose checksum is right, whatever its head says."""
    arrays = {"params/b": np.ones(2, "float32"), "momentum/b": np.zeros(2, "float32")}
    arrays["head"] = np.array(head)
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return save({**arrays, "sha256": np.array(digest.hexdigest())})


MODEL = save(MODEL_ARRAYS)
COMPARISON = {
    "format": "gluon_softmax comparison 2",
    "data": "Fashion-MNIST",
    "settings": {"num_epochs": 1, "lr": 0.1},
    "histories": {"Gluon": [EPOCH]},
    "largest_parameter_difference": [1e-7],
    "models": {
        "Gluon": {"file": "model.npz", "sha256": hashlib.sha256(MODEL).hexdigest()}
    },
}
SHAPES = {"uint8": (3, 2, 2), "float32": (2, 3), "float64": (1,), "int16": (4, 1)}
IDX = [pack_idx(np.ones(shape, name)) for name, shape in SHAPES.items()]
NOISE = np.random.RandomState(0).randint(0, 256, (12, 15), "uint8")


def save_picture(kind: str) -> bytes:
    """Return a small picture's bytes in a format."""
    file = io.BytesIO()
    Image.fromarray(NOISE).save(file, kind)
    return file.getvalue()


VALID = {
    "idx": IDX,
    "picture": [save_picture(kind) for kind in FORMATS],
    "hosts": [b"localhost slots=2\n# a\nb address=10.0.0.2 python=/p\n"],
    "gzip": [gzip.compress(content, mtime=0) for content in IDX],
    "model": [MODEL, save(MODEL_ARRAYS, compressed=True)],
    "checkpoint": [save_checkpoint(json.dumps(HEAD))],
    "head": [HEAD],
    "history": [[EPOCH], [{**EPOCH, "valid_loss": 1.0, "valid_acc": 0.5}]],
    "comparison": [COMPARISON],
    "study": [{"runs": [{"experiment": {"model": "numpy"}, "history": [EPOCH]}]}],
}
"""What each reader takes: bytes, or what JSON is made of."""
