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
import gluon_softmax as d2l
import numpy as np
from gluon_softmax.figures import present
from gluon_softmax.figures.charts import show_bars
from gluon_softmax.figures.diagram import show_network
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
# $$\hat{y}_j = \frac{\exp(o_j)}{\sum_k \exp(o_k)}$$
#
# Neither step changes which class is first: `argmax` is the same before and after. To
# *predict*, softmax is not needed; to *learn*, it is.

# %%
scores = nd.array([-1.0, 2.0, 0.5])
exponentials = scores.exp()
probabilities = exponentials / exponentials.sum()
print("scores:       ", scores.asnumpy(), "sum", scores.sum().asscalar())
print("exponentials: ", exponentials.asnumpy(), "sum", exponentials.sum().asscalar())
print("probabilities:", probabilities.asnumpy(), "sum", probabilities.sum().asscalar())
first, still_first = scores.argmax(axis=0), probabilities.argmax(axis=0)
print(f"argmax: {first.asscalar():g} before, {still_first.asscalar():g} after")

# %% [markdown]
# ## 3.4.3, 3.4.4 One sample and a mini-batch, as vectors
#
# An image of 2 x 2 pixels has 4 inputs; cat, chicken and dog are 3 classes. Each score
# is a weighted sum of all inputs, plus a bias:
#
# $$o_1 = x_1 w_{11} + x_2 w_{21} + x_3 w_{31} + x_4 w_{41} + b_1$$
#
# and so on for $o_2$ and $o_3$. As a diagram, with a line for each of the 12 weights:

# %%
layers = {
    "4 inputs": ["$x_1$", "$x_2$", "$x_3$", "$x_4$"],
    "3 scores": ["$o_1$", "$o_2$", "$o_3$"],
}
present(show_network(layers), f"{folder}/concepts_net")

# %% [markdown]
# One sample is a row: $o = x W + b$, then $\hat y = \mathrm{softmax}(o)$. A mini-batch
# is several rows below each other: $O = X W + b$, $\hat Y = \mathrm{softmax}(O)$, the
# same $b$ added to every row. One product of matrices then does the work of all
# samples, and row 0 of it is what the first sample gets alone.

# %%
draw = np.random.RandomState(0)
X, W = nd.array(draw.rand(5, 4)), nd.array(draw.randn(4, 3))
b = nd.array([[0.1, 0.2, 0.3]])

x = X[0:1]
o = nd.dot(x, W) + b
y_hat = d2l.softmax(o)
print(f"one sample: x {x.shape}, W {W.shape}, b {b.shape}, o {o.shape}")

O = nd.dot(X, W) + b
Y_hat = d2l.softmax(O)
print(f"mini-batch: X {X.shape}, W {W.shape}, b {b.shape}, O {O.shape}")
print("first sample alone     ", y_hat[0].asnumpy().round(4))
print("row 0 of the mini-batch", Y_hat[0].asnumpy().round(4))

# %% [markdown]
# ## Sums over an axis, with and without keeping it
#
# In `sum(axis=0)` axis 0 goes away: one sum per column is left. In `sum(axis=1)` axis 1
# goes away: one sum per row. With `keepdims=True` the axis stays, with length 1, and
# the result still fits beside the matrix it came from.

# %%
X = nd.array([[1, 2, 3], [4, 5, 6]])
per_column, per_row = X.sum(axis=0), X.sum(axis=1)
print("axis 0:", per_column.asnumpy(), "kept:", X.sum(axis=0, keepdims=True).shape)
print("axis 1:", per_row.asnumpy(), "kept:", X.sum(axis=1, keepdims=True).shape)

# %% [markdown]
# Softmax needs `keepdims`: each row is to be divided by *its own* sum, (n, classes) by
# (n, 1). Without it the sums are a plain row of n numbers. MXNet refuses to divide
# (2, 3) by (2,), luckily. But a square matrix is divided, without a word: each *column*
# by the sum of a row. The last line shows it; those rows do not add up to 1.

# %%
square = nd.array([[1, 2], [3, 4]])
right = square / square.sum(axis=1, keepdims=True)
wrong = square / square.sum(axis=1)
print("rows of softmax add up to  ", d2l.softmax(X).sum(axis=1).asnumpy())
print("rows of square / kept sums ", right.sum(axis=1).asnumpy())
print("rows of square / plain sums", wrong.sum(axis=1).asnumpy())

# %% [markdown]
# ## 3.4.5 Why cross-entropy and not squared error
#
# Both predictions below give the right class, class 0, probability 0.6. Squared error
# still calls the second a third worse (0.16 against 0.12), for how it spreads the rest
# over the *wrong* classes, which nobody asked for. Cross-entropy looks at the
# probability of the label alone, so it is the same for both: $-\log 0.6 = 0.5108$.

# %%
y_hat = nd.array([[0.6, 0.2, 0.2], [0.6, 0.0, 0.4]])
y = nd.zeros(2)
squared = ((y_hat - nd.one_hot(y, 3)) ** 2).sum(axis=1) / 2  # halved, as in 3.1
entropies = d2l.cross_entropy(y_hat, y)
print("predictions:   (.6, .2, .2) and (.6, 0, .4)")
print("squared error:", squared.asnumpy().round(4))
print("cross-entropy:", entropies.asnumpy().round(4))

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
counts = np.array([6, 3, 1])
shares = counts / counts.sum()
models = np.array([[1 / 3] * 3, [0.5, 0.3, 0.2], shares, [0.8, 0.1, 0.1]])
likelihood = (models**counts).prod(axis=1)
mean_loss = -(shares * np.log(models)).sum(axis=1)
print("q                   likelihood  -log(likelihood) / 10  mean cross-entropy")
for q, value, mean in zip(models, likelihood, mean_loss):
    print(f"{q.round(3)!s:19} {value:10.2e} {-np.log(value) / 10:22.4f} {mean:19.4f}")

entropy = -(shares * np.log(shares)).sum()
print(f"entropy of the labels: {entropy:.4f}")

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
scores = nd.array([[-1.5, -2.0, 0.5, 2.0, -1.0, 1.2, -0.5, 0.8, 0.0, 0.1]])
raised = scores + nd.one_hot(nd.array([3]), 10)
answers = {}
for name, function in (("ten sigmoids", nd.sigmoid), ("one softmax", d2l.softmax)):
    answers[name] = function(scores).asnumpy()[0]
    change = function(raised).asnumpy()[0] - answers[name]
    others = np.delete(change, 3).sum()
    print(f"{name}: sum {answers[name].sum():.3f}")
    print(f"  score 3 raised by 1: class 3 {change[3]:+.3f}, all others {others:+.3f}")

# %%
bars = {f"{name} (sum {p.sum():.2f})": p for name, p in answers.items()}
below = [f"{number}\n({score:g})" for number, score in enumerate(scores.asnumpy()[0])]
title = "The same ten scores: only softmax is a distribution"
figure = show_bars(below, bars, "answer", title, "class (its score below)")
present(figure, f"{folder}/concepts_sigmoids_and_softmax")

# %% [markdown]
# ## The loss by hand
#
# Scores 0.2, 0.1 and -0.1, true class 0: the exponentials are 1.2214, 1.1052 and
# 0.9048, their sum is 3.2314, the probability of class 0 is 1.2214 / 3.2314 = 0.3780,
# and the loss is its negative logarithm, 0.9729.

# %%
exponentials = np.exp([0.2, 0.1, -0.1])
total = exponentials.sum()
probability = exponentials[0] / total
loss = -np.log(probability)
print(f"exponentials {exponentials.round(4)}, sum {total:.4f}")
print(f"probability of class 0: {probability:.4f}, loss {loss:.4f}")

# %% [markdown]
# ## Four ways to the same loss
#
# By definition in NumPy; with section 3.6's functions; as the negative logarithm taken
# first and then picked (log-softmax, "negative log-likelihood"); and with Gluon's loss,
# which does both in one. All give a mean of 0.4966 for this batch of three; put the
# sample above in its place, and all give 0.9729. The last two never compute a
# probability, so none can become 0: `exercises.py` shows why that matters.

# %%
scores = np.array([[0.1, 0.2, 0.9], [1.1, 0.1, 0.2], [0.2, 2.1, 0.1]])
labels = np.array([2, 0, 1])


def loss_in_numpy(scores, labels):
    exponentials = np.exp(scores)
    y_hat = exponentials / exponentials.sum(axis=1, keepdims=True)
    return -np.log(y_hat[np.arange(len(labels)), labels])


o, y = nd.array(scores), nd.array(labels)
losses = {
    "NumPy, by definition": loss_in_numpy(scores, labels),
    "softmax, cross_entropy": d2l.cross_entropy(d2l.softmax(o), y).asnumpy(),
    "log_softmax, pick": -nd.pick(nd.log_softmax(o), y).asnumpy(),
    "SoftmaxCrossEntropyLoss": gluon.loss.SoftmaxCrossEntropyLoss()(o, y).asnumpy(),
}
for name, values in losses.items():
    print(f"{name}: losses {values.round(4)}, mean {values.mean():.4f}")

# %% [markdown]
# ## The gradient: softmax minus one-hot
#
# $l = \log \sum_k \exp o_k - o_y$, so $\partial l / \partial o = \mathrm{softmax}(o) -
# \mathrm{onehot}(y)$: what the model says minus what is true. Only the true class is
# pulled up, all others are pushed down, the more the more probable they were; each row
# adds up to 0. `autograd` agrees; `by_hand.py` asks finite differences too, which know
# nothing of calculus.

# %%
by_formula = (d2l.softmax(o) - nd.one_hot(y, 3)).asnumpy()
print(by_formula.round(4))

# %%
o.attach_grad()
with autograd.record():
    l = gluon.loss.SoftmaxCrossEntropyLoss()(o, y)
l.backward()
by_autograd = o.grad.asnumpy()
print(f"autograd: {abs(by_autograd - by_formula).max():.1e} from the formula at most")

# %% [markdown]
# ## Summary
#
# - Softmax makes scores positive and divides them by their sum; the order stays.
# - Cross-entropy looks at the probability of the label alone. To make it small is to
#   make the labels likely.
# - The gradient by the scores is softmax minus one-hot.
# - Accuracy (3.4.6) is computed in section 3.6.6, on the numbers of the book.
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
