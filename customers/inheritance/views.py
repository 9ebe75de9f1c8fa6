"""The pages of hand-overs."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from contacts.directory.models import Member
from contacts.directory.selectors import is_closed, members_visible_to
from customers.inheritance import policies, releasing, selectors, services
from customers.inheritance.choosing import retry_of
from customers.inheritance.forms import (
    HandoverForm,
    ItemFilter,
    PlanFilter,
    PolicyForm,
    ReleaseForm,
)
from customers.inheritance.groups import everything_read
from customers.inheritance.models import HandoverGroup, HandoverItem, HandoverPlan
from customers.inheritance.previewing import preview_of
from customers.inheritance.results import EXPORTS
from customers.inheritance.tables import ItemTable, PlanTable
from customers.inheritance.words import group_reason, item_reason
from customers.relations.showing import mask_name
from scrm.core.exceptions import ScrmError
from scrm.core.listing import ListPage, build_list
from scrm.core.refusals import RefusalAsMessage
from scrm.core.scope import Scope, ScopedRequest, requires
from scrm.wecom.errors import WeComError

FOLDER = "console/customers/inheritance"
TEXT_MOST = 60
GROUPS_SHOWN = 50


@require_GET
@requires("inheritance.view")
def plan_list(request: ScopedRequest) -> HttpResponse:
    """Show who leaves with customers, and all hand-overs in scope, the newest first."""
    page = build_list(
        request,
        queryset=selectors.plans_visible_to(request.scope),
        table_class=PlanTable,
        filterset_class=PlanFilter,
        order=("-id",),
    )
    counts = selectors.plan_counts(plan.pk for plan in page.rows)
    for plan in page.rows:
        plan.counts = counts.get(plan.pk, {})
        plan.total = sum(plan.counts.values())
    text = request.GET.get("q", "")[:TEXT_MOST]
    context = {
        "list": page,
        "empty": {
            "title": _("No hand-overs yet"),
            "text": _("When a member leaves, choose them above and confirm the successors."),
            "icon": "users-group",
        },
        "leavers": selectors.leavers_visible_to(request.scope, text),
        "q": text,
        "policy": selectors.policy(),
        "may_edit": request.scope.allows("inheritance.edit"),
    }
    return render(request, f"{FOLDER}/list.html", context)


@require_http_methods(["GET", "POST"])
@requires("inheritance.edit")
def plan_create(request: ScopedRequest, member_id: int) -> HttpResponse:
    """Choose the successors of a member's customers."""
    members = selectors.with_customers(members_visible_to(request.scope))
    leaver = get_object_or_404(members, pk=member_id)
    found = selectors.successors_for(request.scope, leaver)
    form = HandoverForm(
        request.POST if request.method == "POST" else None,
        found=found,
        groups=leaver.groups,
        has_left=leaver.status == Member.Status.LEFT,
    )
    if request.method == "POST" and form.is_valid():
        try:
            plan = services.plan_create(
                request.scope,
                leaver,
                successor_ids=form.cleaned_data["successors"],
                message=form.cleaned_data.get("message", ""),
                with_groups=form.cleaned_data.get("with_groups", False),
                actor=request.user,
            )
        except ScrmError as error:
            field = error.data.get("field")
            form.add_error(field if field in form.fields else None, error.message)
        else:
            return redirect("inheritance:detail", plan.pk)
    context = {"form": form, "leaver": leaver, "found": found}
    status = 422 if form.errors else 200
    return render(request, f"{FOLDER}/create.html", context, status=status)


@require_GET
@requires("inheritance.view")
def plan_detail(request: ScopedRequest, pk: int) -> HttpResponse:
    """Show a hand-over: who gets how many, how they stand, customer by customer."""
    plan = _plan(request, pk)
    draft = plan.state == HandoverPlan.State.DRAFT
    rows = [] if draft else selectors.successor_rows(plan)
    page = build_list(
        request,
        queryset=selectors.items_of(plan),
        table_class=ItemTable,
        filterset_class=ItemFilter,
        order=("id",),
    )
    _describe(request.scope, page)
    counts = selectors.plan_counts([plan.pk]).get(plan.pk, {})
    failed = sum(counts.get(state, 0) for state in HandoverItem.KEPT)
    kept = selectors.kept_of(plan).count()
    release = selectors.release_of(plan)
    may_edit = request.scope.allows("inheritance.edit")
    context = {
        "plan": plan,
        "release": release,
        "stopped": selectors.stopped_job_of(plan),
        "rows": rows,
        "preview": preview_of(plan) if draft else None,
        "groups": _groups(plan),
        "in_service": plan.mode == HandoverPlan.Mode.IN_SERVICE,
        "states": [label for label, _count in rows[0].cells] if rows else [],
        "list": page,
        "empty": {"title": _("Nobody in this state"), "icon": "users-group"},
        "counts": counts,
        "total": sum(counts.values()),
        "failed": failed,
        "retry": retry_of(request.scope, plan) if failed and may_edit else None,
        "kept": kept,
        "stays_in_service": not is_closed(plan.leaver),
        "may_release": kept
        and not (release is not None and release.is_active)
        and selectors.may_be_deleted(plan),
        "form": ReleaseForm(),
        "may_edit": may_edit,
        "may_open": request.scope.allows("relations.view"),
        "may_export": request.scope.allows(EXPORTS),
    }
    return render(request, f"{FOLDER}/detail.html", context)


def _describe(scope: Scope, page: ListPage) -> None:
    for item in page.rows:
        name = item.contact.name
        item.customer = mask_name(name) if scope.masked("name") else name
        item.may_open = scope.allows("relations.view")
        item.reason = item_reason(item)


def _groups(plan: HandoverPlan) -> list[HandoverGroup]:
    """Return the first groups of a plan, with their reasons in words; the file has all."""
    found = list(plan.groups.select_related("successor").order_by("pk")[:GROUPS_SHOWN])
    for group in found:
        group.reason = group_reason(group)  # type: ignore[attr-defined]
    return found


@require_POST
@requires("inheritance.edit")
def plan_confirm(request: ScopedRequest, pk: int) -> HttpResponse:
    """Start asking."""
    plan = _plan(request, pk)
    try:
        services.plan_confirm(plan, actor=request.user)
    except ScrmError as error:
        messages.warning(request, error.message)
    else:
        messages.success(
            request,
            _("The customers are being asked; they may refuse for 24 hours.")
            if plan.mode == HandoverPlan.Mode.IN_SERVICE
            else _("The customers go over; WeCom takes a day for it."),
        )
    return redirect("inheritance:detail", plan.pk)


@require_POST
@requires("inheritance.edit")
def plan_cancel(request: ScopedRequest, pk: int) -> HttpResponse:
    """Drop a plan nobody confirmed."""
    plan = _plan(request, pk)
    try:
        services.plan_cancel(plan, actor=request.user)
    except ScrmError as error:
        messages.warning(request, error.message)
    return redirect("inheritance:list")


@require_POST
@requires("inheritance.edit")
def plan_resume(request: ScopedRequest, pk: int) -> HttpResponse:
    """Go on asking where the job stopped."""
    plan = _plan(request, pk)
    with RefusalAsMessage(request):
        services.plan_resume(plan, actor=request.user)
        messages.success(request, _("Asking goes on where it stopped."))
    return redirect("inheritance:detail", plan.pk)


@require_POST
@requires("inheritance.edit")
def plan_results(request: ScopedRequest, pk: int) -> HttpResponse:
    """Read the results now."""
    plan = _plan(request, pk)
    try:
        settled = everything_read(plan)
    except WeComError as error:
        messages.warning(request, error.words(get_language() or "en"))
    else:
        words = ngettext("%(count)d customer settled.", "%(count)d customers settled.", settled)
        messages.success(request, words % {"count": settled})
    return redirect("inheritance:detail", plan.pk)


@require_POST
@requires("inheritance.edit")
def plan_retry(request: ScopedRequest, pk: int) -> HttpResponse:
    """Try refused and failed customers with another successor; of other stores only with those who were ticked."""
    plan = _plan(request, pk)
    others = {int(one) for one in request.POST.getlist("others") if one.isdecimal()}
    try:
        services.plan_retry(request.scope, plan, actor=request.user, others=others)
    except ScrmError as error:
        messages.warning(request, error.message)
    else:
        messages.success(request, _("They are asked again, with another successor."))
    return redirect("inheritance:detail", plan.pk)


@require_POST
@requires("inheritance.edit")
def plan_release(request: ScopedRequest, pk: int) -> HttpResponse:
    """Delete the leaver's account now, and hand over who stayed behind."""
    plan = _plan(request, pk)
    try:
        releasing.account_release(plan, actor=request.user, reason=request.POST.get("reason", ""))
    except ScrmError as error:
        messages.warning(request, error.message)
    else:
        messages.success(
            request,
            _("The account is being deleted; its customers are offered to successors then."),
        )
    return redirect("inheritance:detail", plan.pk)


@require_http_methods(["GET", "POST"])
@requires("inheritance.policy")
def policy(request: ScopedRequest) -> HttpResponse:
    """Show and change what happens by itself when the OA reports a leaver."""
    stored = selectors.policy()
    names = ("on_leave", "on_move", "neighbours", "message", "grace_days")
    form = PolicyForm(request.POST or None, initial={name: getattr(stored, name) for name in names})
    if request.method == "POST" and form.is_valid():
        policies.policy_set(request.scope, actor=request.user, **form.cleaned_data)
        messages.success(
            request,
            _(
                "Saved; it holds for the next leaver, and for accounts that wait for their deletion."
            ),
        )
        return redirect("inheritance:list")
    context = {"form": form, "policy": stored}
    status = 422 if form.errors else 200
    return render(request, f"{FOLDER}/policy.html", context, status=status)


def _plan(request: ScopedRequest, pk: int) -> HandoverPlan:
    return get_object_or_404(selectors.plans_visible_to(request.scope), pk=pk)
