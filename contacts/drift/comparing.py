"""Compares one account or department with what we want of it; pure."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from contacts.directory.models import Member
from contacts.drift.models import DriftFinding

Kind = DriftFinding.Kind
WORKING = (Member.Status.ACTIVE, Member.Status.NOT_ACTIVATED)
# What only the details of an account tell; without them these kinds are neither found nor gone.
FROM_DETAILS = frozenset(
    {Kind.UNEXPLAINED, Kind.LEAVER_ENABLED, Kind.ENABLED, Kind.DISABLED, Kind.NAME, Kind.POST}
)
MEMBER_KINDS = FROM_DETAILS | {Kind.MISSING, Kind.DEPARTMENT, Kind.UNREADABLE}
UNIT_KINDS = frozenset({Kind.UNIT_MISSING, Kind.UNIT_NAME, Kind.UNIT_PARENT, Kind.UNIT_EXTRA})


@dataclass(frozen=True, slots=True)
class Wanted:
    """What OA or roster want of an account; `department_id` None: their department is not in WeCom.

    phone_index and gender are compared with what we last wrote, for WeCom does not show them.
    """

    name: str
    post: str
    department_id: int | None
    works: bool
    phone_index: bytes = b""
    gender: str | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """What we last wrote to an account."""

    enabled: bool
    phone_index: bytes
    gender: str


@dataclass(frozen=True, slots=True)
class Account:
    """An account as WeCom says; `shows` are the fields it let us read just now, None: none of them."""

    pk: int
    userid: str
    name: str
    position: str
    status: int
    department_ids: tuple[int, ...]
    written: Written | None
    # We keep it from customers, or disabled it, because of an incident.
    is_restricted: bool = False
    shows: frozenset[str] | None = None

    @property
    def exists(self) -> bool:
        """Return whether WeCom has the account."""
        return self.status != Member.Status.LEFT

    @property
    def works(self) -> bool:
        """Return whether somebody may log in to it."""
        return self.status in WORKING


@dataclass(frozen=True, slots=True)
class Unit:
    """A department as WeCom says; `written` (name, parent) None: it is none of ours."""

    pk: int
    department_id: int
    exists: bool
    name: str
    parent_id: int
    written: tuple[str, int] | None
    is_root: bool = False


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs, with both sides by field."""

    kind: str
    ours: Mapping[str, Any] = field(default_factory=dict)
    theirs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def mark(self) -> str:
        """Return a hash of both sides; another one means that the difference changed."""
        text = json.dumps([self.ours, self.theirs], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


def account_differences(account: Account, wanted: Wanted | None) -> list[Difference]:
    """Return what differs; the kinds of `undecided` say nothing."""
    if wanted is None:
        return _unexplained(account)
    if not wanted.works:
        return _leaver(account)
    if not account.exists:
        # Its id names the account in WeCom: made again it is the same one.
        return [Difference(Kind.MISSING, {"userid": account.userid}, {"status": account.status})]
    if account.shows is not None and not account.works:
        return _disabled(account)
    found = [_name(account, wanted), _post(account, wanted)]
    found += [_department(account, wanted), _unreadable(account, wanted)]
    return [each for each in found if each is not None]


def undecided(account: Account, wanted: Wanted | None) -> frozenset[str]:
    """Return the kinds of which this reading tells nothing: neither that they are there nor that they are gone."""
    if not account.exists:
        return frozenset()
    if account.shows is None:
        # That somebody explains an account now needs no reading.
        return FROM_DETAILS - ({Kind.UNEXPLAINED} if wanted is not None else set())
    hidden = {"name": Kind.NAME, "position": Kind.POST}
    return frozenset(kind for shown, kind in hidden.items() if shown not in account.shows)


def _unexplained(account: Account) -> list[Difference]:
    if account.shows is None or not account.works:
        return []
    theirs = {"status": account.status, "departments": list(account.department_ids)}
    if account.written is not None and not account.written.enabled:
        return [Difference(Kind.ENABLED, {"status": int(Member.Status.DISABLED)}, theirs)]
    return [Difference(Kind.UNEXPLAINED, {}, theirs)]


def _leaver(account: Account) -> list[Difference]:
    if account.shows is None or not account.works:
        return []
    ours = {"status": int(Member.Status.DISABLED)}
    return [Difference(Kind.LEAVER_ENABLED, ours, {"status": account.status})]


def _disabled(account: Account) -> list[Difference]:
    by_us = account.is_restricted or (account.written is not None and not account.written.enabled)
    if by_us:
        return []
    ours = {"status": int(Member.Status.ACTIVE)}
    return [Difference(Kind.DISABLED, ours, {"status": account.status})]


def _name(account: Account, wanted: Wanted) -> Difference | None:
    if account.shows is None or "name" not in account.shows or account.name == wanted.name:
        return None
    return Difference(Kind.NAME, {"name": wanted.name}, {"name": account.name})


def _post(account: Account, wanted: Wanted) -> Difference | None:
    if account.shows is None or "position" not in account.shows or account.position == wanted.post:
        return None
    return Difference(Kind.POST, {"position": wanted.post}, {"position": account.position})


def _department(account: Account, wanted: Wanted) -> Difference | None:
    if wanted.department_id is None or account.department_ids == (wanted.department_id,):
        return None
    ours = {"departments": [wanted.department_id]}
    return Difference(Kind.DEPARTMENT, ours, {"departments": sorted(account.department_ids)})


def _unreadable(account: Account, wanted: Wanted) -> Difference | None:
    written = account.written
    if written is None:
        return None
    # Only that they differ, by a piece of the index: a number that changes again is another difference.
    fields: dict[str, str] = {}
    if wanted.phone_index and wanted.phone_index != written.phone_index:
        fields["phone"] = wanted.phone_index.hex()[:12]
    if wanted.gender is not None and wanted.gender != written.gender:
        fields["gender"] = wanted.gender
    return Difference(Kind.UNREADABLE, fields, {}) if fields else None


def unit_differences(unit: Unit) -> list[Difference]:
    """Return what differs of a department."""
    if unit.is_root:
        return []
    if unit.written is None:
        there = {"name": unit.name, "parent": unit.parent_id}
        return [Difference(Kind.UNIT_EXTRA, {}, there)] if unit.exists else []
    name, parent_id = unit.written
    if not unit.exists:
        return [Difference(Kind.UNIT_MISSING, {"name": name, "parent": parent_id}, {})]
    found = []
    # A name that WeCom hides came as the one we knew.
    if unit.name != name:
        found.append(Difference(Kind.UNIT_NAME, {"name": name}, {"name": unit.name}))
    if unit.parent_id != parent_id:
        found.append(
            Difference(Kind.UNIT_PARENT, {"parent": parent_id}, {"parent": unit.parent_id})
        )
    return found
