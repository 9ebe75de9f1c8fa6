"""My sessions and my second step; everybody's sessions for IT."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from scrm.accounts.second_factor.selectors import state_of
from scrm.accounts.sessions import selectors
from scrm.accounts.sessions.forms import EndForm
from scrm.accounts.sessions.services import others_end, session_end
from scrm.accounts.sessions.tables import SessionFilter, SessionTable
from scrm.core.listing import build_list
from scrm.core.scope import ScopedRequest, requires, signed_in

FOLDER = "console/accounts/sessions"


@require_GET
@signed_in
def mine(request: ScopedRequest) -> HttpResponse:
    """Show where I am logged in, and what protects my password."""
    context = {
        "sessions": selectors.sessions_of(request.user.pk)[:100],
        "here": request.session.session_key,
        "idle_minutes": settings.CONSOLE_SESSION_IDLE // 60,
        "age_hours": settings.SESSION_COOKIE_AGE // 3600,
        "factor": state_of(request.user) if request.user.has_usable_password() else None,
    }
    return render(request, f"{FOLDER}/mine.html", context)


@require_POST
@signed_in
def mine_end(request: ScopedRequest, number: UUID) -> HttpResponse:
    """End one of my sessions."""
    session = get_object_or_404(selectors.sessions_of(request.user.pk), number=number)
    session_end(session, actor=request.user)
    messages.success(request, _("That session is ended."))
    return redirect("account:mine")


@require_POST
@signed_in
def mine_end_others(request: ScopedRequest) -> HttpResponse:
    """End all my sessions but this one."""
    ended = others_end(request.user, keep=str(request.session.session_key))
    words = ngettext("%(count)d session is ended.", "%(count)d sessions are ended.", ended)
    messages.success(request, words % {"count": ended})
    return redirect("account:mine")


@require_GET
@requires("sessions.view")
def session_list(request: ScopedRequest) -> HttpResponse:
    """List who is logged in, the last used first."""
    page = build_list(
        request,
        queryset=selectors.sessions_visible_to(request.scope),
        table_class=SessionTable,
        filterset_class=SessionFilter,
        order=("-seen_at", "number"),
    )
    empty = {
        "title": _("Nobody is logged in"),
        "text": _("Sessions appear here with the next log-in."),
        "icon": "user",
    }
    return render(request, f"{FOLDER}/list.html", {"list": page, "empty": empty})


@require_http_methods(["GET", "POST"])
@requires("sessions.end")
def session_stop(request: ScopedRequest, number: UUID) -> HttpResponse:
    """End somebody's session, with a reason."""
    session = get_object_or_404(selectors.sessions_visible_to(request.scope), number=number)
    form = EndForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        session_end(session, actor=request.user, reason=form.cleaned_data["reason"])
        messages.success(
            request, _("The session of %(person)s is ended.") % {"person": session.user}
        )
        return redirect("sessions:list")
    status = 422 if form.errors else 200
    return render(request, f"{FOLDER}/end.html", {"form": form, "session": session}, status=status)
