"""The account that owns the private services: ourselves, or for root an unprivileged one."""

import os
import pwd
from dataclasses import dataclass
from typing import TypedDict

from scrm.localservices.errors import ServiceError

CANDIDATES = ("nobody", "postgres", "daemon")


class DropOptions(TypedDict, total=False):
    """The arguments of subprocess that change the account of a child."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class Account:
    """An existing system account; none is ever created."""

    name: str
    uid: int
    gid: int


def service_account() -> Account | None:
    """Return the account to drop to, or None where we are not root.

    PostgreSQL refuses to run as root. SCRM_SERVICE_USER names another existing account.
    Raises ServiceError when the machine has none of the usual ones.
    """
    if os.geteuid() != 0:
        return None
    wanted = os.environ.get("SCRM_SERVICE_USER")
    for name in (wanted,) if wanted else CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid:
            return Account(name, entry.pw_uid, entry.pw_gid)
    raise ServiceError(
        "PostgreSQL does not run as root and this machine has no account named "
        f"{wanted or ', '.join(CANDIDATES)}; name an existing one in SCRM_SERVICE_USER or run as another user."
    )


def drop_options(account: Account | None) -> DropOptions:
    """Return the subprocess arguments that start a child as the account."""
    if account is None:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}
