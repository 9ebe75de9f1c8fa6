"""The people who log in to the demo."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from contacts.org.models import OrgUnit
from contacts.roles import services as roles
from contacts.roles.models import Role, RoleGrant
from scrm.accounts.models import User


@dataclass(frozen=True)
class DemoUser:
    """One log-in; `unit` is the code of the organisation unit the role reaches, or empty."""

    username: str
    name: str
    role: str
    unit: str


@cache
def demo_users() -> tuple[DemoUser, ...]:
    """Return users.toml."""
    text = resources.files("scrm.demo").joinpath("users.toml").read_text(encoding="utf-8")
    return tuple(DemoUser(**entry) for entry in tomllib.loads(text)["user"])


def ensure_users(password: str) -> list[DemoUser]:
    """Make the log-ins and grant their roles; returns those whose unit does not exist yet."""
    waiting = []
    for wanted in demo_users():
        user = _account(wanted, password)
        unit = OrgUnit.objects.filter(code=wanted.unit).first() if wanted.unit else None
        role = Role.objects.get(code=wanted.role)
        if wanted.unit and unit is None:
            waiting.append(wanted)
        elif not RoleGrant.objects.filter(user=user, role=role, org_unit=unit).exists():
            roles.grant(user=user, role=role, org_unit=unit, actor=None)
    return waiting


def _account(wanted: DemoUser, password: str) -> User:
    user, created = User.objects.get_or_create(
        username=wanted.username, defaults={"name": wanted.name}
    )
    if created or not user.check_password(password):
        user.set_password(password)
        user.save(update_fields=["password"])
    return user
