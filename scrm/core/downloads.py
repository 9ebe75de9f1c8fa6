"""Files that a page hands out."""

from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def workbook_response(content: bytes, filename: str) -> HttpResponse:
    """Return an XLSX file to be saved; the name is one of ours, ASCII."""
    response = HttpResponse(content, content_type=XLSX)
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response


def stamp_of(actor: Any) -> str:
    """Return who takes a file and when, as it is printed at the foot of its pages."""
    return f"{actor.get_username()} · {timezone.localtime():%Y-%m-%d %H:%M}"


def taken_notes(stamp: str) -> list[tuple[str, str]]:
    """Return the sheet that says whose copy a file with personal data is."""
    return [
        (_("Taken by"), stamp),
        (
            _("Confidential"),
            _(
                "This file holds personal data. It bears the name of whoever took it, and the audit lists it."
            ),
        ),
    ]
