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
# and, at the end, which garments are still mistaken for each other. Change any line and
# run the cells below it again.

# %%
import gluon_softmax as d2l
import mxnet as mx
from gluon_softmax.data.splits import load_splits
from gluon_softmax.figures import present
from gluon_softmax.figures.diagram import DOTS, show_network
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
train_set, _, test_set = load_splits("fashion-mnist", num_images=num_images, root=root)
train_iter, test_iter = d2l.load_data(train_set, test_set, batch_size, seed=seed)
print(f"{len(train_iter)} batches to train on, {len(test_iter)} to test on")

# %% [markdown]
# ## 3.6.2 Initialising the parameters
#
# An image is read as one row of 28 x 28 = 784 numbers, and there are ten classes. Each
# class has a *score*, a weighted sum of all pixels plus a bias, and softmax turns the
# ten scores of an image into ten probabilities:

# %%
layers = {
    "784 pixels": ["$x_1$", "$x_2$", "$x_3$", DOTS, "$x_{784}$"],
    "10 scores $o = x W + b$": ["$o_1$", "$o_2$", DOTS, "$o_{10}$"],
    "10 probabilities": [r"$\hat{y}_1$", r"$\hat{y}_2$", DOTS, r"$\hat{y}_{10}$"],
}
title = "Softmax regression: one layer of weights, then softmax"
present(show_network(layers, title), f"{folder}/section_3_6_net")

# %% [markdown]
# So the weights are a matrix of 784 x 10, a column per class, and there are ten biases:
# 7,850 parameters. The weights start small and random; `seed` makes them the same each
# time. `attach_grad` asks for room for the gradients.

# %%
num_inputs, num_outputs = 784, 10

mx.random.seed(seed)
W = nd.random.normal(scale=0.01, shape=(num_inputs, num_outputs))
b = nd.zeros(num_outputs)
W.attach_grad()
b.attach_grad()
print(f"W {W.shape}, b {b.shape}: {W.size + b.size:,} parameters")

# %% [markdown]
# ## 3.6.3 Softmax
#
# Softmax needs the sum of each row of a matrix. In `sum(axis=0)` axis 0 goes away: one
# sum per column is left. In `sum(axis=1)` axis 1 goes away: one sum per row. With
# `keepdims=True` the axis stays, with length 1, so that the sums can still be broadcast
# against the matrix.

# %%
X = nd.array([[1, 2, 3], [4, 5, 6]])
print("axis 0:", X.sum(axis=0, keepdims=True).asnumpy().tolist())
print("axis 1:", X.sum(axis=1, keepdims=True).asnumpy().tolist())

# %% [markdown]
# Exponentials make every score positive; dividing each row by its sum makes it add up
# to 1:
#
# $$\mathrm{softmax}(\mathbf{X})_{ij} = \frac{\exp(X_{ij})}{\sum_k \exp(X_{ik})}$$
#
# This is the book's form, straight from the definition:


# %%
def naive_softmax(X):
    X_exp = X.exp()
    partition = X_exp.sum(axis=1, keepdims=True)
    return X_exp / partition


# %%
mx.random.seed(1)
X = nd.random.normal(shape=(2, 5))
X_prob = naive_softmax(X)
print(X_prob.asnumpy().round(4))
print("sums of the rows:", X_prob.sum(axis=1).asnumpy())

# %% [markdown]
# It has one weakness: `exp` of float32 overflows between 88 and 89, and infinity
# divided by infinity is not a number (`nan`). Subtracting the row's maximum first
# changes no probability and cannot overflow. That form is used from here on.


# %%
def softmax(X):
    X_exp = (X - X.max(axis=1, keepdims=True)).exp()  # (n, classes)
    partition = X_exp.sum(axis=1, keepdims=True)  # (n, 1)
    return X_exp / partition  # broadcast over the classes


# %%
for score in (1, 50, 88, 89):
    X = nd.array([[score, 0]])
    naive, stable = naive_softmax(X).asnumpy(), softmax(X).asnumpy()
    print(f"scores [{score}, 0]: naive {naive[0]}, stable {stable[0]}")

# %% [markdown]
# ## 3.6.4 The model
#
# Flatten each image to a row, multiply by `W`, add `b`, take the softmax. A mini-batch
# of n images is a matrix of n rows:
#
# $$\hat{\mathbf{Y}} = \mathrm{softmax}(\mathbf{X} \mathbf{W} + \mathbf{b})$$


# %%
def net(X):
    X = X.reshape((-1, W.shape[0]))  # (n, num_inputs)
    return softmax(nd.dot(X, W) + b)


# %%
X, y = next(iter(test_iter))
y_hat = net(X)
print(f"X {X.shape} -> y_hat {y_hat.shape}")
print("first image:", y_hat[0].asnumpy().round(3), "label", y[0].asscalar())

# %% [markdown]
# All ten probabilities are near 0.1: the net knows nothing yet.
#
# ## 3.6.5 The loss
#
# Two samples, three classes, labels 0 and 2. `pick` takes from each row the probability
# of its label.

# %%
y_hat = nd.array([[0.1, 0.3, 0.6], [0.3, 0.2, 0.5]])
y = nd.array([0, 2], dtype="int32")
print("picked:", nd.pick(y_hat, y).asnumpy())

# %% [markdown]
# Cross-entropy is its negative logarithm, $l = -\log \hat{y}_y$: 0 where the label is
# certain, large where it is thought unlikely.


# %%
def cross_entropy(y_hat, y):
    return -nd.pick(y_hat, y).log()


# %%
print("loss:", cross_entropy(y_hat, y).asnumpy().round(4))

# %% [markdown]
# ## 3.6.6 Accuracy
#
# The class with the largest probability is the prediction; accuracy is the share of
# predictions that are right. The first row says class 2 and is wrong, the second says
# class 2 and is right: 0.5.


# %%
def accuracy(y_hat, y):
    return (y_hat.argmax(axis=1) == y.astype("float32")).mean().asscalar()


# %%
print("accuracy:", accuracy(y_hat, y))

# %% [markdown]
# The same for all batches of a data set. The net is not trained, so it is right by
# chance, one time in ten.


# %%
def evaluate_accuracy(data_iter, net):
    right, n = 0.0, 0
    for X, y in data_iter:
        right += (net(X).argmax(axis=1) == y.astype("float32")).sum().asscalar()
        n += len(y)
    return right / n


# %%
print(f"untrained: test acc {evaluate_accuracy(test_iter, net):.4f}")

# %% [markdown]
# ## 3.6.7 Training
#
# A step of mini-batch gradient descent moves each parameter against its gradient:
#
# $$\mathbf{W} \leftarrow \mathbf{W} - \frac{\eta}{|\mathcal{B}|}
# \frac{\partial}{\partial \mathbf{W}} \sum_{i \in \mathcal{B}} l^{(i)}$$
#
# with $\eta$ the learning rate `lr`, and $|\mathcal{B}|$ the batch size. The gradient
# is that of the batch's *summed* loss, hence the division.


# %%
def sgd(params, lr, batch_size):
    for param in params:
        param[:] = param - lr * param.grad / batch_size


# %% [markdown]
# An epoch takes a step for every batch: compute the loss while `autograd` records, let
# it derive (`backward`), step (`updater`). Loss and right predictions are added up on
# the way, each batch measured before its step.


# %%
def train_epoch(net, train_iter, loss, updater, batch_size):
    l_sum, right, n = 0.0, 0.0, 0
    for X, y in train_iter:
        with autograd.record():
            y_hat = net(X)  # (n, classes)
            l = loss(y_hat, y)  # (n,)
        l.backward()  # of the sum of the losses
        updater(batch_size)
        l_sum += l.sum().asscalar()
        right += (y_hat.argmax(axis=1) == y.astype("float32")).sum().asscalar()
        n += len(y)
    return l_sum / n, right / n


# %% [markdown]
# `train_ch3` does this for every epoch and evaluates the test set after each.


# %%
def train_ch3(net, train_iter, test_iter, loss, num_epochs, batch_size, params, lr):
    def updater(batch_size):
        sgd(params, lr, batch_size)

    for epoch in range(1, num_epochs + 1):
        l, train_acc = train_epoch(net, train_iter, loss, updater, batch_size)
        test_acc = evaluate_accuracy(test_iter, net)
        print(
            f"epoch {epoch}, loss {l:.4f}, train acc {train_acc:.3f}, "
            f"test acc {test_acc:.3f}"
        )


# %% [markdown]
# The loss starts near log(10) = 2.303, that of guessing. What to look at: it falls fast
# at first and slowly later. Test accuracy is a little below training accuracy, for the
# test images were never learnt from. In the first epoch it is the other way round:
# training accuracy is measured while the net is still learning, test accuracy after it.

# %%
train_ch3(net, train_iter, test_iter, cross_entropy, num_epochs, batch_size, [W, b], lr)

# %% [markdown]
# `d2l.train_ch3`, which section 3.7 uses, is this loop (`gluon_softmax/chapter/`). It
# also takes a trainer in place of `params` and `lr`, returns a history, draws curves
# while it goes in a notebook, and says what is wrong when a shape or a label is.
#
# ## 3.6.8 Prediction
#
# The true name stands above the predicted one; errors are red. These are the first nine
# test images, as in the book.

# %%
X, y = (array.asnumpy() for array in next(iter(test_iter)))
predicted = net(nd.array(X)).argmax(axis=1).asnumpy()
true_labels = d2l.get_fashion_mnist_labels(y)
pred_labels = d2l.get_fashion_mnist_labels(predicted)
figure = d2l.show_predictions(X[:9], true_labels[:9], pred_labels[:9])
present(figure, f"{folder}/section_3_6_predictions")

# %% [markdown]
# And the first nine that the net gets wrong. What to look at: most errors are among
# garments of one shape, tops for tops and shoes for shoes.

# %%
wrong = (predicted != y).nonzero()[0][:9]
true_labels = d2l.get_fashion_mnist_labels(y[wrong])
pred_labels = d2l.get_fashion_mnist_labels(predicted[wrong])
figure = d2l.show_predictions(X[wrong], true_labels, pred_labels)
present(figure, f"{folder}/section_3_6_errors")

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
# `exercises.py` answers 1 to 3, with the numbers.
#
# 1. Softmax as it is defined computes exp(score). What can go wrong? (Try exp(50).)
# 2. Cross-entropy as it is defined computes log(probability). What can go wrong?
# 3. What helps against both?
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
