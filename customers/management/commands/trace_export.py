"""`manage.py trace_export FILE`: who took the customer file that came back."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.lists.tracing import By, Trace, trace
from scrm.core.audit.services import record
from scrm.core.exceptions import ValidationFailed

WORDS = {
    By.CODE: gettext_lazy("by the row codes"),
    By.HIDDEN: gettext_lazy("by the invisible marks"),
    By.BLANKS: gettext_lazy("by the blanks behind the nicknames"),
    By.ROWS: gettext_lazy("by its customers alone; anybody who exported the same ones is named"),
}


class Command(BaseCommand):
    """Exit 0 with the exports, the likeliest first; 2 when nothing in the file names one."""

    help = "Name who took the customer file that came back (XLSX or CSV), and when."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the file."""
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        """Trace, write down that it was asked, and print a line for each export."""
        path: Path = options["file"]
        try:
            found = trace(path.read_bytes(), path.name)
        except (OSError, ValidationFailed) as error:
            raise CommandError(str(error)) from None
        named = {"count": len(found)}
        target = f"customer_export:{found[0].export.pk}" if found else "customer_export:*"
        record(actor=None, action="lists.trace", target=target, after=named)
        for each in found:
            self.stdout.write(_line(each))
        if not found:
            self.stdout.write(_("Nothing in this file names an export of ours."))
            sys.exit(2)


def _line(found: Trace) -> str:
    export = found.export
    return _("%(who)s · %(when)s · file %(number)s · %(rows)d rows · %(purpose)s · %(by)s (%(share)d %%)") % {
        "who": export.taken_by,
        "when": timezone.localtime(export.created_at).strftime("%Y-%m-%d %H:%M:%S"),
        "number": export.pk.hex[-8:],
        "rows": export.rows,
        "purpose": export.purpose,
        "by": WORDS[found.by],
        "share": round(found.share * 100),
    }  # fmt: skip
