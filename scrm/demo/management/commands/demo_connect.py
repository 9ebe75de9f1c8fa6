"""`manage.py demo_connect http://web:8000`: log-ins for a try-out, and the simulator learns where our callbacks are."""

from argparse import ArgumentParser
from typing import Any

import requests
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    """What an administrator does once in WeCom's console; runs in demo mode only."""

    help = "Make the demo's log-ins and give WeCom's simulator our callback addresses."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take our address as the simulator reaches it."""
        parser.add_argument("web", help="for example http://web:8000")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prepare, connect both apps, say so."""
        call_command("demo_prepare", stdout=self.stdout)
        for app in settings.WECOM_APPS:
            url = f"{options['web'].rstrip('/')}/wecom/callback/{app}/"
            try:
                answer = requests.post(
                    f"{settings.WECOM_API_BASE}/sandbox/api/callback_urls",
                    json={"app": app, "url": url},
                    timeout=10,
                ).json()
            except (requests.RequestException, ValueError) as error:
                raise CommandError(
                    f"No simulator answers at {settings.WECOM_API_BASE}: {type(error).__name__}."
                ) from error
            if not answer["ok"]:
                raise CommandError(f"The simulator refuses {url}: {answer['message']}")
            self.stdout.write(f"{app}: {url}")
