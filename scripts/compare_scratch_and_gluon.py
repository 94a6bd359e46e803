# %% [markdown]
# # Sections 3.6 and 3.7, side by side
#
# **What.** Softmax regression from scratch (3.6), with Gluon (3.7), and by hand in
# NumPy without `autograd` (`by_hand.py`), trained on the same batches from the same
# start.
#
# **Why.** Are they the same model? Similar accuracies prove nothing. But if all start
# from the same parameters and see the same batches in the same order, then every
# parameter must stay the same, up to rounding, all the way.
#
# **What to look at.** The largest difference of any parameter. `gluon-softmax compare`
# makes a table of the same from a terminal.

# %%
from pathlib import Path

import gluon_softmax as d2l
from gluon_softmax.data.splits import load_splits
from gluon_softmax.figures import present
from gluon_softmax.models.comparison_file import write_comparison
from gluon_softmax.models.gallery import draw_gallery

# %% [markdown]
# ## Parameters
#
# Change them here and run all cells again.

# %% tags=["parameters"]
root = None  # folder with the data set; None: where it is found, or downloaded to
num_epochs, batch_size, lr, seed = 5, 256, 0.1, 0
num_images = None  # train on the first so many images; None: on all of them
folder = "comparison"  # where figures and numbers are written

# %% [markdown]
# ## The numbers
#
# A line per epoch. Loss and accuracies of all three versions agree in every digit
# printed. Not every parameter agrees in every bit: float32 sums are rounded, and each
# version adds up in an order of its own. The largest difference grows slowly, for each
# step starts from the last.

# %%
train_set, _, test_set = load_splits("fashion-mnist", num_images=num_images, root=root)
comparison = d2l.run_comparison(train_set, test_set, num_epochs, batch_size, lr, seed)
for name, history in comparison.histories.items():
    print(name)
    for epoch in history:
        print(f"  {epoch}")
print("largest difference of any parameter after each epoch:")
print("  " + ", ".join(f"{difference:.1e}" for difference in comparison.differences))

# %% [markdown]
# ## The curves
#
# They lie on each other: later ones are drawn thinner and dashed, so that all are seen.

# %%
figures = dict(draw_gallery(comparison))
present(figures["curves"], f"{folder}/curves")

# %% [markdown]
# ## The templates
#
# The 784 weights of a class, put back into 28 x 28, are an image of what it looks for:
# red pixels speak for the class, blue ones against it. What to look at: "trouser" and
# "ankle boot" can be recognised; "shirt" and "pullover" look alike.

# %%
present(figures["templates"], f"{folder}/templates")

# %% [markdown]
# ## Which garment is taken for which
#
# Rows are true classes, columns predicted ones, so the diagonal is what is right. What
# to look at: the row "shirt", which is mistaken most often, and for what.

# %%
present(figures["confusion"], f"{folder}/confusion")

# %% [markdown]
# ## The first test images
#
# Drawn once for each version: they make the same errors.

# %%
for name, figure in figures.items():
    if name.startswith(("images", "predictions")):
        present(figure, f"{folder}/{name}")

# %% [markdown]
# The trained models and the numbers are kept in files, for `gluon-softmax page`,
# `predict` and `export`:

# %%
for path in write_comparison(comparison, Path(folder)):
    print(f"wrote {path}")

# %% [markdown]
# ## Summary
#
# - The three versions are one model: their parameters differ by rounding alone.
# - To compare implementations, give them one start and one order of the batches.
#
# ## Exercises
#
# 1. How could two versions have the same test accuracy and still not be the same model?
#
# <details><summary>Answer</summary>
#
# Accuracy counts which score is largest and forgets the rest. A loss that is divided
# twice, a smaller learning rate or another start change the parameters and can leave
# the accuracy nearly as it is.
#
# </details>
#
# 2. What is the largest difference after one epoch, and after 50?
#
# <details><summary>Answer</summary>
#
# 1.4e-06 after one, 7.0e-06 after five and 8.4e-05 after 50: it grows, but no more than
# about as fast as the number of steps.
#
# </details>
