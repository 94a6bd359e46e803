"""What counts as a failure of a job, by what is known of its processes."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from gluon_softmax.cluster.failure import Limits, find_failure

USUAL = Limits()
NOW = 1000.0
ENDED = {"code": 0, "is_gone": True, "ended": NOW - 6}


def known(role="worker", **facts):
    """Make up what is known of a process: by default that all is well."""
    usual = {"task": SimpleNamespace(role=role), "started": NOW - 500}
    usual.update(stepped=NOW - 0.5, is_finished=False)
    usual.update(code=None, ended=None, is_gone=False)
    return SimpleNamespace(**{**usual, **facts})


@pytest.mark.parametrize(
    "facts",
    [
        {},
        ENDED,
        {"stepped": NOW - 59},
        {"stepped": None, "started": NOW - 119},
        {"stepped": NOW - 300, "is_finished": True},
        {"role": "server", "stepped": None},
    ],
)
def test_well(facts):
    """None of these ends a job in which another worker makes steps."""
    assert find_failure([known(), known(**facts)], USUAL, NOW) is None


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"code": 3, "ended": NOW}, "exited with code 3"),
        ({"is_gone": True}, "was lost: nothing is heard of it any more"),
        ({"stepped": NOW - 61}, "hung: it made no step for 60 s"),
        (
            {"stepped": None, "started": NOW - 121},
            "hung: it made no step within 120 s of its start",
        ),
    ],
)
def test_badly(facts, reason):
    """Each ends the job, and is put into words."""
    culprit = known(**facts)
    assert find_failure([known(), culprit], USUAL, NOW) == (culprit, reason)


@pytest.mark.parametrize(("name", "facts"), [("ended", {"code": 1}), ("stepped", {})])
def test_the_first_is_named(name, facts):
    """The others may have failed because of it, or wait for it."""
    workers = [known(**facts, **{name: NOW - late}) for late in (61, 62, 61)]
    culprit, _ = find_failure(workers, USUAL, NOW)
    assert culprit is workers[1]


def test_done_but_not_ended():
    """When no worker trains any more, all must end in time."""
    done = known(stepped=NOW - 61, is_finished=True)
    assert find_failure([done, known()], USUAL, NOW) is None
    culprit, _ = find_failure([done, known(**ENDED)], USUAL, NOW)
    assert culprit is done
    scheduler = known(role="scheduler", stepped=None)
    expected = scheduler, "still ran 5 s after the last worker"
    assert find_failure([scheduler, known(**ENDED)], USUAL, NOW) == expected
