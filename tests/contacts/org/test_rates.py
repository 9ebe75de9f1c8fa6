"""The binding rate equals a recount, whatever the shape of the organisation and whoever asks."""

import random

import pytest
from django.test import Client
from django.urls import reverse

from contacts.directory.models import Member
from contacts.org.models import OrgUnit, StoreBinding
from contacts.org.selectors import binding_rates, total_rate, unit_rates
from scrm.accounts.models import User
from scrm.core.scope import SYSTEM_SCOPE, Scope
from tests.cast import Company, company, hq_ops

__all__ = ["company", "hq_ops"]
pytestmark = pytest.mark.django_db


def grow(seed: int) -> list[OrgUnit]:
    """Return a random organisation: branches, dealers below some, stores below any; some closed, some bound."""
    chance = random.Random(seed)
    units: list[OrgUnit] = []
    for pk in range(1, 161):
        kind = "branch" if pk <= 6 else "dealer" if pk <= 20 else "store"
        above = [
            unit
            for unit in units
            if unit.kind == "branch" or (kind == "store" and unit.kind == "dealer")
        ]
        parent = chance.choice(above) if above and kind != "branch" else None
        units.append(
            OrgUnit(pk=pk, kind=kind, code=f"U{pk:03d}", name=f"单位{pk}", parent=parent,
                    path=f"{parent.path if parent else '/'}{pk}/",
                    status="closed" if kind == "store" and chance.random() < 0.2 else "open")
        )  # fmt: skip
    OrgUnit.objects.bulk_create(units)
    for number in range(120):
        store = chance.choice([unit for unit in units if unit.kind == "store"])
        member = Member.objects.create(userid=f"m{seed}-{number}", status=1)
        state = chance.choice(["active", "serve_only", "retired"])
        StoreBinding.objects.create(store=store, member=member, state=state, position=1)
    return units


def recount(units: list[OrgUnit], scope_path: str = "/") -> dict[str, tuple[int, int]]:
    """Return (bound, stores) by code of the nearest branch or dealer, the slow and plain way."""
    found: dict[str, tuple[int, int]] = {}
    for store in units:
        if store.kind != "store" or store.status != "open" or not store.path.startswith(scope_path):
            continue
        assert store.parent is not None
        bound, stores = found.get(store.parent.code, (0, 0))
        serves = StoreBinding.objects.filter(store=store, state="active").exists()
        found[store.parent.code] = (bound + serves, stores + 1)
    return found


@pytest.mark.parametrize("seed", range(5))
def test_the_rate_by_branch_equals_a_recount(seed: int) -> None:
    units = grow(seed)

    rates = binding_rates(SYSTEM_SCOPE)

    counted = {rate.branch.code: (rate.bound, rate.stores) for rate in rates if rate.branch}
    assert counted == recount(units)


@pytest.mark.parametrize("seed", range(5))
def test_a_branch_counts_its_dealers_stores_too(
    seed: int, django_assert_num_queries: object
) -> None:
    units = grow(seed)
    above = [unit for unit in units if unit.kind != "store"]

    with django_assert_num_queries(1):  # type: ignore[operator]
        rates = unit_rates(SYSTEM_SCOPE, [unit.path for unit in above])

    for unit in above:
        plain = recount(units, unit.path).values()
        assert (rates[unit.path].bound, rates[unit.path].stores) == (
            sum(bound for bound, _stores in plain),
            sum(stores for _bound, stores in plain),
        )


def test_a_branch_counts_only_what_it_may_see() -> None:
    units = grow(9)
    branch = units[0]
    scope = Scope(
        user_id=1, role_codes=frozenset(), permissions=frozenset(), everything=False,
        org_paths=(branch.path,), userid=None, own_only=False, masks=frozenset(),
    )  # fmt: skip

    rates = {rate.branch.code: (rate.bound, rate.stores) for rate in binding_rates(scope) if rate.branch}  # fmt: skip

    assert rates == recount(units, branch.path)


def test_a_store_whose_accounts_cannot_serve_is_bound_and_told_apart(
    company: Company, hq_ops: User, client: Client
) -> None:
    # given store A with two accounts, one of them disabled, B with a disabled one alone, and one with nobody
    for store, statuses in ((company.store_a, (1, 2)), (company.store_b, (2,))):
        for number, status in enumerate(statuses):
            member = Member.objects.create(userid=f"{store.code}-{number}", status=status)
            StoreBinding.objects.create(store=store, member=member, position=number + 1)

    rates = {rate.branch.code: rate for rate in binding_rates(SYSTEM_SCOPE) if rate.branch}

    # then A and B are bound, and B has nobody able to serve; the pages say both
    total = total_rate(rates.values())
    assert (rates["B1"].bound, rates["B1"].idle, rates["B1"].stores) == (2, 1, 2)
    assert (total.bound, total.idle, total.stores, total.percent) == (2, 1, 3, 66.7)
    client.force_login(hq_ops)
    for page in ("org:list", "org:units"):
        assert client.get(reverse(page)).context["total"] == total
