"""The second step of the password log-in: type a code, set an app up."""

from typing import cast

import segno
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from scrm.accounts import doors
from scrm.accounts.languages import with_language
from scrm.accounts.models import User
from scrm.accounts.refusals import password_refused
from scrm.accounts.second_factor import services
from scrm.accounts.second_factor.forms import AgainForm, CodeForm, FirstCodeForm
from scrm.accounts.second_factor.selectors import factor_of
from scrm.accounts.sessions.models import Face, Way
from scrm.accounts.sessions.services import session_begin
from scrm.core.exceptions import RateLimited, ScrmError
from scrm.core.refusals import RefusalInForm
from scrm.core.scope import ScopedRequest, public, signed_in

FOLDER = "registration"


def after_password(request: HttpRequest, user: User, *, wanted: str) -> HttpResponse:
    """Go on after a right password: in, to the code, or to the set-up of an app where one is needed."""
    has_app = factor_of(user) is not None
    if not has_app and not settings.SECOND_STEP_REQUIRED:
        return _in(request, user, wanted)
    doors.password_was_right(request, user, wanted=wanted)
    return redirect("accounts:second_step" if has_app else "accounts:app_set_up")


@public
@never_cache
@require_http_methods(["GET", "POST"])
def second_step(request: HttpRequest) -> HttpResponse:
    """Ask for the code; after too many wrong ones the password log-in is locked, no other way in."""
    waiting = doors.waiting_for_second_step(request)
    if waiting is None:
        return _too_late(request)
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.code_check(waiting.user, form.cleaned_data["code"])
        except RateLimited as error:
            password_refused(waiting.user.get_username())
            request.session.pop(doors.FIRST_STEP, None)
            messages.error(request, error.message)
            return doors.back_to_log_in(request, waiting.wanted)
        except ScrmError as error:
            password_refused(waiting.user.get_username())
            form.add_error("code", error.message)
        else:
            return _in(request, waiting.user, waiting.wanted)
    status = 422 if form.errors else 200
    return render(request, f"{FOLDER}/second_step.html", {"form": form}, status=status)


@public
@never_cache
@require_http_methods(["GET", "POST"])
def app_set_up(request: HttpRequest) -> HttpResponse:
    """Show the picture for the app and take its first code; then the recovery codes, once."""
    waiting = doors.waiting_for_second_step(request)
    # Whoever has an app already replaces it from their account page, where they show a code of it.
    if waiting is None or (factor_of(waiting.user) is not None and not _may_replace(request)):
        return _too_late(request)
    form = FirstCodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with RefusalInForm(form, "code"):
            codes = services.app_confirm(waiting.user, form.cleaned_data["code"])
            session_begin(request, waiting.user, face=Face.CONSOLE, way=Way.PASSWORD)
            # Not redirected: the codes are shown in this one answer and kept nowhere.
            shown = {"codes": codes, "wanted": waiting.wanted}
            answer = render(request, f"{FOLDER}/recovery_codes.html", shown)
            return with_language(answer, waiting.user)
    factor = services.app_begin(waiting.user)
    picture = segno.make_qr(services.app_address(factor, waiting.user), error="m")
    context = {
        "form": form,
        "picture": picture.svg_data_uri(scale=5, border=2),
        "secret": " ".join(factor.secret[at : at + 4] for at in range(0, len(factor.secret), 4)),
    }
    status = 422 if form.errors else 200
    return render(request, f"{FOLDER}/app_set_up.html", context, status=status)


@never_cache
@require_http_methods(["GET", "POST"])
@signed_in
def app_change(request: ScopedRequest) -> HttpResponse:
    """Ask for the password (and a code) once more before the app is set up or replaced."""
    user = cast(User, request.user)
    if not user.has_usable_password():
        return redirect("account:mine")
    has_app = factor_of(user) is not None
    form = AgainForm(request.POST or None, request=request, needs_code=has_app)
    if request.method == "POST" and form.is_valid():
        with RefusalInForm(form, "code" if has_app else None):
            if has_app:
                services.code_check(user, form.cleaned_data["code"])
            doors.password_was_right(request, user, wanted=reverse("account:mine"))
            request.session[doors.MAY_REPLACE] = True
            return redirect("accounts:app_set_up")
    status = 422 if form.errors else 200
    context = {"form": form, "has_app": has_app}
    return render(request, "console/accounts/sessions/app_change.html", context, status=status)


def _may_replace(request: HttpRequest) -> bool:
    return request.user.is_authenticated and bool(request.session.get(doors.MAY_REPLACE))


def _in(request: HttpRequest, user: User, wanted: str) -> HttpResponse:
    session_begin(request, user, face=Face.CONSOLE, way=Way.PASSWORD)
    return with_language(HttpResponseRedirect(wanted), user)


def _too_late(request: HttpRequest) -> HttpResponse:
    messages.error(request, _("The log-in took too long. Type the password once more."))
    return doors.back_to_log_in(request)
