"""A temporarily closed store shows as closed with the day it reopens, and is never the nearest open one."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from attribution.entries.models import EntryStore
from attribution.entries.selectors import Offer, offer_for
from attribution.entries.shut import closure_of
from contacts.directory.models import Member
from contacts.org.datums import Point
from contacts.org.models import OrgUnit
from contacts.org.near import near_stores, nearest_open
from scrm.accounts.services import partner_key_create
from tests.cast import Company, company, guide_li, guide_wang
from tests.factories.attribution import EntryStoreFactory
from tests.factories.contacts import StoreFactory

__all__ = ["company", "guide_li", "guide_wang"]
pytestmark = pytest.mark.django_db
HERE = Point(31.2304, 121.4737, "gcj02")
TODAY = timezone.localdate


@pytest.fixture(autouse=True)
def _fresh_counts() -> None:
    cache.clear()


def placed(store: OrgUnit, north: float, **values: Any) -> OrgUnit:
    """Put a store some degrees north of HERE."""
    OrgUnit.objects.filter(pk=store.pk).update(
        latitude=HERE.latitude + north, longitude=HERE.longitude, datum="gcj02", **values
    )
    store.refresh_from_db()
    return store


def shut(store: OrgUnit, days: int | None) -> OrgUnit:
    """Close a store from today, its last closed day in so many days; None: until further notice."""
    until = None if days is None else TODAY() + timedelta(days=days)
    return placed(store, 0, shut_from=TODAY(), shut_until=until)


def page(row: EntryStore) -> str:
    """Return the customers' page."""
    client = Client(headers={"User-Agent": "MicroMessenger", "Accept-Language": "en"})
    answer = client.get(f"/e/{row.token}/")
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_nearest_open_store_is_never_a_closed_one() -> None:
    # given stores 0, 1, 2, 3 and 60 km away: closed for a while, closed at this hour, closed for good, open, open
    stores = [StoreFactory(name=name) for name in ("shut", "night", "gone", "open", "far")]
    moment = timezone.now()
    other_day = (timezone.localtime(moment).isoweekday() % 7) + 1
    shut(stores[0], 3)
    placed(stores[1], 0.009, hours=f"{other_day} 10:00-11:00")
    placed(stores[2], 0.018, status="closed")
    placed(stores[3], 0.027)
    placed(stores[4], 0.54)
    StoreFactory(name="nowhere")

    # when a customer stands at the first
    everyone = OrgUnit.objects.all()
    near = near_stores(HERE, everyone, moment=moment, count=5)
    nearest = nearest_open(HERE, everyone, moment=moment)

    # then open ones come first, closed ones are told as such, and the nearest open one is open
    assert [(each.store.name, each.receives) for each in near] == [
        ("open", None), ("far", None), ("shut", False), ("night", False),
    ]  # fmt: skip
    assert nearest is not None
    assert (nearest.store.name, 2_900 < nearest.metres < 3_100) == ("open", True)
    assert nearest_open(HERE, everyone.filter(name__in=["shut", "night"]), moment=moment) is None


def test_the_page_tells_when_it_reopens_and_leads_to_the_next_store(
    shown: EntryStore, company: Company, guide_wang: Member
) -> None:
    # given store A closed for four days, B with the same entry 2 km away
    there = EntryStoreFactory(entry=shown.entry, store=company.store_b)
    placed(company.store_b, 0.018)
    shut(company.store_a, 3)

    text = page(shown)

    # then it says so, its guides can still be added, and B is one tap away
    reopens = TODAY() + timedelta(days=4)
    assert f"Temporarily closed, opens again on {reopens:%Y-%m-%d}" in text
    assert 'href="https://work.weixin.qq.com/u/vcabc"' in text
    assert f'href="/e/{there.token}/"' in text
    assert "Temporarily closed" not in page(there)


@pytest.mark.parametrize("way", ["hidden", "shut", "placeless"])
def test_where_no_open_store_shows_the_entry_none_is_named(
    shown: EntryStore, company: Company, guide_wang: Member, way: str
) -> None:
    there = EntryStoreFactory(entry=shown.entry, store=company.store_b)
    placed(company.store_b, 0.018)
    shut(company.store_a, None)
    if way == "hidden":
        EntryStore.objects.filter(pk=there.pk).update(is_shown=False)
    elif way == "shut":
        shut(company.store_b, 0)
    else:
        OrgUnit.objects.filter(pk=company.store_a.pk).update(
            latitude=None, longitude=None, datum=""
        )

    text = page(shown)

    assert "Temporarily closed until further notice" in text
    assert there.token not in text


def test_the_mall_is_told_too(
    shown: EntryStore, company: Company, guide_wang: Member, settings: Any
) -> None:
    # given the same two stores, A by its id in the CRM
    there = EntryStoreFactory(entry=shown.entry, store=company.store_b)
    placed(company.store_b, 0.018)
    shut(company.store_a, 3)
    OrgUnit.objects.filter(pk=company.store_a.pk).update(crm_store_id="C1")
    _key, secret = partner_key_create(name="mall", scopes=["entries.read"])
    client = APIClient(headers={"Authorization": f"Bearer {secret}"})

    answer = client.get(
        "/api/v1/entries/offers", {"store_code": "C1", "place": "order_result"}
    ).json()

    reopens = TODAY() + timedelta(days=4)
    near = answer["nearest_open"]
    assert (answer["shown"], answer["store_shut"], answer["reopens_on"]) == (
        True, True, reopens.isoformat(),
    )  # fmt: skip
    assert (near["store_code"], near["name"], near["url"]) == (
        "S2", "滨江店", f"{settings.BASE_URL}/e/{there.token}/",
    )  # fmt: skip
    assert 1_900 < near["metres"] < 2_100


def test_binding_and_entry_stay_as_they_are_while_the_store_is_shut(
    shown: EntryStore, company: Company
) -> None:
    shut(company.store_a, 3)

    found = offer_for("S1", place="order_result")

    assert isinstance(found, Offer)
    assert found.row == shown
    closure = closure_of(found, timezone.now())
    assert closure is not None
    assert closure.reopens_on == TODAY() + timedelta(days=4)
    assert closure_of(found, timezone.now() + timedelta(days=4)) is None
    assert closure_of(found, timezone.now() - timedelta(days=1)) is None
