"""Looks everywhere for what is left of a person's names: in keys, in words, in sealed payloads."""

import re
from collections.abc import Mapping
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from django.utils import timezone
from django.utils.translation import gettext as _

from contacts.feed.models import FeedItem
from scrm.core.crypto import DecryptionError
from scrm.core.data_map import own_models
from scrm.core.holdings import Subject
from scrm.core.keys.sealed import quoted
from scrm.core.outbox.models import OutboxMessage
from scrm.inbox.models import InboxEvent
from scrm.inbox.payload import unseal

# A shorter name would be found inside others'.
SHORTEST = 6
# The audit is kept by law and names rows, not people; tombstones are hashes.
LEFT_ALONE = frozenset({"core.AuditEntry", "customers.Tombstone"})
TEXT = (models.CharField, models.TextField, models.JSONField)
GONE = "erased"
WAITING = (OutboxMessage.Status.PENDING, OutboxMessage.Status.UNCERTAIN)


def needles(subject: Subject, masks: Mapping[str, str]) -> dict[str, str]:
    """Return what to look for, and what takes its place: names, and phones as people write them."""
    found = {old: new for old, new in masks.items() if len(old) >= SHORTEST}
    for phone in subject.phones:
        found |= {phone: GONE, phone.removeprefix("+86"): GONE}
    return found


def sweep(wanted: Mapping[str, str]) -> dict[str, int]:
    """Replace names in every text column of every table, in the caller's transaction; returns rows by table."""
    if not wanted:
        return {}
    pattern = _pattern(wanted)
    with connection.cursor() as cursor:
        # Every table is read once: longer than a page may take.
        cursor.execute("SET LOCAL statement_timeout = '600s'")
        # Movements of points let nothing but their note be changed, and that only here (migration customers.0015).
        cursor.execute("SET LOCAL scrm.forget = 'on'")
    counts = {}
    for model in own_models():
        if model._meta.label not in LEFT_ALONE:
            counts[model._meta.label] = _table(model, wanted, pattern)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL scrm.forget = 'off'")
    return {label: count for label, count in counts.items() if count}


def _pattern(wanted: Mapping[str, str]) -> str:
    words = "|".join(
        re.escape(each).replace("\\-", "-") for each in sorted(wanted, key=len, reverse=True)
    )
    return f"(?<![A-Za-z0-9_]){'(?:' + words + ')'}(?![A-Za-z0-9_])"


def _table(model: type[models.Model], wanted: Mapping[str, str], pattern: str) -> int:
    columns = [field for field in model._meta.concrete_fields if _is_text(field)]
    if not columns:
        return 0
    quote = quoted
    searched = " || ' ' || ".join(f"coalesce({quote(f.column)}::text, '')" for f in columns)
    key = quote(model._meta.pk.column)
    table = quote(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {key} FROM {table} WHERE ({searched}) ~ %s",  # noqa: S608 -- names of our own models
            [pattern],
        )
        keys = [row[0] for row in cursor.fetchall()]
    for pk in keys:
        row = model._default_manager.get(pk=pk)
        held = {field.name: getattr(row, field.attname) for field in columns}
        said = {name: _replaced(value, wanted, pattern) for name, value in held.items()}
        changes = {name: value for name, value in said.items() if value != held[name]}
        model._default_manager.filter(pk=pk).update(**changes)
    return len(keys)


def _is_text(field: "models.Field[Any, Any]") -> bool:
    if field.is_relation:
        return False
    return isinstance(field, TEXT) or (
        isinstance(field, ArrayField) and isinstance(field.base_field, models.CharField)
    )


def _replaced(value: Any, wanted: Mapping[str, str], pattern: str) -> Any:
    if isinstance(value, str):
        return re.sub(pattern, lambda hit: wanted[hit.group()], value)
    if isinstance(value, list):
        return [_replaced(each, wanted, pattern) for each in value]
    if isinstance(value, dict):
        return {
            _replaced(name, wanted, pattern): _replaced(each, wanted, pattern)
            for name, each in value.items()
        }
    return value


# --- sealed payloads: they go within days by themselves, a forgotten person's go now ---------------------------------


def payloads_forget(wanted: Mapping[str, str]) -> dict[str, int]:
    """Delete what events, outgoing messages and tasks still say about a person; returns rows by table."""
    if not wanted:
        return {}
    pattern = re.compile(_pattern(wanted))
    counts = {
        "inbox.InboxEvent": _events(pattern),
        "core.OutboxMessage": _messages(pattern),
        "contacts.FeedItem": _items(pattern),
    }
    return {label: count for label, count in counts.items() if count}


def _events(pattern: "re.Pattern[str]") -> int:
    kept = InboxEvent.objects.filter(payload__isnull=False).exclude(state=InboxEvent.State.PENDING)
    hits = []
    for pk, digest, payload in kept.values_list("pk", "digest", "payload").iterator(2000):
        try:
            xml = unseal(bytes(digest), bytes(payload or b"")).decode("utf-8", "replace")
        except DecryptionError:
            continue
        if pattern.search(xml):
            hits.append(pk)
    return InboxEvent.objects.filter(pk__in=hits).update(payload=None)


def _messages(pattern: "re.Pattern[str]") -> int:
    """Take the payloads of what ended; what still waited to be sent about them is not sent any more."""
    kept = OutboxMessage.objects.filter(payload__isnull=False)
    waiting = kept.filter(status__in=WAITING)
    ended = kept.filter(status__in=("sent", "failed", "expired"))
    hits = [row.pk for row in ended.iterator(2000) if _says(row, "payload", pattern)]
    stopped = [row.pk for row in waiting.iterator(2000) if _says(row, "payload", pattern)]
    return OutboxMessage.objects.filter(pk__in=hits).update(payload=None) + (
        # One that a worker took meanwhile is under way; it ends, and its payload goes with its limit.
        OutboxMessage.objects.filter(pk__in=stopped, status__in=WAITING).update(
            payload=None,
            status=OutboxMessage.Status.EXPIRED,
            settled_at=timezone.now(),
            error=_("Not sent: the person it was about was forgotten."),
        )
    )


def _items(pattern: "re.Pattern[str]") -> int:
    hits = [row.pk for row in FeedItem.objects.iterator(2000) if _says(row, "data", pattern)]
    return FeedItem.objects.filter(pk__in=hits).delete()[0]


def _says(row: Any, name: str, pattern: "re.Pattern[str]") -> bool:
    try:
        return pattern.search(str(getattr(row, name))) is not None
    except DecryptionError:
        return False
