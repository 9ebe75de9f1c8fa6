"""Console pages of the OA synchronisation: upload, plan, approve, result."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from contacts.oa_sync.forms import ApproveForm, PolicyForm, UploadForm
from contacts.oa_sync.models import OaPlanItem, OaRun
from contacts.oa_sync.selectors import (
    adoptions_visible_to,
    error_roles_of,
    is_own_upload,
    items_of,
    job_of,
    last_good_run,
    minutes_needed,
    policy,
    row_errors_of,
    runs_visible_to,
)
from contacts.oa_sync.services import (
    DryCount,
    policy_set,
    rules_counted,
    run_approve,
    run_cancel,
    run_continue,
    run_discard,
    run_plan_again,
    run_upload,
)
from contacts.oa_sync.shown import show_errors, show_items
from contacts.oa_sync.sources import SourceFile
from contacts.oa_sync.tables import (
    ErrorFilter,
    ErrorTable,
    ItemFilter,
    ItemTable,
    RunFilter,
    RunTable,
)
from contacts.oa_sync.words import hold_words
from scrm.core.listing import ListPage, build_list
from scrm.core.refusals import RefusalAsMessage, RefusalInForm
from scrm.core.scope import ScopedRequest, requires

Status = OaRun.Status
MOVING = frozenset({Status.READING, Status.APPLYING})


@require_GET
@requires("oa_sync.view")
def runs(request: ScopedRequest) -> HttpResponse:
    """List readings of the OA, with the form for the next one."""
    return _list_page(request, UploadForm())


def _list_page(request: ScopedRequest, form: UploadForm) -> HttpResponse:
    page = build_list(
        request,
        queryset=runs_visible_to(request.scope).select_related("approved_by"),
        table_class=RunTable,
        filterset_class=RunFilter,
        order=("-created_at",),
    )
    context = {
        "list": page,
        "form": form,
        "last_good": last_good_run() if request.scope.everything else None,
        "may_upload": may_upload(request),
        "doubts": adoptions_visible_to(request.scope).filter(status="waiting").count(),
        "empty": {
            "title": _("The OA was never read"),
            "text": _(
                "Upload the department file and the employee file; you see every change before it happens."
            ),
            "icon": "refresh",
        },
    }
    status = 422 if form.errors else 200
    return render(request, "console/contacts/oa_sync/list.html", context, status=status)


def may_upload(request: ScopedRequest) -> bool:
    """Return whether a person may hand in files; the OA concerns the whole company."""
    return request.scope.everything and request.scope.allows("oa_sync.upload")


@require_POST
@requires("oa_sync.upload")
def upload(request: ScopedRequest) -> HttpResponse:
    """Take both files and start reading them."""
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return _list_page(request, form)
    files = {role: SourceFile(file.name, file.read()) for role, file in form.cleaned_data.items()}
    with RefusalInForm(form):
        run = run_upload(
            departments=files["departments"], employees=files["employees"], actor=request.user
        )
        return redirect("oa_sync:detail", pk=run.pk)
    return _list_page(request, form)


def _run(request: ScopedRequest, pk: UUID) -> OaRun:
    visible = runs_visible_to(request.scope).select_related("created_by", "approved_by")
    return get_object_or_404(visible, pk=pk)


@require_GET
@requires("oa_sync.view")
def detail(request: ScopedRequest, pk: UUID) -> HttpResponse:
    """Show a run: figures, why it is held, plan or refused rows, result."""
    run = _run(request, pk)
    tab = "errors" if request.GET.get("tab") == "errors" else "plan"
    page = _errors(request, run) if tab == "errors" else _items(request, run)
    labels = OaPlanItem.Kind.choices
    context = {
        "run": run,
        "job": job_of(run),
        "moving": run.status in MOVING,
        "tab": tab,
        "list": page,
        "error_roles": error_roles_of(run) if tab == "errors" else [],
        "counts": [
            (label, run.item_counts[kind]) for kind, label in labels if run.item_counts.get(kind)
        ],
        "hold": hold_words(run.hold),
        "may_approve": run.waits_for_approval and request.scope.allows("oa_sync.approve"),
        "may_upload": may_upload(request),
        "may_map": run.needs_columns and request.scope.allows("oa_sync.connect"),
        "minutes": minutes_needed(run) if run.waits_for_approval else None,
        "may_cancel": request.scope.allows("oa_sync.approve"),
        "form": ApproveForm(),
        "empty": _empty(run, tab),
    }
    return render(request, "console/contacts/oa_sync/detail.html", context)


def _items(request: ScopedRequest, run: OaRun) -> ListPage:
    page = build_list(
        request,
        queryset=items_of(run),
        table_class=ItemTable,
        filterset_class=ItemFilter,
        order=("position",),
    )
    show_items(page.rows)
    return page


def _errors(request: ScopedRequest, run: OaRun) -> ListPage:
    page = build_list(
        request,
        queryset=row_errors_of(run),
        table_class=ErrorTable,
        filterset_class=ErrorFilter,
        order=("role", "row_number"),
    )
    hidden = request.scope.masked("phone") and not is_own_upload(run, request.user)
    show_errors(page.rows, masked=hidden)
    return page


def _empty(run: OaRun, tab: str) -> dict[str, str]:
    if tab == "errors":
        return {
            "title": _("No refused rows"),
            "text": _("Every row of both files could be used."),
            "icon": "check",
        }
    if run.status == Status.READING:
        return {"title": _("The files are being read"), "icon": "clock"}
    if run.status == Status.FAILED:
        return {"title": _("No plan was made"), "icon": "circle-x"}
    return {
        "title": _("Nothing to do"),
        "text": _("WeCom's address book says what the OA says."),
        "icon": "circle-check",
    }


@require_GET
@requires("oa_sync.view")
def live(request: ScopedRequest, pk: UUID) -> HttpResponse:
    """Show the moving part; once the run stands still the page reloads itself."""
    run = _run(request, pk)
    job = job_of(run)
    moving = run.status in MOVING and job is not None and job.is_active
    context = {
        "run": run,
        "job": job,
        "moving": moving,
        "may_cancel": request.scope.allows("oa_sync.approve"),
    }
    response = render(request, "console/contacts/oa_sync/live.html", context)
    if not moving:
        response["HX-Refresh"] = "true"
    return response


@require_POST
@requires("oa_sync.approve")
def approve(request: ScopedRequest, pk: UUID) -> HttpResponse:
    """Approve a plan and start applying it."""
    run = _run(request, pk)
    with RefusalAsMessage(request):
        run_approve(run=run, actor=request.user, reason=request.POST.get("reason", ""))
    return redirect("oa_sync:detail", pk=pk)


@require_POST
@requires("oa_sync.approve")
def discard(request: ScopedRequest, pk: UUID) -> HttpResponse:
    """Give up a plan."""
    run = _run(request, pk)
    with RefusalAsMessage(request):
        run_discard(run=run, actor=request.user, reason=request.POST.get("reason", ""))
    return redirect("oa_sync:detail", pk=pk)


@require_POST
@requires("oa_sync.approve")
def go_on(request: ScopedRequest, pk: UUID) -> HttpResponse:
    """Go on with a run whose job stopped."""
    run = _run(request, pk)
    with RefusalAsMessage(request):
        run_continue(run=run, actor=request.user)
    return redirect("oa_sync:detail", pk=pk)


@require_POST
@requires("oa_sync.upload")
def plan_again(request: ScopedRequest, pk: UUID) -> HttpResponse:
    """Plan the same files anew."""
    run = _run(request, pk)
    with RefusalAsMessage(request):
        run = run_plan_again(run=run, actor=request.user)
    return redirect("oa_sync:detail", pk=run.pk)


@require_POST
@requires("oa_sync.approve")
def cancel(request: ScopedRequest, pk: UUID) -> HttpResponse:
    """Stop a run that is being read or carried out; what is done stays done."""
    run = _run(request, pk)
    with RefusalAsMessage(request):
        run_cancel(run=run, actor=request.user)
        messages.success(request, _("The run stops after the batch it is working on."))
    return redirect("oa_sync:detail", pk=pk)


@require_http_methods(["GET", "POST"])
@requires("oa_sync.approve")
def rules(request: ScopedRequest) -> HttpResponse:
    """Show and change who gets an account; "count" tries the entered rules without keeping them."""
    form = PolicyForm(request.POST or None, initial=_rules_now())
    counted: DryCount | None = None
    if request.method == "POST" and form.is_valid():
        values = form.values()
        if "count" not in request.POST:
            policy_set(values=values, actor=request.user)
            messages.success(request, _("Saved. The next plan uses these rules."))
            return redirect("oa_sync:list")
        with RefusalInForm(form):
            counted = rules_counted(values.rules)
    return render(
        request, "console/contacts/oa_sync/policy.html", {"form": form, "counted": counted}
    )


def _rules_now() -> dict[str, object]:
    stored = policy()
    return {
        "posts": "\n".join(stored.posts),
        "departments": "\n".join(stored.departments),
        "states": stored.states,
        "invite": stored.invite,
        "batch_api": stored.batch_api,
    }
