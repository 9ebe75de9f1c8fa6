"""Lost is only who an event or two looks prove lost; and a page on its way never undoes what happened meanwhile."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from customers.relations import services as relations
from customers.relations.bulk import Walked, pages_store
from customers.relations.models import FollowRelation, RelationEvent
from customers.relations.reading_models import ListedPage
from customers.relations.services import RelationFact
from customers.sync import services
from customers.sync.models import MissedChange, Unlisted
from scrm.core.exceptions import Conflict, ValidationFailed
from scrm.core.ids import uuid7
from scrm.wecom import errors
from tests.customers.sync.corp import again, job_of, lost, synced
from tests.customers.sync.fakes import Gateway
from tests.factories.accounts import UserFactory
from tests.factories.customers import at, detail, follow, page

pytestmark = pytest.mark.django_db


def outcomes() -> dict[str, int]:
    """Return what became of the relations that were not listed."""
    found: dict[str, int] = {}
    for outcome in Unlisted.objects.values_list("outcome", flat=True):
        found[outcome] = found.get(outcome, 0) + 1
    return found


# --- losses -------------------------------------------------------------------------------------------------


def test_who_is_in_no_page_and_in_no_second_look_is_lost_and_listed_as_missed(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    # given a customer who is gone since the last sync, and one who only changed guides
    gateway = Gateway(a=[["wm1", "wm2"], ["wm3"]], b=[["wm9"]]).use(monkeypatch)
    synced(django_capture_on_commit_callbacks)
    gateway.customers["a"] = [["wm1"]]
    gateway.customers["b"] = [["wm9", "wm3"]]

    # when
    before = timezone.now()
    sync = synced(django_capture_on_commit_callbacks)

    # then
    gone = lost()
    assert set(gone) == {("a", "wm2"), ("a", "wm3")}
    assert {cause for cause, _at in gone.values()} == {"unlisted"}
    assert all(moment is not None and moment >= before for _cause, moment in gone.values())
    assert sorted(gateway.looked) == ["wm2", "wm3"]
    assert (sync.outcome, sync.lost, outcomes()) == ("complete", 2, {"lost": 2})
    missed = MissedChange.objects.values_list("kind", "relation__contact__external_userid")
    assert sorted(missed) == [("added", "wm3"), ("lost", "wm2"), ("lost", "wm3")]


def test_a_second_look_that_shows_the_customer_loses_nobody(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    # given a WeCom whose list is suddenly empty although it is not
    gateway = Gateway(a=[["wm1", "wm2"]]).use(monkeypatch)
    synced(django_capture_on_commit_callbacks)
    gateway.customers["a"] = []
    gateway.looks = {"wm1": ["a"], "wm2": ["a"]}

    # when
    sync = synced(django_capture_on_commit_callbacks)

    # then
    assert (lost(), sync.lost, outcomes()) == ({}, 0, {"listed": 2})
    assert MissedChange.objects.count() == 0


def test_a_chain_that_failed_concludes_nothing(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    gateway = Gateway(a=[["wm1"]], b=[["wm2"]]).use(monkeypatch)
    synced(django_capture_on_commit_callbacks)
    gateway.customers["a"] = []
    gateway.bad["a"] = errors.WeComPermission(60011, "no privilege", "x")

    sync = synced(django_capture_on_commit_callbacks)

    assert (lost(), sync.outcome, gateway.looked) == ({}, "partial", [])


def test_a_member_who_lost_customer_contact_meanwhile_loses_nobody(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    # given WeCom hides a member's customers, and no longer lists the member once the chain is read
    gateway = Gateway(a=[["wm1"]], b=[["wm2"]]).use(monkeypatch)
    synced(django_capture_on_commit_callbacks)
    gateway.customers["a"] = []
    gateway.broken["a+b", ""] = [lambda: gateway.unlisted.add("a")]

    # when
    sync = synced(django_capture_on_commit_callbacks)

    # then
    assert (lost(), outcomes(), sync.outcome) == ({}, {"unknown": 1}, "partial")
    assert gateway.looked == []


def test_a_look_that_fails_loses_nobody(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    gateway = Gateway(a=[["wm1"], ["wm2"]]).use(monkeypatch)
    synced(django_capture_on_commit_callbacks)
    gateway.customers["a"] = [["wm1"]]
    gateway.looks["wm2"] = errors.WeComPermission(60011, "no privilege", "x")

    sync = synced(django_capture_on_commit_callbacks)

    assert (lost(), outcomes(), sync.outcome) == ({}, {"unknown": 1}, "partial")


def test_a_deletion_told_between_the_read_and_the_look_was_not_missed(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    # given two customers who are gone; the event of one comes while the looks are under way
    gateway = Gateway(a=[["wm1", "wm2", "wm3"]]).use(monkeypatch)
    synced(django_capture_on_commit_callbacks)
    gateway.customers["a"] = [["wm1"]]
    unjudged = services._unjudged

    def told(*arguments: Any) -> None:
        unjudged(*arguments)
        fact = RelationFact("a", "wm2", RelationEvent.Kind.DEL_BY_CUSTOMER, timezone.now())
        relations.relation_event_record(fact)
        services.told("a", "wm2", "del_follow_user", fact.occurred_at)

    monkeypatch.setattr(services, "_unjudged", told)

    # when
    sync = synced(django_capture_on_commit_callbacks)

    # then both are lost, and only the other one was missed
    assert {pair: cause for pair, (cause, _at) in lost().items()} == {
        ("a", "wm2"): "customer",
        ("a", "wm3"): "unlisted",
    }
    assert (sync.lost, outcomes(), sync.outcome) == (1, {"lost": 2}, "complete")
    missed = MissedChange.objects.values_list("kind", "relation__contact__external_userid")
    assert list(missed) == [("lost", "wm3")]


def test_far_too_many_missing_wait_for_a_person_who_says_why(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    # given half of all customers are missing
    monkeypatch.setattr(services, "HELD_LEAST", 1)
    gateway = Gateway(a=[["wm1", "wm2"], ["wm3", "wm4"]]).use(monkeypatch)
    synced(django_capture_on_commit_callbacks)
    gateway.customers["a"] = [["wm1", "wm2"]]

    # when
    sync = synced(django_capture_on_commit_callbacks)

    # then
    assert (sync.held, sync.outcome, lost(), gateway.looked) == (2, "partial", {}, [])
    assert job_of(sync).state == "done"

    # when somebody releases them without a reason, and with one
    actor = UserFactory()
    with pytest.raises(ValidationFailed):
        services.losses_release(sync, actor=actor, reason=" ")
    with django_capture_on_commit_callbacks(execute=True):
        services.losses_release(sync, actor=actor, reason="two guides left")

    # then each is looked at before it is lost, and it is done once
    assert set(lost()) == {("a", "wm3"), ("a", "wm4")}
    assert (again(sync).outcome, sorted(gateway.looked)) == ("complete", ["wm3", "wm4"])
    with pytest.raises(Conflict):
        services.losses_release(sync, actor=actor, reason="again")


def test_a_hand_over_no_event_told_is_none_of_the_lost(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    # given a customer whom an administrator gave to a colleague
    gateway = Gateway(a=[["wm1", "wm2"]], b=[]).use(monkeypatch)
    synced(django_capture_on_commit_callbacks)
    gateway.customers["a"], gateway.customers["b"] = [["wm1"]], [["wm2"]]
    created = (timezone.now() - at(0)).total_seconds()
    read = gateway.batch_get_by_user

    def handed(userids: list[str], cursor: str = "", limit: int = 100) -> Any:
        found = read(userids, cursor, limit)
        rows = [
            (row.contact.external_userid, follow("b", created=created, add_way=202))
            if row.follow.userid == "b"
            else (row.contact.external_userid, row.follow)
            for row in found.rows
        ]
        listed = page(rows, next_cursor=found.next_cursor)
        return type(listed)(listed.rows, listed.next_cursor, found.observed_at)

    monkeypatch.setattr(gateway, "batch_get_by_user", handed)
    gateway.looks["wm2"] = errors.WeComPermanent(84061, "not external contact", "x")

    # when
    synced(django_capture_on_commit_callbacks)

    # then
    assert {pair: cause for pair, (cause, _at) in lost().items()} == {("a", "wm2"): "transfer"}
    assert sorted(MissedChange.objects.values_list("kind", flat=True)) == ["handed", "received"]


def test_a_change_whose_event_comes_late_was_not_missed(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    gateway = Gateway(a=[["wm1"]]).use(monkeypatch)
    synced(django_capture_on_commit_callbacks)
    gateway.customers["a"] = [["wm1", "wm2"]]
    synced(django_capture_on_commit_callbacks)
    missed = MissedChange.objects.get()

    # an event of tomorrow says nothing of it, nor one of another kind; an add of before it was found does
    add, before = "add_external_contact", missed.found_at - timedelta(seconds=5)
    assert services.told("A", "wm2", add, missed.found_at + timedelta(days=1)) == 0
    for change_type in ("edit_external_contact", "del_follow_user", "transfer_fail"):
        assert services.told("A", "wm2", change_type, before) == 0
    assert services.told("A", "wm2", add, before) == 1

    missed.refresh_from_db()
    assert missed.told_at is not None


# --- a page on its way ----------------------------------------------------------------------------------------


def deleted(seconds: float) -> None:
    """Process the event of a deletion by the customer."""
    relations.relation_event_record(
        RelationFact("LiNa", "wm1", RelationEvent.Kind.DEL_BY_CUSTOMER, at(seconds))
    )


def stands() -> tuple[str, str, float]:
    """Return status, remark and second of adding of the one relation."""
    relation = FollowRelation.objects.get()
    return relation.status, relation.remark, (relation.created_time - at(0)).total_seconds()


@pytest.mark.parametrize("listing", [None, uuid7()])
def test_a_page_fetched_before_a_deletion_and_stored_behind_it_does_not_resurrect(
    listing: Any,
) -> None:
    # given a relation, and a page of it on its way since second 10
    pages_store([Walked(page([("wm1", follow("LiNa"))], observed=1), uuid7())])
    late = page([("wm1", follow("LiNa", remark="old"))], observed=10)

    # when the deletion of second 11 is processed first
    deleted(11)
    relations.contact_gone("wm1", at(12))
    stored = pages_store([Walked(late, listing)])

    # then it stays deleted, and nothing was "missed"
    assert stands()[0] == "lost"
    assert stored.changes == []


@pytest.mark.parametrize("listing", [None, uuid7()])
def test_a_page_of_before_a_deletion_and_a_new_add_keeps_the_new_add(listing: Any) -> None:
    # given a page fetched at second 10, a deletion at 11, a new add at 13 read at 14
    pages_store([Walked(page([("wm1", follow("LiNa"))], observed=1), uuid7())])
    late = page([("wm1", follow("LiNa", remark="old"))], observed=10)
    deleted(11)
    relations.contact_observed(
        detail("wm1", [follow("LiNa", created=13, remark="new")], observed=14)
    )

    # when the page is stored last
    pages_store([Walked(late, listing)])

    # then
    assert stands() == ("active", "new", 13)


def test_an_older_read_knows_that_a_page_has_listed_the_relation_unchanged_since() -> None:
    # given a page of second 30 that found nothing changed, and wrote no row
    pages_store([Walked(page([("wm1", follow("LiNa", remark="a"))], observed=1), uuid7())])
    before = FollowRelation.objects.values().get()
    pages_store([Walked(page([("wm1", follow("LiNa", remark="a"))], observed=30), uuid7())])
    assert FollowRelation.objects.values().get() == before
    assert ListedPage.objects.count() == 2

    # when a read begun at second 20 is applied after it, and our own writes of second 25
    relations.contact_observed(detail("wm1", [follow("LiNa", remark="older")], observed=20))
    relations.remark_written("LiNa", "wm1", at(25), remark="older too")
    relations.tags_written("LiNa", "wm1", ["et1"], [], at(25))

    # then none of them passes for news; what is really newer does
    relation = FollowRelation.objects.get()
    assert (relation.remark, relation.tag_ids) == ("a", [])
    relations.contact_observed(detail("wm1", [follow("LiNa", remark="b")], observed=31))
    assert FollowRelation.objects.get().remark == "b"


def test_a_loss_by_two_looks_ends_as_soon_as_any_newer_read_lists_the_customer(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    # given a relation that two looks have proven lost
    gateway = Gateway(a=[["wm1", "wm2"]]).use(monkeypatch)
    synced(django_capture_on_commit_callbacks)
    older = timezone.now()
    gateway.customers["a"] = [["wm1"]]
    synced(django_capture_on_commit_callbacks)
    assert set(lost()) == {("a", "wm2")}

    # when a page of before arrives, then one of after
    listed = page([("wm2", follow("a"))])
    pages_store([Walked(type(listed)(listed.rows, "", older), uuid7())])
    assert set(lost()) == {("a", "wm2")}
    pages_store([Walked(type(listed)(listed.rows, "", timezone.now()), uuid7())])

    # then
    assert lost() == {}
