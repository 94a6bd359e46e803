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
import gluon_softmax as d2l
import mxnet as mx
from gluon_softmax.data.splits import load_splits
from mxnet import gluon, init, nd
from mxnet.gluon import loss as gloss
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
train_set, _, test_set = load_splits("fashion-mnist", num_images=num_images, root=root)
train_iter, test_iter = d2l.load_data(train_set, test_set, batch_size, seed=seed)

# %% [markdown]
# ## 3.7.2 Defining and initialising the model
#
# `nn.Dense(10)` is $\mathbf{X} \mathbf{W} + \mathbf{b}$ with ten outputs, and flattens
# what it is given. Its weights are drawn as in section 3.6.2.

# %%
mx.random.seed(seed)
net = nn.Sequential()
net.add(nn.Dense(10))
net.initialize(init.Normal(sigma=0.01))

# %% [markdown]
# How many inputs there are it learns from the first batch: before that its weights have
# shape (10, 0). Gluon keeps them as (outputs, inputs), transposed as against section
# 3.6.

# %%
print("weights before:", net[0].weight.shape)
X, y = next(iter(test_iter))
y_hat = net(X)
print(f"X {X.shape} -> scores {y_hat.shape}")
print("weights after: ", net[0].weight.shape)

# %% [markdown]
# ## 3.7.3 Softmax and cross-entropy
#
# The net ends with *scores* $\mathbf{o}$, not probabilities. Softmax is part of the
# loss, which works with logarithms and never forms a probability:
#
# $$l = -\log \frac{\exp o_y}{\sum_k \exp o_k} = \log \sum_k \exp o_k - o_y$$

# %%
loss = gloss.SoftmaxCrossEntropyLoss()

# %% [markdown]
# What to look at: for ordinary scores both ways agree; where the net is sure of a wrong
# class, the way of section 3.6 gives infinity, for the probability of the label has
# been rounded to 0.

# %%
for score in (1, 10, 104):
    o, label = nd.array([[score, 0]]), nd.array([1])
    in_two = d2l.cross_entropy(d2l.softmax(o), label).asscalar()
    in_one = loss(o, label).asscalar()
    print(f"scores ({score}, 0): in two steps {in_two:.4f}, in one {in_one:.4f}")

# %% [markdown]
# ## 3.7.4 The optimiser
#
# `gluon.Trainer` holds all parameters of the net and steps with them: `sgd` of section
# 3.6, under a name. To try another optimiser, change this line alone.

# %%
trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": lr})

# %% [markdown]
# ## 3.7.5 Training
#
# The loop of section 3.6, given a trainer instead of `params` and `lr`. In a notebook
# it draws curves while it goes. The loss printed is the mean per sample, as there, so
# the two can be compared: they differ by 0.001 at most, for the weights were drawn
# differently. `compare_scratch_and_gluon.py` starts both from the same weights; then
# they agree. (Ports of this chapter that divide that mean by the number of samples once
# more print 0.0031 here: see `exercises.py`.)

# %%
history = d2l.train_ch3(
    net, train_iter, test_iter, loss, num_epochs, batch_size, None, None, trainer
)

# %% [markdown]
# To predict, no softmax is needed either: the largest score is the largest probability.

# %%
X, y = next(iter(test_iter))
print("predicted:", d2l.get_fashion_mnist_labels(net(X)[:5].argmax(axis=1).asnumpy()))
print("true:     ", d2l.get_fashion_mnist_labels(y[:5].asnumpy()))

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
