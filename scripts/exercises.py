# %% [markdown]
# # Exercises of sections 3.5, 3.6 and 3.7, answered
#
# Each question is answered in words and by an experiment. Think first: the words are
# folded below "Answer", and in Jupyter the code and its output are folded as well; a
# click on the dots unfolds them. What is timed depends on the machine: trust the
# ratios.

# %%
from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial

import gluon_softmax as d2l
import mxnet as mx
import numpy as np
from gluon_softmax import handmade
from gluon_softmax.charts import show_lines
from gluon_softmax.data.splits import load_splits
from gluon_softmax.figures import present
from mxnet import autograd, gluon, nd
from mxnet.gluon.data.vision.transforms import ToTensor

# %% [markdown]
# ## Parameters
#
# Change them here and run all cells again.

# %% tags=["parameters"]
root = None  # folder with the data set; None: where it is found, or downloaded to
num_images = 6000  # what is timed reads so many
batch_sizes = (1, 16, 256)
num_workers = (0, 1, 2, 4)
seeds = (0, 1, 2, 3, 4)
num_epochs = 5
folder = "figures"  # where figures are written

# %% [markdown]
# ## 3.5, exercise 1: what does batch size 1 cost?
#
# <details><summary>Answer</summary>
#
# Every batch costs some work of Python's that does not depend on its size: with 256
# images it is shared by 256. For training the same holds for every operation that MXNet
# is asked for, and there are 256 times as many steps. So single images are many times
# slower, though the arithmetic per image is the same.
#
# </details>


# %% jupyter={"source_hidden": true}
def time_batch_sizes(
    root: str | None = None,
    num_images: int = 6000,
    batch_sizes: Sequence[int] = (1, 16, 256),
) -> dict[int, tuple[float, float]]:
    """Print the seconds of reading and of training on some images."""
    train_set = load_splits("fashion-mnist", num_images=num_images, root=root).train
    print(f"{len(train_set):,} images")
    print("batch size   reading (images/s)   training (images/s)")
    seconds = {}
    _train_once(d2l.BatchLoader(train_set, max(batch_sizes)))  # starts MXNet's threads
    for batch_size in batch_sizes:
        train_iter = d2l.BatchLoader(train_set, batch_size, shuffle=True, seed=0)
        seconds[batch_size] = _read_once(train_iter), _train_once(train_iter)
        cells = [
            f"{value:8.3f} s ({len(train_set) / value:8,.0f})"
            for value in seconds[batch_size]
        ]
        print(f"{batch_size:10} {' '.join(cells)}")
    return seconds


def _read_once(train_iter: Iterable) -> float:
    """Go through the batches, and give the seconds it took."""
    start = time.perf_counter()
    for X, _ in train_iter:
        X.wait_to_read()
    return time.perf_counter() - start


def _train_once(train_iter: d2l.BatchLoader) -> float:
    """Train from scratch for an epoch, and give the seconds it took."""
    W, b = d2l.init_params()
    net, updater = partial(d2l.net, W=W, b=b), partial(d2l.sgd, [W, b], 0.01)
    start = time.perf_counter()
    d2l.train_epoch(net, train_iter, d2l.cross_entropy, updater)
    return time.perf_counter() - start


# %% jupyter={"source_hidden": true, "outputs_hidden": true}
if __name__ == "__main__":
    by_batch_size = time_batch_sizes(root, num_images, batch_sizes)

# %% [markdown]
# ## 3.5, exercise 2: what does `num_workers` do?
#
# <details><summary>Answer</summary>
#
# Worker processes read the next batches while this one trains. That is worth it where
# reading is slow *and* cores are idle, for each batch has to be handed over from one
# process to another, which costs time too.
#
# Gluon's `DataLoader`, which the book uses, calls `ToTensor` for each image. On the
# machine of 2 cores where this was written, workers changed its time by a fifth, up or
# down, depending on what else ran. `BatchLoader` reads a whole batch in a few array
# operations; handing it over takes longer than that, so workers only slow it down, and
# 0 are its default. The first epoch includes the start of the workers, the second does
# not.
#
# </details>


# %% jupyter={"source_hidden": true}
def time_workers(
    root: str | None = None,
    num_images: int = 6000,
    choices: Sequence[int] = (0, 1, 2, 4),
) -> dict[tuple[str, int], tuple[float, float]]:
    """Print the seconds of two epochs of reading, for two loaders."""
    train_set = load_splits("fashion-mnist", num_images=num_images, root=root).train
    batch_size = min(256, len(train_set))
    slow_set = train_set.transform_first(ToTensor())
    loaders = {
        "BatchLoader": partial(d2l.BatchLoader, train_set),
        "DataLoader": partial(gluon.data.DataLoader, slow_set),
    }
    print(f"{len(train_set):,} images, batch size {batch_size}, {os.cpu_count()} cores")
    print("loader       workers  first epoch  second epoch")
    seconds = {}
    for name, make in loaders.items():
        for num_workers in choices:
            train_iter = make(batch_size, shuffle=True, num_workers=num_workers)
            times = _read_once(train_iter), _read_once(train_iter)
            seconds[name, num_workers] = times
            print(f"{name:12} {num_workers:7} {times[0]:10.3f} s {times[1]:11.3f} s")
    return seconds


# %% jupyter={"source_hidden": true, "outputs_hidden": true}
if __name__ == "__main__":
    by_workers = time_workers(root, num_images, num_workers)

# %% [markdown]
# ## 3.6, exercise 1: what goes wrong with softmax as it is defined? (Try exp(50).)
#
# <details><summary>Answer</summary>
#
# exp(50) is 5e21, and that is no trouble: float32 goes up to 3.4e38. The first whole
# number that breaks it is 89, for the logarithm of 3.4e38 is 88.72. Softmax then
# divides infinity by infinity: not a number. Very negative scores break it as well:
# below -104 all exponentials are 0, and it divides 0 by 0.
#
# Softmax of (s, s - 1) is (0.731, 0.269) whatever s is, so 0.731 is what both columns
# should say. Subtracting the row's maximum first changes no probability, and then the
# largest exponential is exp(0) = 1: it cannot overflow, and the sum cannot be 0.
#
# The figure shows that the naive form is wrong before it ends: at 88.5 the sum is
# infinite though its parts are not, so the probability is 0; and near -100 the
# exponentials have but a few bits left.
#
# </details>


# %% jupyter={"source_hidden": true}
def overflow(
    scores: Sequence[int] = (-110, -50, 50, 88, 89, 1000),
) -> dict[int, tuple[float, float, float]]:
    """Print exp(s), and the first of softmax(s, s - 1), naive and stable."""
    s = nd.array(scores)
    pairs = nd.stack(s, s - 1, axis=1)
    columns = (s.exp(), d2l.naive_softmax(pairs)[:, 0], d2l.softmax(pairs)[:, 0])
    print("    s      exp(s)   naive  stable")
    found = dict(zip(scores, zip(*(column.asnumpy().tolist() for column in columns))))
    for score, (power, naive, stable) in found.items():
        print(f"{score:5} {power:11.3g} {naive:7.3f} {stable:7.3f}")
    return found


def draw_overflow(folder: str) -> None:
    """Draw naive over stable softmax of (s, s - 1): the naive line ends twice."""
    s = np.linspace(-130, 130, 1041)
    pairs = nd.array(np.stack([s, s - 1], axis=1))
    lines = {
        "stable": (s, d2l.softmax(pairs)[:, 0].asnumpy()),
        "naive": (s, d2l.naive_softmax(pairs)[:, 0].asnumpy()),
    }
    title = "Softmax of (s, s - 1) in float32: naive breaks near -100 and above 88"
    figure = show_lines(lines, "score s", "probability of the first class", title)
    present(figure, f"{folder}/exercises_overflow")


# %% jupyter={"source_hidden": true, "outputs_hidden": true}
if __name__ == "__main__":
    powers = overflow()
    draw_overflow(folder)

# %% [markdown]
# ## 3.6, exercise 2: what goes wrong with cross-entropy as it is defined?
#
# <details><summary>Answer</summary>
#
# The logarithm of 0. Where the net is sure of a wrong class, the probability of the
# label is rounded to 0: even *stable* softmax gives exp(-104) = 0. The loss is then
# infinite and the gradient, 0 times infinity, not a number; one such sample ruins all
# parameters. At 100 the loss is finite still, but the gradient is not a number already:
# the probability is so small that 1 / p overflows.
#
# Cutting probabilities off at 1e-12, as some do, gives a finite loss, but the gradient
# of what is cut off is 0: nothing is learnt from just the worst mistakes.
#
# </details>
#
# ## 3.6, exercise 3: what helps against both?
#
# <details><summary>Answer</summary>
#
# Never form the probability. The loss is $\log \sum_k \exp o_k - o_y$, or, with the
# maximum m taken out, $m + \log \sum_k \exp(o_k - m) - o_y$. That sum is at least
# exp(0) = 1, so there is neither overflow nor a logarithm of 0. Gluon's
# `SoftmaxCrossEntropyLoss` does that: loss and gradient are right at 1000 too.
#
# </details>


# %% jupyter={"source_hidden": true}
def cut_off(y_hat: nd.NDArray, y: nd.NDArray) -> nd.NDArray:
    """Compute cross-entropy of probabilities that are at least 1e-12."""
    return -nd.pick(y_hat, y).clip(1e-12, 1).log()


LOSSES: dict[str, Callable[[nd.NDArray, nd.NDArray], nd.NDArray]] = {
    "by definition": lambda o, y: d2l.cross_entropy(d2l.softmax(o), y),
    "cut off": lambda o, y: cut_off(d2l.softmax(o), y),
    "Gluon's": gluon.loss.SoftmaxCrossEntropyLoss(),
}


def log_of_zero(
    scores: Sequence[int] = (10, 50, 100, 104, 1000),
) -> dict[str, list[tuple[float, float]]]:
    """Print loss and gradient where the scores are (s, 0) and the label is 1."""
    print("loss, and its gradient by the wrong score, for scores (s, 0) and label 1")
    print(" ".join(["    s", *(f"{name:>18}" for name in LOSSES)]))
    found = {name: [] for name in LOSSES}
    for score in scores:
        cells = []
        for name, loss in LOSSES.items():
            found[name].append(_loss_and_slope(loss, score))
            cells.append("{:11.4g} {:6.3f}".format(*found[name][-1]))
        print(f"{score:5} {' '.join(cells)}")
    return found


def _loss_and_slope(loss, score: float) -> tuple[float, float]:
    """Give the loss of scores (score, 0) with label 1, and its slope by the first."""
    o = nd.array([[score, 0]])
    o.attach_grad()
    with autograd.record():
        l = loss(o, nd.array([1]))
    l.backward()
    return l.asscalar(), o.grad[0, 0].asscalar()


# %% jupyter={"source_hidden": true, "outputs_hidden": true}
if __name__ == "__main__":
    losses = log_of_zero()

# %% [markdown]
# ## 3.6: why does test accuracy go up and down?
#
# <details><summary>Answer</summary>
#
# The same training with other seeds (another start, another order of the batches) gives
# other test accuracies; the standard deviation says how far a single run may lie from
# the mean. A curve even goes down now and then, though the loss falls.
#
# The cause is the size of the steps. With a learning rate of 0.1 each of the last
# batches still moves the border between, say, shirts and pullovers, and many test
# images lie close to it. The second table shows it: the same trainings with a tenth of
# the learning rate in the last epoch alone end close together.
#
# Another noise stays even then: the 10,000 test images are a sample themselves. With
# other 10,000 the accuracy p would differ by about sqrt(p (1 - p) / 10,000). So a
# difference of 0.003 between two single runs says nothing: compare means over seeds.
#
# </details>


# %% jupyter={"source_hidden": true}
def vary_seeds(
    root: str | None = None,
    seeds: Sequence[int] = (0, 1, 2, 3, 4),
    num_epochs: int = 5,
    folder: str = "figures",
) -> dict[str, np.ndarray]:
    """Print mean and standard deviation of test accuracy; draw every run."""
    data = (d2l.FashionMNIST(root, train=True), d2l.FashionMNIST(root, train=False))
    schedules = {
        "lr 0.1": [0.1] * num_epochs,
        "lr 0.1, in the last epoch 0.01": [0.1] * (num_epochs - 1) + [0.01],
    }
    found = {}
    for name, rates in schedules.items():
        found[name] = np.array([_train_seed(*data, seed, rates) for seed in seeds])
        print(f"test accuracy over {len(seeds)} seeds, {name}")
        _print_spread(found[name])
    p = found["lr 0.1"][:, -1].mean()
    print(f"choice of the 10,000 test images: {np.sqrt(p * (1 - p) / 10_000):.4f}")
    _draw_seeds(seeds, found["lr 0.1"], folder)
    return found


def _train_seed(
    train_set: d2l.ImageDataset,
    test_set: d2l.ImageDataset,
    seed: int,
    rates: Sequence[float],
    batch_size: int = 256,
) -> list[float]:
    """Train from scratch, an epoch at each learning rate; give the test accuracies."""
    mx.random.seed(seed)
    train_iter, test_iter = d2l.load_data(train_set, test_set, batch_size, seed=seed)
    W, b = d2l.init_params()
    net = partial(d2l.net, W=W, b=b)
    accuracies = []
    for lr in rates:
        updater = partial(d2l.sgd, [W, b], lr)
        d2l.train_epoch(net, train_iter, d2l.cross_entropy, updater, batch_size)
        accuracies.append(d2l.evaluate_accuracy(test_iter, net))
    return accuracies


def _print_spread(test_acc: np.ndarray) -> None:
    """Print a line per epoch about accuracies of shape (seeds, epochs)."""
    print("epoch    mean  standard deviation  lowest  highest")
    for epoch, column in enumerate(test_acc.T, start=1):
        deviation = column.std(ddof=1) if len(column) > 1 else 0
        low, high = column.min(), column.max()
        print(
            f"{epoch:5} {column.mean():7.4f} {deviation:19.4f} {low:7.4f} {high:8.4f}"
        )


def _draw_seeds(seeds: Sequence[int], test_acc: np.ndarray, folder: str) -> None:
    """Draw the accuracies of each seed over each other."""
    epochs = range(1, test_acc.shape[1] + 1)
    lines = {f"seed {seed}": (epochs, acc) for seed, acc in zip(seeds, test_acc)}
    title = "Fashion-MNIST, batch size 256, lr 0.1: the same training, other seeds"
    figure = show_lines(lines, "epoch", "test accuracy (share of images)", title)
    present(figure, f"{folder}/exercises_seeds")


# %% jupyter={"source_hidden": true, "outputs_hidden": true}
if __name__ == "__main__":
    accuracies = vary_seeds(root, seeds, num_epochs, folder)

# %% [markdown]
# ## 3.7: why do some ports print a loss of 0.0031?
#
# <details><summary>Answer</summary>
#
# The loss of the book is one number per sample: add up all, divide by the number of
# samples. PyTorch's loss is the *mean* of a batch already. Whoever adds up means and
# divides by the number of *samples* has divided by the batch size twice: 0.787 / 256 is
# 0.0031. The model learns just as well, only the figure is of no unit any more: with
# batch size 128 it would be twice as large.
#
# </details>


# %% jupyter={"source_hidden": true}
class Table(d2l.Callback):
    """Prints the loss of each epoch, divided once and divided twice."""

    def __init__(self, num_samples: int):
        self.num_samples, self.losses = num_samples, []

    def on_epoch_end(self, progress: d2l.Progress) -> None:
        loss = progress.history[-1].loss
        # What a loss that averages gives for each batch, added up.
        means = sum(batch.loss for batch in progress.batches)
        self.losses.append((loss, means / self.num_samples))
        print("{:5} {:17.4f} {:15.4f}".format(progress.epoch, *self.losses[-1]))


def divide_twice(
    root: str | None = None, num_epochs: int = 5, batch_size: int = 256, seed: int = 0
) -> list[tuple[float, float]]:
    """Print the loss of each epoch, divided once and divided twice."""
    train_iter, test_iter = d2l.load_data_fashion_mnist(
        batch_size, root=root, seed=seed
    )
    model = handmade.SoftmaxRegression(*handmade.draw_start(784, 10, seed=seed))
    updater = handmade.make_updater(model, lr=0.1)
    table = Table(len(train_iter.dataset))
    print("epoch   loss per sample   divided twice")
    d2l.train(
        model,
        train_iter,
        test_iter,
        model.loss,
        num_epochs,
        updater,
        batch_size,
        callbacks=[table],
    )
    return table.losses


# %% jupyter={"source_hidden": true, "outputs_hidden": true}
if __name__ == "__main__":
    figures = divide_twice(root, num_epochs)


# %% tags=["remove-cell"]
def main(
    root: str | None = root,
    folder: str = folder,
    num_images: int = num_images,
    batch_sizes: Sequence[int] = batch_sizes,
    num_workers: Sequence[int] = num_workers,
    seeds: Sequence[int] = seeds,
    num_epochs: int = num_epochs,
) -> dict[str, object]:
    """Answer every exercise; give the numbers of each answer."""
    answers = {
        "batch sizes": time_batch_sizes(root, num_images, batch_sizes),
        "workers": time_workers(root, num_images, num_workers),
        "overflow": overflow(),
    }
    draw_overflow(folder)
    answers["log of zero"] = log_of_zero()
    answers["seeds"] = vary_seeds(root, seeds, num_epochs, folder)
    answers["divided twice"] = divide_twice(root, num_epochs)
    return answers
