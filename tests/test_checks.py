"""Numbers that cannot be used are refused."""

from __future__ import annotations

import pytest
from gluon_softmax.errors import ArgumentError, check_positive, check_whole_number


@pytest.mark.parametrize("value", [0, -1, True, 2.0, "3", None, float("nan")])
def test_what_is_no_whole_number_is_refused(value):
    """The message names the argument, the bound and what was found."""
    with pytest.raises(ArgumentError, match="size to be a whole number from 1 on"):
        check_whole_number("size", value, least=1)


@pytest.mark.parametrize("value", [0, -0.1, float("nan"), float("inf")])
def test_what_is_not_positive_is_refused(value):
    """Neither 0 nor what is not finite will do."""
    with pytest.raises(ArgumentError, match="lr to be a number above 0"):
        check_positive("lr", value)
