"""Console pages of partner keys."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from scrm.accounts.models import KEY_APPROVAL, PartnerKey
from scrm.accounts.partner_keys import selectors
from scrm.accounts.partner_keys.answering import partner_key_take_over
from scrm.accounts.partner_keys.forms import KeyForm, TakeOverForm, WithdrawForm
from scrm.accounts.partner_keys.tables import KeyFilter, KeyTable
from scrm.accounts.services import (
    partner_key_create,
    partner_key_revoke,
)
from scrm.core.approvals.selectors import waiting_for
from scrm.core.exceptions import ScrmError
from scrm.core.listing import build_list
from scrm.core.refusals import RefusalInForm
from scrm.core.scope import ScopedRequest, requires

FOLDER = "console/accounts/partner_keys"


@require_GET
@requires("api_keys.view")
def key_list(request: ScopedRequest) -> HttpResponse:
    """List the keys, the newest first."""
    page = build_list(
        request,
        queryset=selectors.keys_visible_to(request.scope),
        table_class=KeyTable,
        filterset_class=KeyFilter,
    )
    may_edit = request.scope.allows("api_keys.edit")
    asked = selectors.approvals_of(page.rows)
    unanswered = {key.pk for key in selectors.keys_unanswered()}
    for key in page.rows:
        key.approval = asked.get(key.prefix)
        key.is_unanswered = key.pk in unanswered
    may_approve = request.scope.allows("api_keys.approve")
    waiting = waiting_for(request.scope).filter(kind=KEY_APPROVAL).count() if may_approve else 0
    empty = {
        "title": _("No partner keys yet"),
        "text": _("The mall, the member system and others call our API with a key of their own."),
        "action_label": _("Make a key") if may_edit else "",
        "action_url": reverse("api_keys:create") if may_edit else "",
        "icon": "key",
    }
    context = {
        "list": page,
        "empty": empty,
        "may_edit": may_edit,
        "waiting": waiting,
        "unanswered": len(unanswered),
    }
    return render(request, f"{FOLDER}/list.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@requires("api_keys.edit")
def key_create(request: ScopedRequest) -> HttpResponse:
    """Make a key; `?like=` begins with the rights of another one, to replace it."""
    form = KeyForm(request.POST or None, like=_like(request))
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            key, token = partner_key_create(
                name=values["name"],
                scopes=values["scopes"],
                actor=request.user,
                expires_at=form.expires_at(),
                calls_per_minute=values["calls_per_minute"],
                reason=values["reason"],
            )
        except ScrmError as error:
            form.add_error(None, error.message)
        else:
            # Not redirected: the key is shown in this one answer and kept nowhere.
            context = {"key": key, "token": token, "base_url": settings.BASE_URL}
            return render(request, f"{FOLDER}/shown_once.html", context)
    status = 422 if form.errors else 200
    context = {"form": form, "most": settings.API_CALLS_PER_MINUTE}
    return render(request, f"{FOLDER}/form.html", context, status=status)


def _like(request: ScopedRequest) -> PartnerKey | None:
    number = request.GET.get("like", "")
    if not number.isdecimal() or len(number) > 18:
        return None
    return selectors.keys_visible_to(request.scope).filter(pk=number).first()


@require_http_methods(["GET", "POST"])
@requires("api_keys.edit")
def key_take_over(request: ScopedRequest, pk: int) -> HttpResponse:
    """Answer for a key whose maker may make none any more, with a new end and a reason."""
    key = get_object_or_404(selectors.keys_editable_by(request.scope), pk=pk)
    form = TakeOverForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with RefusalInForm(form):
            partner_key_take_over(
                key,
                expires_at=form.expires_at(),
                actor=request.user,
                reason=form.cleaned_data["reason"],
            )
            messages.success(
                request, _("You answer for the key of %(system)s now.") % {"system": key.name}
            )
            return redirect("api_keys:list")
    status = 422 if form.errors else 200
    return render(request, f"{FOLDER}/take_over.html", {"form": form, "key": key}, status=status)


@require_http_methods(["GET", "POST"])
@requires("api_keys.edit")
def key_withdraw(request: ScopedRequest, pk: int) -> HttpResponse:
    """Withdraw a key, with a reason."""
    key = get_object_or_404(selectors.keys_editable_by(request.scope), pk=pk)
    form = WithdrawForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        partner_key_revoke(key, actor=request.user, reason=form.cleaned_data["reason"])
        messages.success(
            request,
            _("The key of %(system)s is withdrawn: its next call is refused.")
            % {"system": key.name},
        )
        return redirect("api_keys:list")
    status = 422 if form.errors else 200
    return render(request, f"{FOLDER}/withdraw.html", {"form": form, "key": key}, status=status)
