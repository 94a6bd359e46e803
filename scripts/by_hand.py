# %% [markdown]
# # Softmax regression by hand, in NumPy
#
# **What.** The model of sections 3.6 and 3.7 without `autograd`: the gradient is
# derived on paper and written down, on the handwritten digits of MNIST.
#
# **Why.** Who has derived a gradient once knows what `backward` does, and where it
# comes from that softmax and cross-entropy belong together: what is left of both is
# "what the model says minus what is true".
#
# **What to look at.** The check against finite differences; and how much a single batch
# jumps while the epochs fall steadily.

# %%
from __future__ import annotations

import gluon_softmax as d2l
import numpy as np
from gluon_softmax import handmade
from gluon_softmax.charts import show_lines
from gluon_softmax.data.splits import load_splits
from gluon_softmax.figures import present
from gluon_softmax.listing import show_code

# %% [markdown]
# ## Parameters
#
# Change them here and run all cells again.

# %% tags=["parameters"]
root = None  # folder with the data set; None: where it is found, or downloaded to
num_epochs, batch_size, lr, momentum, seed = 10, 100, 0.01, 0.9, 0
start = "xavier"  # how weights are drawn: "xavier" or "normal"
print_every = 50  # iterations
num_images = None  # train on the first so many images; None: on all of them
folder = "figures"  # where figures are written

# %% [markdown]
# ## The gradient
#
# For the scores $z$ of a sample with label $y$ the loss is
# $l = \log \sum_k \exp z_k - z_y$. Its derivative is
# $\partial l / \partial z = \mathrm{softmax}(z) - \mathrm{onehot}(y)$.
#
# With $z = x W + b$ the chain rule gives the outer product of $x$ and that for $W$, and
# that itself for $b$. A batch adds its samples up: `X.T @ error`. In the code `error`
# is $\mathrm{softmax}(z)$, and the 1 is subtracted at the label of each row.

# %%
if __name__ == "__main__":
    show_code(handmade.SoftmaxRegression.gradient)

# %% [markdown]
# Is it right? Move a parameter a little up and down: the change of the loss, divided by
# the change of the parameter, must be what the formula says. Five samples, four inputs
# and three classes are enough to check all 15 parameters.


# %%
def check_gradient(h: float = 1e-5) -> float:
    """Print and give the largest difference from central finite differences."""
    draw = np.random.RandomState(0)
    X, y = draw.rand(5, 4), np.array([0, 1, 2, 0, 1])
    model = handmade.SoftmaxRegression(draw.randn(4, 3), draw.randn(3))
    _, _, gradients = model.gradient(X, y)
    largest = 0.0
    for param, gradient in zip(model.params, gradients):
        for index in np.ndindex(param.shape):
            sums = []
            for step in (h, -h):
                param[index] += step
                sums.append(model.gradient(X, y)[0].sum())
                param[index] -= step
            slope = (sums[0] - sums[1]) / (2 * h)
            largest = max(largest, abs(slope - gradient[index]))
    print(f"largest difference from finite differences: {largest:.1e}")
    return largest


# %%
if __name__ == "__main__":
    difference = check_gradient()

# %% [markdown]
# ## The step
#
# Plain gradient descent steps against the gradient. Momentum keeps a part of the last
# step, 0.9 of it here: steps in one direction add up to ten times a step, and steps to
# and fro cancel.

# %%
if __name__ == "__main__":
    show_code(handmade.Momentum.step)

# %% [markdown]
# ## Three sets
#
# 5,000 of the 60,000 training images are kept for validation: what is tried out is
# judged by them after each epoch, and the test set is looked at once, at the end. Else
# it would be used for choosing, and would no longer tell how the model does on images
# that it has never met. The pixels' mean is subtracted.


# %%
def load(root: str | None, batch_size: int, seed: int, num_images: int | None):
    """Load MNIST as mini-batches of the training, validation and test set."""
    splits = load_splits("mnist", "centred", 5000, num_images, root)
    print("images:", ", ".join(f"{len(part):,}" for part in splits))
    train_set, valid_set, test_set = splits
    return (
        d2l.BatchLoader(train_set, batch_size, shuffle=True, seed=seed),
        d2l.BatchLoader(valid_set, batch_size, seed=seed),
        d2l.BatchLoader(test_set, batch_size, seed=seed),
    )


# %%
if __name__ == "__main__":
    train_iter, valid_iter, test_iter = load(root, batch_size, seed, num_images)

# %% [markdown]
# ## Training
#
# What to look at: the loss of single batches jumps up and down; the means of the epochs
# fall steadily. Validation loss is *below* training loss: the 5,000 images that were
# kept are easier than the rest, and than the test set.


# %%
class Log(d2l.Lines):
    """Prints the loss of every so many iterations, and the line of each epoch."""

    def __init__(self, print_every: int):
        super().__init__()
        self.print_every, self.losses = print_every, []

    def on_batch_end(self, progress: d2l.Progress) -> None:
        batch = progress.read()[-1]
        self.losses.append(batch.loss)
        if batch.batch % self.print_every == 0:
            figures = f"loss {batch.loss:.4f}, acc {batch.acc:.3f}"
            print(f"  iteration {batch.batch}, {figures}")


def fit(
    model: handmade.SoftmaxRegression,
    updater,
    loaders: tuple,
    num_epochs: int,
    batch_size: int,
    log: Log,
) -> d2l.History:
    """Train; print iterations and epochs; return the history."""
    train_iter, valid_iter, test_iter = loaders
    return d2l.train(
        model,
        train_iter,
        test_iter,
        model.loss,
        num_epochs,
        updater,
        batch_size,
        valid_iter,
        callbacks=[log],
    )


# %% scrolled=true
if __name__ == "__main__":
    first = handmade.draw_start(784, 10, start, seed)
    model = handmade.SoftmaxRegression(*first)
    updater = handmade.make_updater(model, lr, momentum)
    log, loaders = Log(print_every), (train_iter, valid_iter, test_iter)
    history = fit(model, updater, loaders, num_epochs, batch_size, log)


# %%
def draw_losses(history: d2l.History, log: Log, folder: str = "figures") -> None:
    """Draw the means of the epochs, and over them the loss of single batches."""
    count = len(log.losses) / len(history)  # of batches in an epoch
    shown = np.arange(0, len(log.losses), log.print_every)
    lines = {
        "mean of the epoch": (history.column("epoch"), history.column("loss")),
        "single batches": ((shown + 1) / count, np.array(log.losses)[shown]),
    }
    title = f"MNIST, one batch in {log.print_every}: they jump, their means fall"
    figure = show_lines(lines, "epoch", "training loss (nats per sample)", title)
    present(figure, f"{folder}/by_hand_losses")


# %%
if __name__ == "__main__":
    draw_losses(history, log, folder)

# %% [markdown]
# ## Summary
#
# - The gradient of softmax and cross-entropy together is softmax minus one-hot.
# - Finite differences know nothing of calculus, so they can check it.
# - Choose by the validation set; look at the test set once.
#
# ## Exercises
#
# 1. Set `momentum = 0` at the top. How many epochs does it take to get as far as with
#    0.9 in one?
#
# <details><summary>Answer</summary>
#
# About ten: after ten epochs without momentum the validation loss is 0.311, after one
# with it 0.308; after twenty it is 0.276, after two with it 0.276 as well.
#
# </details>
#
# 2. Add up each row of softmax minus one-hot. What do you get, and why?
#
# <details><summary>Answer</summary>
#
# 0: both softmax and one-hot add up to 1. So adding one number to all scores of a
# sample changes nothing, and the ten biases have but nine degrees of freedom.
#
# </details>


# %% tags=["remove-cell"]
def main(
    root: str | None = root,
    num_epochs: int = num_epochs,
    batch_size: int = batch_size,
    lr: float = lr,
    momentum: float = momentum,
    start: str = start,
    seed: int = seed,
    print_every: int = print_every,
    num_images: int | None = num_images,
    folder: str = folder,
) -> d2l.History:
    """Run every cell but those that show code; give the history of the training."""
    check_gradient()
    loaders = load(root, batch_size, seed, num_images)
    first = handmade.draw_start(784, 10, start, seed)
    model = handmade.SoftmaxRegression(*first)
    updater, log = handmade.make_updater(model, lr, momentum), Log(print_every)
    history = fit(model, updater, loaders, num_epochs, batch_size, log)
    draw_losses(history, log, folder)
    return history
