"""One effect, one key, one row."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from scrm.core.outbox import services
from scrm.core.outbox.models import OutboxMessage

pytestmark = pytest.mark.django_db


def test_message_waits_with_its_encrypted_payload() -> None:
    # when
    put = services.put(
        kind="welcome.send", key="welcome:1", payload={"code": "SECRET", "n": 1}, lane="welcome"
    )

    # then
    assert put is not None
    row = OutboxMessage.objects.get()
    assert row.pk == put.pk
    assert (row.kind, row.key, row.lane, row.status, row.attempts) == (
        "welcome.send",
        "welcome:1",
        "welcome",
        "pending",
        0,
    )
    assert row.payload == {"code": "SECRET", "n": 1}
    with connection.cursor() as cursor:
        cursor.execute("SELECT payload FROM core_outboxmessage")
        assert b"SECRET" not in bytes(cursor.fetchone()[0])


def test_same_key_is_put_once() -> None:
    first = services.put(kind="a", key="k", payload={"n": 1})
    second = services.put(kind="a", key="k", payload={"n": 2})

    assert first is not None
    assert second is None
    assert OutboxMessage.objects.get().payload == {"n": 1}


def test_put_belongs_to_the_callers_transaction() -> None:
    with transaction.atomic():
        services.put(kind="a", key="k", payload={})
        transaction.set_rollback(True)

    assert not OutboxMessage.objects.exists()


def test_times_are_kept() -> None:
    later, end = timezone.now() + timedelta(hours=1), timezone.now() + timedelta(hours=2)

    put = services.put(kind="a", key="k", payload={}, not_before=later, expires_at=end)

    assert put is not None
    assert (put.not_before, put.expires_at) == (later, end)


def test_unknown_lane_is_refused() -> None:
    with pytest.raises(ValueError, match="bulk"):
        services.put(kind="a", key="k", payload={}, lane="bulk")

    assert not OutboxMessage.objects.exists()


@pytest.mark.parametrize("changes", [{"payload": None}, {"status": "sending"}])
def test_database_refuses_impossible_rows(changes: dict[str, Any]) -> None:
    services.put(kind="a", key="k", payload={})

    with pytest.raises(IntegrityError), transaction.atomic():
        OutboxMessage.objects.update(**changes)
