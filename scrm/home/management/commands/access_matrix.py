"""`manage.py access_matrix [--check]`: write docs/guide/access-matrix.md."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from contacts.roles.services import presets
from scrm.home.access import markdown


class Command(BaseCommand):
    """Prints the matrix of routes and preset roles to the guide; needs no database."""

    help = "Write docs/guide/access-matrix.md from the URL patterns and the preset roles."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take --check."""
        parser.add_argument(
            "--check", action="store_true", help="fail when the file is not current"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Write or compare."""
        path = Path(settings.BASE_DIR) / "docs" / "guide" / "access-matrix.md"
        text = markdown({preset["code"]: frozenset(preset["permissions"]) for preset in presets()})
        if options["check"]:
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                raise CommandError(
                    "docs/guide/access-matrix.md is not current; run `manage.py access_matrix`."
                )
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        self.stdout.write(f"{path.relative_to(settings.BASE_DIR)} written")
