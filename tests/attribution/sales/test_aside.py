"""An order that cannot be attributed stops no other: it is put aside, told of, and tried again."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from attribution.sales.aside import asides_retry
from attribution.sales.health import probe
from attribution.sales.models import AsideOrder, Credit
from attribution.sales.services import drain
from attribution.touches.models import Touch
from contacts.parameters.models import Parameter
from customers.crm.models import OrderChange
from scrm.core.alerts.models import Alert
from scrm.core.health.findings import Outcome
from tests.factories.customers import NOON
from tests.factories.sales import bound_since, credit_of, order, settle, token, touch

pytestmark = pytest.mark.django_db
REFUSE = """
CREATE FUNCTION refuse_p1() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.amount = 13.13 THEN RAISE EXCEPTION 'this order is bad'; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER refuse_p1 BEFORE INSERT ON attribution_credit FOR EACH ROW EXECUTE FUNCTION refuse_p1();
"""


def test_a_bad_order_is_put_aside_and_all_others_go_on(guide_li):
    # given twenty orders of which the database refuses one
    with connection.cursor() as cursor:
        cursor.execute(REFUSE)
    mine = token(guide_li)
    for number in range(20):
        order(f"A{number}", amount="13.13" if number == 7 else "10.00", parameter=mine)

    # when they are drained
    settle()

    # then all others have their credit, and the bad one is told of with its reason
    assert Credit.objects.filter(member=guide_li).count() == 19
    aside = AsideOrder.objects.get()
    assert (aside.order.order_no, aside.problem.splitlines()[0][:35]) == (
        "A7",
        "InternalError: this order is bad CO",
    )
    alert = Alert.objects.get()
    assert (alert.kind, alert.key, alert.level) == ("sales.aside", "A7", "warning")
    assert "A7" in alert.title
    assert "this order is bad" in alert.text
    assert probe().outcome is Outcome.WARNING

    # and it is tried again after an hour, and forgotten once it works
    assert asides_retry() == 0
    AsideOrder.objects.update(tried_at=timezone.now() - timedelta(hours=2))
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER refuse_p1 ON attribution_credit")
    assert asides_retry() == 1
    settle()
    assert credit_of("A7").member == guide_li
    assert not AsideOrder.objects.exists()
    assert probe().outcome is Outcome.GOOD


def test_touches_and_claims_of_members_who_are_gone_are_left_out(guide_li, guide_wang):
    # given touches whose members' rows are gone, and an order after them
    for guide in (guide_li, guide_wang):
        bound_since(guide, NOON - timedelta(days=100))
    touch("e1", parameter=token(guide_wang), at=NOON - timedelta(hours=2))
    touch("e2", parameter=token(guide_li), at=NOON - timedelta(hours=1))
    Touch.objects.filter(event_id="e2").update(member_id=99_999_999)
    Parameter.objects.filter(member_id=guide_li.pk).update(member_id=99_999_999)
    order("A1", unionid="u1")
    order("A2", parameter=token(guide_wang))

    # when they are drained
    with transaction.atomic():
        while drain() is not None:
            pass
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    # then the living guide's touch counts, and nobody else is named
    assert (credit_of("A1").member, credit_of("A1").losers) == (guide_wang, [])
    assert credit_of("A2").member == guide_wang
    assert not OrderChange.objects.exists()
    assert not AsideOrder.objects.exists()


def test_an_order_that_waits_for_long_is_a_line_of_the_health_page():
    # given an order that nobody worked on for ten minutes, then for two hours
    order("A1")
    assert probe().outcome is Outcome.GOOD
    for waited, outcome in ((10, Outcome.WARNING), (120, Outcome.BAD)):
        OrderChange.objects.update(changed_at=timezone.now() - timedelta(minutes=waited))
        found = probe()
        assert (found.name, found.outcome) == ("sales", outcome)
