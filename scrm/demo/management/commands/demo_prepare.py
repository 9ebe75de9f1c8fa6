"""`manage.py demo_prepare`: migrations, preset roles and the demo's log-ins, in one process."""

import os
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from scrm.demo.mall_key import ensure_mall_key
from scrm.demo.users import ensure_users


class Command(BaseCommand):
    """Brings the demo's database up to date; runs in demo mode only. The password is SCRM_DEMO_PASSWORD."""

    help = "Migrate, load the preset roles, make the demo's log-ins and the mall's key."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Do all three; a role over a unit that does not exist yet is granted by a later run."""
        password = os.environ.get("SCRM_DEMO_PASSWORD", "")
        if not settings.DEMO_MODE or not password:
            raise CommandError(
                "demo_prepare runs only with SCRM_DEMO_MODE=1 and SCRM_DEMO_PASSWORD set."
            )
        call_command("migrate", verbosity=0, interactive=False, skip_checks=True)
        call_command("load_presets", stdout=self.stdout)
        ensure_users(password)
        ensure_mall_key(os.environ.get("SCRM_MALL_KEY", ""))
