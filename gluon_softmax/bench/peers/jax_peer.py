"""JAX's contenders: ``PYTHON jax_peer.py KEY IMAGES.npz``.

Imports nothing of gluon_softmax, whose interpreter is another one.
"""

from __future__ import annotations

import sys
from contextlib import suppress

with suppress(ImportError):  # so that tools of the other interpreter can read this file
    import jax
    import numpy as np
    from jax import numpy as jnp
    from serving import count_cores, serve  # beside this script

BATCH_SIZE, LR = 256, 0.1


def load(path, as_bytes):
    """Read images, as bytes or as float32 from 0 to 1, and labels."""
    tensors = []
    with np.load(path) as arrays:
        for split in ("train", "test"):
            images = arrays[f"{split}_images"]
            images = images.reshape(len(images), -1)
            tensors.append(jnp.asarray(images if as_bytes else to_float(images)))
            tensors.append(jnp.asarray(arrays[f"{split}_labels"].astype("int32")))
    return tensors


def to_float(X):
    """Convert bytes to float32 from 0 to 1; leave what is float32."""
    return X.astype("float32") / 255 if X.dtype == "uint8" else X


def step(state, X, y):
    """Train on one batch; return parameters, summed loss and right predictions."""
    params, total, right = state

    def loss(params):
        scores = to_scores(params, X)
        picked = jnp.take_along_axis(jax.nn.log_softmax(scores), y[:, None], axis=1)
        return -picked.sum(), scores

    (l, scores), grads = jax.value_and_grad(loss, has_aux=True)(params)
    params = jax.tree.map(lambda p, grad: p - LR / BATCH_SIZE * grad, params, grads)
    return params, total + l, right + count_right(scores, y)


def to_scores(params, X):
    """Compute softmax regression's scores."""
    return to_float(X) @ params[0] + params[1]


def count_right(scores, y):
    """Count the right predictions."""
    return (scores.argmax(axis=1) == y).sum()


def in_batches(function, state, indices, X, y):
    """Scan over the whole batches, then take the smaller last one."""
    whole = len(indices) // BATCH_SIZE * BATCH_SIZE
    state, _ = jax.lax.scan(
        lambda state, batch: (function(state, X[batch], y[batch]), None),
        state,
        indices[:whole].reshape(-1, BATCH_SIZE),
    )
    last = indices[whole:]
    return function(state, X[last], y[last]) if len(last) else state


def epoch(params, order, X, y, test_X, test_y):
    """Train and evaluate; to be compiled as a whole."""
    params, loss, right = in_batches(step, (params, 0.0, 0), order, X, y)
    test_right = in_batches(
        lambda right, X, y: right + count_right(to_scores(params, X), y),
        0,
        jnp.arange(len(test_X)),
        test_X,
        test_y,
    )
    return params, (loss / len(X), right / len(X), test_right / len(test_X))


def prepare(path, as_bytes):
    """Prepare an epoch of one compiled scan over images resident in either form."""
    tensors = load(path, as_bytes)
    rng = np.random.default_rng()
    W = rng.normal(0, 0.01, (tensors[0].shape[1], 10)).astype("float32")
    params = [jnp.asarray(W), jnp.zeros(10)]
    compiled = jax.jit(epoch)

    def work():
        nonlocal params
        # NumPy permutes ten times as fast as JAX does on a processor.
        order = rng.permutation(len(tensors[0])).astype("int32")
        params, figures = compiled(params, order, *tensors)
        jax.block_until_ready(params)
        return dict(zip(("loss", "train_acc", "test_acc"), map(float, figures)))

    return work


if __name__ == "__main__":
    key, path = sys.argv[1:]
    work = prepare(path, as_bytes=key == "jax-bytes")
    serve(work, packages=("jax", "numpy"), threads=count_cores())
