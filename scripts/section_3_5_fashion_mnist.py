# %% [markdown]
# # 3.5 The image classification data set (Fashion-MNIST)
#
# Ten kinds of garments, 60,000 pictures to learn from and 10,000 to be tested on, each
# of 28 x 28 grey pixels. This script looks at the data and measures how long reading
# it takes, by one process and by several.

# %%
from __future__ import annotations

import sys
import time
from pathlib import Path

import gluon_softmax as d2l
from gluon_softmax import figures

# %% [markdown]
# ## A sample
#
# A data set is indexed like a list. An image has shape (height, width, channels), its
# pixels are bytes from 0 to 255; a label is a number from 0 to 9.


# %%
def look_at_samples(train_set: d2l.ImageDataset, folder: Path) -> list[Path]:
    """Print what a sample is, and draw the first nine."""
    feature, label = train_set[0]
    print(f"{len(train_set):,} training images")
    print(f"feature: shape {feature.shape}, {feature.dtype.__name__}")
    print(f"label: {label}, {label.dtype}, {d2l.get_fashion_mnist_labels([label])[0]}")
    X, y = train_set[0:9]
    figure = d2l.show_fashion_mnist(X, d2l.get_fashion_mnist_labels(y))
    return figures.save(figure, folder / "section_3_5_samples")


# %% [markdown]
# ## Mini-batches
#
# Training reads the set in shuffled batches, scaled to 0-1 (`ToTensor`). In the book
# each image goes through Python, so it lets four worker processes read on Linux (and
# none on Windows). Here whole batches are read at once. What do workers gain then?


# %%
def time_reading(
    train_set: d2l.ImageDataset, batch_size: int, num_workers: int
) -> float:
    """Read the training set once, and give the seconds it took."""
    train_iter = d2l.BatchLoader(
        train_set, batch_size, shuffle=True, num_workers=num_workers
    )
    start = time.perf_counter()
    for X, _ in train_iter:
        X.wait_to_read()
    return time.perf_counter() - start


# %% [markdown]
# Handing a batch from one process to another costs more than reading it, so 0 workers
# are the default. Exercise: from which size on does `resize` make a worker worth it?


# %%
def main(
    root: str | None = None,
    batch_size: int = 256,
    folder: str = "figures",
) -> dict[int, float]:
    """Run the section; give the seconds of one reading by number of workers."""
    train_set = d2l.FashionMNIST(root, train=True)
    for path in look_at_samples(train_set, Path(folder)):
        print(f"wrote {path}")
    choices = (0,) if sys.platform.startswith("win") else (0, 1, 2, 4)
    seconds = {}
    for num_workers in choices:
        seconds[num_workers] = time_reading(train_set, batch_size, num_workers)
        print(f"{num_workers} workers: {seconds[num_workers]:.2f} sec")
    return seconds


# %%
if __name__ == "__main__":
    main()
