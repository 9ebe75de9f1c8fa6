"""A whole batch is linked by one statement whose cost no statistics decide."""

import re

import pytest
from django.db import connection

from customers.crm.models import CrmMember
from customers.crm.rows import read_row
from customers.crm.services import members_upsert
from customers.oneid import linking
from customers.oneid.models import PersonLink
from customers.oneid.services import reconcile_pending
from customers.relations.models import RecordChange

pytestmark = pytest.mark.django_db


def members_come(first: int, count: int) -> None:
    """Take over so many members, each with a phone of their own."""
    cells = [
        {"member_no": f"M{number}", "phone": f"138{number:08d}", "phone_verified": "1"}
        for number in range(first, first + count)
    ]
    rows = [read_row(each).row for each in cells]
    members_upsert([row for row in rows if row], source=CrmMember.Source.IMPORT)


def test_a_batch_after_a_few_is_not_joined_row_by_row(monkeypatch: pytest.MonkeyPatch) -> None:
    # given a company whose tables were looked at by the planner while they held sixty members
    members_come(0, 60)
    assert reconcile_pending() is not None
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")

    # when its 1,500 others come at once
    members_come(60, 1500)
    seen: set[tuple[str, ...]] = set()
    explained = f"EXPLAIN (ANALYZE, FORMAT TEXT) {linking.LINK_RECORDS}"
    monkeypatch.setattr(linking, "LINK_RECORDS", explained)
    linked = linking.records_link
    monkeypatch.setattr(
        "customers.oneid.services.records_link",
        lambda records: seen.update(linked(records)) or set(records),
    )
    reconcile_pending()

    # then all have a person, no note is left, and no step compared each row with every other
    assert PersonLink.objects.count() == 1560
    assert not RecordChange.objects.exists()
    plan = "\n".join(line for (line,) in seen)
    compared = sum(map(int, re.findall(r"Rows Removed by Join Filter: (\d+)", plan)))
    assert "Index Cond" in plan
    assert compared < 15_000
