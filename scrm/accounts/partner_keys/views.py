"""Console pages of partner keys."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from scrm.accounts.models import PartnerKey
from scrm.accounts.partner_keys import selectors
from scrm.accounts.partner_keys.forms import KeyForm, WithdrawForm
from scrm.accounts.partner_keys.tables import KeyFilter, KeyTable
from scrm.accounts.services import (
    partner_key_approve,
    partner_key_create,
    partner_key_revoke,
)
from scrm.core.exceptions import ScrmError
from scrm.core.listing import build_list
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
    to_approve = set(selectors.keys_to_approve(request.scope).values_list("pk", flat=True))
    for key in page.rows:
        key.may_approve = key.pk in to_approve
    empty = {
        "title": _("No partner keys yet"),
        "text": _("The mall, the member system and others call our API with a key of their own."),
        "action_label": _("Make a key") if may_edit else "",
        "action_url": reverse("api_keys:create") if may_edit else "",
        "icon": "key",
    }
    context = {"list": page, "empty": empty, "may_edit": may_edit, "waiting": len(to_approve)}
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
@requires("api_keys.approve")
def key_approve(request: ScopedRequest, pk: int) -> HttpResponse:
    """Show what a waiting key could read, and let it in."""
    key = get_object_or_404(selectors.keys_to_approve(request.scope), pk=pk)
    if request.method == "POST":
        partner_key_approve(key, actor=request.user)
        messages.success(
            request, _("The key of %(system)s works from now on.") % {"system": key.name}
        )
        return redirect("api_keys:list")
    return render(request, f"{FOLDER}/approve.html", {"key": key})


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
