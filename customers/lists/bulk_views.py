"""Acts on many customers: tags, with a count before, and files."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from customers.lists import exporting, tagging
from customers.lists.forms import ExportForm, TagForm
from customers.lists.selecting import Selection, count_of, selected, selection_of
from scrm.core.approvals.asking import second_person
from scrm.core.downloads import workbook_response
from scrm.core.exceptions import ScrmError
from scrm.core.refusals import RefusalAsMessage, RefusalInForm
from scrm.core.scope import ScopedRequest, requires

FOLDER = "console/customers/lists"


@require_POST
@requires("relations.tag")
def tag(request: ScopedRequest) -> HttpResponse:
    """Choose tags for the chosen customers; each choice shows what it would do, the last button does it."""
    try:
        selection = selection_of(request.POST)
        contacts = selected(request.scope, request.user, selection)
        customers = count_of(contacts)
    except ScrmError as error:
        messages.error(request, error.message)
        return redirect(_list_url(request.POST.get("query", "")))
    is_first = "act" not in request.POST
    form = TagForm(None if is_first else request.POST)
    context = {
        "form": form,
        "shown": selection.form,
        "customers": customers,
        "back": _list_url(selection.query),
        "dry": None,
    }
    if form.is_valid():
        add, remove = form.cleaned_data["add"], form.cleaned_data["remove"]
        with RefusalInForm(form):
            dry = tagging.dry_count(request.scope, contacts, add, remove)
            context["dry"] = dry
            if request.POST["act"] == "start":
                tagging.told_check(dry, request.POST.get("told", ""))
                job = tagging.tag_start(request.scope, contacts, add, remove, actor=request.user)
                return redirect("jobs:detail", job.pk)
    page = "tag_count.html" if request.htmx else "tag.html"
    return render(request, f"{FOLDER}/{page}", context, status=_status(request, form))


def _status(request: ScopedRequest, form: TagForm) -> int:
    """Refused forms are answered 422, except to htmx, which would not show them."""
    return 422 if form.errors and not request.htmx else 200


def _list_url(query: str) -> str:
    head = reverse("relations:list")
    return f"{head}?{query}" if query else head


@require_POST
@requires("relations.export")
def export(request: ScopedRequest) -> HttpResponse:
    """Say what a file is for, and start writing it, or ask a second person."""
    try:
        selection = selection_of(request.POST)
        rows = count_of(selected(request.scope, request.user, selection))
    except ScrmError as error:
        messages.error(request, error.message)
        return redirect(_list_url(request.POST.get("query", "")))
    form = ExportForm(request.scope, request.POST if "purpose" in request.POST else None)
    if form.is_valid():
        with RefusalInForm(form):
            return _exported(request, selection, form, rows)
    context = {
        "form": form,
        "shown": selection.form,
        "rows": rows,
        "back": _list_url(selection.query),
        "second_person": exporting.rows_judged(request.user, rows) > exporting.rows_alone(),
    }
    status = 422 if form.errors else 200
    return render(request, f"{FOLDER}/export.html", context, status=status)


def _exported(
    request: ScopedRequest, selection: Selection, form: ExportForm, rows: int
) -> HttpResponse:
    purpose, unmasked = form.cleaned_data["purpose"], bool(form.cleaned_data.get("unmasked"))
    job = exporting.export_start(
        selection, actor=request.user, purpose=purpose, rows=rows, unmasked=unmasked
    )
    if job is not None:
        messages.success(request, _("The file is being written."))
        return redirect("lists:exports")
    shown = {**selection.form, "purpose": purpose, **({"unmasked": "on"} if unmasked else {})}
    return second_person(
        request,
        exporting.WHAT,
        exporting.filters_of(selection),
        rows=exporting.rows_judged(request.user, rows),
        page=_list_url(selection.query),
        shown=shown,
        unmasked=unmasked,
    )


@require_GET
@requires("relations.export")
def export_list(request: ScopedRequest) -> HttpResponse:
    """List one's own files, the newest first, with what the unfinished ones wait for."""
    rows = exporting.exports_shown(request.scope)
    return render(request, f"{FOLDER}/exports.html", {"rows": rows})


@never_cache
@require_POST
@requires("relations.export")
def export_take(request: ScopedRequest, pk: UUID) -> HttpResponse:
    """Hand out a file."""
    found = get_object_or_404(exporting.exports_visible_to(request.scope), pk=pk)
    with RefusalAsMessage(request):
        content = exporting.export_take(found, actor=request.user)
        return workbook_response(content, f"customers-{found.pk.hex[-8:]}.xlsx")
    return redirect("lists:exports")
