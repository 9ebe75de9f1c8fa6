"""Log-in by WeCom: the page a person is sent to, and what a returned code must prove.

Inside WeCom the silent OAuth page is used, in a desktop browser the QR page (docs 91022, 98152).
The state is 128 random bits, lives five minutes in this browser's session and works once.
"""

import secrets
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.module_loading import import_string
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from scrm.accounts.models import User
from scrm.core import credentials
from scrm.core.exceptions import ExternalFailure, PermissionDenied, ValidationFailed
from scrm.core.gateway import wecom, words
from scrm.wecom.errors import WeComError

SESSION_KEY = "wecom_login"
LIFETIME_S = 300


def is_set_up() -> bool:
    """Whether this installation has the ids that a WeCom log-in needs."""
    app = credentials.app_credentials("scrm")
    return bool(app and app.agent_id and app.secret and credentials.corp_id())


def begin(request: HttpRequest, *, next_url: str) -> str:
    """Remember a fresh state in the session and return WeCom's address to send the person to.

    Raises ValidationFailed when WeCom is not set up here.
    """
    if not is_set_up():
        raise ValidationFailed(
            _(
                "WeCom is not connected here yet: corp id, agent id and secret are missing. IT sets them."
            )
        )
    state = secrets.token_hex(16)
    request.session[SESSION_KEY] = {
        "state": state,
        "until": int(time.time()) + LIFETIME_S,
        "next": next_url,
    }
    return _address(request, state)


def finish(request: HttpRequest, *, code: str, state: str) -> tuple[User, str]:
    """Check the state, ask WeCom whose code it is, and return the account and where it wanted to go.

    Raises ValidationFailed (state wrong, used or old), PermissionDenied (not a member here),
    ExternalFailure (WeCom did not answer); each with what to do.
    """
    remembered: dict[str, Any] = request.session.pop(SESSION_KEY, {})
    if not state or not constant_time_compare(str(remembered.get("state", "")), state):
        raise ValidationFailed(
            _("This log-in did not begin in this browser. Start again from the log-in page.")
        )
    if int(remembered.get("until", 0)) < time.time():
        raise ValidationFailed(_("The log-in took longer than five minutes. Start again."))
    if not code:
        raise PermissionDenied(
            _("WeCom did not confirm the log-in: it was refused or closed on the phone.")
        )
    fallback = reverse(settings.LOGIN_REDIRECT_URL)
    return user_of(code), safe_next(request, str(remembered.get("next", "")), fallback)


def user_of(code: str) -> User:
    """Return the account of the member whose code this is; raises as `finish` does."""
    resolve: Callable[[str], User] = import_string(settings.LOGIN_RESOLVER)
    return resolve(userid_of(code))


def userid_of(code: str) -> str:
    """Return the member whose code this is; raises ExternalFailure or PermissionDenied, in words."""
    try:
        identity = wecom().oauth.get_user_info(code)
    except WeComError as error:
        raise ExternalFailure(
            _(
                "WeCom did not confirm the log-in (%(reason)s). Start again; if it stays so, tell IT."
            )
            % {"reason": words(error)},
            errcode=error.errcode,
        ) from error
    if not identity.userid:
        raise PermissionDenied(
            _("Only members of this company can log in here; WeCom says you are a guest.")
        )
    return identity.userid


def _address(request: HttpRequest, state: str) -> str:
    callback = settings.BASE_URL.rstrip("/") + reverse("accounts:wecom_callback")
    oauth = wecom().oauth
    if "wxwork" in request.headers.get("User-Agent", "").lower():
        return oauth.authorize_url(callback, state)
    return oauth.qr_login_url(
        callback, state, "zh" if (get_language() or "").startswith("zh") else "en"
    )


def safe_next(request: HttpRequest, next_url: str, fallback: str) -> str:
    """Return where to go after the log-in: an address of this site, else the fallback."""
    safe = url_has_allowed_host_and_scheme(
        next_url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return next_url if safe and next_url else fallback
