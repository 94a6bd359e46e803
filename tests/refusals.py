"""What is refused is refused in one line."""

from __future__ import annotations

from collections.abc import Callable

import pytest


def refusal(kind: type[Exception], call: Callable, *arguments, **options) -> str:
    """Give the message with which a call is refused, which is always one line."""
    with pytest.raises(kind) as info:
        call(*arguments, **options)
    assert info.type is kind
    message = str(info.value)
    assert len(message.splitlines()) == 1
    return message
