"""Openings and signs of life of the public page: kept raw, counted once.

An opening is a row at once, but counts only when the page's script speaks: link previews and prefetches
never do. The script speaks every few seconds while the page is seen; the server measures the time between
two of them itself, so neither repeated nor hurried ones add anything.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from materials.tracking.models import Send, View, Who
from materials.tracking.telling import view_tell
from scrm.core.crypto import lasting_hash
from scrm.core.limits import counted

SESSION = timedelta(minutes=30)
BEAT_SECONDS = 5
# Nearer than this a sign of life is a double; further apart than that the page was out of sight.
LEAST_GAP = timedelta(seconds=2)
MOST_GAP = timedelta(seconds=15)
MOST_SECONDS = 3600
# Days are rolled up two days later: a page open longer than this is left alone.
BEATS_TAKEN = timedelta(hours=12)
# New devices of one send from one address in half an hour; a customer group behind one Wi-Fi stays below.
MOST_VISITORS = 50
VISITORS_WINDOW = 1800
# Openings of one send from one address in a minute that are kept at all.
MOST_OPENINGS = 60
OPENINGS_WINDOW = 60

Reason = View.Reason


@dataclass(frozen=True)
class Opening:
    """What is known of who opens: nothing personal, only a random cookie and where it came from."""

    cookie: str
    is_new: bool
    is_robot: bool
    is_staff: bool
    address: str


def visitor_of(cookie: str) -> str:
    """Return what stands for a device in our tables; the cookie itself is not kept."""
    # Not under SECRET_KEY: a device stays the same one when that is changed.
    return lasting_hash("materials.visitor", cookie).hex()[:32]


def view_opened(send: Send, opening: Opening, *, at: datetime | None = None) -> View | None:
    """Keep an opening as it came; None when one address opens so often that not even that is kept."""
    # The address is only counted with, for minutes; it is never stored.
    origin = visitor_of(opening.address)
    if counted("materials.open", f"{origin}:{send.pk}", OPENINGS_WINDOW) > MOST_OPENINGS:
        return None
    return View.objects.create(
        opened_at=at or timezone.now(),
        send_id=send.pk,
        material_id=send.material_id,
        member_id=send.member_id,
        visitor=visitor_of(opening.cookie),
        reason=_reason(send, opening, origin),
    )


def _reason(send: Send, opening: Opening, origin: str) -> str:
    if opening.is_robot:
        return Reason.ROBOT
    if opening.is_staff:
        return Reason.STAFF
    if opening.is_new:
        if counted("materials.new", f"{origin}:{send.pk}", VISITORS_WINDOW) > MOST_VISITORS:
            return Reason.FLOOD
    return Reason.SILENT


@transaction.atomic
def view_beat(send: Send, view_id: UUID, cookie: str, *, at: datetime | None = None) -> bool:
    """Take a sign of life of an opened page; False when it is of no opening of this device.

    The first one makes the opening a view, or the continuation of one of the last 30 minutes.
    """
    now = at or timezone.now()
    visitor = visitor_of(cookie)
    # Two tabs that speak at once must not both become views.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"materials.view:{visitor}:{send.material_id}"],
        )
    recent = View.objects.filter(opened_at__gte=now - BEATS_TAKEN)
    opened = recent.filter(pk=view_id, send_id=send.pk, visitor=visitor).first()
    if opened is None or opened.reason in (Reason.ROBOT, Reason.STAFF, Reason.FLOOD):
        return False
    session_id = opened.session
    if session_id is None:
        session_id = _begin(send, opened, now)
    if session_id is not None:
        session = recent.filter(pk=session_id).first()
        if session is not None:
            _live(session, now)
    return True


def _begin(send: Send, opened: View, now: datetime) -> UUID | None:
    """Make the opening a view and return None, or return the view that it continues."""
    running = (
        View.objects.filter(
            opened_at__gte=now - BEATS_TAKEN, visitor=opened.visitor,
            material_id=send.material_id, counted=True,
        )
        .annotate(alive_at=Coalesce(F("beat_at"), F("opened_at")))
        .filter(alive_at__gte=now - SESSION)
        .order_by("-alive_at")
        .first()
    )  # fmt: skip
    same = View.objects.filter(pk=opened.pk, opened_at=opened.opened_at)
    if running is not None:
        same.update(reason=Reason.REPEAT, session=running.pk)
        return running.pk
    opened.who, opened.external_userid = _who(send, opened.visitor)
    opened.counted, opened.reason, opened.session, opened.beat_at = True, "", opened.pk, now
    same.update(
        counted=True, reason="", session=opened.pk, beat_at=now, who=opened.who,
        external_userid=opened.external_userid,
    )  # fmt: skip
    Send.objects.filter(pk=send.pk, status=Send.Status.PREPARED).update(
        # Somebody reads it, so it was sent, whatever became of the client's report.
        status=Send.Status.SENT,
        confirmed_at=now,
    )
    view_tell(send, opened, now)
    return None


def _who(send: Send, visitor: str) -> tuple[str, str]:
    """Infer the customer of a single chat behind the first device only: others got the page passed on."""
    if not send.external_userid:
        return Who.ANONYMOUS, ""
    first = Send.objects.filter(pk=send.pk).filter(Q(first_visitor="") | Q(first_visitor=visitor))
    if first.update(first_visitor=visitor):
        return Who.INFERRED, send.external_userid
    return Who.ANONYMOUS, ""


def _live(session: View, now: datetime) -> None:
    gap = now - (session.beat_at or session.opened_at)
    if gap < LEAST_GAP:
        return
    seconds = session.seconds
    if gap <= MOST_GAP:
        seconds = min(MOST_SECONDS, seconds + round(gap.total_seconds()))
    View.objects.filter(pk=session.pk, opened_at=session.opened_at).update(
        beat_at=now, seconds=seconds
    )
