# %% [markdown]
# # 3.7 Softmax regression with Gluon
#
# The same model in a few lines: `nn.Dense(10)` for the linear layer, softmax and
# cross-entropy in one numerically stable loss, `gluon.Trainer` for the steps. The
# training loop is the one of section 3.6, unchanged.

# %%
from __future__ import annotations

import gluon_softmax as d2l
import mxnet as mx
from mxnet import gluon, init
from mxnet.gluon import nn

# %% [markdown]
# ## Model, loss and trainer
#
# These lines are what `gluon_softmax.make_net` and `make_trainer` do. The loss takes
# scores, not probabilities: it works with their logarithms, where nothing overflows.


# %%
def build(lr: float) -> tuple[nn.Block, gluon.loss.Loss, gluon.Trainer]:
    """Build the model, its loss and what trains it."""
    net = nn.Sequential()
    net.add(nn.Dense(10))
    net.initialize(init.Normal(sigma=0.01))
    loss = gluon.loss.SoftmaxCrossEntropyLoss()
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": lr})
    return net, loss, trainer


# %% [markdown]
# ## Training
#
# The loss printed is the mean per sample, as in section 3.6, so the two can be
# compared. (Ports of this chapter that divide that mean by the number of samples once
# more print 0.0031 here.)


# %%
def main(
    root: str | None = None,
    num_epochs: int = 5,
    batch_size: int = 256,
    lr: float = 0.1,
    seed: int = 0,
) -> d2l.History:
    """Run the section; give the history of the training."""
    mx.random.seed(seed)
    train_iter, test_iter = d2l.load_data_fashion_mnist(
        batch_size, root=root, seed=seed
    )
    net, loss, trainer = build(lr)
    return d2l.train_ch3(
        net, train_iter, test_iter, loss, num_epochs, batch_size, None, None, trainer
    )


# %%
if __name__ == "__main__":
    main()
