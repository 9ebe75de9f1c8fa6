"""The results of a hand-over as a file: who got whom, how it stands and why; names as the page shows them, audited, a large one approved."""

from collections.abc import Iterator
from datetime import datetime

from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from customers.inheritance.models import HandoverPlan
from customers.inheritance.selectors import plans_visible_to
from customers.inheritance.words import group_reason, item_reason
from customers.relations.showing import mask_name
from scrm.core.approvals.asking import second_person
from scrm.core.approvals.exports import may_take
from scrm.core.audit.services import record
from scrm.core.downloads import stamp_of, taken_notes, workbook_response
from scrm.core.excel import write_workbook
from scrm.core.exceptions import PermissionDenied
from scrm.core.scope import ScopedRequest, requires

WHAT = "handover"
EXPORTS = "relations.export"


@require_http_methods(["GET", "POST"])
@requires(EXPORTS)
def plan_file(request: ScopedRequest, pk: int) -> HttpResponse:
    """Download who got whom: for whoever may take customers out of the house at all."""
    if not request.scope.allows("inheritance.view"):
        raise PermissionDenied(_("Your role takes customers out as files, but sees no hand-overs."))
    plan = get_object_or_404(plans_visible_to(request.scope), pk=pk)
    rows = plan.items.count() + plan.groups.count()
    about = {"plan": str(plan.pk)}
    with transaction.atomic():
        if not may_take(WHAT, about, rows=rows, actor=request.user):
            page = reverse("inheritance:detail", args=[plan.pk])
            return second_person(request, WHAT, about, rows=rows, page=page, shown={})
        record(
            actor=request.user,
            action="inheritance.results_export",
            target=f"handover:{plan.pk}",
            after={"rows": rows},
        )
    stamp = stamp_of(request.user)
    found = result_rows(plan, masked=request.scope.masked("name"))
    content = write_workbook(headers(), found, notes=taken_notes(stamp), stamp=stamp)
    day = timezone.localdate(plan.created_at)
    return workbook_response(content, f"hand-over-{plan.leaver.userid}-{day}.xlsx")


def headers() -> list[tuple[str, str]]:
    """Return (field, header) of the file in the reader's language."""
    return [
        ("kind", _("Kind")),
        ("name", _("Customer or group")),
        ("id", _("WeCom's id")),
        ("old", _("Old guide")),
        ("new", _("Successor")),
        ("new_id", _("Successor's userid")),
        ("state", _("State")),
        ("reason", _("Reason")),
        ("tries", _("Tries")),
        ("asked_at", _("Asked at")),
        ("settled_at", _("Settled at")),
    ]


def result_rows(plan: HandoverPlan, *, masked: bool) -> Iterator[dict[str, object]]:
    """Yield the customers, then the groups of a hand-over; masked names show their first character only."""
    old = plan.leaver.name or plan.leaver.userid
    items = plan.items.select_related("contact", "successor").order_by("pk")
    for item in items.iterator(2000):
        yield {
            "kind": _("Customer"),
            "name": mask_name(item.contact.name) if masked else item.contact.name,
            "id": item.contact.external_userid,
            "old": old,
            "new": item.successor.name if item.successor else "",
            "new_id": item.successor.userid if item.successor else "",
            "state": item.get_state_display(),
            "reason": item_reason(item),
            "tries": item.tries,
            "asked_at": _moment(item.asked_at),
            "settled_at": _moment(item.settled_at),
        }
    for group in plan.groups.select_related("successor").order_by("pk").iterator(2000):
        yield {
            "kind": _("Group"),
            "name": group.title,
            "id": group.chat_id,
            "old": old,
            "new": group.successor.name if group.successor else "",
            "new_id": group.successor.userid if group.successor else "",
            "state": group.get_state_display(),
            "reason": group_reason(group),
            "tries": "",
            "asked_at": _moment(group.asked_at),
            "settled_at": _moment(group.settled_at),
        }


def _moment(at: datetime | None) -> str:
    return "" if at is None else timezone.localtime(at).strftime("%Y-%m-%d %H:%M")
