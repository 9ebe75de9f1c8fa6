"""Console pages of binding files: sent in by branches, checked by HQ."""

from collections.abc import Mapping

from django.contrib import messages
from django.db.models import Count
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from contacts.org.columns import columns, template_headers
from contacts.org.forms import NoteForm, UploadForm
from contacts.org.models import BindingImport, BindingImportRow
from contacts.org.selectors import binding_imports_visible_to
from contacts.org.sent import sent_of
from contacts.org.services import binding_import, binding_import_apply, binding_import_refuse
from contacts.org.tables import ImportFilter, ImportRowFilter, ImportRowTable, ImportTable
from contacts.org.words import COLUMN_NOTES, row_words
from scrm.core.downloads import workbook_response
from scrm.core.excel import error_workbook, write_workbook
from scrm.core.listing import build_list
from scrm.core.refusals import RefusalAsMessage, RefusalInForm
from scrm.core.scope import ScopedRequest, requires

NOT_SENT = gettext_lazy(
    "%(file)s was not sent in: none of its rows can be bound. Download them, repair them, and send them in again."
)


@require_GET
@requires("org.bind")
def imports(request: ScopedRequest) -> HttpResponse:
    """List binding files, newest first."""
    page = build_list(
        request,
        queryset=binding_imports_visible_to(request.scope).select_related(
            "created_by", "decided_by"
        ),
        table_class=ImportTable,
        filterset_class=ImportFilter,
        order=("-id",),
    )
    empty = {
        "title": _("No files yet"),
        "text": _(
            "Send in a file with one row for each account and store; HQ checks it before it counts."
        ),
        "action_label": _("Send in a file"),
        "action_url": reverse("org:import"),
        "icon": "file-spreadsheet",
    }
    return render(request, "console/contacts/org/imports.html", {"list": page, "empty": empty})


@require_http_methods(["GET", "POST"])
@requires("org.bind")
def upload(request: ScopedRequest) -> HttpResponse:
    """Send in a binding file."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        with RefusalInForm(form, "file"):
            batch = binding_import(
                file=file,
                filename=file.name,
                actor=request.user,
                scope=request.scope,
                existing=form.cleaned_data["existing"],
            )
            if batch.status == BindingImport.Status.REFUSED:
                messages.error(request, NOT_SENT % {"file": batch.filename})
            return redirect("org:import_detail", pk=batch.pk)
    status = 422 if form.errors else 200
    return render(request, "console/contacts/org/import.html", {"form": form}, status=status)


@require_GET
@requires("org.bind")
def detail(request: ScopedRequest, pk: int) -> HttpResponse:
    """Preview a file row by row, with what each does or why it cannot."""
    batch = _batch(request, pk)
    page = build_list(
        request,
        queryset=batch.rows.select_related("store", "member"),
        table_class=ImportRowTable,
        filterset_class=ImportRowFilter,
        order=("row_number",),
    )
    for row in page.rows:
        row.words = row_words(row)
    counted = batch.rows.order_by().values_list("action").annotate(n=Count("pk"))
    counts = dict(counted)
    context = {
        "batch": batch,
        "list": page,
        "figures": [
            (label, counts.get(action, 0)) for action, label in BindingImportRow.Action.choices
        ],
        "refused": counts.get(BindingImportRow.Action.ERROR, 0),
        "usable": sum(counts.values()) - counts.get(BindingImportRow.Action.ERROR, 0),
        "may_decide": request.scope.allows("org.edit")
        and request.scope.everything
        and batch.status == BindingImport.Status.WAITING,
        "is_own": batch.created_by_id == request.user.pk,
        "form": NoteForm(),
    }
    return render(request, "console/contacts/org/import_detail.html", context)


def _batch(request: ScopedRequest, pk: int) -> BindingImport:
    visible = binding_imports_visible_to(request.scope).select_related(
        "created_by", "decided_by", "sent"
    )
    return get_object_or_404(visible, pk=pk)


@require_POST
@requires("org.edit")
def approve(request: ScopedRequest, pk: int) -> HttpResponse:
    """Bind what a checked file says."""
    batch = _batch(request, pk)
    with RefusalAsMessage(request):
        applied = binding_import_apply(batch=batch, actor=request.user, scope=request.scope)
        messages.success(
            request,
            _("Bound %(bound)d, moved %(moved)d, reordered %(reordered)d, refused %(refused)d.")
            % {
                "bound": applied.bound,
                "moved": applied.moved,
                "reordered": applied.reordered,
                "refused": applied.refused,
            },
        )
    return redirect("org:import_detail", pk=pk)


@require_POST
@requires("org.edit")
def refuse(request: ScopedRequest, pk: int) -> HttpResponse:
    """Send a file back with a reason."""
    batch = _batch(request, pk)
    with RefusalAsMessage(request):
        binding_import_refuse(
            batch=batch,
            actor=request.user,
            scope=request.scope,
            note=request.POST.get("note", ""),
        )
        messages.success(request, _("The file is sent back; nothing was bound."))
    return redirect("org:import_detail", pk=pk)


@require_GET
@requires("org.bind")
def errors(request: ScopedRequest, pk: int) -> HttpResponse:
    """Download the refused rows as they were sent in, with reasons, ready to be repaired."""
    batch = _batch(request, pk)
    refused = batch.rows.filter(action=BindingImportRow.Action.ERROR).order_by("row_number")
    headers, raw = _as_sent(batch)
    rows = [(raw.get(row.row_number) or _read(row), row_words(row)) for row in refused]
    return workbook_response(error_workbook(headers, rows), f"bindings-refused-{batch.pk}.xlsx")


def _as_sent(batch: BindingImport) -> tuple[list[str], Mapping[int, Mapping[str, str]]]:
    if batch.sent is None:
        return [header for _field, header in template_headers("bindings")], {}
    sent = sent_of(batch.sent)
    return sent.headers, dict(sent.rows)


def _read(row: BindingImportRow) -> Mapping[str, str]:
    """Return what was read of a row whose file was not kept."""
    cells = (row.store_code, row.account, row.position)
    headers = [header for _field, header in template_headers("bindings")]
    return dict(zip(headers, cells, strict=True))


EXAMPLES: Mapping[str, Mapping[str, object]] = {
    "bindings": {"store_code": "S001", "account": "10001", "position": 1},
    "units": {
        "code": "S001", "name": "", "kind": "", "parent_code": "B01", "latitude": "31.230416",
        "longitude": "121.473701", "datum": "GCJ-02", "hours": "1-5 10:00-21:00; 6-7 10:00-22:00",
    },
}  # fmt: skip


@require_GET
@requires("org.bind")
def template(request: ScopedRequest, table: str) -> HttpResponse:
    """Download an empty file with the right columns, one example row and a sheet of instructions."""
    if table not in EXAMPLES:
        raise Http404
    example = dict(EXAMPLES[table])
    if table == "units":
        example["kind"] = columns()["kinds"]["store"][0]
        example["name"] = f"{example['kind']} 001"
    headers = template_headers(table)
    notes = [(dict(headers)[name], str(words)) for name, words in COLUMN_NOTES[table].items()]
    content = write_workbook(headers, [example], notes=notes)
    return workbook_response(content, f"{table}-template.xlsx")
