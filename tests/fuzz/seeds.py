"""Valid files, small and made by code: what damage begins with."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import zipfile

import numpy as np
from gluon_softmax.checkpoint import _hash
from gluon_softmax.data.idx import encode_idx

LONGEST = 2**14
"""Bytes of an input."""
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


def pack(arrays: dict[str, np.ndarray], compressed: bool = False) -> bytes:
    """Give NumPy's bytes of some arrays."""
    file = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(file, **arrays)
    return file.getvalue()


def zip_member(content: bytes, packing: int = zipfile.ZIP_STORED) -> bytes:
    """Make a `.npz` whose only array is described by any bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", packing) as archive:
        archive.writestr("a.npy", content)
    return file.getvalue()


def make_model() -> dict[str, np.ndarray]:
    """Give the arrays of a model of softmax regression for two classes."""
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
    """Give a checkpoint's arrays with the right checksum, whatever its head says."""
    arrays = {"params/b": np.ones(2, "float32"), "momentum/b": np.zeros(2, "float32")}
    arrays["head"] = np.array(head)
    return {**arrays, "sha256": np.array(_hash(arrays))}


def make_idx() -> list[bytes]:
    """Give IDX of several types and shapes."""
    shapes = {"uint8": (3, 2, 2), "float32": (2, 3), "float64": (1,), "int16": (4, 1)}
    return [encode_idx(np.ones(shape, name)) for name, shape in shapes.items()]


def make_comparison() -> dict:
    """Give the numbers of a comparison of one version."""
    model = {"file": "model.npz", "sha256": hashlib.sha256(MODEL).hexdigest()}
    return {
        "format": "gluon_softmax comparison 2",
        "data": "Fashion-MNIST",
        "settings": {"num_epochs": 1, "lr": 0.1},
        "histories": {"Gluon": [EPOCH]},
        "largest_parameter_difference": [1e-7],
        "models": {"Gluon": model},
    }


def make_study() -> dict:
    """Give the file of a study of one run, in the settings that are the default."""
    return {"runs": [{"experiment": {"model": "numpy"}, "history": [EPOCH]}]}


def to_json(content: object) -> bytes:
    """Give JSON."""
    return json.dumps(content).encode()


def make_seeds() -> dict[str, list[bytes]]:
    """Give the valid inputs of each target, by the target's name."""
    head = json.dumps(HEAD)
    npy = [zipfile.ZipFile(io.BytesIO(MODEL)).read(f"{n}.npy") for n in ("b", "data")]
    return {
        "idx": [*make_idx(), *(gzip.compress(c, mtime=0) for c in make_idx())],
        "idx_gzip": make_idx(),
        "npz": [pack({"a": np.arange(3)}), pack({"b": np.array(["x"])}, True)],
        "npy": npy,
        "model": [MODEL, pack(make_model(), True)],
        "checkpoint": [pack(make_checkpoint(head))],
        "checkpoint_head": [head.encode()],
        "history": [
            to_json([EPOCH]),
            to_json([{**EPOCH, "valid_loss": 1.0, "valid_acc": 0.5}]),
        ],
        "comparison": [to_json(make_comparison())],
        "study": [to_json(make_study())],
    }


MODEL = pack(make_model())
