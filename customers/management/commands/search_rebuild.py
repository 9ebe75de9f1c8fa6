"""`manage.py search_rebuild`: write the search entries of everybody, as a job."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from customers.lists.refreshing import rebuild_start
from scrm.core.exceptions import Conflict


class Command(BaseCommand):
    """Start the job; its progress is on the page of jobs."""

    help = "Write what customers are found by again: after an upgrade, a restore, a change of the index key."

    def handle(self, *args: Any, **options: Any) -> None:
        """Start it, or say that it runs already."""
        try:
            job = rebuild_start(actor=None)
        except Conflict as error:
            raise CommandError(error.message) from None
        self.stdout.write(_("Started as job %(number)s.") % {"number": job.short_id})
