"""Console pages of the templates of cards, and the progress of writing them."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from contacts.profiles import approvals, selectors, services
from contacts.profiles.cards import links_without_parameter
from contacts.profiles.forms import LineFormSet, TemplateForm, draft_of, initial_of
from contacts.profiles.limits import (
    ADDRESS_VARIABLES,
    MOST_CHARACTERS,
    TEXT_VARIABLES,
)
from contacts.profiles.models import ProfileTemplate
from contacts.profiles.tables import TemplateTable
from contacts.profiles.words import line_words, publish_words, refused_words
from scrm.core.approvals.forms import AskForm
from scrm.core.approvals.models import Approval
from scrm.core.exceptions import ScrmError
from scrm.core.jobs.models import JobRun
from scrm.core.listing import build_list
from scrm.core.refusals import RefusalAsMessage, RefusalInForm
from scrm.core.scope import ScopedRequest, requires

FOLDER = "console/contacts/profiles"
MOST_DIGITS = 9


@require_GET
@requires("external_profiles.view")
def templates(request: ScopedRequest) -> HttpResponse:
    """List the templates below the state of all cards."""
    page = build_list(
        request,
        queryset=selectors.templates_with_counts(request.scope),
        table_class=TemplateTable,
        order=("-created_at", "-id"),
    )
    context = {
        "list": page,
        "counts": selectors.state_counts(request.scope),
        "waiting": selectors.waiting_count(request.scope),
        "job": selectors.active_job(),
        "may_edit": request.scope.allows("external_profiles.edit"),
        "may_push": _may_push(request),
        "empty": {
            "title": _("No template yet"),
            "text": _(
                "A template says what customers see on a guide's card: texts, links, mini programs."
            ),
            "icon": "device-mobile",
        },
    }
    return render(request, f"{FOLDER}/list.html", context)


def _may_push(request: ScopedRequest) -> bool:
    """Return whether a person may start the jobs; they concern the whole company."""
    return request.scope.everything and request.scope.allows("external_profiles.edit")


@require_http_methods(["GET", "POST"])
@requires("external_profiles.edit")
def create(request: ScopedRequest) -> HttpResponse:
    """Write a template; it is a draft until it is published."""
    return _edited(request, None)


@require_http_methods(["GET", "POST"])
@requires("external_profiles.edit")
def edit(request: ScopedRequest, pk: int) -> HttpResponse:
    """Change a template."""
    return _edited(request, _as_seen(request, pk))


def _as_seen(request: ScopedRequest, pk: int) -> ProfileTemplate:
    """Return a template one may change, with the version of it the person saw where the page says so."""
    editable = selectors.templates_editable_by(request.scope)
    template = get_object_or_404(editable, pk=pk)
    seen = request.POST.get("revision", "")
    if seen.isascii() and seen.isdigit() and len(seen) <= MOST_DIGITS:
        template.revision = int(seen)
    return template


def _edited(request: ScopedRequest, template: ProfileTemplate | None) -> HttpResponse:
    initial = initial_of(template) if template is not None else None
    form = TemplateForm(
        request.POST or None, scope=request.scope, template=template, initial=initial
    )
    lines = LineFormSet(
        request.POST or None, prefix="lines", initial=template.items if template else None
    )
    if request.method == "POST" and all([form.is_valid(), lines.is_valid()]):
        try:
            return _saved(request, draft_of(form, lines), form.why(), template)
        except ScrmError as refusal:
            field = refusal.data.get("field")
            form.add_error(field if field in form.fields else None, refusal.message)
    context = {
        "form": form,
        "lines": lines,
        "template": template,
        "text_variables": TEXT_VARIABLES,
        "address_variables": ADDRESS_VARIABLES,
        "most": MOST_CHARACTERS,
    }
    wrong = bool(form.errors) or (lines.is_bound and not lines.is_valid())
    return render(request, f"{FOLDER}/form.html", context, status=422 if wrong else 200)


def _saved(
    request: ScopedRequest,
    draft: services.TemplateDraft,
    reason: str,
    template: ProfileTemplate | None,
) -> HttpResponse:
    """Save it, or put it before a second person where it touches many accounts and a reason is given."""
    if template is not None and reason and services.second_person_for(template, draft):
        asked = approvals.change_ask(
            template=template, draft=draft, scope=request.scope, actor=request.user, reason=reason
        )
        messages.success(request, _("Asked for: it holds once another person has approved it."))
        return redirect(*_approval_page(request, asked, template))
    saved = services.template_save(
        draft, scope=request.scope, actor=request.user, template=template
    )
    messages.success(request, _("Saved."))
    found = services.trial(saved, request.scope)
    if words := refused_words(found.refused, found.tried):
        messages.warning(request, words)
    return redirect("external_profiles:detail", pk=saved.pk)


@require_GET
@requires("external_profiles.view")
def detail(request: ScopedRequest, pk: int) -> HttpResponse:
    """Show a template as a phone shows it, whom it reaches and what would be refused."""
    template = get_object_or_404(selectors.templates_with_counts(request.scope), pk=pk)
    editable = selectors.templates_editable_by(request.scope).filter(pk=pk).exists()
    trial = services.trial(template, request.scope)
    context = {
        "template": template,
        "trial": trial,
        "trial_line": line_words(trial.line),
        "refused_words": refused_words(trial.refused, trial.tried),
        "publish_words": publish_words(trial.accounts, trial.refused, trial.tried),
        "preview": services.preview(template, request.scope),
        "most": MOST_CHARACTERS,
        "without_parameter": links_without_parameter(template),
        "waiting": selectors.waiting_count(request.scope, template),
        "may_edit": editable and request.scope.allows("external_profiles.edit"),
        "needs_two": services.second_person_for(template),
        "most_alone": settings.PROFILE_ACCOUNTS_ALONE,
        "asked": approvals.waiting_for_template(template),
        "may_see_approvals": request.scope.allows("approvals.view"),
    }
    return render(request, f"{FOLDER}/detail.html", context)


@require_POST
@requires("external_profiles.edit")
def publish(request: ScopedRequest, pk: int) -> HttpResponse:
    """Publish a template and start writing its cards."""
    template = _as_seen(request, pk)
    with RefusalAsMessage(request):
        services.template_publish(template=template, actor=request.user)
        messages.success(request, _("Published. The accounts it reaches are written now."))
        services.push_soon(actor=request.user)
        return redirect("external_profiles:list")
    return redirect("external_profiles:detail", pk=pk)


@require_http_methods(["GET", "POST"])
@requires("external_profiles.edit")
def ask(request: ScopedRequest, pk: int) -> HttpResponse:
    """Say why a template of many accounts is to be published; somebody else decides."""
    template = _as_seen(request, pk)
    form = AskForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with RefusalInForm(form):
            asked = approvals.publish_ask(
                template=template, actor=request.user, reason=form.cleaned_data["reason"]
            )
            messages.success(request, _("Asked for: it holds once another person has approved it."))
            return redirect(*_approval_page(request, asked, template))
    found = services.trial(template, request.scope)
    context = {
        "form": form,
        "template": template,
        "accounts": services.second_person_for(template),
        "refused": refused_words(found.refused, found.tried),
        "most": settings.PROFILE_ACCOUNTS_ALONE,
    }
    status = 422 if form.errors else 200
    return render(request, f"{FOLDER}/ask.html", context, status=status)


def _approval_page(
    request: ScopedRequest, asked: Approval, template: ProfileTemplate
) -> tuple[str, Any]:
    if request.scope.allows("approvals.view"):
        return "approvals:detail", asked.pk
    return "external_profiles:detail", template.pk


@require_POST
@requires("external_profiles.edit")
def retire(request: ScopedRequest, pk: int) -> HttpResponse:
    """Withdraw a template; its accounts get what goes next."""
    template = get_object_or_404(selectors.templates_editable_by(request.scope), pk=pk)
    with RefusalAsMessage(request):
        services.template_retire(template=template, actor=request.user)
        messages.success(request, _("Withdrawn. Its accounts get the card that comes next."))
        services.push_soon(actor=request.user)
        return redirect("external_profiles:list")
    return redirect("external_profiles:detail", pk=pk)


@require_POST
@requires("external_profiles.edit")
def push(request: ScopedRequest) -> HttpResponse:
    """Write every card that is not up to date."""
    _whole_company(request)
    with RefusalAsMessage(request):
        services.push_start(actor=request.user)
    return redirect("external_profiles:list")


@require_POST
@requires("external_profiles.edit")
def check(request: ScopedRequest) -> HttpResponse:
    """Compare the cards with WeCom."""
    _whole_company(request)
    with RefusalAsMessage(request):
        services.check_start(actor=request.user)
    return redirect("external_profiles:list")


def _whole_company(request: ScopedRequest) -> None:
    if not _may_push(request):
        raise PermissionDenied("external_profiles.edit")


@require_GET
@requires("external_profiles.view")
def live(request: ScopedRequest) -> HttpResponse:
    """Show the progress; once nothing moves the page reloads itself."""
    job: JobRun | None = selectors.active_job()
    response = render(request, f"{FOLDER}/live.html", {"job": job})
    if job is None:
        response["HX-Refresh"] = "true"
    return response
