"""The profile page of a customer."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from customers.profile import services
from customers.profile.forms import NoteForm, StopForm
from customers.profile.quota import opening_count
from customers.profile.selectors import notes_visible_to, profile_for
from customers.relations.forms import RevealForm
from customers.relations.models import ExternalContact
from customers.relations.selectors import contacts_visible_to
from scrm.core.audit.selectors import entries_visible_to
from scrm.core.exceptions import ScrmError
from scrm.core.scope import ScopedRequest, requires

PAGE = "console/customers/profile/detail.html"
TABS = ("timeline", "identity", "orders", "assets", "relations", "audit")
AUDIT_SHOWN = 50


@require_GET
@requires("relations.view")
def profile(request: ScopedRequest, contact_id: UUID) -> HttpResponse:
    """Show one customer: figures, how to serve, and one tab of details."""
    return _page(request, _contact(request, contact_id))


@never_cache
@require_POST
@requires("relations.reveal")
def reveal(request: ScopedRequest, contact_id: UUID) -> HttpResponse:
    """Show the phones of one customer in full, once, and write down who asked and why."""
    contact = _contact(request, contact_id)
    form = RevealForm(request.POST)
    if not form.is_valid():
        return _page(request, contact, tab="identity", reveal_form=form, status=422)
    phones = services.phones_reveal(
        request.scope, contact, actor=request.user, reason=form.cleaned_data["reason"]
    )
    return _page(request, contact, tab="identity", revealed=phones)


@require_POST
@requires("profile.edit")
def note_create(request: ScopedRequest, contact_id: UUID) -> HttpResponse:
    """Keep a follow-up note."""
    contact = _contact(request, contact_id)
    form = NoteForm(request.POST)
    if form.is_valid():
        try:
            services.note_add(request.scope, contact, actor=request.user, **form.cleaned_data)
        except ScrmError as error:
            form.add_error(error.data.get("field"), error.message)
        else:
            messages.success(request, _("The note is kept."))
            return redirect("profile:detail", contact.pk)
    return _page(request, contact, note_form=form, status=422)


@require_POST
@requires("profile.edit")
def note_close(request: ScopedRequest, contact_id: UUID, note_id: UUID) -> HttpResponse:
    """Mark a promise as kept."""
    contact = _contact(request, contact_id)
    note = get_object_or_404(notes_visible_to(request.scope), pk=note_id, contact=contact)
    services.note_done(note, actor=request.user)
    return redirect("profile:detail", contact.pk)


@require_POST
@requires("profile.edit")
def stop(request: ScopedRequest, contact_id: UUID) -> HttpResponse:
    """Mark that the customer does not want to be contacted."""
    contact = _contact(request, contact_id)
    form = StopForm(request.POST)
    if not form.is_valid():
        return _page(request, contact, stop_form=form, status=422)
    services.contact_stop(request.scope, contact, actor=request.user, **form.cleaned_data)
    messages.success(request, _("Marked: nobody is asked to contact this customer."))
    return redirect("profile:detail", contact.pk)


@require_POST
@requires("profile.edit")
def allow(request: ScopedRequest, contact_id: UUID) -> HttpResponse:
    """Take the mark back."""
    contact = _contact(request, contact_id)
    form = StopForm(request.POST)
    if not form.is_valid():
        return _page(request, contact, stop_form=form, status=422)
    services.contact_allow(request.scope, contact, actor=request.user, **form.cleaned_data)
    messages.success(request, _("This customer may be contacted again."))
    return redirect("profile:detail", contact.pk)


def _contact(request: ScopedRequest, contact_id: UUID) -> ExternalContact:
    opening_count(request.user)
    return get_object_or_404(contacts_visible_to(request.scope), pk=contact_id)


def _page(
    request: ScopedRequest,
    contact: ExternalContact,
    *,
    tab: str = "",
    revealed: list[str] | None = None,
    reveal_form: RevealForm | None = None,
    note_form: NoteForm | None = None,
    stop_form: StopForm | None = None,
    status: int = 200,
) -> HttpResponse:
    scope = request.scope
    tabs = _tabs(scope.allows("audit.view"))
    tab = tab or request.GET.get("tab", "")
    context: dict[str, Any] = {
        "contact": contact,
        "profile": profile_for(scope, contact, request.GET.get("after")),
        "tabs": tabs,
        "tab": tab if tab in dict(tabs) else "timeline",
        "revealed": revealed,
        "reveal_form": reveal_form or RevealForm(auto_id="reveal_%s"),
        "note_form": note_form or NoteForm(),
        "stop_form": stop_form or StopForm(auto_id="stop_%s"),
        "may_edit": scope.allows("profile.edit"),
        "may_reveal": scope.allows("relations.reveal"),
        "may_open_orders": scope.allows("crm.view"),
    }
    if context["tab"] == "audit":
        acts = entries_visible_to(scope).filter(target=f"contact:{contact.pk}")
        context["acts"] = acts.order_by("-at", "-id")[:AUDIT_SHOWN]
    return render(request, PAGE, context, status=status)


def _tabs(sees_audit: bool) -> list[tuple[str, str]]:  # noqa: FBT001
    names = (
        _("Timeline"),
        _("Identity"),
        _("Purchases"),
        _("Assets"),
        _("Relations"),
        _("Audit"),
    )
    tabs = list(zip(TABS, names, strict=True))
    return tabs if sees_audit else tabs[:-1]
