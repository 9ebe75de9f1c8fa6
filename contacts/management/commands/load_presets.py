"""`manage.py load_presets`: write the preset roles."""

from typing import Any

from django.core.management.base import BaseCommand

from contacts.roles.services import presets_load


class Command(BaseCommand):
    """Safe to run at every start: known roles are brought up to date."""

    help = "Write the preset roles of contacts/roles/presets.toml."

    def handle(self, *args: Any, **options: Any) -> None:
        """Write and say how many."""
        self.stdout.write(f"{presets_load()} roles")
