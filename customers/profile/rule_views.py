"""Console pages on which headquarters says who does not count in figures, and how customers are served."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from customers.profile import marking, ruling
from customers.profile.forms import MarkListForm, OwnRuleForm, RuleForm
from customers.profile.mark_models import ServeRule
from customers.profile.mark_selectors import marks_visible_to, names_of, serve_rules_visible_to
from customers.profile.selectors import rules_in_force
from customers.profile.serving import WORDS, Rule
from customers.profile.tables import MarkTable
from scrm.core.listing import build_list
from scrm.core.refusals import RefusalInForm
from scrm.core.scope import ScopedRequest, requires

FOLDER = "console/customers/profile"


@require_http_methods(["GET", "POST"])
@requires("profile.mark")
def marks(request: ScopedRequest) -> HttpResponse:
    """List who is left out of figures, and take a list of more."""
    form = MarkListForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with RefusalInForm(form, "lines"):
            data = form.cleaned_data
            result = marking.list_mark(
                data["lines"].splitlines(),
                kind=data["kind"],
                reason=data["reason"],
                actor=request.user,
            )
            _say(request, result)
            return redirect("serving:marks")
    page = build_list(
        request,
        queryset=marks_visible_to(request.scope),
        table_class=MarkTable,
        order=("-set_at", "-id"),
    )
    known = names_of(request.scope, page.rows)
    for row in page.rows:
        row.known = known.get(row.record_id)
    empty = {
        "title": _("Nobody is left out"),
        "text": _("Colleagues are found by their phone every night; others are marked here."),
    }
    context = {"list": page, "empty": empty, "form": form}
    return render(request, f"{FOLDER}/marks.html", context, status=422 if form.errors else 200)


def _say(request: ScopedRequest, result: marking.ListResult) -> None:
    messages.success(
        request,
        ngettext("%(count)d record is marked.", "%(count)d records are marked.", result.marked)
        % {"count": result.marked},
    )
    if result.unknown:
        messages.warning(
            request,
            _("Nobody is known by: %(lines)s") % {"lines": ", ".join(result.unknown[:20])},
        )


@require_POST
@requires("profile.mark")
def marks_find(request: ScopedRequest) -> HttpResponse:
    """Look for colleagues now, as every night."""
    changed = marking.rule_apply()
    messages.success(
        request,
        ngettext("%(count)d mark changed.", "%(count)d marks changed.", changed)
        % {"count": changed},
    )
    return redirect("serving:marks")


# --- how to serve ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ShownRule:
    """A rule as the page lists it."""

    rule: Rule
    words: Promise | str
    own: ServeRule | None


@require_GET
@requires("profile.rules")
def rules(request: ScopedRequest) -> HttpResponse:
    """Show the rules of how to serve in the order in which they speak."""
    rows = list(serve_rules_visible_to(request.scope))
    changed = {row.code: row for row in rows if row.code}
    built_in = [
        ShownRule(rule, WORDS[rule.code], changed.get(rule.code))
        for rule in rules_in_force()
        if rule.code
    ]
    own = [
        ShownRule(
            Rule("", row.position, None, row.is_active, row.when, row.value, row.text),
            f"{row.get_when_display()} “{row.value}”",
            row,
        )
        for row in rows
        if not row.code
    ]
    shown = sorted([*built_in, *own], key=lambda one: one.rule.position)
    return render(request, f"{FOLDER}/rules.html", {"rules": shown})


@require_http_methods(["GET", "POST"])
@requires("profile.rules")
def rule_edit(request: ScopedRequest, code: str) -> HttpResponse:
    """Change a built-in rule."""
    rule = next((one for one in rules_in_force() if one.code == code), None)
    if rule is None:
        raise Http404
    names = ("is_active", "days", "position", "text")
    form = RuleForm(request.POST or None, initial={name: getattr(rule, name) for name in names})
    if rule.days is None:
        del form.fields["days"]
    if request.method == "POST" and form.is_valid():
        with RefusalInForm(form):
            values = {"days": None} | form.cleaned_data
            ruling.rule_change(code, actor=request.user, **values)
            messages.success(request, _("The rule is saved."))
            return redirect("serving:rules")
    context = {"form": form, "words": WORDS[code], "own": None}
    return render(request, f"{FOLDER}/rule.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@requires("profile.rules")
def rule_own(request: ScopedRequest, pk: int | None = None) -> HttpResponse:
    """Add or change a rule of the company's own."""
    own = serve_rules_visible_to(request.scope).filter(code=None)
    rule = get_object_or_404(own, pk=pk) if pk is not None else None
    names = ("when", "value", "text", "position", "is_active")
    initial = {name: getattr(rule, name) for name in names} if rule else None
    form = OwnRuleForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        with RefusalInForm(form):
            ruling.own_rule_save(rule, actor=request.user, **form.cleaned_data)
            messages.success(request, _("The rule is saved."))
            return redirect("serving:rules")
    context = {"form": form, "words": "", "own": rule}
    return render(request, f"{FOLDER}/rule.html", context, status=422 if form.errors else 200)


@require_POST
@requires("profile.rules")
def rule_delete(request: ScopedRequest, pk: int) -> HttpResponse:
    """Delete a rule of the company's own, or let a built-in one be as it comes."""
    rule = get_object_or_404(serve_rules_visible_to(request.scope), pk=pk)
    ruling.rule_delete(rule, actor=request.user)
    messages.success(request, _("Done."))
    return redirect("serving:rules")
