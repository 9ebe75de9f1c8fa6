"""One event at a time: fetch outside a transaction, then effect and success mark together."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, cast

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from scrm.core.alerts.services import raise_alert
from scrm.core.outbox.failures import LONGEST_WAIT, ConnectionLost, Failure, Verdict, judge
from scrm.inbox.claims import MAX_CLAIMS, Claimed, LeaseLost, hold
from scrm.inbox.handling import Event, Handler
from scrm.inbox.models import HandlerMark, InboxEvent
from scrm.inbox.payload import unseal
from scrm.wecom.callbacks import parse_event

logger = structlog.get_logger(__name__)

MAX_TRIES = 5
# WeCom's retries arrive within a minute; what is later, or from the future, is a clock that is wrong.
LATE = timedelta(minutes=2)
EARLY = timedelta(seconds=5)

Lane = InboxEvent.Lane
State = InboxEvent.State

MARK = """
INSERT INTO inbox_handlermark (event_id, handler, applied_at) VALUES (%s, %s, now())
ON CONFLICT (event_id, handler) DO NOTHING
"""


def routes() -> Mapping[tuple[str, str], Sequence[Handler]]:
    """Return the one ordered map of events to handlers (a dotted path: no import points up)."""
    return cast(
        "Mapping[tuple[str, str], Sequence[Handler]]", import_string(settings.INBOX_EVENT_ROUTES)
    )


def process(claimed: Claimed) -> str:
    """Bring a leased event to its next state and return that state, or "lost" when the lease was.

    Never raises for the event's own sake; ConnectionLost when the database is gone.
    """
    try:
        return _advance(claimed)
    except LeaseLost:
        logger.info("inbox.lease_lost", event_id=claimed.id)
        return "lost"
    except Exception as error:
        if not connection.in_atomic_block and not connection.is_usable():
            connection.close()
            raise ConnectionLost from error
        return _failed(claimed, error)


def _advance(claimed: Claimed) -> str:
    if claimed.claims > MAX_CLAIMS:
        words = _("The worker stopped %(count)d times while this event was in its hands.")
        return _quarantine(claimed, words % {"count": MAX_CLAIMS})
    handlers = routes().get((claimed.event, claimed.change_type))
    if handlers is None:
        _log_unknown(claimed.event, claimed.change_type)
        return _finish(claimed, State.IGNORED)
    event = _event(claimed)
    _watch_clock(event)
    done = _marks(claimed)
    waiting = [handler for handler in handlers if handler.name not in done]
    if not waiting:
        return _finish(claimed, State.DONE)
    mine = _share(claimed, waiting)
    for handler in mine[:-1]:
        _apply(claimed, event, handler, then=None)
    then = State.DONE if len(mine) == len(waiting) else State.PENDING
    _apply(claimed, event, mine[-1], then=then)
    return then.value


def _share(claimed: Claimed, waiting: Sequence[Handler]) -> Sequence[Handler]:
    """Return what this lane does now.

    The welcome lane does the first handler and those that need no call to WeCom; the rest goes on in
    the event lane, so that a slow read of one customer never delays another one's welcome.
    """
    if claimed.lane != Lane.WELCOME:
        return waiting
    count = 1
    while count < len(waiting) and waiting[count].fetch is None:
        count += 1
    return waiting[:count]


def _apply(
    claimed: Claimed, event: Event, handler: Handler, *, then: InboxEvent.State | None
) -> None:
    fetched = None if handler.fetch is None else handler.fetch(event)
    with transaction.atomic():
        hold(claimed)
        if _mark(claimed, handler):
            handler.apply(event, fetched)
        if then is State.DONE:
            _set_finished(claimed, State.DONE)
        elif then is State.PENDING:
            _hand_over(claimed)


def _mark(claimed: Claimed, handler: Handler) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(MARK, [claimed.id, handler.name])
        return bool(cursor.rowcount == 1)


def _marks(claimed: Claimed) -> frozenset[str]:
    if claimed.claims <= 1 and not claimed.attempts and not claimed.deferrals:
        return frozenset()  # nobody had it before
    return frozenset(
        HandlerMark.objects.filter(event_id=claimed.id).values_list("handler", flat=True)
    )


def _event(claimed: Claimed) -> Event:
    return Event(
        id=claimed.id,
        app=claimed.app,
        event=claimed.event,
        change_type=claimed.change_type,
        occurred_at=claimed.occurred_at,
        received_at=claimed.received_at,
        fields=parse_event(unseal(claimed.digest, claimed.payload)),
    )


def _leased(claimed: Claimed) -> Any:
    return InboxEvent.objects.filter(pk=claimed.id, lease_token=claimed.token)


def _set_finished(claimed: Claimed, state: InboxEvent.State) -> None:
    changed = _leased(claimed).update(
        state=state, lease_token=None, error="", finished_at=timezone.now()
    )
    if not changed:
        raise LeaseLost(claimed.id)


def _finish(claimed: Claimed, state: InboxEvent.State) -> str:
    _set_finished(claimed, state)
    return state.value


def _hand_over(claimed: Claimed) -> None:
    _leased(claimed).update(lane=Lane.EVENT, lease_token=None, due_at=F("received_at"))


def _failed(claimed: Claimed, error: Exception) -> str:
    failure = judge(error)
    logger.warning(
        "inbox.handler_failed",
        event_id=claimed.id,
        verdict=failure.verdict.name,
        error=type(error).__name__,
        exc_info=error if failure.verdict is Verdict.TRY else None,
    )
    waited = (timezone.now() - claimed.received_at).total_seconds()
    if failure.verdict in {Verdict.WAIT, Verdict.UNKNOWN} and waited < LONGEST_WAIT:
        return _put_off(
            claimed, failure, attempts=claimed.attempts, deferrals=claimed.deferrals + 1
        )
    if claimed.attempts + 1 >= MAX_TRIES:
        return _quarantine(claimed, failure.words)
    return _put_off(claimed, failure, attempts=claimed.attempts + 1, deferrals=claimed.deferrals)


def _put_off(claimed: Claimed, failure: Failure, *, attempts: int, deferrals: int) -> str:
    before = claimed.deferrals if attempts == claimed.attempts else claimed.attempts
    changed = _leased(claimed).update(
        lease_token=None,
        due_at=timezone.now() + timedelta(seconds=failure.delay(before)),
        claims=0,
        attempts=attempts,
        deferrals=min(deferrals, 32_767),
        error=failure.words,
    )
    return State.PENDING.value if changed else "lost"


def _quarantine(claimed: Claimed, words: str) -> str:
    changed = _leased(claimed).update(
        state=State.QUARANTINED,
        lease_token=None,
        attempts=claimed.attempts + 1,
        error=words,
        finished_at=timezone.now(),
    )
    if not changed:
        return "lost"
    name = f"{claimed.event}/{claimed.change_type}"
    _alert(
        kind="inbox.quarantined",
        level="critical",
        key=name,
        title=lambda: _("An event from WeCom could not be applied"),
        text=lambda: (
            _(
                "Event %(number)d (%(name)s) is in quarantine: %(words)s Mend the cause, then replay it."
            )
            % {"number": claimed.id, "name": name, "words": words}
        ),
    )
    return State.QUARANTINED.value


def _watch_clock(event: Event) -> None:
    if not -EARLY <= event.received_at - event.occurred_at <= LATE:
        _alert(
            kind="inbox.clock_skew",
            level="warning",
            key=event.app,
            title=lambda: _("WeCom's clock and ours differ"),
            text=lambda: (
                _(
                    "An event of %(occurred)s arrived at %(received)s. Check the time service of the servers."
                )
                % {"occurred": _iso(event.occurred_at), "received": _iso(event.received_at)}
            ),
        )


def _alert(
    *, kind: str, level: str, key: str, title: Callable[[], str], text: Callable[[], str]
) -> None:
    """Tell people; a fault in the alarm must not keep the event from its state."""
    try:
        raise_alert(kind=kind, key=key, level=level, title=title, text=text)
    except Exception:
        logger.exception("inbox.alert_failed", kind=kind)


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


@cache
def _log_unknown(event: str, change_type: str) -> None:
    logger.warning("inbox.no_route", inbox_event=event, change_type=change_type)
