"""The record that training leaves."""

from __future__ import annotations

import json

import numpy as np
import pytest
from gluon_softmax import Epoch, History
from gluon_softmax.errors import DataError

FIRST = Epoch(1, 0.78701, 0.7482, 0.79, 0.15)
SECOND = Epoch(2, 0.57, 0.8139, 0.8111, 0.14, valid_loss=0.6, valid_acc=0.805)
PLAIN = {"epoch": 1, "loss": 0.5, "train_acc": 0.75, "seconds": 0.1}


def test_lines_are_the_books():
    """An epoch prints as in section 3.6, with what else was measured."""
    assert str(FIRST) == "epoch 1, loss 0.7870, train acc 0.748, test acc 0.790"
    parts = "loss 0.5700, train acc 0.814, valid loss 0.6000, valid acc 0.805"
    assert str(SECOND) == f"epoch 2, {parts}, test acc 0.811"


def test_columns_follow_the_epochs():
    history, other = History(), History()
    history.append(FIRST)
    history.append(SECOND)
    assert (len(history), len(other)) == (2, 0)
    assert history[-1] is SECOND
    assert history.column("loss") == [0.78701, 0.57]


def test_plain_data_survives_json():
    history = History([FIRST, SECOND])
    assert History.from_list(json.loads(json.dumps(history.to_list()))) == history


@pytest.mark.parametrize(
    ("epochs", "message"),
    [
        ({"epoch": 1}, "expected a list of epochs, found {'epoch': 1}"),
        ([1], "an epoch with epoch, loss, seconds, train_acc, found 1"),
        ([{"epoch": 1}], "an epoch with epoch, loss, seconds, train_acc, found"),
        ([{**PLAIN, "more": 1}], "found {'epoch': 1"),
        ([{**PLAIN, "loss": None}], "expected a number for loss, found None"),
        ([{**PLAIN, "loss": True}], "expected a number for loss, found True"),
        ([{**PLAIN, "loss": float("nan")}], "a number for loss, found nan"),
        ([{**PLAIN, "loss": 10**400}], "a number for loss, found 1000"),
        ([{**PLAIN, "epoch": 1.5}], "a number for epoch, found 1.5"),
        ([{**PLAIN, "valid_acc": 0.5}], "valid_loss and valid_acc, found only one"),
    ],
)
def test_other_data_is_refused(epochs, message):
    with pytest.raises(DataError, match=message):
        History.from_list(epochs)


def test_numpys_numbers_are_numbers():
    """Figures that never were JSON may be NumPy's."""
    plain = {**PLAIN, "epoch": np.int64(1), "loss": np.float32(1)}
    assert History.from_list([plain]).column("loss") == [1]


def test_a_history_is_a_table(tmp_path):
    """What was not measured in any epoch has no column; in some, it is not a number."""
    history = History([FIRST, SECOND])
    assert str(history) == f"{FIRST}\n{SECOND}"
    history.to_csv(tmp_path / "history.csv")
    names, first, second = (tmp_path / "history.csv").read_text().splitlines()
    assert names == "epoch,loss,train_acc,test_acc,seconds,valid_loss,valid_acc"
    assert first == "1,0.78701,0.7482,0.79,0.15,nan,nan"
    assert second == "2,0.57,0.8139,0.8111,0.14,0.6,0.805"
    assert "valid_loss" not in History([FIRST])._repr_html_()
    assert "<td>2</td><td>0.57</td>" in history._repr_html_()


def test_a_history_as_a_frame():
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    frame = History([FIRST, SECOND]).to_frame()
    assert frame.index.tolist() == [1, 2]
    assert frame.loc[2, "valid_loss"] == 0.6
    assert pandas.isna(frame.loc[1, "valid_loss"])
