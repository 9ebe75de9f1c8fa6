"""`manage.py role_grant NAME ROLE [--unit CODE]`: give a role from the server, the first one or one nobody may grant."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from contacts.org.models import OrgUnit
from contacts.roles.models import Role
from contacts.roles.services import grant, person_named
from scrm.core.exceptions import ScrmError


class Command(BaseCommand):
    """Audited as done by the system."""

    help = "Give a person a role; for the first administrator, and for roles no role may grant."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the person, the role and, for roles tied to a unit, its code."""
        parser.add_argument("name", help="user name of a password account, or WeCom userid")
        parser.add_argument("role", help="code of the role, for example it_admin")
        parser.add_argument("--unit", default="", help="code of the branch, dealer or store")

    def handle(self, *args: Any, **options: Any) -> None:
        """Grant and say so."""
        role = Role.objects.filter(code=options["role"]).first()
        if role is None:
            known = ", ".join(Role.objects.values_list("code", flat=True))
            raise CommandError(
                f"There is no role {options['role']}; known: {known or 'none, run load_presets'}."
            )
        unit = OrgUnit.objects.filter(code=options["unit"]).first() if options["unit"] else None
        if options["unit"] and unit is None:
            raise CommandError(f"There is no unit {options['unit']}.")
        try:
            made = grant(user=person_named(options["name"]), role=role, org_unit=unit, actor=None)
        except ScrmError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"{made.user} now holds {role.code}")
