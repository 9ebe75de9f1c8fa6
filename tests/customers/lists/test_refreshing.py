"""Search entries follow the mirror: noted with the change, drained, rebuilt, never an old name over a new one."""

from typing import Any

import pytest

from customers.crm.models import CrmMember
from customers.lists.finding import first_hits, wanted
from customers.lists.models import ContactSearch, RelationSearch
from customers.lists.refreshing import rebuild_start, search_drain, search_rows_refresh
from customers.lists.tasks import search_rebuild
from customers.relations.bulk import page_store
from customers.relations.models import ExternalContact, SearchChange
from customers.relations.services import contact_observed, phone_verified, remark_written
from scrm.core.jobs.models import JobRun, JobState
from scrm.core.scope import SYSTEM_SCOPE
from tests.factories.customers import (
    ContactFactory,
    CrmMemberFactory,
    MemberFactory,
    RelationFactory,
    at,
    detail,
    follow,
    page,
)

pytestmark = pytest.mark.django_db


def drained() -> None:
    """Work on all that is noted."""
    while search_drain():
        pass


def hits(text: str) -> list[str]:
    """Return whom a text finds for headquarters."""
    return [contact.external_userid for contact in first_hits(SYSTEM_SCOPE, wanted(text), 9)]


def test_a_read_a_page_and_our_own_writes_are_found_after_the_next_tick() -> None:
    # given
    MemberFactory(userid="LiNa")
    contact_observed(detail("wm1", [follow("LiNa", remark="王总")], observed=10, name="张三"))
    page_store(page([("wm2", follow("LiNa", remark="赵姐"))], observed=10))
    assert hits("张三") == []

    # when
    drained()

    # then
    assert (hits("张三"), hits("王总"), hits("赵姐")) == (["wm1"], ["wm1"], ["wm2"])

    # and a new name, a new remark and a phone replace what was there
    contact_observed(detail("wm1", [follow("LiNa", remark="王总")], observed=20, name="李四"))
    remark_written("LiNa", "wm2", at(30), remark="孙哥")
    phone_verified("wm2", "13800138000")
    drained()
    assert (hits("张三"), hits("李四")) == ([], ["wm1"])
    assert (hits("赵姐"), hits("孙哥"), hits("8000")) == ([], ["wm2"], ["wm2"])


def test_an_unchanged_page_notes_nothing() -> None:
    MemberFactory(userid="LiNa")
    rows = [("wm1", follow("LiNa", remark="王总"))]
    page_store(page(rows, observed=10))
    assert list(SearchChange.objects.values_list("contact_ids", flat=True)) == [
        [ExternalContact.objects.get().pk]
    ]
    drained()

    page_store(page(rows, observed=20))

    assert SearchChange.objects.count() == 0


def row_versions(model: Any) -> list[Any]:
    """Return what PostgreSQL thinks of each entry."""
    return list(model.objects.extra(select={"version": "xmin::text"}).order_by("pk").values("pk", "version"))  # fmt: skip


def test_entries_that_stay_as_they_are_are_not_written() -> None:
    relations = [RelationFactory(remark="王总"), RelationFactory(remark="")]
    ids = [relation.contact_id for relation in relations]
    assert search_rows_refresh(ids) == 2
    before = [row_versions(model) for model in (ContactSearch, RelationSearch)]

    assert search_rows_refresh(ids) == 2

    assert [row_versions(model) for model in (ContactSearch, RelationSearch)] == before
    assert [len(each) for each in before] == [2, 2]


def test_a_remark_that_is_emptied_leaves_no_hashes() -> None:
    relation = RelationFactory(remark="王总")
    search_rows_refresh([relation.contact_id])
    assert RelationSearch.objects.get().keys != []
    relation.remark = ""
    relation.save()

    search_rows_refresh([relation.contact_id])

    assert RelationSearch.objects.get().keys == []


def test_entries_go_with_their_customer() -> None:
    relation = RelationFactory(remark="王总")
    search_rows_refresh([relation.contact_id])

    relation.contact.delete()

    assert (ContactSearch.objects.count(), RelationSearch.objects.count()) == (0, 0)


def test_the_rebuild_writes_everybody_and_goes_on_where_it_stopped(monkeypatch: Any) -> None:
    # given customers and a member from before the search
    monkeypatch.setattr("customers.lists.refreshing.BATCH", 2)
    contacts = sorted((ContactFactory(name=f"张{number}") for number in range(5)), key=lambda one: one.pk)  # fmt: skip
    member = CrmMemberFactory(phone="+8613800138000", phone_last4=None)
    job = rebuild_start(actor=None)
    stopped = JobRun.objects.filter(pk=job.pk)
    stopped.update(cursor={"room": "contacts", "after": str(contacts[1].pk)}, processed=2)

    # when
    search_rebuild(str(job.pk))

    # then the two before the cursor are left alone, the rest is there
    job.refresh_from_db()
    assert (job.state, job.processed) == (JobState.DONE, 6)
    assert ContactSearch.objects.count() == 3
    last_four = CrmMember.objects.get(pk=member.pk).phone_last4
    assert last_four is not None
    assert len(last_four) == 32
