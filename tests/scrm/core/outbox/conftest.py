"""Senders that a test may fill."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.factories import inbox as factory


@pytest.fixture
def senders(settings: Any) -> Iterator[dict[str, Any]]:
    """Give an empty map of kinds to senders that the worker uses."""
    with factory.routed(settings):
        yield factory.SENDERS
