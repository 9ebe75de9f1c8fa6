"""Reads of the inbox: the operator's list, and how far behind the worker is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Count, QuerySet
from django.utils import timezone

from scrm.core.outbox.models import OutboxMessage
from scrm.inbox.models import HandlerMark, InboxEvent, WorkerBeat

# A worker that was silent this long is counted as gone.
ALIVE_FOR = timedelta(seconds=15)

BACKLOG = """
SELECT 'inbox', lane, count(*), count(*) FILTER (WHERE due_at <= now()),
       coalesce(extract(epoch FROM now() - min(due_at)), 0)::float8
  FROM inbox_inboxevent WHERE state = 'pending' GROUP BY lane
UNION ALL
SELECT 'outbox', lane, count(*), count(*) FILTER (WHERE not_before <= now()),
       coalesce(extract(epoch FROM now() - min(not_before)), 0)::float8
  FROM core_outboxmessage WHERE status = 'pending' GROUP BY lane
"""


@dataclass(frozen=True)
class Backlog:
    """What one lane has before it; `overdue_seconds` is how long its most overdue item has been due, 0 if none is."""

    queue: str
    lane: str
    waiting: int
    due: int
    overdue_seconds: float

    @property
    def lane_label(self) -> str:
        """Return the lane's name for people."""
        return str(InboxEvent.Lane(self.lane).label)


@dataclass(frozen=True)
class StateCount:
    """How many events are in a state; `limited` says that there are more than were counted."""

    state: str
    label: str
    count: int
    limited: bool


LOOK_BACK = 5000
COUNT_LIMIT = 10_000


def events_all() -> QuerySet[InboxEvent]:
    """Return all events without their payload: routing fields are not personal, so no scope narrows them."""
    return InboxEvent.objects.defer("payload")


def marks_of(event: InboxEvent) -> Sequence[HandlerMark]:
    """Return the handlers that applied the event, in order."""
    return list(HandlerMark.objects.filter(event=event).order_by("applied_at", "id"))


def backlog() -> list[Backlog]:
    """Return every lane of inbox and outbox, empty ones too; both queries read small partial indexes."""
    with connection.cursor() as cursor:
        cursor.execute(BACKLOG)
        found = {(row[0], row[1]): row[2:] for row in cursor.fetchall()}
    return [
        Backlog(queue, lane, *_numbers(found.get((queue, lane))))
        for queue in ("inbox", "outbox")
        for lane in InboxEvent.Lane.values
    ]


def _numbers(row: Sequence[float] | None) -> tuple[int, int, float]:
    return (0, 0, 0.0) if row is None else (int(row[0]), int(row[1]), max(0.0, float(row[2])))


def attention() -> dict[str, int]:
    """Return how many items wait for a person: {"quarantined": …, "uncertain": …, "failed": …}."""
    statuses = (OutboxMessage.Status.UNCERTAIN, OutboxMessage.Status.FAILED)
    sent = (
        OutboxMessage.objects.filter(status__in=statuses)
        .values("status")
        .annotate(count=Count("id"))
    )
    outbox = dict(sent.values_list("status", "count"))
    return {
        "quarantined": InboxEvent.objects.filter(state=InboxEvent.State.QUARANTINED).count(),
        "uncertain": outbox.get(OutboxMessage.Status.UNCERTAIN, 0),
        "failed": outbox.get(OutboxMessage.Status.FAILED, 0),
    }


def last_received_at(app: str) -> datetime | None:
    """Return when the newest event of an app came, looking at the last few thousand events only."""
    newest = InboxEvent.objects.order_by("-id").values_list("id", flat=True).first()
    if newest is None:
        return None
    recent = InboxEvent.objects.filter(id__gt=newest - LOOK_BACK, app=app)
    return recent.order_by("-id").values_list("received_at", flat=True).first()


def state_counts() -> list[StateCount]:
    """Return counts of the states an operator acts on, quarantine first; at most COUNT_LIMIT each."""
    return list(_state_counts())


def _state_counts() -> Iterator[StateCount]:
    state = InboxEvent.State
    for each in (state.QUARANTINED, state.PENDING, state.IGNORED):
        count = InboxEvent.objects.filter(state=each).values("pk")[: COUNT_LIMIT + 1].count()
        yield StateCount(each.value, str(each.label), min(count, COUNT_LIMIT), count > COUNT_LIMIT)


def workers_alive(at: datetime | None = None) -> QuerySet[WorkerBeat]:
    """Return the worker processes that showed a sign of life in the last 15 seconds."""
    return WorkerBeat.objects.filter(seen_at__gte=(at or timezone.now()) - ALIVE_FOR).order_by(
        "name"
    )
