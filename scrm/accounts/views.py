"""Log in, log out, language."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from scrm.accounts import doors, wecom_login
from scrm.accounts.forms import PasswordLoginForm
from scrm.accounts.languages import set_cookie, with_language
from scrm.accounts.oidc import provider
from scrm.accounts.refusals import password_refused, way_refused
from scrm.accounts.second_factor.views import after_password
from scrm.accounts.services import language_set
from scrm.accounts.sessions.models import Face, Way
from scrm.accounts.sessions.services import session_begin
from scrm.core.exceptions import PermissionDenied, ScrmError
from scrm.core.scope import of_the_phone, public
from scrm.core.standing import page_for


@method_decorator(never_cache, name="dispatch")
class ConsoleLogin(LoginView):
    """The log-in page: WeCom first, the break-glass password below."""

    template_name = "registration/login.html"
    authentication_form = PasswordLoginForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Lead on who is in already; a session of the phone opens nothing of the console."""
        self.redirect_authenticated_user = not of_the_phone(request)
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add which ways in there are."""
        return {
            **super().get_context_data(**kwargs),
            "from_phone": self.request.user.is_authenticated,
            "wecom_ready": wecom_login.is_set_up(),
            "sso_name": settings.OIDC["name"] if provider.is_set_up() else "",
            "password_open": settings.PASSWORD_LOGIN,
        }

    def get_redirect_url(self, request: HttpRequest | None = None) -> str:
        """Return the page that was asked for; the log-in page itself would lead in a circle."""
        asked = str(self.request.POST.get("next") or self.request.GET.get("next", ""))
        wanted = doors.safe_next(asked, "")
        return "" if urlsplit(wanted).path == self.request.path else wanted

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Take a password, where passwords are taken at all."""
        if not settings.PASSWORD_LOGIN:
            raise PermissionDenied(_("Passwords are switched off here; log in with WeCom."))
        return super().post(request, *args, **kwargs)

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """Show the form again; the refusal is audited, whether the name, the password or a lock refused."""
        if typed := form.cleaned_data.get("username"):
            password_refused(typed)
        return super().form_invalid(form)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Go on to the second step, or in."""
        return after_password(self.request, form.get_user(), wanted=self.get_success_url())


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
    wanted = request.GET.get("next", "")
    try:
        return HttpResponseRedirect(wecom_login.begin(request, next_url=wanted))
    except ScrmError as error:
        messages.error(request, error.message)
        return doors.back_to_log_in(request, wanted)


@public
@never_cache
@require_GET
def wecom_callback(request: HttpRequest) -> HttpResponse:
    """Take WeCom's code; a refusal goes back to the log-in page with the reason."""
    wanted = ""
    try:
        attempt = doors.attempt_finish(request, request.GET.get("state", ""), way="wecom")
        wanted = attempt.wanted
        user = wecom_login.confirmed(request.GET.get("code", ""))
    except ScrmError as error:
        way_refused(error, face=Face.CONSOLE, way=Way.WECOM)
        messages.error(request, error.message)
        return doors.back_to_log_in(request, wanted)
    session_begin(request, user, face=Face.CONSOLE, way=Way.WECOM)
    return with_language(HttpResponseRedirect(wanted), user)


@public
@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Switch the language for this browser, and for this person."""
    wanted = request.POST.get("language", "")
    back = doors.safe_next(request.POST.get("next", ""), "/")
    response = HttpResponseRedirect(page_for(back))
    if wanted in dict(settings.LANGUAGES):
        if request.user.is_authenticated:
            language_set(request.user, wanted)
        set_cookie(response, wanted)
    return response
