"""Replay and forgetting; how far behind the worker is."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from scrm.core.audit.models import AuditEntry
from scrm.core.exceptions import Conflict
from scrm.inbox import selectors, services
from scrm.inbox.handling import Handler
from scrm.inbox.models import HandlerMark, InboxEvent, WorkerBeat
from scrm.inbox.tasks import purge
from scrm.inbox.worker import drain
from tests.factories.accounts import UserFactory
from tests.factories.inbox import message, quarantined, stored

pytestmark = pytest.mark.django_db

ADD = ("change_external_contact", "add_external_contact")


def test_replayed_event_is_applied_by_the_handlers_that_had_failed(routes: Any) -> None:
    # given: the first handler had succeeded before the quarantine
    done: list[str] = []
    routes[ADD] = (
        Handler("first", lambda event, fetched: done.append("first")),
        Handler("second", lambda event, fetched: done.append("second")),
    )
    event = quarantined()
    HandlerMark.objects.create(event=event, handler="first", applied_at=timezone.now())
    actor = UserFactory()

    # when
    services.replay(event.pk, actor=actor, reason="secret renewed")
    drain()

    # then
    event.refresh_from_db()
    assert (event.state, event.attempts) == ("done", 0)
    assert done == ["second"]
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.target, entry.actor_id) == (
        "inbox.replay",
        f"inbox_event:{event.pk}",
        actor.pk,
    )
    assert (entry.reason, entry.before["state"]) == ("secret renewed", "quarantined")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"state": "done"}, "not_replayable"),
        ({"state": "pending"}, "not_replayable"),
        ({"payload": None}, "payload_purged"),
    ],
)
def test_what_cannot_be_replayed_stays_as_it_is(changes: dict[str, Any], code: str) -> None:
    # given
    event = quarantined()
    InboxEvent.objects.update(**changes)
    before = InboxEvent.objects.values().get()

    # when
    with pytest.raises(Conflict) as refused:
        services.replay(event.pk, actor=UserFactory(), reason="x")

    # then
    assert refused.value.code == code
    assert InboxEvent.objects.values().get() == before
    assert not AuditEntry.objects.exists()


def test_all_in_quarantine_are_replayed_as_one_act() -> None:
    # given
    events = [quarantined() for _ in range(3)]
    other = stored()

    # when
    count = services.replay_quarantined(actor=UserFactory(), reason="mended")

    # then
    assert count == 3
    assert InboxEvent.objects.filter(state="pending").count() == 4
    assert InboxEvent.objects.get(pk=other.pk).claims == 0
    assert AuditEntry.objects.get().after == {
        "count": 3,
        "first": events[0].pk,
        "last": events[-1].pk,
    }


def test_old_payloads_are_forgotten_and_hashes_stay() -> None:
    # given
    old = timezone.now() - timedelta(days=31)
    done, waiting, young = stored(), stored(), stored()
    InboxEvent.objects.filter(pk__in=[done.pk, waiting.pk]).update(received_at=old)
    InboxEvent.objects.filter(pk__in=[done.pk, young.pk]).update(state="done")

    # when
    purge()

    # then
    kept = InboxEvent.objects.filter(payload__isnull=False).values_list("pk", flat=True)
    assert sorted(kept) == [waiting.pk, young.pk]
    assert InboxEvent.objects.filter(digest=done.digest).exists()


def test_backlog_counts_every_lane(django_assert_num_queries: Any) -> None:
    # given
    stored(WelcomeCode="C")
    for _ in range(2):
        event = stored()
    InboxEvent.objects.filter(pk=event.pk).update(due_at=timezone.now() + timedelta(minutes=5))
    InboxEvent.objects.filter(lane="welcome").update(due_at=timezone.now() - timedelta(seconds=90))
    message()

    # when
    with django_assert_num_queries(1):
        rows = selectors.backlog()

    # then
    found = {(row.queue, row.lane): (row.waiting, row.due) for row in rows}
    assert found == {
        ("inbox", "welcome"): (1, 1),
        ("inbox", "event"): (2, 1),
        ("inbox", "sync"): (0, 0),
        ("outbox", "welcome"): (0, 0),
        ("outbox", "event"): (1, 1),
        ("outbox", "sync"): (0, 0),
    }
    overdue = {(row.queue, row.lane): round(row.overdue_seconds) for row in rows}
    assert 85 <= overdue["inbox", "welcome"] <= 95
    assert overdue["inbox", "sync"] == 0


def test_attention_counts_what_waits_for_a_person() -> None:
    quarantined()
    message()

    assert selectors.attention() == {"quarantined": 1, "uncertain": 0, "failed": 0}


def test_silent_worker_is_not_alive() -> None:
    # given
    now = timezone.now()
    WorkerBeat.objects.create(name="a:1", started_at=now, seen_at=now)
    WorkerBeat.objects.create(name="b:1", started_at=now, seen_at=now - timedelta(seconds=16))

    # when, then
    assert [worker.name for worker in selectors.workers_alive()] == ["a:1"]
