# %% [markdown]
# # Exercises of sections 3.5, 3.6 and 3.7, answered
#
# Each question is answered in words and by an experiment. Think first: the words are
# folded below "Answer", and in Jupyter the code and its output are folded as well; a
# click on the dots unfolds them. What is timed depends on the machine: trust the
# ratios.

# %%
import time
from functools import partial

import gluon_softmax as d2l
import mxnet as mx
import numpy as np
from gluon_softmax.data.splits import load_splits
from gluon_softmax.figures import present
from gluon_softmax.figures.charts import show_lines
from mxnet import autograd, gluon, nd

# %% [markdown]
# ## Parameters
#
# Change them here and run all cells again.

# %% tags=["parameters"]
root = None  # folder with the data set; None: where it is found, or downloaded to
num_images = 6000  # what is timed reads so many
batch_sizes = (1, 16, 256)
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
def time_reading(train_iter):
    start = time.perf_counter()
    for X, _ in train_iter:
        X.wait_to_read()
    return time.perf_counter() - start


def time_training(train_iter):
    W, b = d2l.init_params()
    net, updater = partial(d2l.net, W=W, b=b), partial(d2l.sgd, [W, b], 0.01)
    start = time.perf_counter()
    d2l.train_epoch(net, train_iter, d2l.cross_entropy, updater)
    return time.perf_counter() - start


# %% jupyter={"source_hidden": true, "outputs_hidden": true}
few = load_splits("fashion-mnist", num_images=num_images, root=root).train
time_training(d2l.BatchLoader(few, max(batch_sizes)))  # starts MXNet's threads
print(f"{len(few):,} images")
print("batch size   reading (images/s)   training (images/s)")
by_batch_size = {}
for batch_size in batch_sizes:
    train_iter = d2l.BatchLoader(few, batch_size, shuffle=True, seed=0)
    times = time_reading(train_iter), time_training(train_iter)
    by_batch_size[batch_size] = times
    cells = [f"{seconds:8.3f} s ({len(few) / seconds:8,.0f})" for seconds in times]
    print(f"{batch_size:10} {' '.join(cells)}")

# %% [markdown]
# ## 3.5, exercise 2: what does `num_workers` do?
#
# <details><summary>Answer</summary>
#
# Worker processes read the next batches while this one trains. That is worth it where
# reading is slow *and* cores are idle, for each batch has to be handed over from one
# process to another, which costs time too. The script of section 3.5 times it.
#
# Gluon's `DataLoader`, which the book uses, calls `ToTensor` for each image. On the
# machine of 2 cores where this was written, workers changed its time by a fifth, up or
# down, depending on what else ran. `BatchLoader` reads a whole batch in a few array
# operations; handing it over takes longer than that, so workers only slow it down, and
# 0 are its default.
#
# </details>

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

# %% jupyter={"source_hidden": true, "outputs_hidden": true}
s = nd.array([-110, -50, 50, 88, 89, 1000])
pairs = nd.stack(s, s - 1, axis=1)
columns = s, s.exp(), d2l.naive_softmax(pairs)[:, 0], d2l.softmax(pairs)[:, 0]
powers = np.stack([column.asnumpy() for column in columns], axis=1)
print("    s      exp(s)   naive  stable")
for score, power, naive, stable in powers:
    print(f"{score:5.0f} {power:11.3g} {naive:7.3f} {stable:7.3f}")

# %% jupyter={"source_hidden": true, "outputs_hidden": true}
s = np.linspace(-130, 130, 1041)
pairs = nd.array(np.stack([s, s - 1], axis=1))
lines = {
    "stable": (s, d2l.softmax(pairs)[:, 0].asnumpy()),
    "naive": (s, d2l.naive_softmax(pairs)[:, 0].asnumpy()),
}
title = "Softmax of (s, s - 1) in float32: naive breaks near -100 and above 88"
figure = show_lines(lines, "score s", "probability of the first class", title)
present(figure, f"{folder}/exercises_overflow")

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
def by_definition(o, y):
    return d2l.cross_entropy(d2l.softmax(o), y)


def cut_off(o, y):
    return -nd.pick(d2l.softmax(o), y).clip(1e-12, 1).log()


def loss_and_slope(loss, score):
    o = nd.array([[score, 0]])
    o.attach_grad()
    with autograd.record():
        l = loss(o, nd.array([1]))
    l.backward()
    return l.asscalar(), o.grad[0, 0].asscalar()


# %% jupyter={"source_hidden": true, "outputs_hidden": true}
scores = (10, 50, 100, 104, 1000)
losses = {
    "by definition": by_definition,
    "cut off": cut_off,
    "Gluon's": gluon.loss.SoftmaxCrossEntropyLoss(),
}
print("loss, and its gradient by the wrong score, for scores (s, 0) and label 1")
found = {}
for name, loss in losses.items():
    found[name] = [loss_and_slope(loss, score) for score in scores]
    print(name)
    for score, (l, slope) in zip(scores, found[name]):
        print(f"  s = {score:4}: loss {l:9.4g}, gradient {slope:6.3f}")

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
def train(seed, rates, batch_size=256):
    """Train an epoch at each learning rate; return the test accuracies."""
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


# %% jupyter={"source_hidden": true, "outputs_hidden": true}
train_set = d2l.FashionMNIST(root, train=True)
test_set = d2l.FashionMNIST(root, train=False)
schedules = {
    "lr 0.1": [0.1] * num_epochs,
    "lr 0.1, in the last epoch 0.01": [0.1] * (num_epochs - 1) + [0.01],
}
test_acc = {}
for name, rates in schedules.items():
    test_acc[name] = np.array([train(seed, rates) for seed in seeds])
    print(f"test accuracy over {len(seeds)} seeds, {name}")
    print("epoch    mean  standard deviation  lowest  highest")
    for epoch, column in enumerate(test_acc[name].T, start=1):
        deviation = column.std(ddof=1) if len(seeds) > 1 else 0
        print(f"{epoch:5} {column.mean():7.4f} {deviation:19.4f}", end=" ")
        print(f"{column.min():7.4f} {column.max():8.4f}")
p = test_acc["lr 0.1"][:, -1].mean()
print(f"choice of the 10,000 test images: {np.sqrt(p * (1 - p) / 10_000):.4f}")

# %% jupyter={"source_hidden": true, "outputs_hidden": true}
epochs = range(1, num_epochs + 1)
curves = {f"seed {n}": (epochs, acc) for n, acc in zip(seeds, test_acc["lr 0.1"])}
title = "Fashion-MNIST, batch size 256, lr 0.1: the same training, other seeds"
figure = show_lines(curves, "epoch", "test accuracy (share of images)", title)
present(figure, f"{folder}/exercises_seeds")

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

# %% jupyter={"source_hidden": true, "outputs_hidden": true}
mx.random.seed(0)
train_iter, _ = d2l.load_data(train_set, test_set, batch_size=256, seed=0)
W, b = d2l.init_params()
net, updater = partial(d2l.net, W=W, b=b), partial(d2l.sgd, [W, b], 0.1)
print("epoch   loss per sample   divided twice")
divided = []
for epoch in range(1, num_epochs + 1):
    progress = d2l.Progress()  # keeps the mean loss of each batch
    once, _ = d2l.train_epoch(
        net, train_iter, d2l.cross_entropy, updater, 256, progress
    )
    twice = sum(batch.loss for batch in progress.batches) / len(train_set)
    divided.append((once, twice))
    print(f"{epoch:5} {once:17.4f} {twice:15.4f}")
