"""Reads of the boards: sums of day figures by guide, store, branch and day, only of what the scope may see."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import F, QuerySet, Sum

from attribution.boards.models import AMOUNTS, COUNTS, BoardDay, DayFigure
from attribution.sales.selectors import credit_lines_between, sums
from contacts.directory.models import Member
from contacts.org.models import OrgUnit
from contacts.org.selectors import nearest, rows_visible_to, stores_of, stores_visible_to
from scrm.core.scope import Scope

ZERO = Decimal(0)
FIELDS = COUNTS + AMOUNTS
SORTS = ("net", *FIELDS)


@dataclass(frozen=True)
class Span:
    """Business days from `first` to `last`, both included."""

    first: date
    last: date

    @property
    def days(self) -> list[date]:
        """Return every day, oldest first."""
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]


@dataclass
class Sums:
    """Figures added up; `refunds` is zero or positive."""

    adds: int = 0
    losses: int = 0
    sends: int = 0
    views: int = 0
    orders: int = 0
    sales: Decimal = ZERO
    refunds: Decimal = ZERO

    @property
    def net(self) -> Decimal:
        """Return sales less refunds."""
        return self.sales - self.refunds

    def add(self, other: "Sums") -> None:
        """Add another's figures."""
        for each in fields(Sums):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))


@dataclass
class Line:
    """One row of a board; `code` (userid or unit code) is what to drill down by, "" for what nobody has."""

    key: int | None
    name: str
    note: str = ""
    code: str = ""
    sums: Sums = field(default_factory=Sums)


@dataclass(frozen=True)
class Board:
    """A board: its rows without the rest, the rest (nobody's, or without a store), the total, the ledger's total."""

    lines: list[Line]
    rest: Line | None
    total: Sums
    ledger_net: Decimal
    as_of: datetime | None

    @property
    def difference(self) -> Decimal:
        """Return what the ledger has beyond the day figures: written since they were added up."""
        return self.ledger_net - self.total.net


def figures_visible_to(scope: Scope) -> QuerySet[DayFigure]:
    """Return the figures of the stores a scope may see, or one's own, as the ledger's lines are seen."""
    return DayFigure.objects.filter(rows_visible_to(scope))


def figures_between(
    scope: Scope, span: Span, store_ids: Iterable[int] | None
) -> QuerySet[DayFigure]:
    """Return the visible figures of a span, of these stores only unless None."""
    rows = figures_visible_to(scope).filter(day__range=(span.first, span.last)).order_by()
    return rows if store_ids is None else rows.filter(store__in=list(store_ids))


def board(
    scope: Scope, span: Span, *, by: str, sort: str = "net", store_ids: list[int] | None = None
) -> Board:
    """Return the board by "guide", "store" or "branch", the most first; the number of queries is constant."""
    rows = figures_between(scope, span, store_ids)
    key = "member_id" if by == "guide" else "store_id"
    found = {
        row[key]: Sums(**{name: row[f"sum_{name}"] for name in FIELDS})
        for row in rows.values(key).annotate(**{f"sum_{name}": Sum(name) for name in FIELDS})
    }
    total = Sums()
    for each in found.values():
        total.add(each)
    rest = found.pop(None, None)
    lines = {"guide": _guides, "store": _stores, "branch": _branches}[by](found)
    rest_line = _rest(by, lines, rest)
    lines = sorted(
        (line for line in lines if line.key is not None),
        key=lambda line: (-getattr(line.sums, sort), line.name, line.key or 0),
    )
    return Board(lines, rest_line, total, _ledger(scope, span, store_ids), _as_of(span))


def _rest(by: str, lines: list[Line], rest: Sums | None) -> Line | None:
    """Return the row of what belongs to nobody, with the stores outside of every branch."""
    line = Line(None, by)
    for each in [*(one.sums for one in lines if one.key is None), *([rest] if rest else [])]:
        line.sums.add(each)
    return line if line.sums != Sums() else None


def _guides(found: Mapping[int, Sums]) -> list[Line]:
    members = Member.objects.in_bulk(found)
    stores = stores_of(found)
    return [
        Line(
            pk,
            members[pk].name or members[pk].userid,
            stores[pk].name if pk in stores else "",
            members[pk].userid,
            figures,
        )
        for pk, figures in found.items()
    ]


def _stores(found: Mapping[int, Sums]) -> list[Line]:
    units = OrgUnit.objects.in_bulk(found)
    return [_unit_line(units[pk], figures) for pk, figures in found.items()]


def _branches(found: Mapping[int, Sums]) -> list[Line]:
    units = branches_all()
    lines: dict[int | None, Line] = {}
    for store in OrgUnit.objects.filter(pk__in=list(found)):
        key = nearest(store.path, units)
        unit = units[key] if key is not None else None
        line = lines.setdefault(key, _unit_line(unit, Sums()) if unit else Line(None, ""))
        line.sums.add(found[store.pk])
    return list(lines.values())


def _unit_line(unit: OrgUnit, figures: Sums) -> Line:
    return Line(unit.pk, unit.name, unit.code, unit.code, figures)


def branches_all() -> dict[int, OrgUnit]:
    """Return the branches and dealers by id."""
    kinds = [OrgUnit.Kind.BRANCH, OrgUnit.Kind.DEALER]
    return OrgUnit.objects.filter(kind__in=kinds).in_bulk()


def _ledger(scope: Scope, span: Span, store_ids: list[int] | None) -> Decimal:
    lines = credit_lines_between(scope, span.first, span.last)
    if store_ids is not None:
        lines = lines.filter(store__in=store_ids)
    return sums(lines).net


def _as_of(span: Span) -> datetime | None:
    """Return when the newest day of the span was added up; None before the first run."""
    days = BoardDay.objects.filter(day__range=(span.first, span.last)).order_by("-day")
    return days.values_list("computed_at", flat=True).first()


@dataclass(frozen=True)
class Day:
    """The figures of one day in a trend."""

    day: date
    net: Decimal
    adds: int


def trend(scope: Scope, span: Span, store_ids: list[int] | None = None) -> list[Day]:
    """Return every day of a span, oldest first, in one query; days without figures are zero."""
    rows: dict[date, Any] = {
        row["day"]: row
        for row in figures_between(scope, span, store_ids)
        .values("day")
        .annotate(net=Sum(F("sales") - F("refunds")), sum_adds=Sum("adds"))
    }
    return [
        Day(day, rows[day]["net"], rows[day]["sum_adds"]) if day in rows else Day(day, ZERO, 0)
        for day in span.days
    ]


@dataclass(frozen=True)
class Place:
    """What the board is narrowed to: one store, or the stores below a branch."""

    unit: OrgUnit
    store_ids: list[int]


def place(scope: Scope, code: str) -> Place | None:
    """Return the store or branch with this code and its stores in scope; None when the scope sees none."""
    unit = OrgUnit.objects.filter(code=code).first() if code else None
    if unit is None:
        return None
    stores = stores_visible_to(scope).filter(path__startswith=unit.path)
    ids = list(stores.values_list("pk", flat=True))
    return Place(unit, ids) if ids else None
