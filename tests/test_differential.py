"""The package gives the numbers of the plain loop, whatever it is given.

``pytest -m heavy tests/test_differential.py`` tries twenty thousand cases, or
``DIFFERENTIAL_EXAMPLES``; ``--hypothesis-seed=1`` tries the same ones again.
"""

import os

import gluon_softmax
import pytest
from differential import plain
from differential.cases import Case, cases, find_difference, list_each, run
from hypothesis import HealthCheck, Phase, given, settings

MANY = int(os.environ.get("DIFFERENTIAL_EXAMPLES", "20000"))
EACH = list_each()

common = settings(deadline=None, database=None, suppress_health_check=list(HealthCheck))
quick = settings(common, max_examples=100, derandomize=True)


def check(case, loops=gluon_softmax):
    """Compare a case by the package with the same case by the plain loop."""
    difference = find_difference(run(case, plain), run(case, loops))
    assert difference is None, f"{difference}\n{case}"


@pytest.mark.slow
@pytest.mark.parametrize("case", EACH.values(), ids=EACH)
def test_each_part(case):
    """Each part that cases are composed of, nearly alone."""
    check(case)


@quick
@given(cases())
def test_hundred_cases(case):
    """A sample for each run."""
    check(case)


@pytest.mark.slow
@settings(common, max_examples=1000)
@given(cases())
def test_a_thousand_cases(case):
    """More of them, others each time."""
    check(case)


@pytest.mark.slow
@pytest.mark.heavy
@settings(common, max_examples=MANY)
@given(cases())
def test_twenty_thousand_cases(case):
    """What the engine must stand before it is trusted."""
    check(case)


@settings(quick, max_examples=30, phases=[Phase.generate])
@given(cases())
def test_the_plain_loop_agrees_with_itself(case):
    """Two worlds of one case begin alike, and nothing in them is left to chance."""
    check(case, plain)


def test_nothing_of_a_batch_is_recorded_in_the_users_scope():
    """A copy that was recorded could not be written to again."""
    check(Case(classes=2, plan="evaluations", scope="record"))


def test_the_simplest_case_trains():
    """The comparison is of something: a case whose parameters move."""
    outcome = run(Case(), plain)
    assert outcome.error is None
    assert outcome.seen["loss 5"] < outcome.seen["loss 1"]
    assert outcome.seen["batches"] == 4


def test_the_machine_still_computes():
    """No case before left MXNet in a state in which every other one fails too."""
    check(Case(layers=("Dense relu", "Dropout", "BatchNorm")), plain)
    assert run(Case(layers=("Conv2D",), inputs="image"), plain).error is None
