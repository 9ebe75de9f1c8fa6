"""Records touches once each, and lets attribution look again at orders a late touch may decide."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from attribution.touches.identities import Named, identities_of
from attribution.touches.models import Touch
from contacts.directory.models import Member
from contacts.org.selectors import stores_of
from contacts.parameters.models import Parameter
from contacts.parameters.selectors import parameters_of
from customers.crm.models import Order
from customers.crm.orders import orders_reconsider
from scrm.core.erased import EXTERNAL_USERID, UNIONID, Name, erased

Kind, Reason = Touch.Kind, Touch.Reason


@dataclass(frozen=True)
class EventRow:
    """One event of a surface as it was told; `parameter` is the token it carried, empty for none.

    `member_id` is only for facts that name the guide themselves (an add), whatever parameter came with them.
    """

    event_id: str
    kind: str
    occurred_at: datetime
    surface: str = ""
    parameter: str = ""
    unionid: str = ""
    external_userid: str = ""
    visitor_id: str = ""
    path: str = ""
    payload: Mapping[str, Any] = field(default_factory=dict)
    member_id: int | None = None


@dataclass(frozen=True)
class RecordCounts:
    """How many events were new, and how many known already."""

    recorded: int
    repeated: int


@transaction.atomic
def events_record(rows: Sequence[EventRow]) -> RecordCounts:
    """Record at most 500 events, each once by its id; a repeated id is left as it was first told.

    Raises nothing for a bad parameter: the touch is kept with the reason, and is no guide's.
    """
    touches_lock()
    known = set(
        Touch.objects.filter(event_id__in=[row.event_id for row in rows]).values_list(
            "event_id", flat=True
        )
    )
    fresh = {row.event_id: row for row in rows if row.event_id not in known}
    touches = touches_of_rows(list(fresh.values()))
    Touch.objects.bulk_create(touches)
    orders_after(touches)
    return RecordCounts(len(touches), len(rows) - len(touches))


def touches_lock() -> None:
    """Let one batch of touches at a time in: an id may come in two batches at once."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('attribution.touches', 7))")


def touches_of_rows(rows: Sequence[EventRow]) -> list[Touch]:
    """Return unsaved touches with what their parameters say, in three queries."""
    rows = _without_forgotten(rows)
    parameters = parameters_of(row.parameter for row in rows if row.parameter)
    touches = [_touch(row, parameters.get(row.parameter)) for row in rows]
    homeless = {touch.member_id for touch in touches if touch.member_id and not touch.store_id}
    stores = stores_of(homeless) if homeless else {}
    for touch in touches:
        if touch.store_id is None and touch.member_id in stores:
            touch.store_id = stores[touch.member_id].pk
    return _without_strangers(touches)


def _without_forgotten(rows: Sequence[EventRow]) -> Sequence[EventRow]:
    """Keep what happened before its visitor was forgotten without the visitor: it counts, and is nobody's."""
    found = erased(name for row in rows for name in _visitor(row))
    if not found:
        return rows
    return [
        replace(row, unionid="", external_userid="", visitor_id="")
        if found.before(row.occurred_at, *_visitor(row))
        else row
        for row in rows
    ]


def _visitor(row: EventRow) -> list[Name]:
    return [(UNIONID, row.unionid), (EXTERNAL_USERID, row.external_userid)]


def _touch(row: EventRow, parameter: Parameter | None) -> Touch:
    reason = _reason(row, parameter)
    holds = parameter if parameter is not None and not reason else None
    return Touch(
        event_id=row.event_id,
        kind=row.kind,
        occurred_at=row.occurred_at,
        surface=row.surface or row.kind,
        member_id=row.member_id or (holds.member_id if holds else None),
        store_id=holds.store_id if holds else None,
        parameter_id=parameter.pk if parameter else None,
        reason=reason,
        unionid=row.unionid,
        external_userid=row.external_userid,
        visitor_id=row.visitor_id,
        path=row.path,
        payload=dict(row.payload),
        recorded_at=timezone.now(),
    )


def _reason(row: EventRow, parameter: Parameter | None) -> str:
    if row.member_id is not None and parameter is None:
        # WeCom named the guide: whatever else the source says is no parameter of ours.
        return Reason.MISSING
    if not row.parameter:
        return Reason.MISSING
    if parameter is None:
        return Reason.TAMPERED
    expired = parameter.expires_at is not None and parameter.expires_at <= row.occurred_at
    return Reason.EXPIRED if expired and row.member_id is None else Reason.NONE


def _without_strangers(touches: list[Touch]) -> list[Touch]:
    """A parameter may outlive its member's row: then it names nobody."""
    named = {touch.member_id for touch in touches if touch.member_id}
    living = set(Member.objects.filter(pk__in=named).values_list("pk", flat=True))
    for touch in touches:
        if touch.member_id is not None and touch.member_id not in living:
            touch.member_id = None
    return touches


def orders_after(touches: Iterable[Touch]) -> int:
    """Let orders be decided again that the people of these touches paid since; returns how many.

    Touches of the moment find none and cost one query.
    """
    telling = [
        touch
        for touch in touches
        if touch.member_id is not None and (touch.unionid or touch.external_userid)
    ]
    if not telling:
        return 0
    # Orders name whole seconds.
    since = min(touch.occurred_at for touch in telling).replace(microsecond=0)
    paid = Order.objects.filter(paid_at__gte=since)
    if not paid.exists():
        return 0
    people = identities_of(
        {(touch.unionid, touch.external_userid): Named(touch.unionid, touch.external_userid)
         for touch in telling}
    )  # fmt: skip
    theirs = Q(pk__in=[])
    for identity in people.values():
        theirs |= Q(unionid__in=identity.unionids)
        theirs |= Q(external_userid__in=identity.external_userids)
        theirs |= Q(member__in=identity.crm_member_ids)
    ids = list(paid.filter(theirs).values_list("pk", flat=True))
    orders_reconsider(ids)
    return len(ids)
