"""Loads both sides of the comparison: what OA and roster want, what WeCom says; a constant number of queries."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from contacts.directory.models import ROOT_DEPARTMENT_ID, Department, Employee, Member
from contacts.directory.selectors import restrictions_among
from contacts.drift.comparing import Account, Unit, Wanted, Written
from contacts.roster.models import RosterPerson
from contacts.roster.selectors import ended_members, people_held
from scrm.core.scope import SYSTEM_SCOPE

# Fields of an account by userid (lower-cased) that WeCom let us read just now.
Shown = Mapping[str, frozenset[str]]
EVERY_FIELD = frozenset({"name", "position"})
COLUMNS = (
    "pk",
    "userid",
    "name",
    "position",
    "status",
    "department_ids",
    "written__enabled",
    "written__phone_index",
    "written__gender",
    "written__written_at",
    "employee__name",
    "employee__post",
    "employee__department_code",
    "employee__state",
    "employee__effective_on",
    "employee__phone_index",
    "employee__gender",
)


@dataclass
class Facts:
    """Accounts with what is wanted of them, and departments.

    `skipped` are rows not judged this time: of accounts, and with a minus of departments.
    """

    accounts: list[tuple[Account, Wanted | None]] = field(default_factory=list)
    units: list[Unit] = field(default_factory=list)
    skipped: set[int] = field(default_factory=set)
    # Neither OA nor roster ever told of anybody: then nobody can be unexplained.
    has_source: bool = True


def facts_of(
    *, shown: Shown | None, since: datetime | None, members: QuerySet[Member] | None = None
) -> Facts:
    """Return both sides, of all accounts or of some. `shown` None: trust the mirror for every field.

    Accounts we wrote to after `since` are left out: what was read of them may be older than that.
    """
    rows = list((Member.objects.all() if members is None else members).values_list(*COLUMNS))
    few = None if members is None else {row[0] for row in rows}
    people = _rostered(few)
    places = {pk for person in people for pk in _nearest_first(person)}
    codes = {row[COLUMNS.index("employee__department_code")] for row in rows}
    tree = _Tree(since, None if few is None else (codes, places))
    roster = _roster_wanted(people, few, tree)
    facts = Facts(units=tree.units, skipped=tree.skipped)
    facts.has_source = bool(roster) or Employee.objects.exists()
    off = [row[0] for row in rows if row[4] == Member.Status.DISABLED]
    restricted = restrictions_among(SYSTEM_SCOPE, off) if off else {}
    today = timezone.localdate()
    for row in rows:
        record = dict(zip(COLUMNS, row, strict=True))
        if _is_skipped(record, since, today):
            facts.skipped.add(record["pk"])
            continue
        wanted = _oa_wanted(record, tree)
        if wanted is None or not wanted.works:
            wanted = roster.get(record["pk"]) or wanted
        facts.accounts.append((_account(record, shown, record["pk"] in restricted), wanted))
    return facts


def _is_skipped(record: Mapping[str, Any], since: datetime | None, today: date) -> bool:
    written_at, effective_on = record["written__written_at"], record["employee__effective_on"]
    fresh = since is not None and written_at is not None and written_at >= since
    # The plan does nothing about somebody before the day it takes effect.
    return fresh or (effective_on is not None and effective_on > today)


def _account(record: Mapping[str, Any], shown: Shown | None, is_restricted: bool) -> Account:  # noqa: FBT001
    written = None
    if record["written__enabled"] is not None:
        written = Written(
            enabled=record["written__enabled"],
            phone_index=bytes(record["written__phone_index"] or b""),
            gender=record["written__gender"] or "",
        )
    return Account(
        pk=record["pk"],
        userid=record["userid"],
        name=record["name"],
        position=record["position"],
        status=record["status"],
        department_ids=tuple(sorted(record["department_ids"])),
        written=written,
        is_restricted=is_restricted,
        shows=EVERY_FIELD if shown is None else shown.get(record["userid"].lower()),
    )


def _oa_wanted(record: Mapping[str, Any], tree: "_Tree") -> Wanted | None:
    if record["employee__state"] is None:
        return None
    return Wanted(
        name=record["employee__name"],
        post=record["employee__post"],
        department_id=tree.by_code.get(record["employee__department_code"]),
        works=record["employee__state"] != Employee.State.LEFT,
        phone_index=bytes(record["employee__phone_index"] or b""),
        gender=record["employee__gender"],
    )


class _Tree:
    """The departments: by OA code, by organisation unit, and as units to compare."""

    def __init__(
        self, since: datetime | None, only: tuple[set[str], set[int]] | None = None
    ) -> None:
        """Load all departments, or `only` those of some OA codes and organisation units."""
        self.skipped: set[int] = set()
        self.by_code: dict[str, int] = {}
        self.by_unit: dict[int, int] = {}
        self.units: list[Unit] = []
        known = Department.objects.filter(Q(deleted_at=None) | Q(written_at__isnull=False))
        if only is not None:
            known = known.filter(Q(oa_code__in=only[0]) | Q(org_unit__in=only[1]))
        for department in known.select_related("org_unit"):
            self._place(department)
            fresh = since is not None and department.written_at and department.written_at >= since
            if fresh:
                self.skipped.add(-department.pk)
            else:
                self.units.append(_unit(department))

    def _place(self, department: Department) -> None:
        exists = department.deleted_at is None
        if exists and department.oa_code:
            self.by_code[department.oa_code] = department.department_id
        unit = getattr(department, "org_unit", None)
        if exists and unit is not None:
            self.by_unit[unit.pk] = department.department_id

    def department_of(self, unit_ids: Iterable[int]) -> int:
        """Return the department of the first of these units that has one, as the roster places people."""
        return next((self.by_unit[pk] for pk in unit_ids if pk in self.by_unit), ROOT_DEPARTMENT_ID)


def _unit(department: Department) -> Unit:
    ours = department.written_at is not None
    return Unit(
        pk=department.pk,
        department_id=department.department_id,
        exists=department.deleted_at is None,
        name=department.name,
        parent_id=department.parent_department_id,
        written=(department.written_name, department.written_parent_id) if ours else None,
        is_root=department.department_id == ROOT_DEPARTMENT_ID,
    )


def _rostered(few: set[int] | None) -> list[RosterPerson]:
    """Return the people the roster holds an account for; of all members or of a few."""
    people = people_held()
    if few is not None:
        people = people.filter(member__in=few)
    return list(people.select_related("store").defer("phone"))


def _nearest_first(person: RosterPerson) -> list[int]:
    return [person.store_id, *reversed(person.store.ancestor_ids)]


def _roster_wanted(
    people: Iterable[RosterPerson], few: set[int] | None, tree: _Tree
) -> dict[int, Wanted]:
    """Return what the roster wants, by member: approved people work, those whose time is over do not."""
    ended = ended_members() if few is None else ended_members().filter(pk__in=few)
    wanted = {
        pk: Wanted(name="", post="", department_id=None, works=False)
        for pk in ended.values_list("pk", flat=True)
    }
    for person in people:
        assert person.member_id is not None  # noqa: S101 - filtered
        wanted[person.member_id] = Wanted(
            name=person.name,
            post=person.post,
            department_id=tree.department_of(_nearest_first(person)),
            works=True,
            phone_index=bytes(person.phone_index or b""),
        )
    return wanted
