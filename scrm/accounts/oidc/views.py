"""Log in by the retailer's SSO: there and back."""

import secrets

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from scrm.accounts import doors
from scrm.accounts.languages import with_language
from scrm.accounts.oidc import provider, services
from scrm.accounts.refusals import way_refused
from scrm.accounts.sessions.models import Face, Way
from scrm.accounts.sessions.services import session_begin
from scrm.core.exceptions import PermissionDenied, ScrmError, ValidationFailed
from scrm.core.scope import public


@public
@never_cache
@require_GET
def start(request: HttpRequest) -> HttpResponse:
    """Send the person to the provider's page."""
    wanted = request.GET.get("next", "")
    try:
        address = _begin(request, wanted)
    except ScrmError as error:
        messages.error(request, error.message)
        return doors.back_to_log_in(request, wanted)
    return HttpResponseRedirect(address)


def _begin(request: HttpRequest, wanted: str) -> str:
    if not provider.is_set_up():
        raise ValidationFailed(_("The company log-in is not set up here. IT sets it up."))
    found = provider.discover()
    nonce, verifier = secrets.token_hex(16), provider.verifier()
    state = doors.attempt_begin(request, next_url=wanted, way="sso", nonce=nonce, verifier=verifier)
    return provider.address_of(found, state=state, nonce=nonce, verifier=verifier, back=_back())


@public
@never_cache
@require_GET
def callback(request: HttpRequest) -> HttpResponse:
    """Take the provider's code; a refusal goes back to the log-in page with the reason."""
    wanted = ""
    try:
        attempt = doors.attempt_finish(request, request.GET.get("state", ""), way="sso")
        wanted = attempt.wanted
        user = services.user_of(_identity(request, attempt))
    except ScrmError as error:
        way_refused(error, face=Face.CONSOLE, way=Way.SSO)
        messages.error(request, error.message)
        return doors.back_to_log_in(request, wanted)
    session_begin(request, user, face=Face.CONSOLE, way=Way.SSO)
    return with_language(HttpResponseRedirect(wanted), user)


def _identity(request: HttpRequest, attempt: doors.Attempt) -> provider.Identity:
    code = request.GET.get("code", "")
    if not code:
        raise PermissionDenied(_("The company log-in was refused or given up there. Start again."))
    found = provider.discover()
    # RFC 9207: a provider that names itself must be the one we sent the person to.
    if request.GET.get("iss", found.issuer) != found.issuer:
        raise ValidationFailed(_("Another provider answered than the one asked. Start again."))
    return provider.identity_of(
        found,
        code=code,
        nonce=attempt.kept["nonce"],
        verifier=attempt.kept["verifier"],
        back=_back(),
    )


def _back() -> str:
    return settings.BASE_URL.rstrip("/") + reverse("accounts:sso_callback")
