"""`manage.py data_map`: the personal data this product keeps, as a Markdown table."""

from typing import Any

from django.core.management.base import BaseCommand

from scrm.core import data_map


class Command(BaseCommand):
    """Print the table; exit with an error when a personal field has no entry."""

    help = "Print which personal data is kept, why, and for how long."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the map."""
        self.stdout.write(data_map.markdown())
