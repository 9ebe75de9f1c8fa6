"""Members and orders find their store under the CRM's id too, and follow a merge from its moment on."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from contacts.org.models import OrgUnit
from contacts.org.services import Site, change_approve, change_plan, run_change, site_save
from customers.crm.fact_models import ServiceReceived
from customers.crm.facts import ServiceRow
from customers.crm.models import CrmMember, FormerStore, Order, OrderChange
from customers.crm.orders import OrderRow, orders_upsert
from customers.crm.rows import MemberRow
from customers.crm.services import members_upsert, services_upsert
from customers.crm.stores import store_codes_join
from customers.goods.models import StoreStock
from customers.goods.selectors import stores_unknown
from customers.goods.services import StockRow, stock_upsert
from scrm.accounts.models import User
from scrm.core.scope import SYSTEM_SCOPE
from tests.cast import Company, company, hq_ops

__all__ = ["company", "hq_ops"]
pytestmark = pytest.mark.django_db
Callbacks = Callable[..., AbstractContextManager[list[Any]]]


def ordered(number: str, store_code: str, paid: datetime) -> str:
    """Send in an order; returns the store it joins."""
    orders_upsert([OrderRow(number, paid, Decimal(100), store_code=store_code)])
    return Order.objects.get(order_no=number).store_code


def member(number: str, store_code: str, **values: str) -> CrmMember:
    """Send in a member."""
    rows = [MemberRow(number, {"member_no": number, "store_code": store_code, **values})]
    members_upsert(rows, source=CrmMember.Source.API)
    return CrmMember.objects.get(member_no=number)


def merge(store: OrgUnit, target: OrgUnit, actor: User) -> None:
    """Merge a store today, by the plan and its job."""
    change = change_plan(
        kind="merge", store=store, target=target, effective_on=timezone.localdate(),
        reason="lease ends", actor=actor,
    )  # fmt: skip
    run_change(str(change_approve(change=change, actor=actor, scope=SYSTEM_SCOPE).job_id))


def test_orders_keep_their_store_and_later_ones_follow_the_merge(
    company: Company, hq_ops: User, django_capture_on_commit_callbacks: Callbacks
) -> None:
    # given store A, which the CRM calls C1, with an order and a member
    OrgUnit.objects.filter(pk=company.store_a.pk).update(crm_store_id="C1")
    before = timezone.now() - timedelta(days=1)
    assert ordered("O1", "C1", before) == "S1"
    kept = member("M1", "C1")
    assert kept.store_code == "S1"

    # when it is merged into B
    with django_capture_on_commit_callbacks(execute=True):
        merge(company.store_a, company.store_b, hq_ops)
    store_codes_join()

    # then what was paid before stays, also when it comes late, and what is paid from now on counts for B
    later = timezone.now() + timedelta(minutes=1)
    assert Order.objects.get(order_no="O1").store_code == "S1"
    assert ordered("O2", "C1", before) == "S1"
    assert (ordered("O3", "C1", later), ordered("O4", "S1", later)) == ("S2", "S2")

    # and the member is one of B's, with A as her former store, whatever the CRM goes on calling it
    assert CrmMember.objects.get().store_code == "S2"
    assert list(FormerStore.objects.values_list("store_code", flat=True)) == ["S1"]
    assert member("M1", "C1", level="gold").store_code == "S2"
    assert FormerStore.objects.count() == 1
    assert store_codes_join() == (0, 0)


def test_a_crm_id_that_is_told_later_joins_what_came_under_it(
    company: Company, hq_ops: User
) -> None:
    # given an order and a member under an id nobody knows
    assert ordered("O1", "C9", timezone.now()) == "C9"
    assert member("M1", "C9").store_code == "C9"
    OrderChange.objects.all().delete()

    # when headquarters says which store that is
    site_save(
        unit=company.store_b, site=Site(name=company.store_b.name, crm_store_id="C9"), actor=hq_ops
    )
    assert store_codes_join() == (1, 1)

    # then both join it, attribution looks at the order again, and no former store is made up
    assert Order.objects.get().store_code == "S2"
    assert CrmMember.objects.get().store_code == "S2"
    assert OrderChange.objects.count() == 1
    assert not FormerStore.objects.exists()


def test_telling_the_id_or_merging_starts_the_joining(
    company: Company, hq_ops: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []
    monkeypatch.setattr(
        "contacts.org.services.joining.jobs.enqueue", lambda task, **_ids: started.append(task)
    )

    site_save(
        unit=company.store_b, site=Site(name=company.store_b.name, crm_store_id="C9"), actor=hq_ops
    )
    merge(company.store_a, company.store_b, hq_ops)

    assert started.count("customers.store_codes_join") == 2


def counted(code: str, pieces: int, minutes: int = 0) -> None:
    """Send in a count of one SKU."""
    at = timezone.now() - timedelta(hours=1) + timedelta(minutes=minutes)
    stock_upsert([StockRow("C1", code, pieces, at)])


def served(number: str, code: str) -> None:
    """Send in a service."""
    services_upsert([ServiceRow(number, "repair", timezone.now(), store_code=code)])


def test_stock_and_services_under_the_crms_id_are_those_of_our_store(company: Company) -> None:
    OrgUnit.objects.filter(pk=company.store_a.pk).update(crm_store_id="C1")

    counted("C1", 5)
    counted("S1", 4, minutes=1)
    counted("C1", 9, minutes=-1)
    served("F1", "C1")

    assert list(StoreStock.objects.values_list("store_code", "quantity")) == [("S1", 4)]
    assert ServiceReceived.objects.get().store_code == "S1"
    assert stores_unknown(["C1", "S1", "C9"]) == {"C9"}


def test_stock_and_services_join_an_id_that_is_told_later(company: Company) -> None:
    # given counts and a service under an id nobody knows, one of them newer than our own count
    counted("C9", 5, minutes=1)
    counted("S2", 4)
    stock_upsert([StockRow("C2", "C9", 1)])
    served("F1", "C9")

    # when headquarters says which store that is
    OrgUnit.objects.filter(pk=company.store_b.pk).update(crm_store_id="C9")
    store_codes_join()
    store_codes_join()

    # then there is one count of each SKU, the newer one
    found = StoreStock.objects.order_by("sku").values_list("sku", "store_code", "quantity")
    assert list(found) == [("C1", "S2", 5), ("C2", "S2", 1)]
    assert ServiceReceived.objects.get().store_code == "S2"
