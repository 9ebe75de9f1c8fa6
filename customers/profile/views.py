"""The profile page of a customer."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from customers.fields.forms import ValuesForm
from customers.profile import services
from customers.profile.field_forms import fields_written
from customers.profile.forms import LocalTagsForm, MarkForm, NoteForm, StopForm
from customers.profile.labels import local_tags_set
from customers.profile.mark_models import CountMark
from customers.profile.marking import mark_set
from customers.profile.quota import opening_count
from customers.profile.selectors import notes_visible_to, profile_for
from customers.relations.forms import RevealForm
from customers.relations.models import ExternalContact
from customers.relations.selectors import contacts_visible_to
from customers.sync.selectors import with_reads
from scrm.core.audit.selectors import entries_visible_to
from scrm.core.exceptions import ScrmError
from scrm.core.scope import ScopedRequest, requires

PAGE = "console/customers/profile/detail.html"
TABS = ("timeline", "orders", "services", "assets", "relations", "identity", "audit")
# What a tab shows besides what the page shows anyway.
PARTS_OF = {
    "timeline": ("timeline",),
    "orders": ("orders",),
    "services": ("services",),
    "assets": ("points",),
    "relations": ("groups",),
    "identity": ("fields",),
}
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


@require_POST
@requires("profile.edit")
def fields_save(request: ScopedRequest, contact_id: UUID) -> HttpResponse:
    """Write the company's own fields of one customer."""
    contact = _contact(request, contact_id)
    form = fields_written(request.scope, contact, request.POST, actor=request.user)
    if form.errors:
        return _page(request, contact, tab="identity", fields_form=form, status=422)
    messages.success(request, _("The fields are saved."))
    return redirect(f"{reverse('profile:detail', args=[contact.pk])}?tab=identity")


@require_POST
@requires("profile.mark")
def mark(request: ScopedRequest, contact_id: UUID) -> HttpResponse:
    """Say whether the customer counts in figures."""
    contact = _contact(request, contact_id)
    form = MarkForm(request.POST, auto_id="mark_%s")
    if not form.is_valid():
        return _page(request, contact, mark_form=form, status=422)
    mark_set(contact, actor=request.user, **form.cleaned_data)
    messages.success(request, _("Saved; figures are added up again within minutes."))
    return redirect("profile:detail", contact.pk)


@require_POST
@requires("relations.tag")
def local_tags(request: ScopedRequest, contact_id: UUID) -> HttpResponse:
    """Put our own tags on one customer, and take them off."""
    contact = _contact(request, contact_id)
    form = LocalTagsForm(request.POST)
    if not form.is_valid():
        return _page(request, contact, tab="relations", tags_form=form, status=422)
    local_tags_set(request.scope, contact, form.cleaned_data["tags"], actor=request.user)
    messages.success(request, _("The local tags are saved."))
    return redirect(f"{reverse('profile:detail', args=[contact.pk])}?tab=relations")


def _contact(request: ScopedRequest, contact_id: UUID) -> ExternalContact:
    opening_count(request.user, contact_id)
    found: ExternalContact = get_object_or_404(
        with_reads(contacts_visible_to(request.scope)), pk=contact_id
    )
    return found


def _page(
    request: ScopedRequest,
    contact: ExternalContact,
    *,
    tab: str = "",
    revealed: list[str] | None = None,
    reveal_form: RevealForm | None = None,
    note_form: NoteForm | None = None,
    stop_form: StopForm | None = None,
    mark_form: MarkForm | None = None,
    fields_form: ValuesForm | None = None,
    tags_form: LocalTagsForm | None = None,
    status: int = 200,
) -> HttpResponse:
    scope = request.scope
    tabs = _tabs(scope.allows("audit.view"))
    tab = tab or request.GET.get("tab", "")
    tab = tab if tab in dict(tabs) else "timeline"
    found = profile_for(scope, contact, request.GET.get("after"), PARTS_OF.get(tab, ()))
    context: dict[str, Any] = {
        "contact": contact,
        "profile": found,
        "tabs": tabs,
        "tab": tab,
        "fields_form": fields_form or ValuesForm(found.fields),
        "mark_form": mark_form
        or MarkForm(auto_id="mark_%s", initial={"kind": CountMark.Kind.CUSTOMER}),
        "may_mark": scope.allows("profile.mark"),
        "revealed": revealed,
        "reveal_form": reveal_form or RevealForm(auto_id="reveal_%s"),
        "note_form": note_form or NoteForm(),
        "stop_form": stop_form or StopForm(auto_id="stop_%s"),
        "may_edit": scope.allows("profile.edit"),
        "may_reveal": scope.allows("relations.reveal"),
        "may_open_orders": scope.allows("crm.view"),
    }
    if tab == "relations" and scope.allows("relations.tag"):
        worn = {"tags": [tag.id for tag in found.local_tags]}
        context["tags_form"] = tags_form or LocalTagsForm(initial=worn)
    if tab == "audit":
        acts = entries_visible_to(scope).filter(target=f"contact:{contact.pk}")
        context["acts"] = acts.order_by("-at", "-id")[:AUDIT_SHOWN]
    return render(request, PAGE, context, status=status)


def _tabs(sees_audit: bool) -> list[tuple[str, str]]:  # noqa: FBT001
    names = (
        _("Timeline"),
        _("Purchases"),
        _("Services"),
        _("Assets"),
        _("Guides"),
        _("Identity and fields"),
        _("Audit"),
    )
    tabs = list(zip(TABS, names, strict=True))
    return tabs if sees_audit else tabs[:-1]
