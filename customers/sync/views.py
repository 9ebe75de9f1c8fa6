"""Console pages of the customer sync: runs, one of them live, and what no event had told."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from customers.sync import selectors, services
from customers.sync.models import MissedChange, SyncRun
from customers.sync.showing import show_changes
from customers.sync.tables import MissedFilter, MissedTable, RunTable
from customers.sync.words import fault_words, wait_shown
from scrm.core.jobs import services as jobs
from scrm.core.jobs.models import JobState
from scrm.core.listing import build_list
from scrm.core.refusals import RefusalAsMessage
from scrm.core.scope import ScopedRequest, requires

FOLDER = "console/customers/sync"
FAULTS_SHOWN = CHAINS_SHOWN = 100


@require_GET
@requires("relations.sync")
def runs(request: ScopedRequest) -> HttpResponse:
    """List the runs, newest first, below the one that is under way."""
    page = build_list(
        request,
        queryset=selectors.runs_visible_to(request.scope),
        table_class=RunTable,
        order=("-started_at", "-id"),
    )
    counts = selectors.missed_by_run(request.scope, [row.pk for row in page.rows])
    jobs_by_id = selectors.jobs_of(page.rows)
    for row in page.rows:
        row.job, row.missed_count = jobs_by_id.get(row.job_id), counts.get(row.pk, 0)
    active = selectors.active_run()
    empty = {
        "title": _("No sync yet"),
        "text": _(
            "A sync reads all customers of all members from WeCom and lists what no event told us."
        ),
        "icon": "refresh",
    }
    context = {
        "list": page,
        "empty": empty,
        "complete_at": selectors.last_complete(),
        "missed": sum(selectors.missed_counts(request.scope, None).values()),
        "may_start": request.scope.everything and active is None,
        **(_shown(active) if active is not None else {}),
    }
    return render(request, f"{FOLDER}/list.html", context)


def _shown(sync: SyncRun) -> dict[str, object]:
    standing = selectors.standing_of(sync)
    is_running = standing.job is not None and standing.job.state == JobState.RUNNING
    return {
        "sync": sync,
        "standing": standing,
        "waits": wait_shown(sync, standing.job),
        "is_running": is_running,
    }


@require_GET
@requires("relations.sync")
def detail(request: ScopedRequest, pk: UUID) -> HttpResponse:
    """Show one run: how far, who could not be read, what was missing, every chain."""
    sync = get_object_or_404(selectors.runs_visible_to(request.scope), pk=pk)
    faults = list(selectors.faults_of(sync)[:FAULTS_SHOWN])
    counts = selectors.missed_counts(request.scope, sync.pk)
    labels = dict(MissedChange.Kind.choices)
    newest = SyncRun.objects.order_by("-started_at").values_list("pk", flat=True).first()
    context = {
        **_shown(sync),
        "faults": [(fault, fault_words(fault)) for fault in faults],
        "faults_more": sync.faults.count() - len(faults),
        "missed": [(kind, labels[kind], counts[kind]) for kind in labels if kind in counts],
        "chains": list(selectors.chains_of(sync)[:CHAINS_SHOWN]),
        "outcomes": selectors.unlisted_counts(sync),
        "is_held": bool(sync.held) and sync.released_at is None,
        "is_newest": newest == sync.pk,
    }
    return render(request, f"{FOLDER}/detail.html", context)


@require_GET
@requires("relations.sync")
def live(request: ScopedRequest, pk: UUID) -> HttpResponse:
    """Return the moving part; once nothing moves the page loads itself anew."""
    sync = get_object_or_404(selectors.runs_visible_to(request.scope), pk=pk)
    context = _shown(sync)
    response = render(request, f"{FOLDER}/live.html", context)
    if not selectors.is_active(sync):
        response["HX-Refresh"] = "true"
    return response


@require_POST
@requires("relations.sync")
def start(request: ScopedRequest) -> HttpResponse:
    """Compare now."""
    if not request.scope.everything:
        raise PermissionDenied("relations.sync")
    with RefusalAsMessage(request):
        sync = services.sync_start(actor=request.user)
        return redirect("customer_sync:detail", sync.pk)
    return redirect("customer_sync:list")


@require_POST
@requires("relations.sync")
def cancel(request: ScopedRequest, pk: UUID) -> HttpResponse:
    """Stop a run; what is stored stays, and it can go on from there."""
    sync = get_object_or_404(selectors.runs_visible_to(request.scope), pk=pk)
    job = selectors.job_of(sync)
    if job is not None:
        with RefusalAsMessage(request):
            jobs.cancel(job, actor=request.user)
            messages.success(request, _("The sync stops after the pages it is storing."))
    return redirect("customer_sync:detail", sync.pk)


@require_POST
@requires("relations.sync")
def resume(request: ScopedRequest, pk: UUID) -> HttpResponse:
    """Let a stopped or failed run go on with every chain where it stands."""
    sync = get_object_or_404(selectors.runs_visible_to(request.scope), pk=pk)
    job = selectors.job_of(sync)
    if job is not None:
        with RefusalAsMessage(request):
            jobs.restart(job, actor=request.user)
    return redirect("customer_sync:detail", sync.pk)


@require_POST
@requires("relations.sync")
def release(request: ScopedRequest, pk: UUID) -> HttpResponse:
    """Let the held losses be looked at after all, with a reason."""
    sync = get_object_or_404(selectors.runs_visible_to(request.scope), pk=pk)
    with RefusalAsMessage(request):
        services.losses_release(sync, actor=request.user, reason=request.POST.get("reason", ""))
    return redirect("customer_sync:detail", sync.pk)


@require_GET
@requires("relations.view")
def missed(request: ScopedRequest) -> HttpResponse:
    """List what no event had told, of the customers in scope."""
    page = build_list(
        request,
        queryset=selectors.missed_visible_to(request.scope),
        table_class=MissedTable,
        filterset_class=MissedFilter,
        order=("-found_at", "-id"),
    )
    show_changes(request.scope, page.rows)
    empty = {
        "title": _("Nothing was missed"),
        "text": _(
            "Every change that the last comparisons found had been told by an event of WeCom."
        ),
        "icon": "circle-check",
    }
    back = ""
    if request.scope.allows("relations.sync") and request.scope.everything:
        back = reverse("customer_sync:list")
    context = {"list": page, "empty": empty, "back": back, "complete_at": selectors.last_complete()}
    return render(request, f"{FOLDER}/missed.html", context)
