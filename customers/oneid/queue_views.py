"""Merge centre: shared identifiers, and the audits of all persons."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from customers.oneid import selectors, services
from customers.oneid.evidence import value_shown
from customers.oneid.forms import ReasonForm, SharedForm
from customers.oneid.models import SharedKey
from customers.oneid.tables import AuditTable, SharedTable
from scrm.core.exceptions import ScrmError
from scrm.core.listing import build_list
from scrm.core.scope import ScopedRequest, requires

SHOWN = 50
State = SharedKey.State


def shared_queue(request: ScopedRequest) -> dict[str, object]:
    """Return the identifiers that too many records share, the open ones first found."""
    rows = selectors.shared_visible_to(request.scope).exclude(state=State.GONE)
    page = build_list(request, queryset=rows, table_class=SharedTable, order=("-opened_at", "-id"))
    empty = {
        "title": _("No shared identifiers"),
        "text": _("A phone or ID card that too many records hold ties nobody and waits here."),
        "icon": "git-merge",
    }
    return {"list": page, "empty": empty}


def audits_queue(request: ScopedRequest) -> dict[str, object]:
    """Return the audits, newest first."""
    rows = selectors.audits_visible_to(request.scope)
    page = build_list(request, queryset=rows, table_class=AuditTable, order=("-created_at", "-id"))
    empty = {
        "title": _("No audit yet"),
        "text": _("Every night all persons are rebuilt from all keys and compared with what is stored."),
        "icon": "git-merge",
    }  # fmt: skip
    return {"list": page, "empty": empty}


@require_GET
@requires("oneid.view")
def shared_detail(request: ScopedRequest, shared_id: UUID) -> HttpResponse:
    """Show which records hold a shared identifier."""
    shared = get_object_or_404(selectors.shared_visible_to(request.scope), pk=shared_id)
    return _shared_page(request, shared, SharedForm())


def _shared_page(
    request: ScopedRequest, shared: SharedKey, form: SharedForm, status: int = 200
) -> HttpResponse:
    ids = selectors.records_holding(shared, SHOWN)
    cards = selectors.cards(request.scope, ids)
    shown = [cards[each] for each in ids if each in cards]
    context = {
        "shared": shared,
        "value": value_shown(shared.kind, shared.value, shown[0]) if shown else "",
        "cards": shown,
        "more": shared.records - len(shown),
        "form": form,
        "reason_form": ReasonForm(),
        "may_decide": request.scope.allows("oneid.decide"),
    }
    return render(request, "console/customers/oneid/shared_key.html", context, status=status)


@require_POST
@requires("oneid.decide")
def shared_decide(request: ScopedRequest, shared_id: UUID) -> HttpResponse:
    """Say whether a shared identifier may tie its records."""
    shared = get_object_or_404(selectors.shared_visible_to(request.scope), pk=shared_id)
    form = SharedForm(request.POST)
    if not form.is_valid():
        return _shared_page(request, shared, form, status=422)
    _told(
        request,
        lambda: services.shared_decide(shared, actor=request.user, **form.cleaned_data),
    )
    return redirect("oneid:shared", shared.pk)


@require_POST
@requires("oneid.decide")
def shared_retract(request: ScopedRequest, shared_id: UUID) -> HttpResponse:
    """Take back what was said of a shared identifier."""
    shared = get_object_or_404(selectors.shared_visible_to(request.scope), pk=shared_id)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say why the decision is taken back."))
    else:
        _told(
            request,
            lambda: services.shared_retract(
                shared, actor=request.user, reason=form.cleaned_data["reason"]
            ),
        )
    return redirect("oneid:shared", shared.pk)


@require_POST
@requires("oneid.decide")
def audit_begin(request: ScopedRequest) -> HttpResponse:
    """Start the audit of all persons now."""
    if not request.scope.everything:
        raise Http404
    _told(request, lambda: services.audit_start(actor=request.user))
    return redirect(reverse("oneid:list") + "?tab=audits")


@require_GET
@requires("oneid.view")
def audit_detail(request: ScopedRequest, job_id: UUID) -> HttpResponse:
    """Show what an audit looked at and which records it put right."""
    job = get_object_or_404(selectors.audits_visible_to(request.scope), pk=job_id)
    log = list(
        selectors.log_visible_to(request.scope).filter(job_id=job.pk).order_by("-id")[:SHOWN]
    )
    cards = selectors.cards(request.scope, {each for entry in log for each in entry.record_ids})
    context = {
        "job": job,
        "result": job.result,
        "rows": [
            (entry, [cards[each] for each in entry.record_ids if each in cards]) for entry in log
        ],
    }
    return render(request, "console/customers/oneid/audit.html", context)


def _told(request: ScopedRequest, action: Callable[[], object]) -> None:
    try:
        action()
    except ScrmError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("Done."))
