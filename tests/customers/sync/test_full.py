"""A full sync against the sandbox over HTTP: row by row what its ledger says, and nothing written the second time."""

from typing import Any

import pytest
from django.db import connection

from customers.relations.models import ExternalContact, FollowRelation, RecordChange
from customers.sync.models import MemberRead, MissedChange, SyncChain
from tests.customers.sync.corp import Corp, held, job_of, synced

pytestmark = pytest.mark.django_db


def updated_tuples() -> int:
    """Return how many rows of customers and relations PostgreSQL has updated in this transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(n_tup_upd + n_tup_del) FROM pg_stat_xact_user_tables WHERE relname IN "
            "('customers_followrelation', 'customers_externalcontact')"
        )
        return int(cursor.fetchone()[0])


def test_every_relation_is_as_the_ledger_says_and_a_second_sync_updates_no_tuple(
    wecom_sandbox_world: Any, django_capture_on_commit_callbacks: Any
) -> None:
    # given 60 members in two chains, of whom some share customers
    corp = Corp(wecom_sandbox_world.control, members=60, relations=1500)

    # when
    sync = synced(django_capture_on_commit_callbacks)

    # then
    ledger = corp.ledger()
    assert len(ledger) == 1500
    assert held() == ledger
    assert (sync.outcome, sync.read, sync.created, sync.updated, sync.lost) == (
        "complete", 1500, 1500, 0, 0,
    )  # fmt: skip
    assert [len(chain.userids) for chain in sync.chains.order_by("number")] == [50, 10]
    job = job_of(sync)
    assert (job.state, job.total, job.processed, job.succeeded) == ("done", 60, 60, 60)
    # and a customer of two guides is one, all known to OneID
    contacts = ExternalContact.objects.count()
    assert contacts == len({external for _userid, external in ledger}) < 1500
    changed = RecordChange.objects.filter(record_kind="contact").values("record_id")
    assert changed.distinct().count() == contacts
    # and the first read of a member misses nothing
    assert MissedChange.objects.count() == 0
    assert MemberRead.objects.count() == 60

    # when nothing has changed
    before = updated_tuples()
    second = synced(django_capture_on_commit_callbacks)

    # then
    assert (second.outcome, second.read, second.created, second.updated) == ("complete", 1500, 0, 0)
    assert updated_tuples() - before == 0
    assert held() == ledger


def test_pages_that_are_short_or_empty_end_nothing(
    wecom_sandbox_world: Any, django_capture_on_commit_callbacks: Any
) -> None:
    # given a WeCom whose first page is empty and whose others are half full
    wecom_sandbox_world.control.post("behaviour", {"short_pages": True})
    corp = Corp(wecom_sandbox_world.control, members=3, relations=200)

    # when
    sync = synced(django_capture_on_commit_callbacks)

    # then
    assert sync.outcome == "complete"
    assert held() == corp.ledger()
    assert FollowRelation.objects.count() == 200
    assert SyncChain.objects.get().pages > 3


def test_nobody_with_customer_contact_reads_nothing_and_loses_nobody(
    wecom_sandbox_world: Any, django_capture_on_commit_callbacks: Any
) -> None:
    # given customers, and a WeCom that suddenly lists no member
    corp = Corp(wecom_sandbox_world.control, members=3, relations=60)
    synced(django_capture_on_commit_callbacks)
    wecom_sandbox_world.control.post(
        "faults",
        {
            "endpoint": "externalcontact/get_follow_user_list",
            "kind": "body",
            "text": '{"errcode": 0, "errmsg": "ok", "follow_user": []}',
            "value": 200,
        },
    )

    # when
    sync = synced(django_capture_on_commit_callbacks)

    # then
    wecom_sandbox_world.control.delete("faults")
    assert (sync.members, sync.lost) == (0, 0)
    assert held() == corp.ledger()
