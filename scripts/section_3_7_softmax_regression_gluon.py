# %% [markdown]
# # 3.7 Softmax regression with Gluon
#
# **What.** The model of section 3.6 in a few lines, from Gluon's parts: `nn.Dense(10)`
# for the linear layer, softmax and cross-entropy in one loss, `gluon.Trainer` for the
# steps.
#
# **Why.** These parts are the ones that deep networks are built of. They are tested,
# and the loss is numerically stable, which the one from scratch is not.
#
# **What to look at.** What becomes shorter, and what stays: the data and the training
# loop are those of section 3.6, unchanged, and so are the figures they print.

# %%
from __future__ import annotations

import gluon_softmax as d2l
import mxnet as mx
from gluon_softmax.data.splits import load_splits
from mxnet import gluon, init, nd
from mxnet.gluon import nn

# %% [markdown]
# ## Parameters
#
# Change them here and run all cells again.

# %% tags=["parameters"]
root = None  # folder with the data set; None: where it is found, or downloaded to
num_epochs, batch_size, lr, seed = 5, 256, 0.1, 0
num_images = None  # train on the first so many images; None: on all of them

# %% [markdown]
# ## 3.7.1 Reading the data
#
# As in section 3.6.1.


# %%
def load(
    root: str | None, batch_size: int, seed: int, num_images: int | None
) -> tuple[d2l.BatchLoader, d2l.BatchLoader]:
    """Load mini-batches of the training set, shuffled, and of the test set."""
    train_set, _, test_set = load_splits(
        "fashion-mnist", num_images=num_images, root=root
    )
    return d2l.load_data(train_set, test_set, batch_size, seed=seed)


# %%
if __name__ == "__main__":
    train_iter, test_iter = load(root, batch_size, seed, num_images)

# %% [markdown]
# ## 3.7.2 Defining and initialising the model
#
# `nn.Dense(10)` is $X W + b$ with ten outputs, and flattens what it is given. How many
# inputs there are it learns from the first batch: before that its weights have shape
# (10, 0). Gluon keeps them as (outputs, inputs), transposed as against section 3.6.


# %%
def make_net(seed: int) -> nn.Block:
    """Build the model, and initialise its weights with Normal(0, 0.01)."""
    mx.random.seed(seed)
    net = nn.Sequential()
    net.add(nn.Dense(10))
    net.initialize(init.Normal(sigma=0.01))
    return net


def show_shapes(net: nn.Block, test_iter: d2l.BatchLoader) -> None:
    """Print the weights' shape before the first batch and after it."""
    print("weights before:", net[0].weight.shape)
    X, _ = next(iter(test_iter))
    y_hat = net(X)
    print(f"X {X.shape} -> scores {y_hat.shape}")
    print("weights after: ", net[0].weight.shape)


# %%
if __name__ == "__main__":
    net = make_net(seed)
    show_shapes(net, test_iter)

# %% [markdown]
# ## 3.7.3 Softmax and cross-entropy
#
# The net ends with *scores*, not probabilities. Softmax is part of the loss, which
# works with logarithms and never forms a probability. What to look at: for ordinary
# scores both ways agree; where the net is sure of a wrong class, the way of section 3.6
# gives infinity, for the probability of the label has been rounded to 0.


# %%
def compare_losses() -> dict[int, tuple[float, float]]:
    """Print the loss of scores (s, 0) with label 1, in two steps and in one."""
    loss = gluon.loss.SoftmaxCrossEntropyLoss()
    y, found = nd.array([1]), {}
    for score in (1, 10, 104):
        o = nd.array([[score, 0]])
        in_two = d2l.cross_entropy(d2l.softmax(o), y).asscalar()
        in_one = loss(o, y).asscalar()
        print(f"scores ({score}, 0): in two steps {in_two:.4f}, in one {in_one:.4f}")
        found[score] = in_two, in_one
    return found


# %%
if __name__ == "__main__":
    found = compare_losses()
    loss = gluon.loss.SoftmaxCrossEntropyLoss()

# %% [markdown]
# ## 3.7.4 The optimiser
#
# `gluon.Trainer` holds all parameters of the net and steps with them: `sgd` of section
# 3.6, under a name. To try another optimiser, change this line alone.


# %%
def make_trainer(net: nn.Block, lr: float) -> gluon.Trainer:
    """Make what steps: mini-batch gradient descent."""
    return gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": lr})


# %%
if __name__ == "__main__":
    trainer = make_trainer(net, lr)

# %% [markdown]
# ## 3.7.5 Training
#
# The loop of section 3.6, given a trainer instead of `params` and `lr`. The loss
# printed is the mean per sample, as there, so the two can be compared: they differ by
# 0.001 at most, for the weights were drawn differently. `compare_scratch_and_gluon.py`
# starts both from the same weights; then they agree. (Ports of this chapter that divide
# that mean by the number of samples once more print 0.0031 here: see `exercises.py`.)
#
# To predict, no softmax is needed either: the largest score is the largest probability.


# %%
def fit(net, train_iter, test_iter, loss, num_epochs, batch_size, trainer):
    """Train as the book does; give the history."""
    data = (train_iter, test_iter, loss, num_epochs, batch_size)
    return d2l.train_ch3(net, *data, None, None, trainer)


# %%
if __name__ == "__main__":
    settings = (num_epochs, batch_size, trainer)
    history = fit(net, train_iter, test_iter, loss, *settings)

# %% [markdown]
# ## Summary
#
# - Gluon's parts are the functions of section 3.6 under a name; the loop is the same.
# - `SoftmaxCrossEntropyLoss` takes scores and is stable where the two-step form is not.
#
# ## Exercises
#
# 1. Change `lr`, `batch_size` and `num_epochs` at the top and run all cells. What
#    happens to the loss and to test accuracy?
#
# <details><summary>Answer</summary>
#
# With 5 epochs, by test accuracy: lr 0.01 gives 0.77, too slow; 0.1 gives 0.825; with 1
# the loss is 1.6, three times that of 0.1, though accuracy is still about 0.81. Batches
# of 4,096 give 0.75 with lr 0.1: only 15 steps in an epoch. Batches of 16 give 0.82 and
# take four times as long; accuracy then goes up and down from epoch to epoch, and with
# lr 0.01 it is 0.83. Batch size and learning rate have to be chosen together.
#
# </details>
#
# 2. Append `nn.Activation("sigmoid")` to the net. Is it still softmax regression?
#
# <details><summary>Answer</summary>
#
# No. The scores are then between 0 and 1, so no class can get more than
# $e / (e + 9) = 0.23$ of the probability, and the loss stays above $-\log 0.23 = 1.46$.
#
# </details>


# %% tags=["remove-cell"]
def main(
    root: str | None = root,
    num_epochs: int = num_epochs,
    batch_size: int = batch_size,
    lr: float = lr,
    seed: int = seed,
    num_images: int | None = num_images,
) -> d2l.History:
    """Run every cell; give the history of the training."""
    train_iter, test_iter = load(root, batch_size, seed, num_images)
    net = make_net(seed)
    show_shapes(net, test_iter)
    compare_losses()
    loss, trainer = gluon.loss.SoftmaxCrossEntropyLoss(), make_trainer(net, lr)
    settings = (num_epochs, batch_size, trainer)
    return fit(net, train_iter, test_iter, loss, *settings)
