"""Phones and ID cards that more records share than one human has: they tie nobody until a human allows it."""

from collections.abc import Collection, Iterable

from django.conf import settings
from django.db import connection
from django.utils import timezone

from customers.oneid.models import SharedKey
from customers.oneid.partition import LENT_KINDS, Key, Limits
from scrm.core.copy import copy_rows
from scrm.core.ids import uuid7

State = SharedKey.State


def limits() -> Limits:
    """Return how many records may share a phone or ID card, and how many one person may have."""
    return Limits(settings.ONEID_KEY_LIMIT, settings.ONEID_RECORD_LIMIT)


COUNTS = """
select k.kind, k.value, count(*)
  from unnest(%s::text[], %s::text[]) asked(kind, value)
  join customers_recordkey k on k.kind = asked.kind and k.value = asked.value
 group by 1, 2
"""


def key_counts(keys: Iterable[Key]) -> dict[Key, int]:
    """Return how many records hold each of these keys."""
    asked = sorted(set(keys))
    if not asked:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(COUNTS, [[kind for kind, _v in asked], [value for _k, value in asked]])
        return {(kind, value): count for kind, value, count in cursor.fetchall()}


def crowded_among(keys: Iterable[Key]) -> frozenset[Key]:
    """Return those of these keys that tie nobody: shared by too many or ignored by a human, and not allowed."""
    lent = {key for key in keys if key[0] in LENT_KINDS}
    most = limits().degree
    crowded = {key for key, count in key_counts(lent).items() if count > most}
    decided = words(lent)
    ignored = {key for key in lent if decided.get(key) == State.IGNORED}
    return frozenset(key for key in crowded | ignored if decided.get(key) != State.ALLOWED)


def words(keys: Collection[Key]) -> dict[Key, str]:
    """Return what humans said of these keys: ignored or allowed."""
    if not keys:
        return {}
    rows = SharedKey.objects.filter(
        value__in=[value for _kind, value in keys], state__in=[State.IGNORED, State.ALLOWED]
    )
    return {
        (kind, value): state
        for kind, value, state in rows.values_list("kind", "value", "state")
        if (kind, value) in keys
    }


def shared_write(moved: Collection[Key]) -> int:
    """Make the queue of shared identifiers equal to what records hold, for these; return how many are new."""
    if not moved:
        return 0
    most, counts = limits().degree, key_counts(moved)
    rows = SharedKey.objects.filter(value__in=[value for _kind, value in moved])
    known = {(row.kind, row.value): row for row in rows}
    opened: list[Key] = []
    for key in sorted(moved):
        row, count = known.get(key), counts.get(key, 0)
        if row is not None:
            _follow(row, count, most)
        elif count > most:
            opened.append(key)
    if not opened:
        return 0
    now = timezone.now()
    with connection.cursor() as cursor:
        copy_rows(
            cursor,
            SharedKey._meta.db_table,
            ["id", "kind", "value", "records", "state", "opened_at", "reason"],
            [
                (uuid7(), kind, value, counts[(kind, value)], State.OPEN.value, now, "")
                for kind, value in opened
            ],
        )
    return len(opened)


def _follow(row: SharedKey, count: int, most: int) -> None:
    """Keep a known row's count, and whether anybody needs to look at it."""
    state = row.state
    if row.decided_at is None:
        state = State.OPEN if count > most else State.GONE
    if (row.records, row.state) != (count, state):
        SharedKey.objects.filter(pk=row.pk).update(records=count, state=state)
