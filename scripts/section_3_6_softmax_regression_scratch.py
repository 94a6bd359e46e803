# %% [markdown]
# # 3.6 Softmax regression from scratch
#
# A linear layer, a softmax, cross-entropy and gradient descent, on NDArray and autograd
# only. The functions are in `gluon_softmax/scratch.py`, each as short as in the book.

# %%
from __future__ import annotations

from functools import partial
from pathlib import Path

import gluon_softmax as d2l
import mxnet as mx
from gluon_softmax import figures
from mxnet import nd

# %% [markdown]
# ## Softmax, and where the book's form of it breaks
#
# `exp` of float32 overflows between 88 and 89: the naive form then divides infinity by
# infinity. Subtracting the row's maximum first changes no probability and cannot
# overflow.


# %%
def show_overflow() -> None:
    """Print both forms of softmax for growing scores."""
    for score in (1, 50, 88, 89):
        X = nd.array([[score, 0]])
        naive, stable = d2l.naive_softmax(X).asnumpy(), d2l.softmax(X).asnumpy()
        print(f"scores [{score}, 0]: naive {naive[0]}, stable {stable[0]}")


# %% [markdown]
# ## Prediction
#
# The true name stands above the predicted one; errors are red.


# %%
def draw_predictions(net, test_iter: d2l.BatchLoader, folder: Path) -> list[Path]:
    """Draw the first nine test images with what the net takes them for."""
    X, y = next(iter(test_iter))
    true_labels = d2l.get_fashion_mnist_labels(y)
    pred_labels = d2l.get_fashion_mnist_labels(net(X).argmax(axis=1))
    figure = d2l.show_predictions(X[0:9], true_labels[0:9], pred_labels[0:9])
    return figures.save(figure, folder / "section_3_6_predictions")


# %% [markdown]
# ## Training
#
# Before training, one image in ten is right: by chance. `train_ch3` is the loop of the
# book; it takes `params` and `lr` here, and a trainer in section 3.7.


# %%
def main(
    root: str | None = None,
    num_epochs: int = 5,
    batch_size: int = 256,
    lr: float = 0.1,
    seed: int = 0,
    folder: str = "figures",
) -> d2l.History:
    """Run the section; give the history of the training."""
    show_overflow()
    mx.random.seed(seed)
    train_iter, test_iter = d2l.load_data_fashion_mnist(
        batch_size, root=root, seed=seed
    )
    W, b = d2l.init_params()
    net = partial(d2l.net, W=W, b=b)
    print(f"untrained: test acc {d2l.evaluate_accuracy(test_iter, net):.4f}")
    history = d2l.train_ch3(
        net,
        train_iter,
        test_iter,
        d2l.cross_entropy,
        num_epochs,
        batch_size,
        [W, b],
        lr,
    )
    for path in draw_predictions(net, test_iter, Path(folder)):
        print(f"wrote {path}")
    return history


# %%
if __name__ == "__main__":
    main()
