"""The console pages of sales: credits with their reason, the till, the rules."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from attribution.sales import rules, selectors
from attribution.sales.forms import CreditFilter, RulesForm, days_of
from attribution.sales.models import RuleSet
from attribution.sales.showing import steps_shown, trial_shown
from attribution.sales.tables import CreditTable
from attribution.sales.why import loser_ids, losers_of, why
from contacts.directory.selectors import members_visible_to
from customers.crm.selectors import orders_visible_to, refunds_of
from scrm.core.exceptions import Conflict, ScrmError
from scrm.core.listing import build_list
from scrm.core.scope import ScopedRequest, requires

FOLDER = "console/attribution/sales"


@require_GET
@requires("sales.view")
def credit_list(request: ScopedRequest) -> HttpResponse:
    """List the orders with their guides, the newest payment first, under a place for the till of the same days."""
    credits = selectors.credits_visible_to(request.scope)
    page = build_list(
        request,
        queryset=credits.select_related("order", "member", "store"),
        table_class=CreditTable,
        filterset_class=CreditFilter,
        order=("-paid_at", "-id"),
    )
    first, last = days_of(request.GET)
    empty = {
        "title": _("No orders of this month yet"),
        "text": _(
            "Orders come through the API; within seconds each stands here with its guide and the reason. Earlier ones: choose other days."
        ),
        "icon": "receipt",
    }
    context = {"list": page, "empty": empty, "first": first, "last": last, "chips": _chips(request)}
    return render(request, f"{FOLDER}/list.html", context)


@require_GET
@requires("sales.view")
def till(request: ScopedRequest) -> HttpResponse:
    """Show the till of some days; the list asks for it once it stands, as it reads every order of the days."""
    first, last = days_of(request.GET)
    found = selectors.reconciliation(request.scope, first, last)
    return render(request, f"{FOLDER}/till.html", {"till": found, "first": first, "last": last})


def _chips(request: ScopedRequest) -> list[dict[str, object]]:
    """Return the spans of days to choose at once, the other filters kept."""
    today = timezone.localdate()
    month = today.replace(day=1)
    before = month - timedelta(days=1)
    spans = [
        (_("This month"), month, today),
        (_("Last month"), before.replace(day=1), before),
        (_("Last 90 days"), today - timedelta(days=89), today),
        (_("Last year"), today - timedelta(days=365), today),
    ]
    chosen = days_of(request.GET)
    chips = []
    for label, first, last in spans:
        query = request.GET.copy()
        query.pop("after", None)
        query["first"], query["last"] = str(first), str(last)
        url = f"?{query.urlencode()}"
        chips.append({"label": label, "url": url, "active": chosen == (first, last)})
    return chips


@require_GET
@requires("sales.view")
def credit_detail(request: ScopedRequest, order_id: UUID) -> HttpResponse:
    """Show why an order is whose it is, who else had a claim, and every line of its ledger."""
    rows = selectors.credits_visible_to(request.scope)
    credit = get_object_or_404(
        rows.select_related("order", "member", "store", "ruleset"), order_id=order_id
    )
    seen = members_visible_to(request.scope).in_bulk(loser_ids([credit]))
    context = {
        "credit": credit,
        "why": why(credit),
        "losers": losers_of(credit, seen),
        "lines": selectors.lines_of(request.scope, credit),
        "refunds": refunds_of(credit.order),
        "may_open_order": request.scope.allows("crm.view")
        and orders_visible_to(request.scope).filter(pk=order_id).exists(),
    }
    return render(request, f"{FOLDER}/detail.html", context)


# --- rules -------------------------------------------------------------------------------------------------------


@require_GET
@requires("sales.view")
def rule_list(request: ScopedRequest) -> HttpResponse:
    """Show the rules in force, drafts and former versions."""
    rules.rules_ensure()
    versions = list(selectors.rulesets_all())
    active = next(each for each in versions if each.state == RuleSet.State.ACTIVE)
    context = {
        "active": active,
        "steps": steps_shown(active),
        "others": [each for each in versions if each.state != RuleSet.State.ACTIVE],
        "may_edit": _may_edit(request),
    }
    return render(request, f"{FOLDER}/rules.html", context)


def _may_edit(request: ScopedRequest) -> bool:
    """Rules hold for the whole company."""
    return request.scope.everything and request.scope.allows("sales.edit")


@require_http_methods(["GET", "POST"])
@requires("sales.edit")
def rule_create(request: ScopedRequest) -> HttpResponse:
    """Draft a new version from the one in force, and start its trial."""
    _company_only(request)
    form = RulesForm(request.POST or None, base=rules.rules_ensure())
    if request.method == "POST" and form.is_valid():
        try:
            draft = rules.ruleset_draft(
                form.steps,
                applies_from=form.cleaned_data["applies_from"],
                note=form.cleaned_data["note"],
                actor=request.user,
            )
            rules.ruleset_try(draft, actor=request.user)
        except ScrmError as error:
            form.add_error(None, error.message)
        else:
            return redirect("sales:rule", draft.pk)
    status = 422 if form.errors else 200
    return render(request, f"{FOLDER}/rule_form.html", {"form": form}, status=status)


@require_GET
@requires("sales.view")
def rule_detail(request: ScopedRequest, pk: int) -> HttpResponse:
    """Show a version with what its trial found."""
    ruleset = get_object_or_404(selectors.rulesets_all(), pk=pk)
    trial = rules.trial_of(ruleset) if request.scope.everything else None
    context = {
        "ruleset": ruleset,
        "steps": steps_shown(ruleset),
        "trial": trial,
        "shown": trial_shown(trial) if trial is not None else None,
        "may_edit": _may_edit(request),
    }
    return render(request, f"{FOLDER}/rule.html", context)


@require_POST
@requires("sales.edit")
def rule_act(request: ScopedRequest, pk: int) -> HttpResponse:
    """Try a draft again, put it in force, or throw it away."""
    _company_only(request)
    ruleset = get_object_or_404(RuleSet, pk=pk)
    act = ACTS.get(request.POST.get("act", ""))
    if act is None:
        raise Http404
    try:
        return act(request, ruleset)
    except Conflict as error:
        messages.warning(request, error.message)
        if error.code == "draft_gone":
            return redirect("sales:rules")
        return redirect("sales:rule", pk)


def _try(request: ScopedRequest, ruleset: RuleSet) -> HttpResponse:
    rules.ruleset_try(ruleset, actor=request.user)
    return redirect("sales:rule", ruleset.pk)


def _activate(request: ScopedRequest, ruleset: RuleSet) -> HttpResponse:
    job = rules.ruleset_activate(ruleset, actor=request.user)
    messages.success(request, _("The rules are in force; their orders are being decided again."))
    return redirect("jobs:detail", job.pk)


def _discard(request: ScopedRequest, ruleset: RuleSet) -> HttpResponse:
    rules.ruleset_discard(ruleset, actor=request.user)
    messages.success(request, _("The draft was thrown away."))
    return redirect("sales:rules")


ACTS: dict[str, Callable[[ScopedRequest, RuleSet], HttpResponse]] = {
    "try": _try,
    "activate": _activate,
    "discard": _discard,
}


def _company_only(request: ScopedRequest) -> None:
    if not request.scope.everything:
        raise Http404
