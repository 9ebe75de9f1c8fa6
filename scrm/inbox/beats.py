"""Signs of life of the worker processes."""

from collections.abc import Mapping
from datetime import timedelta

import orjson
from django.db import connection
from django.utils import timezone

from scrm.inbox.models import WorkerBeat

FORGET_AFTER = timedelta(days=1)

BEAT = """
INSERT INTO inbox_workerbeat (name, started_at, seen_at, threads) VALUES (%s, now(), now(), %s)
ON CONFLICT (name) DO UPDATE SET seen_at = now()
"""


def beat(name: str, threads: Mapping[str, int]) -> None:
    """Show that the worker `name` (host:pid) lives, and forget those that are long gone."""
    with connection.cursor() as cursor:
        cursor.execute(BEAT, [name, orjson.dumps(dict(threads)).decode()])
    WorkerBeat.objects.filter(seen_at__lt=timezone.now() - FORGET_AFTER).delete()


def farewell(name: str) -> None:
    """Remove a worker that ended in order."""
    WorkerBeat.objects.filter(name=name).delete()
