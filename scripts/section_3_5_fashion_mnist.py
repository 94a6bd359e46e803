# %% [markdown]
# # 3.5 The image classification data set (Fashion-MNIST)
#
# **What.** Ten kinds of garments, 60,000 pictures to learn from and 10,000 to be tested
# on, each of 28 x 28 grey pixels. This section looks at them, cuts them into
# mini-batches and measures how long reading takes, by one process and by several.
#
# **Why.** Digits (MNIST) are easy: simple methods get nearly all of them right, so that
# little is left to compare. Garments have the same size and format and are harder: a
# shirt and a pullover look much alike on 28 x 28 pixels.
#
# **What to look at.** Shapes and types, again and again. Most errors in the sections to
# come are a wrong shape, or pixels that were not scaled.

# %%
import sys
import time

import gluon_softmax as d2l
import numpy as np
from gluon_softmax.data.splits import load_splits
from gluon_softmax.figures import present

# %% [markdown]
# ## Parameters
#
# Change them here and run all cells again.

# %% tags=["parameters"]
root = None  # folder with the data set; None: where it is found, or downloaded to
batch_size = 256
num_images = None  # keep the first so many training images; None: all of them
num_workers = (0,) if sys.platform.startswith("win") else (0, 1, 2, 4)
folder = "figures"  # where figures are written

# %% [markdown]
# ## 3.5.1 Obtaining the data set
#
# The book calls `gdata.vision.FashionMNIST(train=True)`, whose server is gone;
# `d2l.FashionMNIST(train=True)` stands in its place. It looks on this machine,
# downloads what is missing and compares checksums. The training set is for learning.
# The test set says how well that went, on images that the model has never seen.

# %%
train_set, _, test_set = load_splits("fashion-mnist", num_images=num_images, root=root)
print(f"{len(train_set):,} training images, {len(test_set):,} test images")

# %% [markdown]
# A data set is indexed like a list. An image has shape (height, width, channels): one
# channel, for it is grey. Its pixels are bytes from 0 (black) to 255 (white). A label
# is a number from 0 to 9, and `get_fashion_mnist_labels` gives its name.

# %%
feature, label = train_set[0]
pixels = feature.asnumpy()
print(f"feature: shape {feature.shape}, {feature.dtype.__name__}")
print(f"pixels: from {pixels.min()} to {pixels.max()}, mean {pixels.mean():.1f}")
print(f"label: {label}, {label.dtype}, {d2l.get_fashion_mnist_labels([label])[0]}")

# %% [markdown]
# The first nine. Look for the three t-shirts: they have little in common but their
# label.

# %%
X, y = train_set[0:9]
figure = d2l.show_fashion_mnist(X, d2l.get_fashion_mnist_labels(y))
present(figure, f"{folder}/section_3_5_samples")

# %% [markdown]
# How many images are there of each class? 6,000 in the whole training set. So whoever
# guesses is right once in ten: an accuracy of 0.1 is no achievement.

# %%
counts = np.bincount(train_set.labels, minlength=len(train_set.classes))
for name, count in zip(train_set.classes, counts):
    print(f"{name:10} {count:6,}")

# %% [markdown]
# ## 3.5.2 Reading mini-batches
#
# Training takes a mini-batch at a time, in an order shuffled anew in each epoch. On its
# way an image is turned by `ToTensor`: from (28, 28, 1) to (1, 28, 28), as convolutions
# want it; from bytes to float32; and from 0-255 to 0-1, so that a step of gradient
# descent has a sensible size.
#
# The last batch holds what is left: 60,000 images are 234 batches of 256 and one of 96.

# %%
train_iter = d2l.BatchLoader(train_set, batch_size, shuffle=True, seed=0)
X, y = next(iter(train_iter))
low, high = X.min().asscalar(), X.max().asscalar()
print(f"X: shape {X.shape}, {X.dtype.__name__} from {low:g} to {high:g}")
print(f"y: shape {y.shape}, {y.dtype.__name__}, begins {y[:5].asnumpy()}")
sizes = [len(y) for X, y in train_iter]
print(f"{len(sizes)} batches, the last of {sizes[-1]} images")

# %% [markdown]
# How long does one pass over the training set take? Reading must not be slower than
# training, else the model waits for its data. In the book each image goes through
# Python, so it lets four worker processes read on Linux (and none on Windows). Here
# whole batches are read at once. What do workers gain then?

# %%
seconds = {}
for number in num_workers:
    train_iter = d2l.BatchLoader(
        train_set, batch_size, shuffle=True, num_workers=number
    )
    start = time.perf_counter()
    for X, _ in train_iter:
        X.wait_to_read()
    seconds[number] = time.perf_counter() - start
    print(f"{number} workers: {seconds[number]:.2f} sec")

# %% [markdown]
# Handing a batch from one process to another costs more than reading it, so 0 workers
# are the default. (The time with workers includes starting them.)
#
# ## Summary
#
# - Fashion-MNIST has 60,000 training and 10,000 test images of ten classes, all equally
#   frequent; guessing is right in one case of ten.
# - An image is (28, 28, 1) bytes in the data set and (1, 28, 28) float32 in a batch.
# - Reading is worth measuring. What makes one loader faster slows another down.
#
# ## Exercises
#
# 1. Does a smaller batch size, 1 say, make reading slower?
# 2. What does `num_workers` change on your machine?
#
# Both are answered in `exercises.py`, the first with times.
#
# 3. Which other data sets are in `mxnet.gluon.data.vision`?
#
# <details><summary>Answer</summary>
#
# `MNIST`, `CIFAR10`, `CIFAR100`, and two for pictures of your own:
# `ImageFolderDataset` and `ImageRecordDataset`.
#
# </details>
#
# 4. Which other transforms are in `mxnet.gluon.data.vision.transforms`?
#
# <details><summary>Answer</summary>
#
# To arrange: `Compose`, `Cast`, `ToTensor`, `Normalize`. To cut and scale: `Resize`,
# `CenterCrop`, `CropResize`, `Rotate`, `RandomResizedCrop`. To make more of few images:
# `RandomFlipLeftRight`, `RandomFlipTopBottom`, `RandomRotation`, `RandomBrightness`,
# `RandomContrast`, `RandomSaturation`, `RandomHue`, `RandomColorJitter`,
# `RandomLighting`; `RandomApply` does any of them sometimes.
#
# </details>
