"""The session engine: Django's own over our rows, with an idle and an absolute end for each face.

The moment of the log-in and its circumstances lie in the session's data; the columns repeat them for lists.
"""

from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.http import HttpRequest
from django.utils import timezone

from scrm.accounts.sessions.models import Face, UserSession
from scrm.core.ids import uuid7

ENTERED = "entered"
# "Last used" to the minute is enough, and spares a write per request.
SEEN_STEP = timedelta(minutes=1)


def entered(*, face: str, way: str = "", ip: str = "", agent: str = "") -> dict[str, Any]:
    """Return what a session keeps about its log-in, which is now."""
    return {
        "number": uuid7().hex,
        "at": timezone.now().timestamp(),
        "face": face,
        "way": way,
        "ip": ip,
        "agent": agent,
    }


def of_the_phone(request: HttpRequest) -> bool:
    """Tell whether the request's session began on the phone."""
    session = getattr(request, "session", None) or {}
    known: dict[str, Any] = session.get(ENTERED) or {}
    return known.get("face") == Face.PHONE


def ends_at(known: dict[str, Any], *, now: datetime) -> datetime:
    """Return when a session used now ends if it is not used again: idle, or its absolute end."""
    phone = known["face"] == Face.PHONE
    idle = settings.H5_SESSION_IDLE if phone else settings.CONSOLE_SESSION_IDLE
    age = settings.H5_SESSION_AGE if phone else settings.SESSION_COOKIE_AGE
    begun = datetime.fromtimestamp(known["at"], tz=now.tzinfo)
    return min(begun + timedelta(seconds=age), now + timedelta(seconds=idle))


class SessionStore(DatabaseStore):
    """Sessions in `UserSession`: an ended one loads as if it had never been."""

    seen_at: datetime | None = None

    @classmethod
    def get_model_class(cls) -> type[UserSession]:
        """Return our rows."""
        return UserSession

    def load(self) -> dict[str, Any]:
        """Return the data, and remember when the session was used last."""
        row = self._get_session_from_db()  # type: ignore[attr-defined]
        if row is None:
            return {}
        self.seen_at = row.seen_at
        return dict(self.decode(row.session_data))

    def create_model_instance(self, data: dict[str, Any]) -> UserSession:
        """Return the row of this data; whoever is logged in has a moment from which the limits count."""
        now = timezone.now()
        user_id = data.get(SESSION_KEY)
        if not user_id:
            data.pop(ENTERED, None)
            return self._row(data)
        known = data.setdefault(ENTERED, entered(face=Face.CONSOLE))
        row = self._row(data)
        row.user_id = int(user_id)
        row.number = UUID(known["number"])
        row.face, row.way, row.ip, row.agent = (
            known[name] for name in ("face", "way", "ip", "agent")
        )
        row.entered_at = datetime.fromtimestamp(known["at"], tz=now.tzinfo)
        row.seen_at, row.expire_date = now, ends_at(known, now=now)
        return row

    def _row(self, data: dict[str, Any]) -> UserSession:
        return cast(UserSession, super().create_model_instance(data))

    def cycle_key(self) -> None:
        """Go on under another key, as after a log-in or a change of SECRET_KEY, and with another number.

        The former row stands until the new one does: with its number the new one would be refused, and Django
        takes every refusal for a clash of keys and tries another one for ever.
        """
        known = self.get(ENTERED)
        if known is not None:
            known["number"] = uuid7().hex
        super().cycle_key()

    def touch(self) -> None:
        """Put the idle end off: the session was just used by a person."""
        now = timezone.now()
        known = self.get(ENTERED)
        if known is None or self.seen_at is None or now - self.seen_at < SEEN_STEP:
            return
        UserSession.objects.filter(session_key=self.session_key).update(
            seen_at=now, expire_date=ends_at(known, now=now)
        )
