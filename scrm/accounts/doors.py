"""What every log-in has in common: an attempt that began in this browser, and a password that waits for its second step.

An attempt's state is 128 random bits, lives five minutes in this browser's session and works once. Several
pages may log in at the same time; each has an attempt of its own.
"""

import secrets
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from scrm.accounts.models import User
from scrm.core.exceptions import ValidationFailed

ATTEMPTS = "log_ins"
FIRST_STEP = "first_step"
# Set where somebody who has an app showed a code of it: the next one may be set up.
MAY_REPLACE = "app_replaced"
LIFETIME_S = 300
# Reading a picture into an app and typing its code takes longer than typing a code.
SECOND_STEP_S = 900
MOST_ATTEMPTS = 8


@dataclass(frozen=True)
class Attempt:
    """A log-in that began here: where it wanted to go, and what its way in has to remember."""

    wanted: str
    kept: dict[str, Any]


@dataclass(frozen=True)
class Waiting:
    """Somebody whose password was right a moment ago."""

    user: User
    wanted: str


def safe_next(next_url: str, fallback: str) -> str:
    """Return where to go after the log-in: a path of this site, else the fallback."""
    # Without allowed hosts no address with a host is safe, not even one with ours.
    safe = next_url.startswith("/") and url_has_allowed_host_and_scheme(next_url, None)
    return next_url if safe else fallback


def attempt_begin(request: HttpRequest, *, next_url: str, way: str, **kept: Any) -> str:
    """Remember an attempt in this browser's session and return its state."""
    state, now = secrets.token_hex(16), int(time.time())
    known: dict[str, Any] = request.session.get(ATTEMPTS, {})
    alive = sorted(
        (pair for pair in known.items() if pair[1]["until"] >= now),
        key=lambda pair: pair[1]["until"],
    )
    fresh = {"until": now + LIFETIME_S, "next": next_url, "way": way, "kept": kept}
    request.session[ATTEMPTS] = {**dict(alive[1 - MOST_ATTEMPTS :]), state: fresh}
    if SESSION_KEY not in request.session:
        # Of nobody yet: gone with the attempt, not after the hours of a person's session.
        request.session.set_expiry(SECOND_STEP_S)
    return state


def attempt_finish(request: HttpRequest, state: str, *, way: str) -> Attempt:
    """Use up the attempt this state belongs to.

    Raises ValidationFailed for a state of another browser or way in, used already, or older than five minutes.
    """
    known: dict[str, Any] = request.session.get(ATTEMPTS, {})
    found = known.pop(state, None) if state else None
    if found is None or found["way"] != way:
        raise ValidationFailed(
            _("This log-in did not begin in this browser. Start again from the log-in page.")
        )
    request.session[ATTEMPTS] = known
    if int(found["until"]) < time.time():
        raise ValidationFailed(_("The log-in took longer than five minutes. Start again."))
    fallback = reverse(settings.LOGIN_REDIRECT_URL)
    return Attempt(safe_next(str(found["next"]), fallback), dict(found["kept"]))


def password_was_right(request: HttpRequest, user: User, *, wanted: str) -> None:
    """Remember for a quarter of an hour that this browser knew the password."""
    request.session[FIRST_STEP] = {
        "user": user.pk,
        # Changes with the password, and when the person's sessions are ended.
        "hash": user.get_session_auth_hash(),
        "until": int(time.time()) + SECOND_STEP_S,
        "next": wanted,
    }


def waiting_for_second_step(request: HttpRequest) -> Waiting | None:
    """Return who knew the password in this browser a moment ago, None when that is over."""
    known: dict[str, Any] = request.session.get(FIRST_STEP, {})
    if not known or int(known["until"]) < time.time():
        return None
    user = User.objects.filter(pk=known["user"], is_active=True).first()
    if user is None or not constant_time_compare(user.get_session_auth_hash(), known["hash"]):
        return None
    return Waiting(user, str(known["next"]))


def back_to_log_in(request: HttpRequest, wanted: str = "") -> HttpResponse:
    """Go to the log-in page; where the person wanted to go is not lost."""
    page = resolve_url(settings.LOGIN_URL)
    safe = safe_next(wanted, "")
    return HttpResponseRedirect(f"{page}?{urlencode({'next': safe})}" if safe else page)
