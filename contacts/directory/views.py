"""Console pages of the address book."""

from dataclasses import dataclass

from django.contrib import messages
from django.db.models import F, Func
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from contacts.directory.models import Department, Member
from contacts.directory.selectors import (
    departments_put,
    departments_visible_to,
    members_visible_to,
    restrictions_put,
)
from contacts.directory.services import refresh_start
from contacts.directory.tables import MemberFilter, MemberTable
from scrm.core.exceptions import Conflict
from scrm.core.listing import build_list
from scrm.core.scope import Scope, ScopedRequest, requires


@require_GET
@requires("directory.view")
def members(request: ScopedRequest) -> HttpResponse:
    """List the accounts a person may see, with what keeps each from serving customers."""
    visible = members_visible_to(request.scope).select_related("employee")
    page = build_list(
        request,
        queryset=visible.prefetch_related("bindings__store"),
        table_class=MemberTable,
        filterset_class=MemberFilter,
        order=("userid",),
    )
    departments_put(page.rows)
    restrictions_put(request.scope, page.rows)
    context = {
        "list": page,
        "empty": _empty(request.scope),
        "may_refresh": may_refresh(request.scope),
    }
    return render(request, "console/contacts/directory/members.html", context)


def may_refresh(scope: Scope) -> bool:
    """Return whether a person may read WeCom's address book again."""
    return scope.allows("oa_sync.upload")


def _empty(scope: Scope) -> dict[str, str]:
    if scope.allows("oa_sync.upload"):
        return {
            "title": _("No members yet"),
            "text": _(
                "Upload the OA's files to create accounts, or refresh from WeCom to see those that exist."
            ),
            "action_label": _("Go to OA sync"),
            "action_url": reverse("oa_sync:list"),
            "icon": "address-book",
        }
    return {
        "title": _("No members yet"),
        "text": _(
            "Nobody in your part of the company has an account. HQ operations can change that."
        ),
        "icon": "address-book",
    }


@dataclass(frozen=True)
class TreeRow:
    """One department as the tree draws it; `level` counts from 0, at most 15."""

    department: Department
    level: int
    members: int

    @property
    def steps(self) -> range:
        """Return one step for each level, for the template to indent by."""
        return range(self.level)


@require_GET
@requires("directory.view")
def departments(request: ScopedRequest) -> HttpResponse:
    """Show the department tree with the number of accounts in each."""
    rows = tree_rows(request.scope)
    return render(
        request,
        "console/contacts/directory/departments.html",
        {"rows": rows, "empty": _empty(request.scope), "may_refresh": may_refresh(request.scope)},
    )


def tree_rows(scope: Scope) -> list[TreeRow]:
    """Return the visible departments parents first, bigger `order` first, in two queries."""
    visible = list(departments_visible_to(scope))
    counts: dict[int, int] = {}
    serving = members_visible_to(scope).exclude(status=Member.Status.LEFT)
    unnested = serving.annotate(each=Func(F("department_ids"), function="unnest"))
    for department_id in unnested.values_list("each", flat=True):
        counts[department_id] = counts.get(department_id, 0) + 1
    known = {department.department_id for department in visible}
    children: dict[int, list[Department]] = {}
    for department in visible:
        parent = department.parent_department_id
        children.setdefault(parent if parent in known else 0, []).append(department)
    rows: list[TreeRow] = []
    stack = [(department, 0) for department in _drawn(children.get(0, []))]
    while stack:
        department, level = stack.pop()
        rows.append(TreeRow(department, level, counts.get(department.department_id, 0)))
        below = children.get(department.department_id, [])
        stack += [(child, level + 1) for child in _drawn(below)]
    return rows


def _drawn(siblings: list[Department]) -> list[Department]:
    """Return siblings in reverse of how they are shown, for a stack."""
    return sorted(siblings, key=lambda each: (each.order, -each.department_id))


@require_POST
@requires("oa_sync.upload")
def refresh(request: ScopedRequest) -> HttpResponse:
    """Start the job that reads WeCom's address book again."""
    try:
        job = refresh_start(actor=request.user)
    except Conflict as running:
        messages.info(request, running.message)
        return redirect("jobs:detail", pk=running.data["job_id"])
    return redirect("jobs:detail", pk=job.pk)
