"""The pages of segments, and the parts of the builder of conditions."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from customers.relations.models import ExternalContact
from customers.relations.showing import shown
from customers.segments import audience, selectors, services
from customers.segments.building import (
    ROOT,
    Rows,
    condition_posted,
    facts_listed,
    groups_shown,
    new_id,
    row_for,
)
from customers.segments.compiling import condition_checked, contacts_meeting, persons_meeting
from customers.segments.conditions import (
    Join,
    condition_read,
    condition_words,
    condition_words_kept,
)
from customers.segments.forms import AudienceForm, SegmentFilter, SegmentForm
from customers.segments.models import Segment
from customers.segments.tables import PersonTable, SegmentTable
from scrm.core.downloads import workbook_response
from scrm.core.excel import write_workbook
from scrm.core.exceptions import ScrmError, ValidationFailed
from scrm.core.listing import build_list
from scrm.core.scope import ScopedRequest, requires

FOLDER = "console/customers/segments"


@require_GET
@requires("segments.view")
def segment_list(request: ScopedRequest) -> HttpResponse:
    """List the segments in scope; each is counted by a request of its own, because counting may take a moment."""
    page = build_list(
        request,
        queryset=selectors.segments_visible_to(request.scope).select_related("created_by"),
        table_class=SegmentTable,
        filterset_class=SegmentFilter,
        order=("-id",),
    )
    may_edit = request.scope.allows("segments.edit")
    empty = {
        "title": _("No segments yet"),
        "text": _(
            "Say whom you mean by what is known of them, or import a list from another system."
        ),
        "icon": "users-group",
    }
    if may_edit:
        empty |= {"action_label": _("New segment"), "action_url": reverse("segments:create")}
    context = {"list": page, "empty": empty, "may_edit": may_edit}
    return render(request, f"{FOLDER}/list.html", context)


@require_GET
@requires("segments.view")
def segment_detail(request: ScopedRequest, pk: Any) -> HttpResponse:
    """Show a segment: its condition in words, its file, its customers now."""
    segment = _segment(request, pk)
    problem, lines = "", []
    try:
        contacts = selectors.segment_contacts(segment, request.scope)
        if segment.kind == Segment.Kind.DYNAMIC:
            lines = condition_words(condition_read(segment.condition, request.scope), request.scope)
    except ValidationFailed as error:
        problem = error.message
        lines = condition_words_kept(segment.condition, request.scope)
        contacts = ExternalContact.objects.none()
    page = build_list(request, queryset=contacts, table_class=PersonTable, order=("-id",))
    for row, view in zip(page.rows, shown(request.scope, page.rows), strict=True):
        row.shown, row.may_open = view, request.scope.allows("relations.view")
    context = {
        "segment": segment,
        "lines": lines,
        "problem": problem,
        "list": page,
        "files": list(segment.files.defer("content").order_by("-created_at")[:5]),
        "empty": {"title": _("Nobody belongs to it now"), "icon": "users-group"},
        "may_edit": selectors.segments_editable_by(request.scope).filter(pk=segment.pk).exists(),
    }
    return render(request, f"{FOLDER}/detail.html", context)


@require_GET
@requires("segments.view")
def segment_persons(request: ScopedRequest, pk: Any) -> HttpResponse:
    """Count the persons of a segment, for the list."""
    segment = _segment(request, pk)
    try:
        context: dict[str, Any] = {"persons": services.count_persons(segment, request.scope)}
    except ValidationFailed as error:
        context = {"problem": error.message}
    return render(request, f"{FOLDER}/persons.html", context)


@require_http_methods(["GET", "POST"])
@requires("segments.edit")
def segment_create(request: ScopedRequest) -> HttpResponse:
    """Make a segment by condition."""
    return _edit(request, None)


@require_http_methods(["GET", "POST"])
@requires("segments.edit")
def segment_edit(request: ScopedRequest, pk: Any) -> HttpResponse:
    """Change a segment by condition."""
    mine = selectors.segments_editable_by(request.scope).filter(kind=Segment.Kind.DYNAMIC)
    return _edit(request, get_object_or_404(mine, pk=pk))


def _edit(request: ScopedRequest, segment: Segment | None) -> HttpResponse:
    initial = {"name": segment.name, "is_shared": segment.is_shared} if segment else None
    form = SegmentForm(request.POST or None, initial=initial, scope=request.scope)
    condition: Any = segment.condition if segment else {}
    if request.method == "POST":
        condition = condition_posted(request.POST, request.scope)
        if form.is_valid():
            try:
                saved = services.segment_save(
                    request.scope,
                    segment,
                    name=form.cleaned_data["name"],
                    condition=condition,
                    is_shared=form.cleaned_data.get("is_shared", False),
                    actor=request.user,
                )
            except ScrmError as error:
                _say(form, error)
            else:
                return redirect("segments:detail", saved.pk)
    context = {
        "form": form,
        "segment": segment,
        "groups": groups_shown(condition, request.scope),
        "facts": facts_listed(request.scope),
    }
    status = 422 if form.errors else 200
    return render(request, f"{FOLDER}/edit.html", context, status=status)


def _say(form: forms.Form, error: ScrmError) -> None:
    """Put a refusal beside the field it names, else above the form."""
    field = error.data.get("field")
    form.add_error(field if field in form.fields else None, error.message)


@require_POST
@requires("segments.edit")
def segment_delete(request: ScopedRequest, pk: Any) -> HttpResponse:
    """Delete a segment."""
    segment = get_object_or_404(selectors.segments_editable_by(request.scope), pk=pk)
    services.segment_delete(segment, actor=request.user)
    messages.success(request, _("Deleted."))
    return redirect("segments:list")


def _segment(request: ScopedRequest, pk: Any) -> Segment:
    return get_object_or_404(selectors.segments_visible_to(request.scope), pk=pk)


# --- the builder ----------------------------------------------------------------------------------------------------


@require_GET
@requires("segments.edit")
def builder_row(request: ScopedRequest) -> HttpResponse:
    """Give one row of the builder: a new one, or the same for another fact or operator."""
    row = row_for(
        request.scope,
        request.GET.dict(),
        group=request.GET.get("group", ROOT)[:16],
        row=request.GET.get("row", "")[:16],
    )
    context = {"row": row, "facts": facts_listed(request.scope)}
    return render(request, f"{FOLDER}/builder_row.html", context)


@require_GET
@requires("segments.edit")
def builder_group(request: ScopedRequest) -> HttpResponse:
    """Give a further group of the builder, with one row."""
    group = Rows(new_id(), Join.ANY.value)
    group.rows.append(row_for(request.scope, {}, group=group.id))
    context = {"group": group, "facts": facts_listed(request.scope)}
    return render(request, f"{FOLDER}/builder_group.html", context)


@require_POST
@requires("segments.edit")
def builder_count(request: ScopedRequest) -> HttpResponse:
    """Say whom the condition of the form means now, as far as the scope sees; what is incomplete is said in words."""
    try:
        tree = condition_checked(condition_posted(request.POST, request.scope), request.scope)
    except ValidationFailed as error:
        return render(request, f"{FOLDER}/builder_count.html", {"problem": error.message})
    context = {
        "persons": persons_meeting(tree, request.scope).count(),
        "contacts": contacts_meeting(tree, request.scope).count(),
    }
    return render(request, f"{FOLDER}/builder_count.html", context)


# --- audiences ------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@requires("segments.edit")
def audience_import(request: ScopedRequest) -> HttpResponse:
    """Import an audience from a file."""
    posted = request.method == "POST"
    form = AudienceForm(
        request.POST if posted else None, request.FILES if posted else None, scope=request.scope
    )
    if posted and form.is_valid():
        file = form.cleaned_data["file"]
        wish = audience.AudienceWish(
            name=form.cleaned_data["name"],
            expires_at=form.cleaned_data["expires_on"],
            is_shared=form.cleaned_data.get("is_shared", False),
        )
        try:
            _segment_made, job = audience.audience_import(
                wish,
                filename=file.name,
                content=file.read(),
                actor=request.user,
                into=form.cleaned_data["into"],
            )
        except ScrmError as error:
            _say(form, error)
        else:
            return redirect("jobs:detail", job.pk)
    status = 422 if form.errors else 200
    return render(request, f"{FOLDER}/import.html", {"form": form}, status=status)


@require_GET
@requires("segments.edit")
def audience_template(request: ScopedRequest) -> HttpResponse:
    """Give an empty audience file."""
    headers = audience.template_headers(get_language() or "en")
    content = write_workbook([(header, header) for header in headers], [])
    return workbook_response(content, "audience.xlsx")
