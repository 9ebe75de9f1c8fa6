"""Search entries for customers that tests make without the services that would note them."""

from collections.abc import Callable

import pytest

from customers.lists.refreshing import search_rows_refresh
from customers.relations.models import ExternalContact


@pytest.fixture
def indexed() -> Callable[[], None]:
    """Return the act that writes the search entries of everybody there is."""

    def write() -> None:
        search_rows_refresh(ExternalContact.objects.values_list("pk", flat=True))

    return write
