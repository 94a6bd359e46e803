"""JAX's contender: ``PYTHON jax_peer.py scan IMAGES.npz THREADS``.

It takes a thread for each core; with a number, it is held on so many cores.

Imports nothing of gluon_softmax, whose interpreter is another one.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress

with suppress(ImportError):  # so that tools of the other interpreter can read this file
    import jax
    import numpy as np
    from jax import numpy as jnp
    from serving import count_cores, read_pixels, serve  # beside this script

BATCH_SIZE, LR = 256, 0.1


def load(path):
    """Read images as float32 from 0 to 1, resident, and labels."""
    tensors = []
    for train in (True, False):
        images, labels = read_pixels(path, train)
        tensors += [jnp.asarray(images), jnp.asarray(labels.astype("int32"))]
    return tensors


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
    return X @ params[0] + params[1]


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


def prepare(path):
    """Prepare an epoch of one compiled scan over resident images."""
    tensors, rng = load(path), np.random.default_rng()
    params = [jnp.asarray(rng.normal(0, 0.01, (784, 10)), "float32"), jnp.zeros(10)]
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
    _, path, threads = sys.argv[1:]
    if int(threads):
        os.sched_setaffinity(0, list(os.sched_getaffinity(0))[: int(threads)])
    serve(prepare(path), packages=("jax", "numpy"), threads=count_cores())
