"""Console page of accounts that cannot serve yet: who has to do what, and WeCom's invitation once more."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from contacts.directory.chasing import (
    NOT_ACTIVATED,
    REASONS,
    chase_counts,
    chase_headers,
    chase_rows,
    chased,
    members_to_chase,
    not_activated,
    refusals,
)
from contacts.directory.selectors import departments_put
from contacts.directory.services import members_invite
from contacts.directory.tables import ChaseFilter, ChaseTable
from scrm.core.approvals.asking import second_person
from scrm.core.approvals.exports import may_take
from scrm.core.audit.services import record
from scrm.core.downloads import workbook_response
from scrm.core.excel import write_workbook
from scrm.core.listing import build_list
from scrm.core.refusals import RefusalAsMessage
from scrm.core.scope import ScopedRequest, requires

INVITED_AT_ONCE = 1000


@require_GET
@requires("directory.view")
def chase(request: ScopedRequest) -> HttpResponse:
    """List the accounts that wait for something, those waiting longest first."""
    page = build_list(
        request,
        queryset=members_to_chase(request.scope).prefetch_related("bindings__store"),
        table_class=ChaseTable,
        filterset_class=ChaseFilter,
        order=("waits_since", "userid"),
    )
    departments_put(page.rows)
    refused, may_invite = refusals(), request.scope.allows("directory.invite")
    for member in page.rows:
        member.chased = chased(member, refused)
        member.may_tick = may_invite and member.chase == NOT_ACTIVATED
    counts = chase_counts(request.scope)
    context = {
        "list": page,
        "counts": [(reason, label, counts[reason]) for reason, label in REASONS],
        "may_invite": may_invite and counts[NOT_ACTIVATED] > 0,
        "waiting": counts[NOT_ACTIVATED],
        "empty": {
            "title": _("Nobody has to be chased"),
            "text": _("Every account is activated and may serve customers."),
            "icon": "circle-check",
        },
    }
    return render(request, "console/contacts/directory/chase.html", context)


@require_POST
@requires("directory.invite")
def chase_invite(request: ScopedRequest) -> HttpResponse:
    """Send WeCom's invitation again to the ticked accounts, or to all that wait for it."""
    waiting = not_activated(request.scope)
    if request.POST.get("act") != "all":
        ticked = [each for each in request.POST.getlist("members") if each.isdecimal()]
        waiting = waiting.filter(pk__in=ticked[:INVITED_AT_ONCE])
    with RefusalAsMessage(request):
        count = members_invite(list(waiting[:INVITED_AT_ONCE]), actor=request.user)
        messages.success(
            request,
            ngettext(
                "WeCom invites %(count)d account again.",
                "WeCom invites %(count)d accounts again.",
                count,
            )
            % {"count": count},
        )
    return redirect("directory:chase")


@require_http_methods(["GET", "POST"])
@requires("directory.view")
def chase_download(request: ScopedRequest) -> HttpResponse:
    """Download the list as filtered, to hand it to the stores; audited, and a large one needs a second person."""
    visible = members_to_chase(request.scope).prefetch_related("bindings__store")
    found = ChaseFilter(request.GET, queryset=visible)
    members = list(found.qs.order_by("waits_since", "userid"))
    chosen = {name: request.GET[name] for name in found.filters if request.GET.get(name)}
    rows = len(members)
    with transaction.atomic():
        if not may_take("chase", chosen, rows=rows, actor=request.user):
            page = reverse("directory:chase", query=chosen)
            return second_person(request, "chase", chosen, rows=rows, page=page, shown={})
        record(
            actor=request.user,
            action="directory.chase_export",
            target="member:*",
            after={"filters": chosen, "rows": rows},
        )
    departments_put(members)
    return workbook_response(
        write_workbook(chase_headers(), chase_rows(members, refusals())), "accounts-to-chase.xlsx"
    )
