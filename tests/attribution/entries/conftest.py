"""An entry that store A shows, with guide Li behind its code."""

from typing import Any

import pytest

from attribution.entries.models import EntryStore
from contacts.directory.models import Member
from tests.factories.attribution import EntryFactory, EntryStoreFactory


@pytest.fixture
def shown(company: Any, guide_li: Member) -> EntryStore:
    """The entry at store A: checked, with a working code."""
    return EntryStoreFactory(entry=EntryFactory(code="result-gift"), store=company.store_a)
