"""What training leaves behind: one record per epoch, for all that prints or draws."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import NamedTuple

__all__ = ["Epoch", "History", "Progress"]


@dataclass(frozen=True)
class Epoch:
    """The figures of one epoch.

    Attributes
    ----------
    epoch : int
        Its number, from 1.
    loss : float
        Mean cross-entropy per sample over the epoch, in nats, each batch measured
        before its step.
    train_acc : float
        Share of training samples predicted right, likewise measured along the way.
    test_acc : float, optional
        Share of test samples predicted right at the end of the epoch.
    seconds : float
        Time for training and evaluation.
    valid_loss, valid_acc : float, optional
        Mean cross-entropy and share predicted right of the validation samples, at the
        end of the epoch.
    """

    epoch: int
    loss: float
    train_acc: float
    test_acc: float | None
    seconds: float
    valid_loss: float | None = None
    valid_acc: float | None = None

    def __str__(self) -> str:
        """Give the line that the book prints, with what there is of it."""
        parts = [f"epoch {self.epoch}", f"loss {self.loss:.4f}"]
        parts.append(f"train acc {self.train_acc:.3f}")
        if self.valid_acc is not None:
            parts.append(f"valid loss {self.valid_loss:.4f}")
            parts.append(f"valid acc {self.valid_acc:.3f}")
        if self.test_acc is not None:
            parts.append(f"test acc {self.test_acc:.3f}")
        return ", ".join(parts)


class Progress(NamedTuple):
    """How far an epoch is, and the figures of the batches since the last report.

    Attributes
    ----------
    epoch, batch : int
        Numbers, from 1, of the epoch and of the last batch that is finished.
    samples : int
        How many samples these batches had.
    loss, acc : float
        Their mean loss in nats, and the share that was predicted right.
    """

    epoch: int
    batch: int
    samples: int
    loss: float
    acc: float


@dataclass
class History:
    """The epochs of one training, in order.

    Examples
    --------
    >>> history = History([Epoch(1, 0.787, 0.748, 0.79, 0.1)])
    >>> print(history[-1])
    epoch 1, loss 0.7870, train acc 0.748, test acc 0.790
    >>> history.column("test_acc")
    [0.79]
    """

    epochs: list[Epoch] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.epochs)

    def __getitem__(self, index: int) -> Epoch:
        return self.epochs[index]

    def append(self, epoch: Epoch) -> None:
        """Add the next epoch."""
        self.epochs.append(epoch)

    def column(self, name: str) -> list[float]:
        """List one figure over the epochs.

        Parameters
        ----------
        name : str
            Name of an attribute of `Epoch`.

        Returns
        -------
        list of float
        """
        return [getattr(epoch, name) for epoch in self.epochs]

    def to_list(self) -> list[dict[str, float]]:
        """Give the epochs as plain data, for JSON, without what was not measured."""
        return [
            {name: value for name, value in asdict(epoch).items() if value is not None}
            for epoch in self.epochs
        ]

    @classmethod
    def from_list(cls, epochs: list[dict[str, float]]) -> History:
        """Take the epochs from plain data, as `to_list` gave them."""
        return cls([Epoch(**{"test_acc": None, **epoch}) for epoch in epochs])
