"""`manage.py erasure_replay`: after a restore, forget again whom the journal names."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from customers.privacy.services import replay
from scrm.core.exceptions import ScrmError


class Command(BaseCommand):
    """Exit 0 once every erasure of the journal is carried out in this database."""

    help = "Repeat the erasures a restored copy does not know; run it before the workers start."

    def handle(self, *args: Any, **options: Any) -> None:
        """Repeat what is missing."""
        try:
            again, total = replay()
        except ScrmError as error:
            raise CommandError(error.message) from None
        self.stdout.write(f"{again} of {total} erasures repeated")
