"""Console pages of files of people: uploaded, looked at, sent to headquarters."""

from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from contacts.roster import services
from contacts.roster.columns import example, template_headers
from contacts.roster.forms import UploadForm
from contacts.roster.models import RosterFile
from contacts.roster.selectors import files_visible_to
from contacts.roster.tables import FileTable
from contacts.roster.words import COLUMN_NOTES
from scrm.core.downloads import workbook_response
from scrm.core.excel import error_workbook, write_workbook
from scrm.core.listing import build_list
from scrm.core.phone import mask_phone
from scrm.core.refusals import RefusalAsMessage, RefusalInForm
from scrm.core.scope import ScopedRequest, requires

FOLDER = "console/contacts/roster"
SHOWN = 200
EXAMPLE_DAYS = 180


@require_GET
@requires("roster.edit")
def files(request: ScopedRequest) -> HttpResponse:
    """List uploaded files, newest first."""
    page = build_list(
        request,
        queryset=files_visible_to(request.scope),
        table_class=FileTable,
        order=("-created_at", "-id"),
    )
    empty = {
        "title": _("No files yet"),
        "text": _("A file has one row for each person; you see what each row does before it counts."),
        "action_label": _("Upload a file"),
        "action_url": reverse("roster:upload"),
        "icon": "file-spreadsheet",
    }  # fmt: skip
    return render(request, f"{FOLDER}/files.html", {"list": page, "empty": empty})


@require_http_methods(["GET", "POST"])
@requires("roster.edit")
def upload(request: ScopedRequest) -> HttpResponse:
    """Upload a file of people; what it says is shown next."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        sent = form.cleaned_data["file"]
        with RefusalInForm(form, "file"):
            kept = services.file_send(file=sent, filename=sent.name, actor=request.user)
            return redirect("roster:file", pk=kept.pk)
    status = 422 if form.errors else 200
    return render(request, f"{FOLDER}/upload.html", {"form": form}, status=status)


def _file(request: ScopedRequest, pk: UUID) -> RosterFile:
    return get_object_or_404(files_visible_to(request.scope), pk=pk)


@require_GET
@requires("roster.edit")
def file(request: ScopedRequest, pk: UUID) -> HttpResponse:
    """Preview a file: who would be sent in, and who is refused and why."""
    found = _file(request, pk)
    is_waiting = found.status == RosterFile.Status.WAITING
    context = {"file": found, "is_waiting": is_waiting, "most": SHOWN}
    if is_waiting:
        judged = services.file_judged(found, request.scope)
        good = judged.good
        for row in good[:SHOWN]:
            row.shown_phone = mask_phone(row.phone)  # type: ignore[attr-defined]
        refused = judged.refused
        context |= {
            "good": good[:SHOWN],
            "good_count": len(good),
            "refused": refused[:SHOWN],
            "refused_count": len(refused),
        }
    else:
        context |= {
            "good_count": found.result.get("sent", 0),
            "refused_count": len(found.result.get("refused", ())),
        }
    return render(request, f"{FOLDER}/file.html", context)


@require_POST
@requires("roster.edit")
def send(request: ScopedRequest, pk: UUID) -> HttpResponse:
    """Send the good rows of a file to headquarters."""
    found = _file(request, pk)
    with RefusalAsMessage(request):
        count = services.file_take(file=found, actor=request.user, scope=request.scope)
        words = ngettext(
            "%(count)d person waits for headquarters.",
            "%(count)d people wait for headquarters.",
            count,
        )
        messages.success(request, words % {"count": count})
    return redirect("roster:file", pk=pk)


@require_POST
@requires("roster.edit")
def drop(request: ScopedRequest, pk: UUID) -> HttpResponse:
    """Give up a file."""
    with RefusalAsMessage(request):
        services.file_drop(file=_file(request, pk), actor=request.user)
        messages.success(request, _("The file is given up; nothing changed."))
    return redirect("roster:files")


@require_GET
@requires("roster.edit")
def errors(request: ScopedRequest, pk: UUID) -> HttpResponse:
    """Download the refused rows with reasons: as they were sent in, ready to be repaired, for who sent them."""
    headers, rows = services.refused_take(
        file=_file(request, pk), actor=request.user, scope=request.scope
    )
    return workbook_response(error_workbook(headers, rows), f"roster-refused-{pk}.xlsx")


@require_GET
@requires("roster.edit")
def template(request: ScopedRequest) -> HttpResponse:
    """Download an empty file with the right columns, one example row and a sheet of instructions."""
    headers = template_headers()
    names = dict(headers)
    notes = [(names[field], str(words)) for field, words in COLUMN_NOTES.items()]
    day = timezone.localdate() + timedelta(days=EXAMPLE_DAYS)
    row = {**example(), "expires_on": day.isoformat()}
    return workbook_response(write_workbook(headers, [row], notes=notes), "roster-template.xlsx")
