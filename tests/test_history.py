"""The record that training leaves."""

from __future__ import annotations

import json

from gluon_softmax import Epoch, History

FIRST = Epoch(1, 0.78701, 0.7482, 0.79, 0.15)
SECOND = Epoch(2, 0.57, 0.8139, 0.8111, 0.14)


def test_line_is_the_books():
    """An epoch prints as in section 3.6."""
    line = "epoch 1, loss 0.7870, train acc 0.748, test acc 0.790"
    assert str(FIRST) == line


def test_columns_follow_the_epochs():
    """A column lists one figure in the order of the epochs."""
    history = History([FIRST])
    history.append(SECOND)
    assert len(history) == 2
    assert history[-1] is SECOND
    assert history.column("epoch") == [1, 2]
    assert history.column("loss") == [0.78701, 0.57]


def test_plain_data_survives_json():
    """What goes out as JSON comes back the same."""
    history = History([FIRST, SECOND])
    assert History.from_list(json.loads(json.dumps(history.to_list()))) == history


def test_histories_share_nothing():
    """Two histories that start empty stay apart."""
    one, other = History(), History()
    one.append(FIRST)
    assert len(other) == 0
