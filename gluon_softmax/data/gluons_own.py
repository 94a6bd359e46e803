"""Gluon's own classes of data sets, mended; `compat` says when."""

from __future__ import annotations

import os
from functools import wraps
from types import ModuleType

from ..compat.mending import Repairs
from . import idx, sources

__all__ = ["REPAIRS", "find_data_sets"]


def find_data_sets(datasets: ModuleType) -> None:
    """Have Gluon's `MNIST` and `FashionMNIST` find and fetch data as this package does.

    Symptom: sections 3.5 and 5.6 as printed end in a `ConnectionError`. Cause: MXNet's
    server of data sets is gone. Can go when there is another.
    """

    @wraps(datasets.MNIST._get_data)
    def read(self) -> None:
        usual = os.path.join(datasets.base.data_dir(), "datasets", self._namespace)
        root = None if self._root == os.path.expanduser(usual) else self._root
        files = sources.read(self._namespace, self._train, root)
        images = idx.decode_idx(files.images)[..., None]  # (n, 28, 28, 1)
        self._label = idx.decode_idx(files.labels).astype("int32")
        array = datasets.nd.array
        if datasets.is_np_array():
            array = datasets._mx_np.array
            self._label = array(self._label, dtype="int32")
        self._data = array(images, dtype="uint8")

    datasets.MNIST._get_data = read


REPAIRS = {"mxnet.gluon.data.vision.datasets": Repairs(after=(find_data_sets,))}
