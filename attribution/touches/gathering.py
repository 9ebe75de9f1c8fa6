"""Turns what other rooms saw into touches: views of sent materials, and adds of guides.

Both are read again from a little before the last reading and recorded once by their id, so a reading that
died or overlapped with a slow transaction loses nothing. An add whose beginning or source turned out
different replaces its touch.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TypeVar

from django.db import transaction
from django.utils import timezone

from attribution.adds.models import AddEpisode
from attribution.touches.models import OWN_PREFIX, GatherMark, Touch
from attribution.touches.partitions import kept_since
from attribution.touches.services import (
    EventRow,
    events_record,
    orders_after,
    touches_lock,
    touches_of_rows,
)
from contacts.directory.selectors import members_by_userids
from customers.relations.models import RelationEvent
from materials.tracking.models import Send, View, Who

BATCH = 500
# A transaction may commit this long after its rows were stamped.
OVERLAP = timedelta(minutes=10)
# A page may become a view this long after it was opened (materials: BEATS_TAKEN).
VIEW_LIFE = timedelta(hours=12)
Row = TypeVar("Row")
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def touches_gather() -> int:
    """Read both sources; returns how many touches are new or different."""
    return _gather("views", views_gather) + _gather("adds", adds_gather)


def _gather(source: str, gather: Callable[[datetime], int]) -> int:
    now = timezone.now()
    mark = GatherMark.objects.filter(source=source).first()
    since = mark.until - OVERLAP if mark else EPOCH
    count = gather(since)
    GatherMark.objects.update_or_create(source=source, defaults={"until": now})
    return count


def views_gather(since: datetime) -> int:
    """Record the views of known customers that came alive since."""
    views = View.objects.filter(
        counted=True,
        who__in=[Who.IDENTIFIED, Who.INFERRED],
        opened_at__gte=max(since - VIEW_LIFE, kept_since()),
        beat_at__gte=since,
    ).order_by("opened_at", "id")
    count = 0
    for batch in _batches(views.iterator(chunk_size=BATCH)):
        tokens = dict(
            Send.objects.filter(pk__in={view.send_id for view in batch}).values_list(
                "pk", "parameter"
            )
        )
        count += events_record(
            [_view_row(view, tokens.get(view.send_id, "")) for view in batch]
        ).recorded
    return count


def _view_row(view: View, token: str) -> EventRow:
    return EventRow(
        event_id=f"{OWN_PREFIX}view:{view.pk}",
        kind=Touch.Kind.MATERIAL,
        occurred_at=view.opened_at,
        surface="material",
        parameter=token,
        unionid=view.unionid,
        external_userid=view.external_userid,
        visitor_id=view.visitor,
        payload={"material_id": view.material_id, "who": view.who},
        member_id=view.member_id,
    )


def adds_gather(since: datetime) -> int:
    """Make the touches of every pair that had an event since equal to its add episodes."""
    count = 0
    for pairs in _batches(_pairs(since)):
        count += _adds_store({external_userid for external_userid, _userid in pairs})
    return count


def _pairs(since: datetime) -> Iterator[tuple[str, str]]:
    """Yield each pair once, by its newest events."""
    seen: set[tuple[str, str]] = set()
    events = RelationEvent.objects.order_by("-pk").values_list(
        "external_userid", "userid", "recorded_at"
    )
    for external_userid, userid, recorded_at in events.iterator(chunk_size=BATCH):
        if recorded_at < since:
            return
        if (external_userid, userid) not in seen:
            seen.add((external_userid, userid))
            yield external_userid, userid


@transaction.atomic
def _adds_store(external_userids: set[str]) -> int:
    touches_lock()
    # Older ones are no touches any more; relations keep them.
    episodes = list(
        AddEpisode.objects.filter(
            external_userid__in=external_userids, started_at__gte=kept_since()
        ).order_by("pk")
    )
    members = members_by_userids(episode.userid for episode in episodes)
    rows = [
        _add_row(episode, members[episode.userid.lower()].pk)
        for episode in episodes
        if episode.userid.lower() in members
    ]
    wanted = {touch.event_id: touch for touch in touches_of_rows(rows)}
    stored = {
        touch.event_id: touch
        for touch in Touch.objects.filter(
            kind=Touch.Kind.ADD,
            external_userid__in=external_userids,
            occurred_at__gte=kept_since(),
        )
    }
    stale = [each.pk for key, each in stored.items() if _said(each) != _said(wanted.get(key))]
    fresh = [each for key, each in wanted.items() if _said(each) != _said(stored.get(key))]
    Touch.objects.filter(kind=Touch.Kind.ADD, pk__in=stale).delete()
    Touch.objects.bulk_create(fresh)
    gone = [each for each in stored.values() if each.pk in set(stale)]
    orders_after([*fresh, *gone])
    return len(fresh)


def _add_row(episode: AddEpisode, member_id: int) -> EventRow:
    return EventRow(
        event_id=f"{OWN_PREFIX}add:{episode.pk}",
        kind=Touch.Kind.ADD,
        occurred_at=episode.started_at,
        surface="live_code" if episode.live_code_id else "add",
        parameter=episode.state,
        external_userid=episode.external_userid,
        member_id=member_id,
    )


def _said(touch: Touch | None) -> tuple[object, ...] | None:
    """Return what of an add's touch may change; the store is as of the first reading."""
    if touch is None:
        return None
    return touch.occurred_at, touch.member_id, touch.parameter_id, touch.surface


def _batches(rows: Iterable[Row]) -> Iterator[Sequence[Row]]:
    each = iter(rows)
    while batch := list(islice(each, BATCH)):
        yield batch
