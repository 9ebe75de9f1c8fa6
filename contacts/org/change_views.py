"""Console pages of closing, merging, moving and opening stores again."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from contacts.org.change_models import StoreChange, StoreChangeStep
from contacts.org.changing import act_words
from contacts.org.forms import ChangeForm
from contacts.org.selectors import changes_visible_to, stores_visible_to
from contacts.org.services import (
    change_approve,
    change_cancel,
    change_plan,
    change_retry,
    may_decide,
    reaches,
)
from contacts.org.tables import ChangeTable
from scrm.core.listing import build_list
from scrm.core.refusals import RefusalAsMessage, RefusalInForm
from scrm.core.scope import ScopedRequest, requires

STEPS_SHOWN = 500


@require_GET
@requires("org.view")
def changes(request: ScopedRequest) -> HttpResponse:
    """List closings, merges and moves, newest first."""
    page = build_list(
        request,
        queryset=changes_visible_to(request.scope).select_related("store", "target", "created_by"),
        table_class=ChangeTable,
        order=("-id",),
    )
    empty = {
        "title": _("No store was closed, merged or moved yet"),
        "text": _("Open a store and choose what shall become of it; the plan is shown first."),
        "icon": "building-store",
    }
    return render(request, "console/contacts/org/changes.html", {"list": page, "empty": empty})


@require_http_methods(["GET", "POST"])
@requires("org.edit")
def plan(request: ScopedRequest, pk: int) -> HttpResponse:
    """Plan what shall become of a store."""
    store = get_object_or_404(stores_visible_to(request.scope), pk=pk)
    form = ChangeForm(request.POST or None, scope=request.scope, store=store)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        with RefusalInForm(form):
            change = change_plan(
                kind=values["kind"],
                store=store,
                target=values["target"],
                effective_on=values["effective_on"],
                reason=values["reason"],
                actor=request.user,
            )
            return redirect("org:change", pk=change.pk)
    status = 422 if form.errors else 200
    context = {"form": form, "store": store}
    return render(request, "console/contacts/org/change_form.html", context, status=status)


def _change(request: ScopedRequest, pk: int) -> StoreChange:
    visible = changes_visible_to(request.scope)
    return get_object_or_404(
        visible.select_related("store", "target", "created_by", "approved_by"), pk=pk
    )


@require_GET
@requires("org.view")
def change(request: ScopedRequest, pk: int) -> HttpResponse:
    """Show the steps of a change with what came of each."""
    found = _change(request, pk)
    steps = list(found.steps.order_by("position")[:STEPS_SHOWN])
    for step in steps:
        step.words = act_words(step.act)
    may_edit = request.scope.allows("org.edit")
    may_approve = may_edit and may_decide(found, actor=request.user, scope=request.scope)
    is_planned = found.status == StoreChange.Status.PLANNED
    is_own = found.created_by_id == request.user.pk
    context = {
        "change": found,
        "steps": steps,
        "failed": [step for step in steps if step.status == StoreChangeStep.Status.FAILED],
        "is_planned": is_planned,
        "is_own": is_own,
        "may_edit": may_edit,
        "may_approve": may_approve and is_planned,
        "may_cancel": (may_approve and found.status in StoreChange.ENDABLE)
        or (may_edit and is_planned and (may_approve or is_own)),
        "may_retry": may_edit
        and found.status == StoreChange.Status.PARTIAL
        and reaches(found, request.scope),
        "is_applying": found.status == StoreChange.Status.APPLYING,
    }
    response = render(request, "console/contacts/org/change.html", context)
    if "HX-Request" in request.headers and not context["is_applying"]:
        # The page asked how far it is; now that it is over there is more to show than that.
        response["HX-Refresh"] = "true"
    return response


@require_POST
@requires("org.edit")
def approve(request: ScopedRequest, pk: int) -> HttpResponse:
    """Approve a plan that was looked at."""
    with RefusalAsMessage(request):
        found = change_approve(change=_change(request, pk), actor=request.user, scope=request.scope)
        words = (
            _("Approved. It is applied on %(day)s.") % {"day": found.effective_on}
            if found.status == StoreChange.Status.DUE
            else _("Approved. It is being applied; this page shows how far it is.")
        )
        messages.success(request, words)
    return redirect("org:change", pk=pk)


@require_POST
@requires("org.edit")
def cancel(request: ScopedRequest, pk: int) -> HttpResponse:
    """Give up a change that has not begun, or what is left of one that failed."""
    with RefusalAsMessage(request):
        found = change_cancel(change=_change(request, pk), actor=request.user, scope=request.scope)
        words = (
            _("What was left is given up; the steps that are done stay done.")
            if found.steps.filter(status=StoreChangeStep.Status.DONE).exists()
            else _("The change is given up; nothing happened.")
        )
        messages.success(request, words)
    return redirect("org:change", pk=pk)


@require_POST
@requires("org.edit")
def retry(request: ScopedRequest, pk: int) -> HttpResponse:
    """Take the failed steps again."""
    with RefusalAsMessage(request):
        change_retry(change=_change(request, pk), actor=request.user, scope=request.scope)
        messages.success(request, _("The failed steps are taken again."))
    return redirect("org:change", pk=pk)
