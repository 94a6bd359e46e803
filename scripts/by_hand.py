# %% [markdown]
# # Softmax regression by hand, in NumPy
#
# No autograd: the gradient is derived on paper and written down. For the scores z of a
# sample with label y the loss is log(sum(exp(z))) - z[y]; its derivative is softmax(z)
# minus the one-hot vector of y. With z = x W + b the chain rule gives the outer product
# of x and that for W, and that itself for b. A batch adds its samples up: X.T @ error.
#
# The model, the updater with momentum and the loop are in `gluon_softmax/handmade.py`.

# %%
from __future__ import annotations

import gluon_softmax as d2l
from gluon_softmax import handmade
from gluon_softmax.data.splits import load_splits

# %% [markdown]
# ## Three sets
#
# 5,000 of the 60,000 training images are kept for validation: what is tried out is
# judged by them after each epoch, and the test set is looked at once, at the end. The
# pixels' mean is subtracted.


# %%
def load(root: str | None, batch_size: int, seed: int, num_images: int | None):
    """Load MNIST as mini-batches of the training, validation and test set."""
    splits = load_splits("mnist", "centred", 5000, num_images, root)
    print("images:", ", ".join(f"{len(part):,}" for part in splits))
    train_set, valid_set, test_set = splits
    return (
        d2l.BatchLoader(train_set, batch_size, shuffle=True, seed=seed),
        d2l.BatchLoader(valid_set, batch_size, seed=seed),
        d2l.BatchLoader(test_set, batch_size, seed=seed),
    )


# %% [markdown]
# ## Training
#
# What to look at: the loss of single batches of 100 jumps up and down; the means of the
# epochs fall steadily. With momentum 0.9 the first epoch gets as far as ten without:
# steps in one direction add up to ten times a step.


# %%
def main(
    root: str | None = None,
    num_epochs: int = 10,
    batch_size: int = 100,
    lr: float = 0.01,
    momentum: float = 0.9,
    start: str = "xavier",
    seed: int = 0,
    print_every: int = 50,
    num_images: int | None = None,
) -> d2l.History:
    """Train, print every so many iterations and after each epoch."""
    train_iter, valid_iter, test_iter = load(root, batch_size, seed, num_images)
    model = handmade.SoftmaxRegression(*handmade.draw_start(784, 10, start, seed))
    updater = handmade.Momentum(model.params, lr, momentum)

    def report(iteration: int, loss: float, acc: float) -> None:
        if iteration % print_every == 0:
            print(f"  iteration {iteration}, loss {loss:.4f}, acc {acc:.3f}")

    history = d2l.History()
    settings = (num_epochs, batch_size, valid_iter, report)
    for epoch in handmade.train(model, updater, train_iter, test_iter, *settings):
        print(epoch)
        history.append(epoch)
    return history


# %%
if __name__ == "__main__":
    main()
