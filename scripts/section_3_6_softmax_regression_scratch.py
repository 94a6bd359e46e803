# %% [markdown]
# # 3.6 Softmax regression from scratch
#
# **What.** A linear layer, a softmax, cross-entropy and gradient descent, on NDArray
# and `autograd` only, trained to tell ten garments apart.
#
# **Why.** It is a whole learning program with nothing hidden: every part of it is a few
# lines. The deep networks of later chapters change the model and keep the rest.
#
# **What to look at.** The shape of each result; what each part does to a small example;
# and, at the end, which garments are still mistaken for each other.
#
# The functions are in `gluon_softmax/scratch.py` and `chapter/training.py`;
# `show_code` shows them here as they are.

# %%
from __future__ import annotations

from functools import partial

import gluon_softmax as d2l
import mxnet as mx
from gluon_softmax.data.splits import load_splits
from gluon_softmax.figures import present
from gluon_softmax.listing import show_code
from mxnet import autograd, nd

# %% [markdown]
# ## Parameters
#
# Change them here and run all cells again.

# %% tags=["parameters"]
root = None  # folder with the data set; None: where it is found, or downloaded to
num_epochs, batch_size, lr, seed = 5, 256, 0.1, 0
num_images = None  # train on the first so many images; None: on all of them
folder = "figures"  # where figures are written

# %% [markdown]
# ## 3.6.1 Reading the data
#
# Mini-batches as in section 3.5. For all images the book does both lines in one:
# `train_iter, test_iter = d2l.load_data_fashion_mnist(batch_size)`.


# %%
def load(
    root: str | None, batch_size: int, seed: int, num_images: int | None
) -> tuple[d2l.BatchLoader, d2l.BatchLoader]:
    """Load mini-batches of the training set, shuffled, and of the test set."""
    train_set, _, test_set = load_splits(
        "fashion-mnist", num_images=num_images, root=root
    )
    train_iter, test_iter = d2l.load_data(train_set, test_set, batch_size, seed=seed)
    print(f"{len(train_iter)} batches to train on, {len(test_iter)} to test on")
    return train_iter, test_iter


# %%
if __name__ == "__main__":
    train_iter, test_iter = load(root, batch_size, seed, num_images)

# %% [markdown]
# ## 3.6.2 Initialising the parameters
#
# An image is read as one row of 28 x 28 = 784 numbers, and there are ten classes. So
# the weights are a matrix of 784 x 10, and each class has one bias: 7,850 parameters.
# The weights start small and random. `attach_grad` asks for room for the gradients.

# %%
if __name__ == "__main__":
    show_code(d2l.init_params)


# %%
def draw_start(seed: int) -> list[nd.NDArray]:
    """Draw the parameters to start from, and print their shapes."""
    mx.random.seed(seed)  # the same numbers each time
    W, b = d2l.init_params()
    print(f"W {W.shape}, b {b.shape}: {W.size + b.size:,} parameters")
    return [W, b]


# %%
if __name__ == "__main__":
    W, b = draw_start(seed)

# %% [markdown]
# ## 3.6.3 Softmax
#
# Softmax needs the sum of each row. `sum(axis=0)` adds up the columns, `sum(axis=1)`
# the rows; with `keepdims=True` the result keeps two axes and can still be broadcast
# against the matrix.


# %%
def sum_rows_and_columns() -> None:
    """Print both sums of a matrix of 2 x 3."""
    X = nd.array([[1, 2, 3], [4, 5, 6]])
    print("axis 0:", X.sum(axis=0, keepdims=True).asnumpy().tolist())
    print("axis 1:", X.sum(axis=1, keepdims=True).asnumpy().tolist())


# %%
if __name__ == "__main__":
    sum_rows_and_columns()

# %% [markdown]
# Exponentials make every score positive; dividing each row by its sum makes it add up
# to 1. This is the book's form, straight from the definition:

# %%
if __name__ == "__main__":
    show_code(d2l.naive_softmax)


# %%
def try_softmax() -> nd.NDArray:
    """Print the probabilities of two rows of five random scores."""
    mx.random.seed(1)
    X = nd.random.normal(shape=(2, 5))
    X_prob = d2l.naive_softmax(X)
    print(X_prob.asnumpy().round(4))
    print("sums of the rows:", X_prob.sum(axis=1).asnumpy())
    return X_prob


# %%
if __name__ == "__main__":
    X_prob = try_softmax()

# %% [markdown]
# It has one weakness: `exp` of float32 overflows between 88 and 89, and infinity
# divided by infinity is not a number (`nan`). Subtracting the row's maximum first
# changes no probability and cannot overflow. That form is used from here on.

# %%
if __name__ == "__main__":
    show_code(d2l.softmax)


# %%
def show_overflow() -> None:
    """Print both forms of softmax for growing scores."""
    for score in (1, 50, 88, 89):
        X = nd.array([[score, 0]])
        naive, stable = d2l.naive_softmax(X).asnumpy(), d2l.softmax(X).asnumpy()
        print(f"scores [{score}, 0]: naive {naive[0]}, stable {stable[0]}")


# %%
if __name__ == "__main__":
    show_overflow()

# %% [markdown]
# ## 3.6.4 The model
#
# Flatten each image to a row, multiply by `W`, add `b`, take the softmax. In the book
# `W` and `b` are global; here they are arguments, and `partial` fixes them, for the
# training loop wants a net of `X` alone.

# %%
if __name__ == "__main__":
    show_code(d2l.net)


# %%
def predict_untrained(params: list[nd.NDArray], test_iter: d2l.BatchLoader):
    """Make the net, print what it says about one image, and give it."""
    W, b = params
    net = partial(d2l.net, W=W, b=b)
    X, y = next(iter(test_iter))
    y_hat = net(X)
    print(f"X {X.shape} -> y_hat {y_hat.shape}")
    print("first image:", y_hat[0].asnumpy().round(3), "label", y[0].asscalar())
    return net


# %%
if __name__ == "__main__":
    net = predict_untrained([W, b], test_iter)

# %% [markdown]
# All ten probabilities are near 0.1: the net knows nothing yet.
#
# ## 3.6.5 The loss
#
# Two samples, three classes, labels 0 and 2. `pick` takes from each row the probability
# of its label. Cross-entropy is its negative logarithm: 0 where the label is certain,
# large where it is thought unlikely.

# %%
if __name__ == "__main__":
    show_code(d2l.cross_entropy)


# %%
def try_cross_entropy() -> nd.NDArray:
    """Print what is picked from two rows, and its loss."""
    y_hat = nd.array([[0.1, 0.3, 0.6], [0.3, 0.2, 0.5]])
    y = nd.array([0, 2], dtype="int32")
    print("picked:", nd.pick(y_hat, y).asnumpy())
    print("loss:  ", d2l.cross_entropy(y_hat, y).asnumpy().round(4))
    print("accuracy:", d2l.accuracy(y_hat, y))
    return d2l.cross_entropy(y_hat, y)


# %%
if __name__ == "__main__":
    losses = try_cross_entropy()

# %% [markdown]
# ## 3.6.6 Accuracy
#
# The class with the largest probability is the prediction; accuracy is the share of
# predictions that are right. Above it is 0.5: the first row says class 2 and is wrong,
# the second says class 2 and is right. `evaluate_accuracy` does the same for all
# batches of a data set.

# %%
if __name__ == "__main__":
    show_code(d2l.accuracy)


# %%
def evaluate_untrained(net, test_iter: d2l.BatchLoader) -> float:
    """Print how often the untrained net is right: by chance, one time in ten."""
    accuracy = d2l.evaluate_accuracy(test_iter, net)
    print(f"untrained: test acc {accuracy:.4f}")
    return accuracy


# %%
if __name__ == "__main__":
    untrained = evaluate_untrained(net, test_iter)

# %% [markdown]
# ## 3.6.7 Training
#
# A step of mini-batch gradient descent moves each parameter against its gradient. The
# gradient is that of the batch's *summed* loss, hence the division by `batch_size`.

# %%
if __name__ == "__main__":
    show_code(d2l.sgd)

# %% [markdown]
# Ten such steps, written out: compute the loss while `autograd` records, let it derive
# (`backward`), step. The steps are taken on one batch and on a copy of the parameters,
# so that training below starts from the beginning. The loss starts near log(10) =
# 2.303, that of guessing, and falls with each step.


# %%
def take_steps(
    params: list[nd.NDArray],
    train_iter: d2l.BatchLoader,
    lr: float,
    num_steps: int = 10,
) -> list[float]:
    """Print the mean loss of one batch before each of some steps."""
    params = [param.copy() for param in params]
    for param in params:
        param.attach_grad()
    X, y = next(iter(train_iter))
    train_iter.epoch = 0  # the order of the first epoch is still to come
    losses = []
    for _ in range(num_steps):
        with autograd.record():
            l = d2l.cross_entropy(d2l.net(X, *params), y)
        l.backward()
        d2l.sgd(params, lr, batch_size=len(y))
        losses.append(l.mean().asscalar())
    print("losses:", " ".join(f"{loss:.3f}" for loss in losses))
    return losses


# %%
if __name__ == "__main__":
    steps = take_steps([W, b], train_iter, lr)

# %% [markdown]
# An epoch takes such a step for every batch, and adds up loss and right predictions:

# %%
if __name__ == "__main__":
    show_code(d2l.train_epoch)

# %% [markdown]
# The line with `engine` may be left out (`engine=None`): it runs nets of Gluon's own
# layers, as in section 3.7, faster and with the same numbers. A net from scratch is
# called as it is, unless it was hybridized: `d2l.hybridize(net)`.
#
# `train_ch3` does this for every epoch and evaluates the test set after each. It is
# given `params` and `lr` here, and a trainer in section 3.7. In a notebook it draws
# curves while it goes.
#
# What to look at: the loss falls fast at first and slowly later. Test accuracy is a
# little below training accuracy, for the test images were never learnt from. In the
# first epoch it is the other way round: training accuracy is measured while the net is
# still learning, test accuracy after it.


# %%
def fit(net, params, train_iter, test_iter, num_epochs, batch_size, lr):
    """Train as the book does; give the history."""
    loss = d2l.cross_entropy
    data = (train_iter, test_iter, loss, num_epochs, batch_size)
    return d2l.train_ch3(net, *data, params, lr)


# %%
if __name__ == "__main__":
    history = fit(net, [W, b], train_iter, test_iter, num_epochs, batch_size, lr)

# %% [markdown]
# ## 3.6.8 Prediction
#
# The true name stands above the predicted one; errors are red. The first row are the
# first nine test images, as in the book, and the second the first nine that the net
# gets wrong. What to look at: most errors are among garments of one shape, tops for
# tops and shoes for shoes.


# %%
def draw_predictions(net, test_iter: d2l.BatchLoader, name: str, wrong: bool = False):
    """Draw nine test images of the first batch, the first or the first wrong ones."""
    X, y = next(iter(test_iter))
    predicted = net(X).argmax(axis=1).asnumpy().astype(int)
    shown = range(len(y))
    if wrong:
        shown = (predicted != y.asnumpy()).nonzero()[0]
    shown = list(shown[:9])
    true_labels, pred_labels = (
        d2l.get_fashion_mnist_labels(labels[shown])
        for labels in (y.asnumpy(), predicted)
    )
    present(d2l.show_predictions(X[shown], true_labels, pred_labels), name)


# %%
if __name__ == "__main__":
    draw_predictions(net, test_iter, f"{folder}/section_3_6_predictions")
    draw_predictions(net, test_iter, f"{folder}/section_3_6_errors", wrong=True)

# %% [markdown]
# ## Summary
#
# - Softmax regression is one linear layer; softmax turns its ten scores into
#   probabilities.
# - Learning takes a model, a loss, a gradient and a step; `autograd` finds the
#   gradient.
# - Five epochs bring test accuracy from 0.1 to about 0.83.
#
# ## Exercises
#
# `exercises.py` answers 1 to 3 at length, with the numbers.
#
# 1. Softmax as it is defined computes exp(score). What can go wrong? (Try exp(50).)
#
# <details><summary>Answer</summary>
#
# Not exp(50), which is 5e21; float32 goes up to 3.4e38. From exp(89) on it is infinite,
# and infinity by infinity is `nan`. Below -104 all exponentials are 0, and 0 by 0 is
# `nan` as well.
#
# </details>
#
# 2. Cross-entropy as it is defined computes log(probability). What can go wrong?
#
# <details><summary>Answer</summary>
#
# The probability can be rounded to 0. The loss is then infinite and its gradient `nan`;
# one such sample ruins all parameters.
#
# </details>
#
# 3. What helps against both?
#
# <details><summary>Answer</summary>
#
# Never form the probability: compute $\log \sum_k \exp(o_k - m) + m - o_y$ from the
# scores, with $m$ their maximum. Section 3.7's loss does.
#
# </details>
#
# 4. Is it always right to give the most probable class? Think of a diagnosis.
#
# <details><summary>Answer</summary>
#
# No. Where one error costs more than the other, weigh probabilities by cost: a disease
# of probability 0.2 can be worth an examination, though "healthy" is likelier.
#
# </details>
#
# 5. Set `num_images = 1000` at the top and run all cells. What happens to training and
#    to test accuracy? And with `num_epochs = 100`?
#
# <details><summary>Answer</summary>
#
# After 5 epochs both are low, 0.70 and 0.66: 1,000 images are 4 steps per epoch, 20 in
# all. After 100 epochs training accuracy is 0.89 and test accuracy 0.79: the net has
# learnt these images, not garments. That is overfitting. With all 60,000 images 100
# epochs give 0.87 and 0.84.
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
    folder: str = folder,
) -> d2l.History:
    """Run every cell but those that show code; give the history of the training."""
    train_iter, test_iter = load(root, batch_size, seed, num_images)
    params = draw_start(seed)
    sum_rows_and_columns()
    try_softmax()
    show_overflow()
    net = predict_untrained(params, test_iter)
    try_cross_entropy()
    evaluate_untrained(net, test_iter)
    take_steps(params, train_iter, lr)
    history = fit(net, params, train_iter, test_iter, num_epochs, batch_size, lr)
    draw_predictions(net, test_iter, f"{folder}/section_3_6_predictions")
    draw_predictions(net, test_iter, f"{folder}/section_3_6_errors", wrong=True)
    return history
