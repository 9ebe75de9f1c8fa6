"""`manage.py verify_audit`: walk the audit chain and name the first bad row."""

import sys
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from scrm.core.audit.verifying import verify


class Command(BaseCommand):
    """Exit 0 when the chain holds, 2 when it does not."""

    help = "Check that no audit row was changed, removed or reordered."

    def handle(self, *args: Any, **options: Any) -> None:
        """Verify and print one line."""
        verdict = verify()
        if verdict.holds:
            self.stdout.write(
                _("The audit holds: %(checked)d rows sealed, %(waiting)d waiting.")
                % {"checked": verdict.checked, "waiting": verdict.waiting}
            )
            return
        self.stdout.write(
            _("First bad row: %(row)s: %(reason)s. %(checked)d rows before it hold.")
            % {"row": verdict.bad, "reason": verdict.reason, "checked": verdict.checked}
        )
        sys.exit(2)
