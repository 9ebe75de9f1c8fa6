"""Headquarters' pages of points."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from customers.points import selectors, services
from customers.points.approvals import CODE, adjust_ask
from customers.points.forms import (
    AccountFilter,
    AdjustForm,
    EntryFilter,
    ReasonForm,
    RedemptionFilter,
    RewardForm,
    RuleForm,
)
from customers.points.models import PointsAccount, Redemption, Reward
from customers.points.tables import AccountTable, EntryTable, RedemptionTable, RewardTable
from scrm.core.approvals.selectors import waiting_on
from scrm.core.listing import ListPage, build_list
from scrm.core.refusals import RefusalAsMessage, RefusalInForm
from scrm.core.scope import Scope, ScopedRequest, requires

FOLDER = "console/customers/points"


@require_GET
@requires("points.view")
def account_list(request: ScopedRequest) -> HttpResponse:
    """List the customers' accounts, the richest first."""
    page = build_list(
        request,
        queryset=selectors.accounts_visible_to(request.scope),
        table_class=AccountTable,
        filterset_class=AccountFilter,
        order=("-balance", "-id"),
    )
    for row in page.rows:
        row.shown = selectors.shown_name(request.scope, row)
    empty = {
        "title": _("Nobody has points yet"),
        "text": _("A customer's account opens with the first check-in in a group."),
        "icon": "coin",
    }
    context = {"list": page, "empty": empty, "books": _books(request.scope)}
    return render(request, f"{FOLDER}/list.html", context)


def _books(scope: Scope) -> list[tuple[str, int]]:
    """Return the company's books; who sees a part of it sees no sums of the whole."""
    return selectors.books() if scope.everything else []


def _account(request: ScopedRequest, pk: int) -> PointsAccount:
    return get_object_or_404(selectors.accounts_visible_to(request.scope), pk=pk)


def _named(scope: Scope, page: ListPage) -> None:
    for row in page.rows:
        row.shown = selectors.shown_name(scope, row.account)


@require_http_methods(["GET", "POST"])
@requires("points.view")
def account_detail(request: ScopedRequest, pk: int) -> HttpResponse:
    """Show one account's movements; ask for an adjustment."""
    account = _account(request, pk)
    may_adjust = request.scope.allows("points.adjust")
    form = AdjustForm(request.POST if request.method == "POST" and may_adjust else None)
    if form.is_bound and form.is_valid():
        with RefusalInForm(form):
            values = form.cleaned_data
            adjust_ask(account, values["points"], reason=values["reason"], actor=request.user)
            messages.success(request, _("Asked for; a second person decides."))
            return redirect("points:account", account.pk)
    page = build_list(
        request,
        queryset=selectors.entries_visible_to(request.scope).filter(account=account),
        table_class=EntryTable,
        filterset_class=EntryFilter,
        order=("-id",),
    )
    _named(request.scope, page)
    context = {
        "account": account,
        "shown": selectors.shown_name(request.scope, account),
        "list": page,
        "empty": {"title": _("No movements yet"), "icon": "coin"},
        "form": form,
        "waiting": waiting_on(CODE, f"account:{account.pk}"),
        "may_adjust": may_adjust,
    }
    status = 422 if form.errors else 200
    return render(request, f"{FOLDER}/account.html", context, status=status)


@require_http_methods(["GET", "POST"])
@requires("points.view")
def ledger(request: ScopedRequest) -> HttpResponse:
    """Show every movement, the newest first; say how long points last."""
    may_edit = request.scope.allows("points.edit")
    form = RuleForm(
        request.POST if request.method == "POST" and may_edit else None,
        initial={"days": services.rule_days()},
    )
    if form.is_bound and form.is_valid():
        services.rule_set(form.cleaned_data["days"], actor=request.user)
        messages.success(request, _("The rule is kept; it holds from tonight."))
        return redirect("points:ledger")
    page = build_list(
        request,
        queryset=selectors.entries_visible_to(request.scope),
        table_class=EntryTable,
        filterset_class=EntryFilter,
        order=("-id",),
    )
    _named(request.scope, page)
    empty = {"title": _("No movements yet"), "icon": "coin"}
    context = {
        "list": page,
        "empty": empty,
        "books": _books(request.scope),
        "form": form,
        "may_edit": may_edit,
        "days": services.rule_days(),
    }
    status = 422 if form.errors else 200
    return render(request, f"{FOLDER}/ledger.html", context, status=status)


@require_GET
@requires("points.view")
def reward_list(request: ScopedRequest) -> HttpResponse:
    """List what points are redeemed for."""
    may_edit = request.scope.allows("points.edit")
    page = build_list(
        request, queryset=selectors.rewards_counted(), table_class=RewardTable, order=("-id",)
    )
    for row in page.rows:
        row.may_edit = may_edit
    empty = {
        "title": _("No rewards yet"),
        "text": _("Without a reward customers only collect points."),
        "icon": "gift",
    }
    context = {"list": page, "empty": empty, "may_edit": may_edit}
    return render(request, f"{FOLDER}/rewards.html", context)


@require_http_methods(["GET", "POST"])
@requires("points.edit")
def reward_edit(request: ScopedRequest, pk: int | None = None) -> HttpResponse:
    """Make a reward, or change one."""
    reward = get_object_or_404(Reward, pk=pk) if pk is not None else None
    form = RewardForm(request.POST or None, instance=reward)
    if request.method == "POST" and form.is_valid():
        with RefusalInForm(form, "stock"):
            services.reward_save(reward, form.cleaned_data, actor=request.user)
            messages.success(request, _("The reward is kept."))
            return redirect("points:rewards")
    context = {"form": form, "reward": reward}
    status = 422 if form.errors else 200
    return render(request, f"{FOLDER}/reward.html", context, status=status)


@require_GET
@requires("points.view")
def redemption_list(request: ScopedRequest) -> HttpResponse:
    """List what was redeemed, and what became of it."""
    page = build_list(
        request,
        queryset=selectors.redemptions_visible_to(request.scope),
        table_class=RedemptionTable,
        filterset_class=RedemptionFilter,
        order=("-id",),
    )
    _named(request.scope, page)
    may_cancel = request.scope.allows("points.cancel")
    for row in page.rows:
        row.may_cancel = may_cancel and row.state == Redemption.State.HELD
    empty = {"title": _("Nothing was redeemed yet"), "icon": "gift"}
    return render(request, f"{FOLDER}/redemptions.html", {"list": page, "empty": empty})


@require_POST
@requires("points.cancel")
def redemption_cancel(request: ScopedRequest, pk: str) -> HttpResponse:
    """Give points and piece back."""
    found = get_object_or_404(selectors.redemptions_visible_to(request.scope), pk=pk)
    form = ReasonForm(request.POST)
    with RefusalAsMessage(request):
        reason = form.cleaned_data["reason"] if form.is_valid() else ""
        services.cancel(found.pk, reason=reason, actor=request.user)
        messages.success(request, _("Cancelled: the points are the customer's again."))
    return redirect("points:redemptions")
