"""Two batches with the same events in opposite orders, at the same time: both get through, each event is kept once."""

import threading
import time

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone
from rest_framework.test import APIClient

from attribution.entries.models import EntryStore, EntryVisit
from attribution.entries.services import visits_record
from attribution.entries.visiting import VisitRow
from attribution.touches.models import Touch
from scrm.accounts.services import partner_key_create

pytestmark = pytest.mark.django_db(transaction=True)


def waiting() -> int:
    """Return how many of this database's transactions wait for another one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return int(cursor.fetchone()[0])


def test_the_same_events_in_opposite_orders_do_not_lock_each_other_out(shown: EntryStore) -> None:
    # given a transaction that has written the event in the middle and is not done
    tokens = {
        name: partner_key_create(name=name, scopes=["events.write"])[1] for name in ("amz", "zma")
    }
    now = timezone.now()
    answers: dict[str, int] = {}

    def send(keys: str) -> None:
        events = [
            {"event_id": key, "kind": "entry_click", "occurred_at": now.isoformat(),
             "entry": "result-gift", "store_code": "S1", "visitor_id": "d"}
            for key in keys
        ]  # fmt: skip
        headers = {"Authorization": f"Bearer {tokens[keys]}", "Idempotency-Key": f"{keys}-batch"}
        client = APIClient(raise_request_exception=False, headers=headers)
        try:
            answer = client.post("/api/v1/events/batch", {"events": events}, format="json")
            answers[keys] = answer.status_code
        finally:
            connections.close_all()

    senders = [threading.Thread(target=send, args=(keys,)) for keys in tokens]
    with transaction.atomic():
        visits_record([VisitRow("m", "entry_click", now, token=shown.token, visitor_id="d")])

        # when two senders send it among others, one backwards, until both wait
        for each in senders:
            each.start()
        until = time.monotonic() + 20
        while waiting() < len(senders) and time.monotonic() < until:
            time.sleep(0.02)
        assert waiting() == len(senders)
        transaction.set_rollback(True)
    for each in senders:
        each.join()

    # then nobody was refused, and every event is there once
    assert answers == {"amz": 200, "zma": 200}
    assert sorted(EntryVisit.objects.values_list("key", flat=True)) == ["a", "m", "z"]
    assert sorted(Touch.objects.values_list("event_id", flat=True)) == ["a", "m", "z"]
