"""Log-in by WeCom: the page a person is sent to, and what a returned code must prove.

Inside WeCom the silent OAuth page is used, in a desktop browser the QR page (docs 91022, 98152).
"""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.module_loading import import_string
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from scrm.accounts import doors
from scrm.accounts.models import User
from scrm.core import credentials
from scrm.core.exceptions import ExternalFailure, PermissionDenied, ValidationFailed
from scrm.core.gateway import wecom, words
from scrm.wecom.errors import WeComError


def is_set_up() -> bool:
    """Whether this installation has the ids that a WeCom log-in needs."""
    app = credentials.app_credentials("scrm")
    return bool(app and app.agent_id and app.secret and credentials.corp_id())


def begin(request: HttpRequest, *, next_url: str) -> str:
    """Remember an attempt in the session and return WeCom's address to send the person to.

    Raises ValidationFailed when WeCom is not set up here.
    """
    if not is_set_up():
        raise ValidationFailed(
            _(
                "WeCom is not connected here yet: corp id, agent id and secret are missing. IT sets them."
            )
        )
    return _address(request, doors.attempt_begin(request, next_url=next_url, way="wecom"))


def confirmed(code: str) -> User:
    """Return the account of the member who confirmed the log-in; "" when WeCom sent no code.

    Raises PermissionDenied (refused on the phone, not a member here), ExternalFailure (WeCom did not answer);
    each with what to do.
    """
    if not code:
        raise PermissionDenied(
            _("WeCom did not confirm the log-in: it was refused or closed on the phone.")
        )
    return user_of(code)


def user_of(code: str) -> User:
    """Return the account of the member whose code this is; raises as `confirmed` does."""
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
