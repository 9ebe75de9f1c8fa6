"""The guide's customers on the phone: list, profile, phone number, the chat's side bar."""

from uuid import UUID

from django import forms
from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from customers.profile import services as profiles
from customers.profile.forms import NoteForm
from customers.profile.quota import opening_count
from customers.profile.selectors import notes_visible_to, profile_for
from customers.relations.models import ExternalContact
from customers.relations.selectors import contacts_visible_to
from scrm.core.exceptions import ScrmError, ValidationFailed
from scrm.core.keyset import paginate
from scrm.core.scope import ScopedRequest, h5_requires
from scrm.home.h5_selectors import customer_rows, customers_of

PAGE = 20
BODY = "h5/customers/profile_body.html"
TABS = {
    "timeline": _("Timeline"),
    "orders": _("Purchases"),
    "assets": _("Assets"),
    "notes": _("Notes"),
    "details": _("Details"),
}


class ReasonForm(forms.Form):
    """Why a guide needs a phone number; a choice, because nobody types reasons on a phone."""

    REASONS = {
        "call": _("Call the customer back"),
        "delivery": _("Delivery or pick-up"),
        "service": _("After-sales service"),
        "appointment": _("Appointment in the store"),
    }
    reason = forms.ChoiceField(choices=list(REASONS.items()), widget=forms.RadioSelect)


@require_GET
@h5_requires("h5.use")
def customer_list(request: ScopedRequest) -> HttpResponse:
    """List the customers in scope, the newest first, twenty at a time."""
    text, only_today = request.GET.get("q", ""), request.GET.get("chip") == "today"
    relations = customers_of(request.scope, text=text, added_today=only_today)
    after = request.GET.get("after") or None
    page = paginate(relations, order=("-created_time", "-id"), after=after, size=PAGE)
    context = {
        "rows": customer_rows(request.scope, page.rows),
        "next": page.next,
        "q": text,
        "chip": "today" if only_today else "",
    }
    # The search box and the scroll ask for rows only.
    part = after or request.headers.get("HX-Target") == "customers"
    return render(request, f"h5/customers/{'rows' if part else 'list'}.html", context)


@require_GET
@h5_requires("h5.use")
def customer(request: ScopedRequest, contact_id: UUID) -> HttpResponse:
    """Show one customer."""
    part = request.headers.get("HX-Request") == "true"
    template = BODY if part else "h5/customers/profile.html"
    return _profile(request, _contact(request, contact_id), template)


@require_GET
@h5_requires("h5.use")
def side_bar(request: ScopedRequest) -> HttpResponse:
    """Ask WeCom's client whose chat this is, then show that customer."""
    return render(request, "h5/customers/side_bar.html")


@require_GET
@h5_requires("h5.use")
def side_bar_customer(request: ScopedRequest, external_userid: str) -> HttpResponse:
    """Show the customer of a chat: as a part of the side bar, or as a page of its own."""
    opening_count(request.user)
    contact = get_object_or_404(contacts_visible_to(request.scope), external_userid=external_userid)
    part = request.headers.get("HX-Request") == "true"
    return _profile(request, contact, BODY if part else "h5/customers/side_bar_profile.html")


@require_POST
@h5_requires("h5.use")
def note_create(request: ScopedRequest, contact_id: UUID) -> HttpResponse:
    """Keep a follow-up note; the feed reminds its author on the day to come back."""
    contact = _contact(request, contact_id)
    form = NoteForm(request.POST)
    error: ScrmError = ValidationFailed(
        gettext("Write what was agreed; the day is a date from today on.")
    )
    if form.is_valid():
        page = f"{reverse('h5:customer', args=[contact.pk])}?tab=notes"
        try:
            profiles.note_add(
                request.scope, contact, actor=request.user, url=page, **form.cleaned_data
            )
        except ScrmError as refused:
            error = refused
        else:
            return _after_note(request, contact)
    text = request.POST.get("text", "")
    return _profile(request, contact, BODY, tab="notes", problem=error, text=text)


@require_POST
@h5_requires("h5.use")
def note_done(request: ScopedRequest, contact_id: UUID, note_id: UUID) -> HttpResponse:
    """Mark the promise of a note as kept."""
    contact = _contact(request, contact_id)
    note = get_object_or_404(notes_visible_to(request.scope), pk=note_id, contact=contact)
    profiles.note_done(note, actor=request.user)
    return _after_note(request, contact)


def _after_note(request: ScopedRequest, contact: ExternalContact) -> HttpResponse:
    if request.headers.get("HX-Request") == "true":
        return _profile(request, contact, BODY, tab="notes")
    return redirect(f"{reverse('h5:customer', args=[contact.pk])}?tab=notes")


def _contact(request: ScopedRequest, contact_id: UUID) -> ExternalContact:
    opening_count(request.user)
    return get_object_or_404(contacts_visible_to(request.scope), pk=contact_id)


def _profile(
    request: ScopedRequest,
    contact: ExternalContact,
    template: str,
    *,
    tab: str = "",
    problem: ScrmError | None = None,
    text: str = "",
) -> HttpResponse:
    profile = profile_for(request.scope, contact, request.GET.get("after") or None)
    relations = profile.identity.relations
    own = (row for row in relations if row.relation.member.userid == request.scope.userid)
    phones = [profile.identity.phone, *(member.phone for member in profile.members)]
    phones += [phone for row in relations for phone in row.phones]
    masked = list(dict.fromkeys(phone for phone in phones if phone))
    tab = tab or request.GET.get("tab", "")
    context = {
        "contact": contact,
        "profile": profile,
        "mine": next(own, profile.identity.newest),
        "masked": masked,
        "tabs": TABS.items(),
        "tab": tab if tab in TABS else "timeline",
        "may_reveal": request.scope.allows("h5.reveal"),
        "quota": settings.H5_REVEALS_PER_DAY,
        "reasons": ReasonForm.REASONS.items(),
        "problem": problem,
        "text": text,
    }
    return render(request, template, context, status=problem.status if problem else 200)


@never_cache
@require_POST
@h5_requires("h5.reveal")
def reveal(request: ScopedRequest, contact_id: UUID) -> HttpResponse:
    """Show the phones of one customer in full; written down with the reason, so many a day."""
    contact = _contact(request, contact_id)
    form = ReasonForm(request.POST)
    reason = ReasonForm.REASONS[form.cleaned_data["reason"]] if form.is_valid() else ""
    phones = profiles.phones_reveal(
        request.scope,
        contact,
        actor=request.user,
        reason=str(reason),
        most_per_day=settings.H5_REVEALS_PER_DAY,
    )
    return render(request, "h5/customers/phones.html", {"phones": phones})
