# %% [markdown]
# # 3.4 Softmax regression: the ideas
#
# **What.** From scores to probabilities, from probabilities to a loss, from the loss to
# its gradient: each idea on an example small enough to check with pencil and paper.
#
# **Why.** The sections to come do the same with 784 inputs and 60,000 images, where no
# number can be checked by eye any more.
#
# **What to look at.** Work out one number of each cell yourself before you run it. No
# data set is needed.

# %%
from __future__ import annotations

import gluon_softmax as d2l
import numpy as np
from gluon_softmax.charts import show_bars
from gluon_softmax.figures import present
from mxnet import autograd, gluon, nd

# %% [markdown]
# ## Parameters

# %% tags=["parameters"]
folder = "figures"  # where figures are written

# %% [markdown]
# ## 3.4.2 From scores to probabilities, in two steps
#
# A net gives one score per class. A score may be negative, and scores add up to
# anything, so they are no probabilities. Softmax makes them so in two steps:
#
# 1. exponentials make every score positive and keep their order;
# 2. dividing by the sum makes them add up to 1.
#
# Neither step changes which class is first: `argmax` is the same in all three rows. To
# *predict*, softmax is not needed; to *learn*, it is.


# %%
def take_two_steps() -> dict[str, np.ndarray]:
    """Print scores, their exponentials, and these divided by their sum."""
    scores = nd.array([-1.0, 2.0, 0.5])
    exponentials = scores.exp()
    steps = {
        "scores": scores,
        "exponentials": exponentials,
        "probabilities": exponentials / exponentials.sum(),
    }
    for name, step in steps.items():
        total, first = step.sum().asscalar(), int(step.argmax(axis=0).asscalar())
        print(f"{name}: {step.asnumpy().round(3)}, sum {total:.3f}, argmax {first}")
    return {name: step.asnumpy() for name, step in steps.items()}


# %%
if __name__ == "__main__":
    steps = take_two_steps()

# %% [markdown]
# ## 3.4.3, 3.4.4 One sample and a mini-batch, as vectors
#
# An image of 2 x 2 pixels has 4 inputs; cat, chicken and dog are 3 classes. One sample
# is a row: $o = x W + b$, then $\hat y = \mathrm{softmax}(o)$. A mini-batch is several
# rows below each other: $O = X W + b$, $\hat Y = \mathrm{softmax}(O)$, the same $b$
# added to every row. One product of matrices then does the work of all samples, and
# row 0 of it is what the first sample gets alone.


# %%
def compute_in_vectors(batch_size: int = 5) -> dict[str, np.ndarray]:
    """Print the shapes of a mini-batch and of its first sample alone."""
    draw = np.random.RandomState(0)  # of our own, so that cells can be run in any order
    X, W = nd.array(draw.rand(batch_size, 4)), nd.array(draw.randn(4, 3))
    b = nd.array([[0.1, 0.2, 0.3]])
    found = {}
    for name, inputs in (("one sample", X[0:1]), ("mini-batch", X)):
        o = nd.dot(inputs, W) + b
        y_hat = d2l.softmax(o)
        print(
            f"{name}: X {inputs.shape}, W {W.shape}, b {b.shape}, "
            f"O {o.shape}, Y_hat {y_hat.shape}"
        )
        found[name] = y_hat.asnumpy()
    print("first sample alone      ", found["one sample"][0].round(4))
    print("row 0 of the mini-batch ", found["mini-batch"][0].round(4))
    return found


# %%
if __name__ == "__main__":
    vectors = compute_in_vectors()

# %% [markdown]
# ## Sums over an axis, with and without keeping it
#
# `axis=0` adds up the rows, `axis=1` the columns. With `keepdims=True` the axis stays,
# with length 1, and the result still fits beside the matrix it came from. Softmax needs
# it: each row is to be divided by *its own* sum, (n, classes) by (n, 1).
#
# Without it the sums are a plain row of n numbers. MXNet refuses to divide (2, 3) by
# (2,), luckily. But a square matrix is divided, without a word: each *column* by the
# sum of a row. The last line shows it; those rows do not add up to 1.


# %%
def sum_over_axes() -> dict[str, np.ndarray]:
    """Print sums of a matrix, and what becomes of a quotient without `keepdims`."""
    X, square = nd.array([[1, 2, 3], [4, 5, 6]]), nd.array([[1, 2], [3, 4]])
    right = square / square.sum(axis=1, keepdims=True)
    wrong = square / square.sum(axis=1)
    found = {
        "sum over axis 0, kept": X.sum(axis=0, keepdims=True),
        "sum over axis 0": X.sum(axis=0),
        "sum over axis 1, kept": X.sum(axis=1, keepdims=True),
        "sum over axis 1": X.sum(axis=1),
        "row sums of softmax": d2l.softmax(X).sum(axis=1),
        "row sums of square / its sums, kept": right.sum(axis=1),
        "row sums of square / its sums": wrong.sum(axis=1),
    }
    for name, array in found.items():
        numbers = array.asnumpy().astype("float64").round(4).tolist()
        print(f"{name}: {numbers}, shape {array.shape}")
    return {name: array.asnumpy() for name, array in found.items()}


# %%
if __name__ == "__main__":
    sums = sum_over_axes()

# %% [markdown]
# ## 3.4.6 The probability of the label, and accuracy
#
# Two samples, three classes; the labels are 0 and 2. `pick` takes from each row the
# probability of its label: 0.1 and 0.5. The largest probability of the first row is in
# class 2, which is wrong, that of the second in class 2, which is right: accuracy 0.5.


# %%
def pick_labels() -> dict[str, np.ndarray | float]:
    """Print the probability of each label, and the accuracy."""
    y_hat = nd.array([[0.1, 0.3, 0.6], [0.3, 0.2, 0.5]])
    y = nd.array([0, 2])
    picked, accuracy = nd.pick(y_hat, y).asnumpy(), d2l.accuracy(y_hat, y)
    print(f"probability of the label: {picked}, accuracy {accuracy}")
    return {"picked": picked, "accuracy": accuracy}


# %%
if __name__ == "__main__":
    labels = pick_labels()

# %% [markdown]
# ## 3.4.5 Why cross-entropy and not squared error
#
# Both predictions below give the right class, class 0, probability 0.6. Squared error
# still calls the second a third worse (0.16 against 0.12), for how it spreads the rest
# over the *wrong* classes, which nobody asked for. Cross-entropy looks at the
# probability of the label alone, so it is the same for both: $-\log 0.6 = 0.5108$.


# %%
def compare_losses() -> dict[str, np.ndarray]:
    """Print squared error and cross-entropy of two predictions that are both right."""
    y_hat = nd.array([[0.6, 0.2, 0.2], [0.6, 0.0, 0.4]])
    y = nd.zeros(2)
    squared = ((y_hat - nd.one_hot(y, 3)) ** 2).sum(axis=1) / 2  # halved, as in 3.1
    losses = {
        "squared error": squared.asnumpy(),
        "cross-entropy": d2l.cross_entropy(y_hat, y).asnumpy(),
    }
    for name, (first, second) in losses.items():
        print(f"{name}: {first:.4f} for (.6, .2, .2), {second:.4f} for (.6, 0, .4)")
    return losses


# %%
if __name__ == "__main__":
    losses = compare_losses()

# %% [markdown]
# ## 3.4.5, exercise: entropy and maximum likelihood
#
# Ten samples that look alike have labels 0 (six times), 1 (three times) and 2 (once).
# Which probabilities q should a model give? Take those under which these ten labels are
# likeliest: maximum likelihood. The likelihood is a product, $q_0^6 q_1^3 q_2$; its
# logarithm, with a minus and divided by ten, is the mean cross-entropy. So the table's
# last two columns are always the same, and the best q has the largest likelihood *and*
# the smallest loss.
#
# That q is (0.6, 0.3, 0.1), the shares themselves, and its loss is their entropy,
# 0.8979 nats: no q does better on these labels. A single label, one-hot, has entropy 0,
# so the loss of a sample can come as near to 0 as one likes.


# %%
def maximise_likelihood() -> dict[str, np.ndarray | float]:
    """Print likelihood and mean cross-entropy of several models of ten labels."""
    counts = np.array([6, 3, 1])
    shares = counts / counts.sum()
    models = np.array([[1 / 3] * 3, [0.5, 0.3, 0.2], shares, [0.8, 0.1, 0.1]])
    likelihood = (models**counts).prod(axis=1)
    loss = -(shares * np.log(models)).sum(axis=1)
    print("q                   likelihood  -log(likelihood) / 10  mean cross-entropy")
    for q, value, mean in zip(models, likelihood, loss):
        print(
            f"{q.round(3)!s:19} {value:10.2e} {-np.log(value) / 10:22.4f} {mean:19.4f}"
        )
    entropy = -(shares * np.log(shares)).sum()
    print(f"entropy of the labels: {entropy:.4f}")
    return {"likelihood": likelihood, "loss": loss, "entropy": entropy}


# %%
if __name__ == "__main__":
    likelihood = maximise_likelihood()

# %% [markdown]
# ## Ten sigmoids or one softmax
#
# Ten sigmoids answer ten yes/no questions ("is it a 0?", "is it a 1?", ...), each for
# itself. Their answers add up to 4.9 here: no distribution over ten classes. One
# softmax answers one question with ten choices, and its answers add up to 1.
#
# The second lines show what that means for learning. When the score of class 3 grows by
# 1, its sigmoid grows and the others stay; in the softmax all others have to give.


# %%
def sigmoid_and_softmax(scores: nd.NDArray) -> dict[str, np.ndarray]:
    """Turn the same scores into ten answers and into one distribution."""
    return {
        "ten sigmoids": scores.sigmoid().asnumpy(),
        "one softmax": d2l.softmax(scores.reshape((1, -1)))[0].asnumpy(),
    }


def compare_answers(folder: str = "figures") -> dict[str, np.ndarray]:
    """Print how the answers add up and move; draw them."""
    scores = nd.array([-1.5, -2.0, 0.5, 2.0, -1.0, 1.2, -0.5, 0.8, 0.0, 0.1])
    answers = sigmoid_and_softmax(scores)
    raised = sigmoid_and_softmax(scores + nd.one_hot(nd.array([3]), 10)[0])
    for name, answer in answers.items():
        others = np.delete(raised[name] - answer, 3).sum()
        print(f"{name}: sum {answer.sum():.3f}")
        print(
            f"  score 3 raised by 1: class 3 {raised[name][3] - answer[3]:+.3f}, "
            f"all others together {others:+.3f}"
        )
    bars = {f"{name} (sum {p.sum():.2f})": p for name, p in answers.items()}
    labels = [f"{number}\n({score:g})" for number, score in enumerate(scores.asnumpy())]
    title = "The same ten scores: only softmax is a distribution"
    figure = show_bars(labels, bars, "answer", title, "class (its score below)")
    present(figure, f"{folder}/concepts_sigmoids_and_softmax")
    return answers


# %%
if __name__ == "__main__":
    answers = compare_answers(folder)

# %% [markdown]
# ## The loss by hand
#
# Scores 0.2, 0.1 and -0.1, true class 0: the exponentials are 1.2214, 1.1052 and
# 0.9048, their sum is 3.2314, the probability of class 0 is 1.2214 / 3.2314 = 0.3780,
# and the loss is its negative logarithm, 0.9729.


# %%
def loss_in_numpy(scores: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Compute the loss of each row as it is defined, in the precision given."""
    exponentials = np.exp(scores)
    y_hat = exponentials / exponentials.sum(axis=1, keepdims=True)
    return -np.log(y_hat[np.arange(len(y)), y])


def lose_by_hand() -> dict[str, np.ndarray | float]:
    """Print each step from the scores of one sample to its loss."""
    exponentials = np.exp([0.2, 0.1, -0.1])
    total = exponentials.sum()
    p = exponentials[0] / total
    print(f"exponentials {exponentials.round(4)}, sum {total:.4f}")
    print(f"probability of class 0: {p:.4f}, loss {-np.log(p):.4f}")
    return {"exponentials": exponentials, "sum": total, "loss": -np.log(p)}


# %%
if __name__ == "__main__":
    by_hand = lose_by_hand()

# %% [markdown]
# ## Four ways to the same loss
#
# By definition in NumPy; with section 3.6's functions; as the negative logarithm taken
# first and then picked (log-softmax, "negative log-likelihood"); and with Gluon's loss,
# which does both in one. All give 0.9729 for the sample above and a mean of 0.4966 for
# a batch of three. The last two never compute a probability, so none can become 0:
# `exercises.py` shows why that matters.

# %%
SAMPLE = np.array([[0.2, 0.1, -0.1]]), np.array([0])
BATCH = (
    np.array([[0.1, 0.2, 0.9], [1.1, 0.1, 0.2], [0.2, 2.1, 0.1]]),
    np.array([2, 0, 1]),
)


def lose_in_four_ways(scores: np.ndarray, y: np.ndarray) -> dict[str, float]:
    """Print the mean loss of a batch, computed in four ways."""
    o, label = nd.array(scores), nd.array(y)
    losses = {
        "NumPy, by definition": loss_in_numpy(scores, y),
        "softmax, cross_entropy": d2l.cross_entropy(d2l.softmax(o), label).asnumpy(),
        "log_softmax, pick": -nd.pick(nd.log_softmax(o), label).asnumpy(),
        "SoftmaxCrossEntropyLoss": gluon.loss.SoftmaxCrossEntropyLoss()(
            o, label
        ).asnumpy(),
    }
    for name, loss in losses.items():
        print(f"{name}: losses {loss.round(4)}, mean {loss.mean():.4f}")
    return {name: float(loss.mean()) for name, loss in losses.items()}


# %%
if __name__ == "__main__":
    sample = lose_in_four_ways(*SAMPLE)
    batch = lose_in_four_ways(*BATCH)

# %% [markdown]
# ## The gradient: softmax minus one-hot
#
# $l = \log \sum_k \exp o_k - o_y$, so $\partial l / \partial o = \mathrm{softmax}(o) -
# \mathrm{onehot}(y)$: what the model says minus what is true. Only the true class is
# pulled up, all others are pushed down, the more the more probable they were; each row
# adds up to 0. Two checks: `autograd`, and central finite differences in float64, which
# know nothing of calculus: $(l(o + h) - l(o - h)) / 2h$ for each score by itself.


# %%
def gradient_by_formula(scores: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Give softmax minus one-hot."""
    return (d2l.softmax(nd.array(scores)) - nd.one_hot(nd.array(y), 3)).asnumpy()


def gradient_by_autograd(scores: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Let MXNet derive Gluon's loss."""
    o = nd.array(scores)
    o.attach_grad()
    with autograd.record():
        l = gluon.loss.SoftmaxCrossEntropyLoss()(o, nd.array(y))
    l.backward()
    return o.grad.asnumpy()


def gradient_by_differences(scores: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Move each score a little up and down, and see what the summed loss does."""
    h, slopes = 1e-5, np.zeros_like(scores)
    for index in np.ndindex(scores.shape):
        step = np.zeros_like(scores)
        step[index] = h
        rise = loss_in_numpy(scores + step, y) - loss_in_numpy(scores - step, y)
        slopes[index] = rise.sum() / (2 * h)
    return slopes


def derive_in_three_ways() -> dict[str, np.ndarray]:
    """Print the gradient of the batch, and how far the checks are from it."""
    gradients = {
        "softmax - one-hot": gradient_by_formula(*BATCH),
        "autograd": gradient_by_autograd(*BATCH),
        "finite differences": gradient_by_differences(*BATCH),
    }
    formula = gradients["softmax - one-hot"]
    print(formula.round(4))
    for name, gradient in gradients.items():
        print(f"{name}: {abs(gradient - formula).max():.1e} from the formula at most")
    return gradients


# %%
if __name__ == "__main__":
    gradients = derive_in_three_ways()

# %% [markdown]
# ## Summary
#
# - Softmax makes scores positive and divides them by their sum; the order stays.
# - Cross-entropy looks at the probability of the label alone. To make it small is to
#   make the labels likely.
# - The gradient by the scores is softmax minus one-hot.
#
# ## Exercises
#
# 1. Add 100 to every score of a row. What becomes of its probabilities?
#
# <details><summary>Answer</summary>
#
# Nothing: exp(o + 100) is exp(o) times exp(100), and that factor cancels. On a computer
# exp(100) is infinite in float32, which is why `d2l.softmax` subtracts the maximum.
#
# </details>
#
# 2. What is the loss of a model that gives ten classes the probability 0.1 each?
#
# <details><summary>Answer</summary>
#
# log(10) = 2.303, whatever the labels are. A net that is not trained yet should show
# about that; if it does not, look for an error in the start or in the loss.
#
# </details>
#
# 3. What have maximum likelihood and minimal cross-entropy in common?
#
# <details><summary>Answer</summary>
#
# They are the same: the mean cross-entropy is the negative logarithm of the likelihood,
# divided by the number of samples, as the table above shows in its last two columns.
#
# </details>


# %% tags=["remove-cell"]
def main(folder: str = folder) -> dict[str, dict]:
    """Run every cell; give the numbers of each."""
    return {
        "two steps": take_two_steps(),
        "vectors": compute_in_vectors(),
        "sums": sum_over_axes(),
        "labels": pick_labels(),
        "losses": compare_losses(),
        "likelihood": maximise_likelihood(),
        "answers": compare_answers(folder),
        "by hand": lose_by_hand(),
        "sample": lose_in_four_ways(*SAMPLE),
        "batch": lose_in_four_ways(*BATCH),
        "gradient": derive_in_three_ways(),
    }
