"""What a table holds of one person: how its rows are found, and what becomes of them when the person is forgotten.

Most tables show it by themselves (a customer's id, a foreign key); a room names those that do not, or whose
rows must go, in settings.PERSON_HOLDINGS.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from uuid import UUID

from django.db.models import Q

from scrm.core.erased import EXTERNAL_USERID, MEMBER_NO, PHONE, UNIONID, Name


@dataclass(frozen=True)
class Subject:
    """One human as the rooms know them; `names` are (kind, value), phones in E.164."""

    contacts: tuple[UUID, ...]
    members: tuple[UUID, ...]
    persons: tuple[UUID, ...] = ()
    names: frozenset[Name] = field(default_factory=frozenset, repr=False)

    @property
    def records(self) -> tuple[UUID, ...]:
        """Return the keys of all records."""
        return (*self.contacts, *self.members)

    def values(self, kind: str) -> list[str]:
        """Return the values of one kind of name."""
        return sorted(value for each, value in self.names if each == kind)

    @property
    def external_userids(self) -> list[str]:
        """Return the ids WeCom knows them by."""
        return self.values(EXTERNAL_USERID)

    @property
    def unionids(self) -> list[str]:
        """Return the ids WeChat knows them by."""
        return self.values(UNIONID)

    @property
    def member_numbers(self) -> list[str]:
        """Return their member numbers."""
        return self.values(MEMBER_NO)

    @property
    def phones(self) -> list[str]:
        """Return their verified phones, in E.164."""
        return self.values(PHONE)


class Way(Enum):
    """What erasing does to the rows of a table."""

    # The personal fields of the data map are emptied; the row stays for the figures it counts in.
    EMPTY = "empty"
    DELETE = "delete"
    # Not this person's, or gone by itself within days: `why` says so.
    APART = "apart"


Where = Callable[[Subject], Q]


@dataclass(frozen=True)
class Holding:
    """One table; where: its rows of a person, None as the model itself shows."""

    label: str
    way: Way = Way.EMPTY
    where: Where | None = None
    why: str = ""
