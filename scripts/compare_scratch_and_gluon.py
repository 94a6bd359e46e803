# %% [markdown]
# # Sections 3.6 and 3.7, side by side
#
# Is the version from scratch the same model as Gluon's? Both start from the same
# parameters and see the same batches in the same order. Then every parameter should
# stay the same, up to rounding: the last column of the table.

# %%
from __future__ import annotations

from pathlib import Path

import gluon_softmax as d2l
from gluon_softmax.gallery import write_gallery
from gluon_softmax.report import format_table

# %% [markdown]
# What to look at: the two curves lie on each other; the templates of "shirt" and
# "pullover" look alike, and the confusion matrix shows that they are mistaken for each
# other. `gluon-softmax compare` does the same from a terminal.


# %%
def main(
    root: str | None = None,
    num_epochs: int = 5,
    batch_size: int = 256,
    lr: float = 0.1,
    seed: int = 0,
    folder: str = "figures",
) -> d2l.Comparison:
    """Compare both versions; print the table, write the figures."""
    train_set = d2l.FashionMNIST(root, train=True)
    test_set = d2l.FashionMNIST(root, train=False)
    comparison = d2l.run_comparison(
        train_set, test_set, num_epochs, batch_size, lr, seed
    )
    print("\n".join(format_table(comparison)))
    for path in write_gallery(comparison, Path(folder)):
        print(f"wrote {path}")
    return comparison


# %%
if __name__ == "__main__":
    main()
