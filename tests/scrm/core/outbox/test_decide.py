"""A person's decision about an unknown outcome; forgetting old content."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from scrm.core.audit.models import AuditEntry
from scrm.core.exceptions import Conflict
from scrm.core.outbox import services
from scrm.core.outbox.models import OutboxMessage
from scrm.core.outbox.sending import Sender
from tests.factories.inbox import message

pytestmark = pytest.mark.django_db

KIND = "test.note"


@pytest.fixture
def actor() -> Any:
    return get_user_model().objects.create_user("ops")


@pytest.fixture
def settled(senders: dict[str, Any]) -> list[Any]:
    done: list[Any] = []
    senders[KIND] = Sender(
        KIND,
        lambda payload: {},
        lambda payload, result: done.append((payload, result)),
        repeatable=False,
    )
    return done


def uncertain(**changes: Any) -> OutboxMessage:
    put = message(KIND, payload={"n": 1})
    OutboxMessage.objects.filter(pk=put.pk).update(
        **{"status": "uncertain", "interrupted": True, "attempts": 1} | changes
    )
    return put


def test_arrived_counts_as_sent_and_is_settled(settled: list[Any], actor: Any) -> None:
    # given
    waiting = uncertain()

    # when
    services.decide(waiting.pk, arrived=True, actor=actor, reason="seen in the chat")

    # then
    row = OutboxMessage.objects.get()
    assert (row.status, row.payload) == ("sent", {"n": 1})
    assert settled == [({"n": 1}, {})]
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.target, entry.reason) == (
        "outbox.count_as_sent",
        f"outbox_message:{row.pk}",
        "seen in the chat",
    )


def test_not_arrived_is_sent_again(settled: list[Any], actor: Any) -> None:
    waiting = uncertain()

    services.decide(waiting.pk, arrived=False, actor=actor, reason="not in the chat")

    row = OutboxMessage.objects.get()
    assert (row.status, row.attempts) == ("pending", 0)
    assert settled == []
    assert AuditEntry.objects.get().action == "outbox.send_again"


@pytest.mark.parametrize(
    ("changes", "arrived", "code"),
    [
        ({"status": "sent"}, True, "not_decidable"),
        ({"status": "pending"}, False, "not_decidable"),
        ({"status": "failed", "payload": None}, False, "payload_purged"),
        ({"status": "failed", "payload": None}, True, "payload_purged"),
        ({"expires_at": timezone.now() - timedelta(hours=1)}, False, "expired"),
    ],
)
def test_impossible_decisions_change_nothing(
    settled: list[Any], actor: Any, changes: dict[str, Any], arrived: bool, code: str
) -> None:
    # given
    waiting = uncertain(**changes)
    before = OutboxMessage.objects.values().get()

    # when
    with pytest.raises(Conflict) as refused:
        services.decide(waiting.pk, arrived=arrived, actor=actor, reason="x")

    # then
    assert refused.value.code == code
    assert OutboxMessage.objects.values().get() == before
    assert not AuditEntry.objects.exists()


def test_old_content_is_forgotten_and_the_key_stays(settled: list[Any]) -> None:
    # given
    old = timezone.now() - timedelta(days=31)
    for status in ("sent", "failed", "expired", "uncertain", "pending"):
        put = message(KIND)
        OutboxMessage.objects.filter(pk=put.pk).update(status=status, created_at=old)
    young = message(KIND)
    OutboxMessage.objects.filter(pk=young.pk).update(status="sent")

    # when
    count = services.purge_payloads(timezone.now() - timedelta(days=30))

    # then
    assert count == 3
    kept = OutboxMessage.objects.filter(payload__isnull=False).values_list("status", flat=True)
    assert sorted(kept) == ["pending", "sent", "uncertain"]
    assert OutboxMessage.objects.count() == 6
