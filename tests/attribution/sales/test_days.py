"""Days far away are typing errors, not failures."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from attribution.sales.business import day_began, day_ended
from attribution.sales.selectors import reconciliation
from scrm.core.scope import SYSTEM_SCOPE
from tests.factories.sales import order, settle

pytestmark = pytest.mark.django_db
SHANGHAI = ZoneInfo("Asia/Shanghai")


def test_a_business_day_begins_at_local_midnight_and_far_ones_are_brought_near():
    assert day_began(date(2026, 11, 21)) == datetime(2026, 11, 21, tzinfo=SHANGHAI)
    assert day_ended(date(2026, 12, 31)) == datetime(2027, 1, 1, tzinfo=SHANGHAI)
    assert day_began(date.min) == datetime(2000, 1, 1, tzinfo=SHANGHAI)
    assert day_ended(date.max) == datetime(3000, 1, 1, tzinfo=SHANGHAI)


def test_the_till_of_all_times_holds_every_order():
    order("A1")
    settle()
    assert reconciliation(SYSTEM_SCOPE, date.min, date.max).orders == 1


@pytest.mark.parametrize(
    "path",
    ["/console/sales/", "/console/sales/till/", "/console/boards/", "/console/entries/figures/"],
)
@pytest.mark.parametrize(
    "days",
    [
        {"last": "9999-12-31"},
        {"first": "0001-01-01"},
        {"last": "0001-01-01"},
        {"first": "9999-12-31", "last": "9999-12-31"},
        {"first": "0001-01-01", "last": "9999-12-31"},
    ],
)
def test_pages_answer_whatever_days_are_asked_for(hq_ops, path, days):
    client = Client()
    client.force_login(hq_ops)
    for form in ({}, {"range": "custom"}):
        assert client.get(path, days | form).status_code < 500
