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
import gluon_softmax as d2l
import numpy as np
from gluon_softmax.chapter import handmade
from gluon_softmax.data.splits import load_splits
from gluon_softmax.figures import present
from gluon_softmax.figures.charts import show_lines

# %% [markdown]
# ## Parameters
#
# Change them here and run all cells again.

# %% tags=["parameters"]
root = None  # folder with the data set; None: where it is found, or downloaded to
num_epochs, batch_size, lr, momentum, seed = 10, 100, 0.01, 0.9, 0
start = "xavier"  # how weights are drawn: "xavier" or "normal"
every = 50  # batches from one point of the figure to the next
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
# is $\mathrm{softmax}(z)$, and the 1 is subtracted at the label of each row. The row's
# maximum is taken off first: it changes no probability, and `exp` cannot overflow.


# %%
def gradient(X, y, W, b):
    z = X @ W + b  # (n, classes)
    z = z - z.max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))  # log-softmax
    samples = np.arange(len(y))
    error = np.exp(log_p)
    error[samples, y] -= 1  # softmax minus one-hot
    return -log_p[samples, y], z, [X.T @ error, error.sum(axis=0)]


# %% [markdown]
# Is it right? Move a parameter a little up and down: the change of the loss, divided by
# the change of the parameter, must be what the formula says. Five samples, four inputs
# and three classes are enough to check all 15 parameters.

# %%
draw = np.random.RandomState(0)
X, y = draw.rand(5, 4), np.array([0, 1, 2, 0, 1])
W, b = draw.randn(4, 3), draw.randn(3)
_, _, gradients = gradient(X, y, W, b)

h, difference = 1e-5, 0.0
for param, slopes in zip((W, b), gradients):
    for index in np.ndindex(param.shape):
        param[index] += h
        above = gradient(X, y, W, b)[0].sum()
        param[index] -= 2 * h
        below = gradient(X, y, W, b)[0].sum()
        param[index] += h
        slope = (above - below) / (2 * h)
        difference = max(difference, abs(slope - slopes[index]))
print(f"largest difference from finite differences: {difference:.1e}")

# %% [markdown]
# ## The step
#
# Plain gradient descent steps against the gradient. Momentum keeps a part of the last
# step, 0.9 of it here: steps in one direction add up to ten times a step, and steps to
# and fro cancel.


# %%
def step(params, velocities, gradients, batch_size):
    for param, v, g in zip(params, velocities, gradients):
        v *= momentum
        v -= lr / batch_size * g
        param += v


# %% [markdown]
# ## Three sets
#
# 5,000 of the 60,000 training images are kept for validation: what is tried out is
# judged by them after each epoch, and the test set is looked at once, at the end. Else
# it would be used for choosing, and would no longer tell how the model does on images
# that it has never met. The pixels' mean is subtracted.

# %%
splits = load_splits(
    "mnist", pixels="centred", num_validation=5000, num_images=num_images, root=root
)
print("images:", ", ".join(f"{len(part):,}" for part in splits))
train_iter = d2l.BatchLoader(splits.train, batch_size, shuffle=True, seed=seed)
valid_iter = d2l.BatchLoader(splits.valid, batch_size)
test_iter = d2l.BatchLoader(splits.test, batch_size)


# %%
def read(data_iter):
    for X, y in data_iter:
        yield X.asnumpy().reshape(-1, 784), y.asnumpy()


def evaluate(data_iter, params):
    l_sum, right, n = 0.0, 0, 0
    for X, y in read(data_iter):
        l, z, _ = gradient(X, y, *params)
        l_sum += l.sum()
        right += (z.argmax(axis=1) == y).sum()
        n += len(y)
    return l_sum / n, right / n


# %% [markdown]
# ## Training
#
# What to look at: the loss of single batches jumps up and down; the means of the epochs
# fall steadily. Validation loss is *below* training loss: the 5,000 images that were
# kept are easier than the rest, and than the test set.

# %%
params = handmade.draw_start(784, 10, start, seed)
velocities = [np.zeros_like(param) for param in params]
losses, means = [], []  # of every batch, of every epoch

for epoch in range(1, num_epochs + 1):
    l_sum, right, n = 0.0, 0, 0
    for X, y in read(train_iter):
        l, z, gradients = gradient(X, y, *params)
        step(params, velocities, gradients, batch_size)
        l_sum += l.sum()
        right += (z.argmax(axis=1) == y).sum()
        n += len(y)
        losses.append(l.mean())
    means.append(l_sum / n)
    valid_loss, valid_acc = evaluate(valid_iter, params)
    print(
        f"epoch {epoch}, loss {means[-1]:.4f}, train acc {right / n:.3f}, "
        f"valid loss {valid_loss:.4f}, valid acc {valid_acc:.3f}"
    )

test_loss, test_acc = evaluate(test_iter, params)
print(f"test loss {test_loss:.4f}, test acc {test_acc:.3f}")

# %%
shown = np.arange(0, len(losses), every)
lines = {
    "mean of the epoch": (np.arange(1, num_epochs + 1), means),
    "single batches": ((shown + 1) / len(train_iter), np.array(losses)[shown]),
}
title = f"MNIST, one batch in {every}: they jump, their means fall"
figure = show_lines(lines, "epoch", "training loss (nats per sample)", title)
present(figure, f"{folder}/by_hand_losses")

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
