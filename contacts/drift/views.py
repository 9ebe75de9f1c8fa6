"""Console pages of drift: differences, one of them, the decision, the age of secrets."""

from collections.abc import Sequence
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from contacts.drift import selectors, services
from contacts.drift.models import DriftFinding
from contacts.drift.secrets import secret_ages
from contacts.drift.shown import show_findings, unreadable_fields
from contacts.drift.tables import FindingFilter, FindingTable
from contacts.drift.words import PROBLEMS, act_lines, check_words
from scrm.core.exceptions import ScrmError
from scrm.core.listing import build_list
from scrm.core.refusals import RefusalAsMessage
from scrm.core.scope import ScopedRequest, requires

FOLDER = "console/contacts/drift"


@require_GET
@requires("drift.view")
def findings(request: ScopedRequest) -> HttpResponse:
    """List the differences, the newest first, below what the last comparison could read."""
    page = build_list(
        request,
        queryset=selectors.findings_visible_to(request.scope),
        table_class=FindingTable,
        filterset_class=FindingFilter,
        order=("-found_at", "-id"),
    )
    may_decide = request.scope.allows("drift.decide")
    show_findings(page.rows, may_decide=may_decide)
    check = selectors.last_check()
    context = {
        "list": page,
        "check": check,
        "check_words": check_words(check) if check is not None else "",
        "complete": selectors.last_complete_check(),
        "counts": selectors.live_counts(request.scope),
        "job": selectors.active_job(),
        "may_check": may_check(request),
        "may_decide": may_decide and any(row.may_tick for row in page.rows),
        "may_secrets": request.scope.allows("setup.view"),
        "most": services.MOST_AT_ONCE,
        "empty": _empty(check is not None and check.outcome == check.Outcome.COMPLETE),
    }
    return render(request, f"{FOLDER}/list.html", context)


def may_check(request: ScopedRequest) -> bool:
    """Return whether a person may start a comparison; it concerns the whole company."""
    return request.scope.everything and request.scope.allows("drift.view")


def _empty(read_everything: bool) -> dict[str, str]:  # noqa: FBT001
    """Say that nothing differs only where everything was read."""
    if read_everything:
        return {
            "title": _("Nothing to decide"),
            "text": _("OA, roster and WeCom agree, or somebody accepted what differs."),
            "icon": "circle-check",
        }
    return {
        "title": _("Nothing found so far"),
        "text": _(
            "No comparison could read everything yet, so this does not say that all is well."
        ),
        "icon": "help-circle",
    }


@require_GET
@requires("drift.view")
def detail(request: ScopedRequest, pk: UUID) -> HttpResponse:
    """Show one difference: both sides, what a click does, what WeCom does not let us read."""
    visible = selectors.findings_visible_to(request.scope).select_related("member__written")
    finding = get_object_or_404(visible, pk=pk)
    may_decide = request.scope.allows("drift.decide")
    show_findings([finding], may_decide=may_decide)
    context = {
        "finding": finding,
        "live": finding.status in DriftFinding.LIVE,
        "may_decide": may_decide and finding.status in DriftFinding.LIVE,
        "may_restore": not services.restore_counted([finding]).blocked,
        "unreadable": unreadable_fields(finding.member) if finding.member is not None else [],
    }
    return render(request, f"{FOLDER}/detail.html", context)


@require_POST
@requires("drift.view")
def check(request: ScopedRequest) -> HttpResponse:
    """Compare now."""
    if not may_check(request):
        raise PermissionDenied("drift.view")
    with RefusalAsMessage(request):
        services.check_start(actor=request.user)
    return redirect("drift:list")


@require_GET
@requires("drift.view")
def live(request: ScopedRequest) -> HttpResponse:
    """Show the progress; once nothing moves the page reloads itself."""
    job = selectors.active_job()
    response = render(request, f"{FOLDER}/live.html", {"job": job})
    if job is None:
        response["HX-Refresh"] = "true"
    return response


@require_POST
@requires("drift.decide")
def chosen(request: ScopedRequest) -> HttpResponse:
    """Show what bringing the ticked differences back would write, before anybody decides."""
    rows = _chosen(request)
    if not rows:
        messages.warning(request, _("Tick at least one difference."))
        return redirect("drift:list")
    return _asked(request, rows)


def _asked(request: ScopedRequest, rows: list[DriftFinding], problem: str = "") -> HttpResponse:
    show_findings(rows, may_decide=True)
    counted = services.restore_counted(rows)
    context = {
        "rows": rows,
        "writes": counted.writes,
        "lines": act_lines(counted.by_kind),
        "blocked": [(str(PROBLEMS[code]), count) for code, count in counted.blocked.items()],
        "problem": problem,
        "reason": request.POST.get("reason", ""),
    }
    return render(request, f"{FOLDER}/chosen.html", context, status=422 if problem else 200)


@require_POST
@requires("drift.decide")
def restore(request: ScopedRequest) -> HttpResponse:
    """Write our values of the chosen differences back to WeCom."""
    with RefusalAsMessage(request):
        services.restore_start(findings=_chosen(request), actor=request.user)
    return redirect("drift:list")


@require_POST
@requires("drift.decide")
def accept(request: ScopedRequest) -> HttpResponse:
    """Leave the chosen differences as they are, with a reason."""
    rows = _chosen(request)
    if not rows:
        messages.warning(request, _("Tick at least one difference."))
        return redirect("drift:list")
    try:
        count = services.findings_accept(
            findings=rows, reason=request.POST.get("reason", ""), actor=request.user
        )
    except ScrmError as refusal:
        return _asked(request, rows, refusal.message)
    words = ngettext(
        "%(count)d difference accepted until it changes.",
        "%(count)d differences accepted until they change.",
        count,
    )
    messages.success(request, words % {"count": count})
    return redirect("drift:list")


def _chosen(request: ScopedRequest) -> list[DriftFinding]:
    """Return the posted differences a person may see and decide on, as they were when the page was read.

    Each is posted as its id and its mark: one that changed since is decided by nobody who did not see it.
    """
    marks = _marks(request.POST.getlist("findings"))
    visible = selectors.findings_visible_to(request.scope).filter(status__in=DriftFinding.LIVE)
    rows = list(visible.filter(pk__in=list(marks)).order_by("found_at", "pk"))
    return [row for row in rows if row.mark.startswith(marks[row.pk])]


def _marks(posted: Sequence[str]) -> dict[UUID, str]:
    found: dict[UUID, str] = {}
    for each in posted[: services.MOST_AT_ONCE]:
        pk, _dot, mark = each.partition(".")
        try:
            found[UUID(pk)] = mark
        except ValueError:
            continue
    return found


@require_GET
@requires("setup.view")
def secrets(request: ScopedRequest) -> HttpResponse:
    """Show how old each credential is; none is ever shown."""
    rows = secret_ages()
    context = {
        "rows": rows,
        "old": sum(row.is_old for row in rows),
        "days": settings.SECRET_DAYS,
        "back": reverse("drift:list") if request.scope.allows("drift.view") else "",
    }
    return render(request, f"{FOLDER}/secrets.html", context)
