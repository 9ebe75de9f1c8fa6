"""Console pages: files of every kind of facts, and the systems that are asked for them."""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from customers.intake import services, sources
from customers.intake.forms import FactFileForm, MappingForm, SourceForm
from customers.intake.kinds import KINDS, Kind
from customers.intake.models import FactKind, PullSource
from customers.intake.pulling import Tried, guess_for, try_out
from customers.intake.selectors import failures_of, files_visible_to, sources_visible_to
from customers.intake.tables import SourceTable
from scrm.core.downloads import workbook_response
from scrm.core.excel import write_workbook
from scrm.core.exceptions import Conflict, ScrmError
from scrm.core.listing import build_list
from scrm.core.refusals import RefusalInForm
from scrm.core.scope import ScopedRequest, requires

FOLDER = "console/customers/intake"


def _kind(code: str) -> Kind:
    if code not in KINDS:
        raise Http404
    return KINDS[code]


# Where the lists of what the files hold are.
LISTS = {
    FactKind.MEMBERS: "crm:list",
    FactKind.GOODS: "goods:list",
    FactKind.STOCK: "goods:list",
    FactKind.ORDERS: "crm:orders",
    FactKind.SERVICES: "crm:services",
}


# --- files ---------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@requires("crm.import")
def file_new(request: ScopedRequest, kind: str) -> HttpResponse:
    """Take a file of one kind and go on to its preview."""
    found = _kind(kind)
    form = FactFileForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        with RefusalInForm(form, "file"):
            upload = services.file_create(
                kind=kind, filename=file.name, content=file.read(), actor=request.user
            )
            return redirect("intake:preview", upload.pk)
    recent = files_visible_to(request.scope).filter(kind=kind).order_by("-id").defer("content")
    context = {
        "form": form,
        "kind": kind,
        "kind_words": FactKind(kind).label,
        "kinds": FactKind.choices,
        "columns": found.template(get_language() or ""),
        "needed": found.needed,
        "cancel_url": reverse(LISTS.get(FactKind(kind), "intake:list")),
        "recent": recent[:10],
    }
    status = 422 if form.errors else 200
    return render(request, f"{FOLDER}/file.html", context, status=status)


@require_GET
@requires("crm.import")
def file_template(request: ScopedRequest, kind: str) -> HttpResponse:
    """Give an empty file with the right headers."""
    content = write_workbook(_kind(kind).template(get_language() or ""), [])
    return workbook_response(content, f"{kind}.xlsx")


@require_GET
@requires("crm.import")
def file_preview(request: ScopedRequest, file_id: UUID) -> HttpResponse:
    """Show how the file was understood, with an error beside every wrong cell."""
    upload = get_object_or_404(files_visible_to(request.scope), pk=file_id)
    if upload.job_id is not None:
        return redirect("jobs:detail", upload.job_id)
    if upload.content is None:
        messages.warning(
            request, _("The file was not imported within a day and is deleted. Send it again.")
        )
        return redirect("intake:file", upload.kind)
    preview = services.file_preview(upload)
    columns = list(preview.fields)
    context = {
        "upload": upload,
        "columns": columns,
        "ignored": preview.ignored,
        "rows": [row for item in preview.items for row in _preview_rows(item, columns)],
        "bad": sum(1 for item in preview.items if item.row is None),
    }
    return render(request, f"{FOLDER}/preview.html", context)


def _preview_rows(item: services.Item, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield the rows of one item: what is wrong with a cell beside it, all else beside the first row's number."""
    beside = item.words_beside()
    words = item.words_but(beside)
    for number, cells in zip(item.numbers, item.cells, strict=True):
        pairs = [(cells.get(header, ""), beside.get(header, "")) for header in columns]
        yield {"number": number, "cells": pairs, "words": words}
        words = ""


@require_POST
@requires("crm.import")
def file_start(request: ScopedRequest, file_id: UUID) -> HttpResponse:
    """Start the job."""
    upload = get_object_or_404(files_visible_to(request.scope), pk=file_id)
    try:
        job = services.file_start(upload, actor=request.user)
    except Conflict as error:
        messages.warning(request, error.message)
        if error.code == "import_started":
            return redirect("jobs:detail", error.data["job_id"])
        return redirect(
            "intake:preview", upload.pk
        )  # another file is under way, perhaps not theirs
    return redirect("jobs:detail", job.pk)


# --- sources -------------------------------------------------------------------------------------------------


@require_GET
@requires("intake.view")
def source_list(request: ScopedRequest) -> HttpResponse:
    """List the sources."""
    page = build_list(
        request,
        queryset=sources_visible_to(request.scope),
        table_class=SourceTable,
        order=("-created_at", "-id"),
    )
    failures = failures_of(page.rows)
    for source in page.rows:
        source.failures = failures.get(source.pk)
    empty = {
        "title": _("No system is asked yet"),
        "text": _("Connect one here, or let systems send by API, or import files."),
        "icon": "plug-connected",
    }
    context = {
        "list": page,
        "empty": empty,
        "kinds": FactKind.choices,
        "may_edit": request.scope.allows("intake.edit"),
        "may_import": request.scope.allows("crm.import"),
    }
    return render(request, f"{FOLDER}/list.html", context)


@require_http_methods(["GET", "POST"])
@requires("intake.edit")
def source_new(request: ScopedRequest) -> HttpResponse:
    """Connect a system."""
    return _source_form(request, SourceForm(request.POST or None))


@require_http_methods(["GET", "POST"])
@requires("intake.edit")
def source_edit(request: ScopedRequest, source_id: UUID) -> HttpResponse:
    """Change a source."""
    source = get_object_or_404(sources_visible_to(request.scope), pk=source_id)
    return _source_form(request, SourceForm(request.POST or None, source=source))


def _source_form(request: ScopedRequest, form: SourceForm) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        with RefusalInForm(form):
            secret = form.cleaned_data["secret"] or None
            source = sources.source_save(form.filled(), actor=request.user, secret=secret)
            return redirect("intake:source_mapping", source.pk)
    context = {"form": form, "source": form.source}
    status = 422 if form.errors else 200
    return render(request, f"{FOLDER}/source_form.html", context, status=status)


@require_http_methods(["GET", "POST"])
@requires("intake.edit")
def source_mapping(request: ScopedRequest, source_id: UUID) -> HttpResponse:
    """Say where a source keeps each field; a look at its first record proposes the paths."""
    source = get_object_or_404(sources_visible_to(request.scope), pk=source_id)
    guessed, problem = _guessed(source) if request.method == "GET" else ({}, "")
    form = MappingForm(request.POST or None, source=source, guessed=guessed)
    if request.method == "POST" and form.is_valid():
        source.mapping = form.chosen()
        sources.source_save(source, actor=request.user, secret=None)
        return redirect("intake:source", source.pk)
    context = {"form": form, "source": source, "problem": problem}
    status = 422 if form.errors else 200
    return render(request, f"{FOLDER}/mapping.html", context, status=status)


def _guessed(source: PullSource) -> tuple[dict[str, str], str]:
    try:
        return guess_for(source), ""
    except ScrmError as error:
        return {}, error.message


@require_GET
@requires("intake.view")
def source_detail(request: ScopedRequest, source_id: UUID) -> HttpResponse:
    """Show a source: how the last reading went, what it brought."""
    return _detail(request, source_id, None)


@require_POST
@requires("intake.edit")
def source_test(request: ScopedRequest, source_id: UUID) -> HttpResponse:
    """Read a few records and say what was found, without showing a customer."""
    source = get_object_or_404(sources_visible_to(request.scope), pk=source_id)
    try:
        return _detail(request, source_id, try_out(source))
    except ScrmError as error:
        messages.error(request, error.message)
        return redirect("intake:source", source.pk)


def _detail(request: ScopedRequest, source_id: UUID, tried: Tried | None) -> HttpResponse:
    source = get_object_or_404(sources_visible_to(request.scope), pk=source_id)
    names = dict(KINDS[source.kind].template(get_language() or ""))
    source.failures = failures_of([source]).get(source.pk)  # type: ignore[attr-defined]
    context = {
        "source": source,
        "path": next(iter(source.options.get("paths", {}).values()), ""),
        "mapped": [(names[name], source.mapping[name]) for name in names if source.mapping.get(name)],
        "files": source.files.order_by("-id").defer("content")[:10],
        "tried": tried,
        "filled": [(names[name], count) for name, count in tried.filled.items()] if tried else [],
        "may_edit": request.scope.allows("intake.edit"),
        "may_read": request.scope.allows("crm.import"),
    }  # fmt: skip
    return render(request, f"{FOLDER}/source.html", context)


@require_POST
@requires("crm.import")
def source_read(request: ScopedRequest, source_id: UUID) -> HttpResponse:
    """Read a source now."""
    source = get_object_or_404(sources_visible_to(request.scope), pk=source_id)
    try:
        job = sources.source_read(source, actor=request.user)
    except Conflict as error:
        messages.warning(request, error.message)
        return redirect("jobs:detail", error.data["job_id"])
    return redirect("jobs:detail", job.pk)


@require_POST
@requires("intake.edit")
def source_delete(request: ScopedRequest, source_id: UUID) -> HttpResponse:
    """Remove a source; what it brought stays."""
    source = get_object_or_404(sources_visible_to(request.scope), pk=source_id)
    sources.source_delete(source, actor=request.user)
    messages.success(request, _("%(name)s is not asked any more.") % {"name": source.name})
    return redirect("intake:list")
