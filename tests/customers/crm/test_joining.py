"""What came before its member is found without reading what nobody's card ever bought."""

from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from customers.crm.joining import members_join
from customers.crm.models import Order
from scrm.core.ids import uuid7
from tests.factories.customers import CrmMemberFactory, OrderFactory

pytestmark = pytest.mark.django_db
A_BATCH = 1000


def test_only_what_waits_for_these_members_is_joined() -> None:
    joined, other = CrmMemberFactory(member_no="M1"), CrmMemberFactory(member_no="M2")
    waiting = OrderFactory(member_no="M1")
    of_another, of_nobody = OrderFactory(member_no="M3"), OrderFactory(member_no="")
    taken = OrderFactory(member=other, member_no="M1")

    found = members_join(Order, {"M1": joined.pk, "M2": other.pk})

    assert found == [waiting.pk]
    assert dict(Order.objects.values_list("pk", "member_id")) == {
        waiting.pk: joined.pk,
        of_another.pk: None,
        of_nobody.pk: None,
        taken.pk: other.pk,
    }
    assert members_join(Order, {"M1": joined.pk, "M2": other.pk}) == []


def test_a_whole_batch_asks_the_index_of_waiting_orders() -> None:
    members: dict[str, UUID] = {f"M{number}": uuid7() for number in range(A_BATCH)}
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        with CaptureQueriesContext(connection) as asked:
            members_join(Order, members)
        cursor.execute(f"EXPLAIN {asked[0]['sql']}")
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "customers_order_unjoined" in plan
