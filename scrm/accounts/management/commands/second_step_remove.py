"""`manage.py second_step_remove NAME --reason "phone lost"`: take the second step of a password log-in away."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from scrm.accounts.models import User
from scrm.accounts.second_factor.services import factor_remove
from scrm.accounts.services import sessions_end


class Command(BaseCommand):
    """For whoever lost both the phone and the paper; the next log-in sets an app up anew."""

    help = "Remove the second step of an account and end its sessions; audited."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the user name and why."""
        parser.add_argument("username")
        parser.add_argument("--reason", required=True, help="for the audit")

    def handle(self, *args: Any, **options: Any) -> None:
        """Remove it."""
        user = User.objects.filter(username=options["username"]).first()
        if user is None or not factor_remove(user, actor=None, reason=options["reason"]):
            raise CommandError(f"{options['username']} has no second step.")
        sessions_end(user, reason=options["reason"])
        self.stdout.write(f"{user.username}: the next log-in sets an app up.")
