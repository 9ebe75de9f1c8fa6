"""The pages of tag rules."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from customers.relations.selectors import contacts_visible_to
from customers.relations.showing import mask_name
from customers.segments import rules, selectors
from customers.segments.building import condition_posted, facts_listed, groups_shown
from customers.segments.conditions import (
    condition_read,
    condition_words,
    condition_words_kept,
    conditions_problems,
)
from customers.segments.forms import RuleFilter, RuleForm
from customers.segments.models import RuleMark, TagRule
from customers.segments.tables import RuleTable
from customers.tags.models import LocalTag
from customers.tags.selectors import tags_by_id
from scrm.core.exceptions import Conflict, ScrmError, ValidationFailed
from scrm.core.listing import build_list
from scrm.core.scope import SYSTEM_SCOPE, ScopedRequest, requires

FOLDER = "console/customers/segments"


@require_GET
@requires("tag_rules.view")
def rule_list(request: ScopedRequest) -> HttpResponse:
    """List the rules, newest first."""
    page = build_list(
        request,
        queryset=selectors.rules_visible_to(request.scope),
        table_class=RuleTable,
        filterset_class=RuleFilter,
        order=("-id",),
    )
    names = _names(page.rows)
    problems = conditions_problems([rule.condition for rule in page.rows], SYSTEM_SCOPE)
    for rule, problem in zip(page.rows, problems, strict=True):
        rule.tags_shown = names[rule.pk]
        rule.cannot_run = problem
    may_edit = request.scope.allows("tag_rules.edit")
    empty = {
        "title": _("No tag rules yet"),
        "text": _(
            "A rule tags customers by what is known of them, and can be tried before it does anything."
        ),
        "icon": "git-branch",
    }
    if may_edit:
        empty |= {"action_label": _("New rule"), "action_url": reverse("segments:rule_create")}
    context = {"list": page, "empty": empty, "may_edit": may_edit}
    return render(request, f"{FOLDER}/rules.html", context)


def _names(found: list[TagRule]) -> dict[Any, list[tuple[str, bool]]]:
    """Return by rule its tags: the name, and whether it is our own."""
    corp = tags_by_id(tag_id for rule in found for tag_id in rule.tag_ids)
    wanted = {pk for rule in found for pk in rule.local_tag_ids}
    local = dict(LocalTag.objects.filter(pk__in=wanted).values_list("pk", "name"))
    return {
        rule.pk: [
            *((corp[each].name if each in corp else each, False) for each in rule.tag_ids),
            *((local.get(each, "?"), True) for each in rule.local_tag_ids),
        ]
        for rule in found
    }


@require_http_methods(["GET", "POST"])
@requires("tag_rules.edit")
def rule_create(request: ScopedRequest) -> HttpResponse:
    """Make a rule; it is off until it was tried and switched on."""
    return _edit(request, None)


@require_http_methods(["GET", "POST"])
@requires("tag_rules.edit")
def rule_edit(request: ScopedRequest, pk: Any) -> HttpResponse:
    """Change a rule; that switches it off."""
    return _edit(request, _rule(request, pk))


def _edit(request: ScopedRequest, rule: TagRule | None) -> HttpResponse:
    fields = ("name", "tag_ids", "local_tag_ids", "takes_off", "puts_back")
    initial = {name: getattr(rule, name) for name in fields} if rule else None
    form = RuleForm(request.POST or None, initial=initial)
    condition: Any = rule.condition if rule else {}
    if request.method == "POST":
        condition = condition_posted(request.POST, request.scope)
        if form.is_valid():
            wish = rules.RuleWish(condition=condition, **form.cleaned_data)
            try:
                saved = rules.rule_save(rule, wish, actor=request.user)
            except ScrmError as error:
                field = error.data.get("field")
                form.add_error(field if field in form.fields else None, error.message)
            else:
                return redirect("segments:rule", saved.pk)
    context = {
        "form": form,
        "rule": rule,
        "groups": groups_shown(condition, request.scope),
        "facts": facts_listed(request.scope),
    }
    status = 422 if form.errors else 200
    return render(request, f"{FOLDER}/rule_edit.html", context, status=status)


@require_GET
@requires("tag_rules.view")
def rule_detail(request: ScopedRequest, pk: Any) -> HttpResponse:
    """Show a rule: what it says, what a dry run found, what it did."""
    rule = _rule(request, pk)
    try:
        tree = condition_read(rule.condition, SYSTEM_SCOPE)
        lines, problem = condition_words(tree, request.scope), rule.problem
    except ValidationFailed as error:
        lines = condition_words_kept(rule.condition, request.scope)
        problem = _("The rule cannot run: %(words)s") % {"words": error.message}
    counts = selectors.mark_counts(rule)
    context = {
        "rule": rule,
        "tags": _names([rule])[rule.pk],
        "lines": lines,
        "problem": problem,
        "tried": _tried(rule),
        "sample": _sample(request, rule),
        "states": [(label, counts.get(code, 0)) for code, label in RuleMark.State.choices],
        "is_on": rule.state == TagRule.State.ACTIVE,
        "may_activate": rule.dry_run_at is not None
        and rule.dry_run_at > timezone.now() - rules.GOOD_FOR,
        "may_edit": request.scope.allows("tag_rules.edit"),
    }
    return render(request, f"{FOLDER}/rule.html", context)


def _tried(rule: TagRule) -> list[dict[str, Any]]:
    found = rule.dry_run
    corp = tags_by_id(found.get("tags", {}))
    local = dict(LocalTag.objects.filter(pk__in=found.get("local", {})).values_list("pk", "name"))
    return [
        *(
            {"name": corp[tag_id].name if tag_id in corp else tag_id, **counts}
            for tag_id, counts in found.get("tags", {}).items()
        ),
        *(
            {"name": local.get(int(tag_id), tag_id), **counts}
            for tag_id, counts in found.get("local", {}).items()
        ),
    ]


def _sample(request: ScopedRequest, rule: TagRule) -> list[dict[str, Any]]:
    seen = contacts_visible_to(request.scope).filter(pk__in=rules.sample_of(rule))
    may_open = request.scope.allows("relations.view")
    hidden = request.scope.masked("name")
    return [
        {"pk": each.pk, "name": mask_name(each.name) if hidden else each.name, "may_open": may_open}
        for each in seen.order_by("pk")
    ]


@require_POST
@requires("tag_rules.edit")
def rule_try(request: ScopedRequest, pk: Any) -> HttpResponse:
    """Try a rule without effect."""
    rule = _rule(request, pk)
    try:
        rules.rule_try(rule, actor=request.user)
    except ScrmError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("Tried: nobody's tags were changed."))
    return redirect("segments:rule", rule.pk)


@require_POST
@requires("tag_rules.edit")
def rule_activate(request: ScopedRequest, pk: Any) -> HttpResponse:
    """Switch a rule on."""
    rule = _rule(request, pk)
    try:
        job = rules.rule_activate(rule, actor=request.user)
    except Conflict as error:
        messages.warning(request, error.message)
    except ScrmError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("Switched on. Every customer is looked at now."))
        return redirect("jobs:detail", job.pk)
    return redirect("segments:rule", rule.pk)


@require_POST
@requires("tag_rules.edit")
def rule_stop(request: ScopedRequest, pk: Any) -> HttpResponse:
    """Switch a rule off."""
    rule = _rule(request, pk)
    try:
        rules.rule_stop(rule, actor=request.user)
    except Conflict as error:
        messages.warning(request, error.message)
    else:
        messages.success(request, _("Switched off. The tags it put stay."))
    return redirect("segments:rule", rule.pk)


@require_POST
@requires("tag_rules.edit")
def rule_delete(request: ScopedRequest, pk: Any) -> HttpResponse:
    """Delete a rule that is off."""
    rule = _rule(request, pk)
    try:
        rules.rule_delete(rule, actor=request.user)
    except Conflict as error:
        messages.warning(request, error.message)
        return redirect("segments:rule", rule.pk)
    messages.success(request, _("Deleted. The tags it put stay."))
    return redirect("segments:rules")


def _rule(request: ScopedRequest, pk: Any) -> TagRule:
    return get_object_or_404(selectors.rules_visible_to(request.scope), pk=pk)
