"""The monitor centre: incidents, what was done about them, and the rules."""

from collections.abc import Callable

from django.contrib import messages
from django.db.models import Prefetch
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from contacts.org.selectors import stores_of
from risk.anomalies import ladder, selectors, services
from risk.anomalies.forms import CloseForm, IncidentFilter, RuleForm, StepForm, UndoForm
from risk.anomalies.labels import rule_words
from risk.anomalies.models import Incident
from risk.anomalies.tables import IncidentTable
from scrm.core.exceptions import ScrmError
from scrm.core.listing import build_list
from scrm.core.scope import ScopedRequest, requires

FOLDER = "console/risk/anomalies"


@require_GET
@requires("anomalies.view")
def incident_list(request: ScopedRequest) -> HttpResponse:
    """List the incidents in scope, the newest first."""
    held = Prefetch("steps", queryset=selectors.in_force().order_by("id"), to_attr="held")
    page = build_list(
        request,
        queryset=selectors.incidents_visible_to(request.scope)
        .select_related("member")
        .prefetch_related(held),
        table_class=IncidentTable,
        filterset_class=IncidentFilter,
        order=("-opened_at", "-id"),
    )
    for incident in page.rows:
        incident.rule_names = [rule_words(code) for code in incident.rules]
    empty = {
        "title": _("Nothing unusual so far"),
        "text": _(
            "An account that adds, deletes or loses too many customers appears here within seconds."
        ),
        "icon": "circle-check",
    }
    context = {
        "list": page,
        "empty": empty,
        "counts": selectors.incident_counts(request.scope),
    }
    return render(request, f"{FOLDER}/list.html", context)


@require_GET
@requires("anomalies.view")
def incident_detail(request: ScopedRequest, pk: int) -> HttpResponse:
    """Show an incident: evidence, ladder, timeline."""
    return _page(request, _incident(request, pk), CloseForm())


@require_POST
@requires("anomalies.decide")
def step_take(request: ScopedRequest, pk: int) -> HttpResponse:
    """Take one step by hand."""
    incident, form = _incident(request, pk), StepForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose a step and say why."))
    else:
        values = form.cleaned_data
        _told(
            request,
            lambda: ladder.step_take(
                incident, values["step"], actor=request.user, reason=values["reason"]
            ),
        )
    return redirect("anomalies:detail", pk)


@require_POST
@requires("anomalies.decide")
def steps_undo(request: ScopedRequest, pk: int) -> HttpResponse:
    """Undo one step, or all of them."""
    incident, form = _incident(request, pk), UndoForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say why."))
    else:
        values = form.cleaned_data
        kinds = [values["step"]] if values["step"] else None
        _told(
            request,
            lambda: ladder.steps_undo(
                incident, kinds=kinds, actor=request.user, reason=values["reason"]
            ),
        )
    return redirect("anomalies:detail", pk)


@require_POST
@requires("anomalies.decide")
def incident_close(request: ScopedRequest, pk: int) -> HttpResponse:
    """Close an incident."""
    incident, form = _incident(request, pk), CloseForm(request.POST)
    if not form.is_valid():
        return _page(request, incident, form)
    _told(
        request, lambda: services.incident_close(incident, actor=request.user, **form.cleaned_data)
    )
    return redirect("anomalies:detail", pk)


@require_GET
@requires("anomalies.view")
def rule_list(request: ScopedRequest) -> HttpResponse:
    """Show what counts as too much and what happens then."""
    context = {
        "rules": selectors.rules_all(),
        "may_decide": _may_set_rules(request),
    }
    return render(request, f"{FOLDER}/rules.html", context)


@require_http_methods(["GET", "POST"])
@requires("anomalies.decide")
def rule_edit(request: ScopedRequest, code: str) -> HttpResponse:
    """Change a rule; it holds for the whole company, so only who sees all of it may."""
    rule = selectors.rule_by_code(code)
    if rule is None or not _may_set_rules(request):
        raise Http404
    initial = {"threshold": rule.threshold, "steps": rule.steps, "is_active": rule.is_active}
    form = RuleForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        services.rule_set(code, actor=request.user, **form.cleaned_data)
        messages.success(request, _("Saved; it holds from the next event on."))
        return redirect("anomalies:rules")
    context = {"rule": rule, "form": form}
    return render(request, f"{FOLDER}/rule.html", context, status=422 if form.errors else 200)


def _may_set_rules(request: ScopedRequest) -> bool:
    return request.scope.allows("anomalies.decide") and request.scope.everything


def _incident(request: ScopedRequest, pk: int) -> Incident:
    seen = selectors.incidents_visible_to(request.scope).select_related("member", "closed_by")
    return get_object_or_404(seen, pk=pk)


def _told(request: ScopedRequest, action: Callable[[], object]) -> None:
    try:
        action()
    except ScrmError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("Done. What WeCom has to be told is on its way."))


def _page(request: ScopedRequest, incident: Incident, form: CloseForm) -> HttpResponse:
    steps, entries = selectors.ladder_of(incident), selectors.entries_of(incident)
    for entry in entries:
        entry.rule_name = rule_words(entry.data.get("rule", ""))  # type: ignore[attr-defined]
    context = {
        "incident": incident,
        "rule_names": [rule_words(code) for code in incident.rules],
        "store": stores_of([incident.member_id]).get(incident.member_id),
        "ladder": steps,
        "held": any(step.in_force for step in steps),
        "entries": entries,
        "form": form,
        "is_open": incident.state == Incident.State.OPEN,
        "may_decide": request.scope.allows("anomalies.decide"),
    }
    return render(request, f"{FOLDER}/detail.html", context, status=422 if form.errors else 200)
