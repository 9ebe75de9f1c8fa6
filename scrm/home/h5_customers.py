"""The guide's customers on the phone: list, profile, phone number, the chat's side bar."""

from uuid import UUID

from django import forms
from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from customers.fields.forms import ValuesForm
from customers.lists.finding import wanted
from customers.profile import services as profiles
from customers.profile.field_forms import fields_written
from customers.profile.forms import NoteForm, StopForm
from customers.profile.models import DoNotContact
from customers.profile.quota import opening_count
from customers.profile.selectors import notes_visible_to, profile_for
from customers.relations.models import ExternalContact
from customers.relations.opened import opened_mark
from customers.relations.selectors import contacts_visible_to, relations_visible_to
from customers.timeline.selectors import records_shown
from scrm.core.exceptions import ScrmError, ValidationFailed
from scrm.core.keyset import paginate
from scrm.core.phone_lookups import lookup_count, lookup_record
from scrm.core.scope import ScopedRequest, h5_requires
from scrm.core.searched import sealed_text, searched_text
from scrm.home.h5_selectors import customer_rows, customers_of

PAGE = 20
BODY = "h5/customers/profile_body.html"
TABS = {
    "timeline": _("Timeline"),
    "orders": _("Purchases"),
    "notes": _("Notes"),
    "services": _("Services"),
    "assets": _("Assets"),
    "details": _("Details"),
}
PARTS_OF = {
    "timeline": ("timeline",),
    "orders": ("orders",),
    "services": ("services",),
    "assets": ("points",),
    "details": ("fields", "groups"),
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


@never_cache
@require_http_methods(["GET", "POST"])
@h5_requires("h5.use")
def customer_list(request: ScopedRequest) -> HttpResponse:
    """List the customers in scope, the newest first, twenty at a time; a search comes by POST, it may be a phone."""
    given = request.POST if request.method == "POST" else request.GET
    text = request.POST["q"] if "q" in request.POST else searched_text(request)
    only_today, number = given.get("chip") == "today", wanted(text).number
    if number and "after" not in request.GET:
        lookup_count(request.user)
    relations = customers_of(request.scope, text=text, added_today=only_today)
    after = request.GET.get("after") or None
    page = paginate(relations, order=("-created_time", "-id"), after=after, size=PAGE)
    if number and not after:
        lookup_record(request.user, number, found={"customers": len(page.rows)})
    context = {
        "rows": customer_rows(request.scope, page.rows),
        "next": page.next,
        "q": text,
        "sealed": sealed_text(request.user.pk, text) if text else "",
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
    opening_count(request.user, external_userid)
    contacts = contacts_visible_to(request.scope)
    contact = get_object_or_404(contacts, external_userid=external_userid)
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
            return _after(request, contact, "notes")
    text = request.POST.get("text", "")
    return _profile(request, contact, BODY, tab="notes", problem=error, text=text)


@require_POST
@h5_requires("h5.use")
def note_done(request: ScopedRequest, contact_id: UUID, note_id: UUID) -> HttpResponse:
    """Mark the promise of a note as kept."""
    contact = _contact(request, contact_id)
    note = get_object_or_404(notes_visible_to(request.scope), pk=note_id, contact=contact)
    profiles.note_done(note, actor=request.user)
    return _after(request, contact, "notes")


@require_POST
@h5_requires("h5.use")
def contact_stop(request: ScopedRequest, contact_id: UUID) -> HttpResponse:
    """Mark that the customer does not want to be contacted, or take the mark back; with the reason."""
    contact = _contact(request, contact_id)
    form = StopForm(request.POST)
    if not form.is_valid():
        problem = ValidationFailed(gettext("Say why, so that colleagues understand it."))
        return _profile(request, contact, BODY, tab="notes", problem=problem)
    records = records_shown(request.scope, contact)
    held = DoNotContact.objects.filter(contact__in=records.contacts).select_related("contact")
    stopped = list(held)
    for one in stopped:
        profiles.contact_allow(request.scope, one.contact, actor=request.user, **form.cleaned_data)
    if not stopped:
        profiles.contact_stop(request.scope, contact, actor=request.user, **form.cleaned_data)
    return _after(request, contact, "notes")


@require_POST
@h5_requires("h5.use")
def opened(request: ScopedRequest, contact_id: UUID) -> HttpResponse:
    """Mark that the customer has written: to oneself, else to the colleague who added them last."""
    contact = _contact(request, contact_id)
    seen = relations_visible_to(request.scope).filter(contact=contact)
    own = seen.filter(member__userid=request.scope.userid).first()
    relation = own or seen.order_by("-created_time").first()
    if relation is None:
        raise Http404
    try:
        opened_mark(request.scope, relation.pk, actor=request.user)
    except ScrmError as refused:
        return _profile(request, contact, BODY, tab="details", problem=refused)
    return _after(request, contact, "details")


@require_POST
@h5_requires("h5.use")
def fields_save(request: ScopedRequest, contact_id: UUID) -> HttpResponse:
    """Write the company's own fields of one customer."""
    contact = _contact(request, contact_id)
    form = fields_written(request.scope, contact, request.POST, actor=request.user)
    if form.errors:
        return _profile(request, contact, BODY, tab="details", fields_form=form)
    return _after(request, contact, "details")


def _after(request: ScopedRequest, contact: ExternalContact, tab: str) -> HttpResponse:
    if request.headers.get("HX-Request") == "true":
        return _profile(request, contact, BODY, tab=tab)
    return redirect(f"{reverse('h5:customer', args=[contact.pk])}?tab={tab}")


def _contact(request: ScopedRequest, contact_id: UUID) -> ExternalContact:
    opening_count(request.user, contact_id)
    return get_object_or_404(contacts_visible_to(request.scope), pk=contact_id)


def _profile(
    request: ScopedRequest,
    contact: ExternalContact,
    template: str,
    *,
    tab: str = "",
    problem: ScrmError | None = None,
    text: str = "",
    fields_form: ValuesForm | None = None,
) -> HttpResponse:
    tab = tab or request.GET.get("tab", "")
    tab = tab if tab in TABS else "timeline"
    after = request.GET.get("after") or None
    profile = profile_for(request.scope, contact, after, PARTS_OF.get(tab, ()))
    relations = profile.relations
    own = (row for row in relations if row.relation.member.userid == request.scope.userid)
    phones = [profile.identity.phone, *(member.phone for member in profile.members)]
    phones += [phone for row in relations for phone in row.phones]
    masked = list(dict.fromkeys(phone for phone in phones if phone))
    context = {
        "contact": contact,
        "profile": profile,
        "mine": next(own, profile.identity.newest),
        "masked": masked,
        "tabs": TABS.items(),
        "tab": tab,
        "fields_form": fields_form or ValuesForm(profile.fields),
        "may_reveal": request.scope.allows("h5.reveal"),
        "quota": settings.H5_REVEALS_PER_DAY,
        "reasons": ReasonForm.REASONS.items(),
        "problem": problem,
        "text": text,
    }
    wrong = 422 if fields_form else 200
    return render(request, template, context, status=problem.status if problem else wrong)


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
