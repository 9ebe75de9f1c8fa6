"""Log in, log out, language."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from scrm.accounts import wecom_login
from scrm.accounts.forms import PasswordLoginForm
from scrm.accounts.models import User
from scrm.accounts.services import language_set
from scrm.core.exceptions import ScrmError
from scrm.core.scope import public

BACKEND = "django.contrib.auth.backends.ModelBackend"
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600


@method_decorator(never_cache, name="dispatch")
class ConsoleLogin(LoginView):
    """The log-in page: WeCom first, the break-glass password below."""

    template_name = "registration/login.html"
    authentication_form = PasswordLoginForm
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add whether WeCom can be used."""
        return {**super().get_context_data(**kwargs), "wecom_ready": wecom_login.is_set_up()}

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Log in and take the language the person chose last time."""
        return _with_language(super().form_valid(form), form.get_user())


login_page = public(ConsoleLogin.as_view())


@public
@require_POST
def log_out(request: HttpRequest) -> HttpResponse:
    """End this session and go to the log-in page."""
    logout(request)
    messages.success(request, _("You are logged out."))
    return redirect(settings.LOGIN_URL)


@public
@never_cache
@require_GET
def wecom_start(request: HttpRequest) -> HttpResponse:
    """Send the person to WeCom's log-in page."""
    try:
        return HttpResponseRedirect(
            wecom_login.begin(request, next_url=request.GET.get("next", ""))
        )
    except ScrmError as error:
        messages.error(request, error.message)
        return redirect(settings.LOGIN_URL)


@public
@never_cache
@require_GET
def wecom_callback(request: HttpRequest) -> HttpResponse:
    """Take WeCom's code; a refusal goes back to the log-in page with the reason."""
    try:
        user, next_url = wecom_login.finish(
            request, code=request.GET.get("code", ""), state=request.GET.get("state", "")
        )
    except ScrmError as error:
        messages.error(request, error.message)
        return redirect(settings.LOGIN_URL)
    login(request, user, backend=BACKEND)
    return _with_language(HttpResponseRedirect(next_url), user)


@public
@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Switch the language for this browser, and for this person."""
    wanted, next_url = request.POST.get("language", ""), request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(
        next_url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    response = HttpResponseRedirect(next_url if safe else "/")
    if wanted in dict(settings.LANGUAGES):
        if request.user.is_authenticated:
            language_set(request.user, wanted)
        _set_cookie(response, wanted)
    return response


def _with_language(response: HttpResponse, user: Any) -> HttpResponse:
    if isinstance(user, User) and user.language in dict(settings.LANGUAGES):
        _set_cookie(response, user.language)
    return response


def _set_cookie(response: HttpResponse, code: str) -> None:
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        code,
        max_age=LANGUAGE_COOKIE_AGE,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
    )
