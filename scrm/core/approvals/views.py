"""Pages of approvals: what waits, one with what it would do, the decision."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from scrm.core.approvals import selectors, services
from scrm.core.approvals.forms import DecisionForm
from scrm.core.approvals.kinds import is_stale, kind_of
from scrm.core.approvals.models import Approval
from scrm.core.approvals.tables import ApprovalFilter, ApprovalTable, status_words
from scrm.core.listing import build_list
from scrm.core.refusals import RefusalAsMessage, RefusalInForm
from scrm.core.scope import ScopedRequest, requires

FOLDER = "console/core/approvals"


@require_GET
@requires("approvals.view")
def approval_list(request: ScopedRequest) -> HttpResponse:
    """List what was asked for, the newest first, with what waits for this person one click away."""
    page = build_list(
        request,
        queryset=selectors.approvals_visible_to(request.scope).defer("payload", "reason"),
        table_class=ApprovalTable,
        filterset_class=ApprovalFilter,
        order=("-asked_at", "-id"),
    )
    empty = {
        "title": _("Nothing was asked for yet"),
        "text": _("What needs a second person appears here: partner keys, roles, large exports."),
        "icon": "list-check",
    }
    waiting = selectors.waiting_for(request.scope).count()
    return render(
        request, f"{FOLDER}/list.html", {"list": page, "empty": empty, "waiting": waiting}
    )


@require_GET
@requires("approvals.view")
def approval_detail(request: ScopedRequest, pk: UUID) -> HttpResponse:
    """Show what one would do, and the decision to whoever may take it."""
    approval = get_object_or_404(selectors.approvals_visible_to(request.scope), pk=pk)
    return _page(request, approval, DecisionForm())


@require_POST
@requires("approvals.view")
def approval_decide(request: ScopedRequest, pk: UUID) -> HttpResponse:
    """Approve or refuse; who asked and who does not decide on this kind are told so."""
    approval = get_object_or_404(selectors.approvals_visible_to(request.scope), pk=pk)
    form = DecisionForm(request.POST)
    if form.is_valid():
        with RefusalInForm(form):
            return _decided(request, approval, form)
        approval = get_object_or_404(selectors.approvals_visible_to(request.scope), pk=pk)
    return _page(request, approval, form, status=422)


@require_POST
@requires("approvals.view")
def approval_take_back(request: ScopedRequest, pk: UUID) -> HttpResponse:
    """Take back what one asked for."""
    approval = get_object_or_404(selectors.approvals_visible_to(request.scope), pk=pk)
    with RefusalAsMessage(request):
        services.take_back(approval, actor=request.user)
        messages.success(request, _("It is taken back; nothing changed."))
    return redirect("approvals:detail", pk=pk)


def _decided(request: ScopedRequest, approval: Approval, form: DecisionForm) -> HttpResponse:
    reason = form.cleaned_data["reason"]
    if form.cleaned_data["decision"] == "approve":
        services.approve(approval, actor=request.user, reason=reason)
        messages.success(request, _("Approved."))
    else:
        services.refuse(approval, actor=request.user, reason=reason)
        messages.success(request, _("Refused; the person who asked sees your reason."))
    return redirect("approvals:detail", pk=approval.pk)


def _page(
    request: ScopedRequest, approval: Approval, form: DecisionForm, status: int = 200
) -> HttpResponse:
    kind = kind_of(approval)
    may_decide = selectors.waiting_for(request.scope).filter(pk=approval.pk).exists()
    context = {
        "approval": approval,
        "kind": kind,
        "facts": kind.facts(approval.payload),
        "state": status_words(approval),
        "page_url": kind.page(approval.payload),
        "is_stale": approval.is_waiting and is_stale(approval),
        "is_mine": approval.asked_by_id == request.user.pk,
        "form": form if may_decide else None,
        "errors": [] if may_decide else form.non_field_errors(),
    }
    return render(request, f"{FOLDER}/detail.html", context, status=status)
