"""`manage.py sso_untie NAME --reason "new account at the provider"`: forget who in the SSO an account is."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from scrm.accounts.models import User
from scrm.accounts.oidc.services import untie


class Command(BaseCommand):
    """The next log-in by SSO ties the account anew."""

    help = "Untie an account from its person at the SSO; audited."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the user name and why."""
        parser.add_argument("username")
        parser.add_argument("--reason", required=True, help="for the audit")

    def handle(self, *args: Any, **options: Any) -> None:
        """Untie it."""
        user = User.objects.filter(username=options["username"]).first()
        if user is None or not untie(user, actor=None, reason=options["reason"]):
            raise CommandError(f"{options['username']} is not tied to the SSO.")
        self.stdout.write(f"{user.username}: the next log-in by SSO ties it anew.")
