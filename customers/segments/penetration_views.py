"""Friends against members: the figures, the two lists, their files, and members for guides to invite."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from contacts.org.models import OrgUnit
from contacts.org.selectors import org_units_visible_to, stores_of, stores_visible_to
from customers.crm.models import CrmMember
from customers.relations.models import ExternalContact, FollowRelation
from customers.relations.showing import mask_name, shown
from customers.segments import inviting, penetration
from customers.segments.forms import StoreFilter
from customers.segments.models import Invitation
from customers.segments.tables import StrangerTable, UnenrolledTable
from scrm.core.approvals.asking import second_person
from scrm.core.approvals.exports import may_take
from scrm.core.audit.services import record
from scrm.core.downloads import workbook_response
from scrm.core.excel import write_workbook
from scrm.core.exceptions import ScrmError, ValidationFailed
from scrm.core.listing import build_list
from scrm.core.phone import mask_phone
from scrm.core.scope import Scope, ScopedRequest, requires

FOLDER = "console/customers/segments"
MOST_ROWS = 100_000


class FriendFilter(StoreFilter):
    """Narrow friends to those of a store's guides."""

    def in_store(self, rows: Any, store: Any) -> Any:
        """Return the customers with a living relation to a guide of a store."""
        return penetration.unenrolled_of(rows, self.request.scope, store)


@require_GET
@requires("segments.view")
def index(request: ScopedRequest) -> HttpResponse:
    """Show by branch and store how many members are friends, and what is missing."""
    context = {
        "found": penetration.penetration(request.scope),
        "may_edit": request.scope.allows("segments.edit"),
    }
    return render(request, f"{FOLDER}/penetration.html", context)


@require_GET
@requires("segments.view")
def strangers(request: ScopedRequest) -> HttpResponse:
    """List the members who are nobody's friend."""
    page = build_list(
        request,
        queryset=penetration.strangers_visible_to(request.scope),
        table_class=StrangerTable,
        filterset_class=StoreFilter,
        order=("-id",),
    )
    _describe(request.scope, page.rows)
    context = {
        "list": page,
        "empty": {"title": _("Every member is a friend"), "icon": "users-group"},
        **_about(request, "strangers"),
    }
    return render(request, f"{FOLDER}/strangers.html", context)


def _about(request: ScopedRequest, tab: str) -> dict[str, Any]:
    code = request.GET.get("store", "").strip()
    unit = stores_visible_to(request.scope).filter(code=code).first() if code else None
    return {
        "tab": tab,
        "store": unit,
        "code": code,
        "may_edit": request.scope.allows("segments.edit"),
        "may_export": request.scope.allows("segments.export"),
    }


def _describe(scope: Scope, members: Iterable[CrmMember]) -> None:
    """Fill what the table shows, names and phones as far as the scope may read them."""
    rows: list[Any] = list(members)
    named = {
        unit.code: unit
        for unit in OrgUnit.objects.filter(code__in={row.store_code for row in rows})
    }
    open_ = Invitation.objects.filter(crm_member__in=rows, joined_at=None).select_related("guide")
    invited = {each.crm_member_id: each for each in open_}
    for row in rows:
        row.shown_name = mask_name(row.name) if scope.masked("name") else row.name
        row.shown_phone = mask_phone(row.phone)
        row.store = named.get(row.store_code)
        row.invited = invited.get(row.pk)


@require_GET
@requires("segments.view")
def unenrolled(request: ScopedRequest) -> HttpResponse:
    """List the friends who are no members."""
    page = build_list(
        request,
        queryset=penetration.unenrolled_visible_to(request.scope),
        table_class=UnenrolledTable,
        filterset_class=FriendFilter,
        order=("-id",),
    )
    _enrol(request.scope, page.rows)
    context = {
        "list": page,
        "empty": {"title": _("Every friend is a member"), "icon": "users-group"},
        **_about(request, "unenrolled"),
    }
    return render(request, f"{FOLDER}/unenrolled.html", context)


def _enrol(scope: Scope, contacts: Iterable[ExternalContact]) -> None:
    """Fill each customer with the enrolment link of the newest guide the scope sees."""
    rows: list[Any] = list(contacts)
    views = shown(scope, rows)
    guides = {}
    for row, view in zip(rows, views, strict=True):
        row.shown, row.enrolment = view, ""
        row.may_open = scope.allows("relations.view")
        if view.newest is not None:
            guides[row.pk] = view.newest.relation.member
    homes = stores_of(guide.pk for guide in guides.values())
    places = [(guide, homes.get(guide.pk)) for guide in guides.values()]
    links = dict(zip(guides, inviting.enrolment_links(places), strict=True))
    for row in rows:
        row.enrolment = links.get(row.pk, "")


# --- files ------------------------------------------------------------------------------------------------------


@require_POST
@requires("segments.export")
def strangers_export(request: ScopedRequest) -> HttpResponse:
    """Give the members who are nobody's friend as a file, masked; many rows need a second person."""
    members = penetration.strangers_visible_to(request.scope).order_by("store_code", "pk")
    if code := request.POST.get("store", "").strip():
        store = get_object_or_404(stores_visible_to(request.scope), code=code)
        members = members.filter(store_code=store.code)
    columns = [
        ("member_no", _("Member number")),
        ("name", _("Name")),
        ("phone", _("Phone")),
        ("level", _("Membership level")),
        ("store", _("Store code")),
        ("joined", _("Joined on")),
    ]
    rows = (
        {
            "member_no": each.member_no,
            "name": mask_name(each.name),
            "phone": mask_phone(each.phone),
            "level": each.level,
            "store": each.store_code,
            "joined": each.joined_on,
        }
        for each in members.iterator(chunk_size=1000)
    )
    return _export(request, "strangers", members.count(), columns, rows)


@require_POST
@requires("segments.export")
def unenrolled_export(request: ScopedRequest) -> HttpResponse:
    """Give the friends who are no members as a file, masked; many rows need a second person."""
    contacts = penetration.unenrolled_visible_to(request.scope).order_by("pk")
    if code := request.POST.get("store", "").strip():
        store = get_object_or_404(stores_visible_to(request.scope), code=code)
        contacts = penetration.unenrolled_of(contacts, request.scope, store)
    columns = [("name", _("Customer")), ("guides", _("Guides")), ("link", _("Enrolment link"))]
    return _export(request, "unenrolled", contacts.count(), columns, _friends(request, contacts))


def _friends(request: ScopedRequest, contacts: Any) -> Iterator[Mapping[str, object]]:
    batch: list[Any] = []
    for each in contacts.iterator(chunk_size=500):
        batch.append(each)
        if len(batch) == 500:
            yield from _friend_rows(request, batch)
            batch = []
    yield from _friend_rows(request, batch)


def _friend_rows(request: ScopedRequest, batch: list[Any]) -> Iterator[Mapping[str, object]]:
    _enrol(request.scope, batch)
    for row in batch:
        guides = [
            each.relation.member
            for each in row.shown.relations
            if each.relation.status == FollowRelation.Status.ACTIVE
        ]
        yield {
            "name": mask_name(row.name),
            "guides": _(", ").join(guide.name or guide.userid for guide in guides),
            "link": row.enrolment,
        }


def _export(
    request: ScopedRequest,
    what: str,
    count: int,
    columns: list[tuple[str, str]],
    rows: Iterable[Mapping[str, object]],
) -> HttpResponse:
    if count > MOST_ROWS:
        raise ValidationFailed(
            _("A file holds at most %(most)d rows. Choose a store.") % {"most": MOST_ROWS},
            code="file_too_large",
        )
    filters = {"store": request.POST.get("store", "").strip()}
    page = reverse(f"segments:penetration_{what}", query=filters)
    with transaction.atomic():
        if not may_take(what, filters, rows=count, actor=request.user):
            return second_person(request, what, filters, rows=count, page=page, shown=filters)
        record(
            actor=request.user,
            action="segments.export",
            target="segment:*",
            after={"file": what, "rows": count, **filters},
        )
    return workbook_response(
        write_workbook(columns, rows, notes=_notes(request), stamp=_stamp(request)), f"{what}.xlsx"
    )


def _stamp(request: ScopedRequest) -> str:
    moment = timezone.localtime().strftime("%Y-%m-%d %H:%M")
    return f"{request.user.get_username()} · {moment}"


def _notes(request: ScopedRequest) -> list[tuple[str, str]]:
    return [
        (_("Taken by"), _stamp(request)),
        (_("Confidential"), _("This file holds personal data: whoever took it answers for it.")),
    ]


@require_POST
@requires("segments.edit")
def give(request: ScopedRequest) -> HttpResponse:
    """Give the guides below a unit members to invite."""
    unit = get_object_or_404(org_units_visible_to(request.scope), code=request.POST.get("unit", ""))
    try:
        job = inviting.giving_start(request.scope, unit, actor=request.user)
    except ScrmError as error:
        messages.warning(request, error.message)
        return redirect("segments:penetration")
    if request.scope.allows("jobs.view"):
        return redirect("jobs:detail", job.pk)
    messages.success(request, _("The guides are being given members to invite."))
    return redirect("segments:penetration")
