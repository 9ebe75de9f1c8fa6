"""Codes of other systems: our code or the CRM's id, and from the merge on the store that took over."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from contacts.org.codes import store_called, store_codes
from contacts.org.models import OrgUnit
from tests.factories.contacts import StoreFactory

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def merged(store: OrgUnit, into: OrgUnit, days: int) -> None:
    """Merge a store some days ago."""
    OrgUnit.objects.filter(pk=store.pk).update(
        status="closed", merged_into=into, merged_at=NOW - timedelta(days=days)
    )


def test_a_code_means_the_store_that_took_over_from_that_moment_on() -> None:
    # given C1 (our S1) merged into S2 ten days ago, and that one into S3 yesterday
    first, second, third = (StoreFactory(code=f"S{n}", crm_store_id=f"C{n}") for n in (1, 2, 3))
    merged(first, second, 10)
    merged(second, third, 1)

    codes = store_codes(["S1", "C1", "C3", "elsewhere", ""])

    # then each moment has its store, and unknown codes stay what they are
    moments = [NOW - timedelta(days=days) for days in (11, 5, 0)]
    assert [codes.code_at("C1", moment) for moment in moments] == ["S1", "S2", "S3"]
    assert [codes.code_at("S1", moment) for moment in moments] == ["S1", "S2", "S3"]
    assert codes.code_at("C3", NOW) == "S3"
    assert codes.code_at("elsewhere", NOW) == "elsewhere"
    assert codes.store_at("elsewhere", NOW) is None
    assert store_called("S1") == third


def test_our_code_is_the_stronger_name() -> None:
    StoreFactory(code="S1", crm_store_id="S2")
    ours = StoreFactory(code="S2")

    assert store_called("S2") == ours


def test_a_circle_of_merges_ends() -> None:
    one, two = StoreFactory(code="S1"), StoreFactory(code="S2")
    merged(one, two, 2)
    merged(two, one, 1)

    assert store_codes(["S1"]).code_at("S1", NOW) in {"S1", "S2"}


def test_many_codes_take_one_query_and_one_for_each_merge(
    django_assert_num_queries: object,
) -> None:
    stores = [StoreFactory(code=f"S{n}") for n in range(40)]
    for store in stores[1:]:
        merged(store, stores[0], 1)

    with django_assert_num_queries(2):  # type: ignore[operator]
        codes = store_codes([store.code for store in stores])
        assert {codes.code_at(store.code, NOW) for store in stores} == {"S0"}


def test_the_database_refuses_a_merge_without_its_moment() -> None:
    store = StoreFactory()
    with pytest.raises(IntegrityError), transaction.atomic():
        OrgUnit.objects.filter(pk=StoreFactory().pk).update(status="closed", merged_into=store)
