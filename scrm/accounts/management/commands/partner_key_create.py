"""`manage.py partner_key_create NAME --scope members.write`: make a partner system's API key."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from scrm.accounts.services import partner_key_create
from scrm.core.exceptions import ValidationFailed


class Command(BaseCommand):
    """Prints the key once; only its hash is kept."""

    help = "Make an API key for a partner system; it is shown once."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the name and the scopes."""
        parser.add_argument("name", help="the system that will use the key, for example CRM")
        parser.add_argument(
            "--scope",
            action="append",
            default=[],
            help="for example members.write; may be repeated",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Make and print the key."""
        try:
            _key, token = partner_key_create(name=options["name"], scopes=options["scope"])
        except ValidationFailed as error:
            raise CommandError(error.message) from error
        self.stdout.write(token)
