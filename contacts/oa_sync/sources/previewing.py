"""The first rows of a source as the plan would see them, with what is wrong in which cell."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from contacts.oa_sync.department_checks import check_departments
from contacts.oa_sync.employee_checks import check_employees
from contacts.oa_sync.rows import RowProblem, SourceRow
from contacts.oa_sync.selectors import policy
from contacts.oa_sync.services.planning import rules_of
from contacts.oa_sync.sources.feeds import feed_of
from contacts.oa_sync.sources.mapping import FieldMapping, MappedSource, fields_of
from contacts.oa_sync.sources.models import OaConnector
from contacts.oa_sync.words import field_words, problem_words
from scrm.core.exceptions import ValidationFailed
from scrm.core.feeds.paths import leaves
from scrm.core.feeds.records import Feed, Record
from scrm.core.phone import mask_phone, normalise_phone

ROWS = 20
# Employees are judged against this many departments; beyond it nothing is said about unknown ones.
MOST_DEPARTMENTS = 1_000
ABOUT_DEPARTMENTS = frozenset({"department_unknown", "department_refused", "parent_unknown"})


@dataclass(frozen=True)
class Cell:
    """One cell: our field, the text, and what is wrong with it in words."""

    field: str
    text: str
    problems: list[str]


@dataclass(frozen=True)
class PreviewRow:
    """One row with its number in the source."""

    number: int
    cells: list[Cell]


@dataclass(frozen=True)
class Preview:
    """Headers and rows; `paths` are those the first record offers, `bad` counts rows with a problem."""

    headers: list[str]
    rows: list[PreviewRow]
    paths: list[str]
    bad: int


class _Kept(Feed):
    """A feed whose first records are read once and shown twice."""

    def __init__(self, records: dict[str, list[Record]]) -> None:
        self._records = records

    def records(self, role: str, *, limit: int | None = None) -> Iterator[Record]:
        return iter(self._records[role][:limit])


def offered_paths(connector: OaConnector, role: str) -> list[str]:
    """Return the paths the first record of a role offers; raises ScrmError."""
    first = next(iter(feed_of(connector).records(role, limit=1)), None)
    return [] if first is None else leaves(first.data)


def preview(
    connector: OaConnector, mapping: FieldMapping, role: str, *, hide_phones: bool
) -> Preview:
    """Return the first 20 rows through a mapping that need not be saved; raises ScrmError.

    `hide_phones` masks whatever reads as a phone, in whichever field it was put.
    """
    feed = feed_of(connector)
    records = {
        "departments": list(
            islice(feed.records("departments", limit=MOST_DEPARTMENTS), MOST_DEPARTMENTS)
        ),
        "employees": [] if role == "departments" else list(feed.records("employees", limit=ROWS)),
    }
    source = MappedSource(_Kept(records), mapping)
    departments = check_departments(source.departments())
    problems = (
        departments.problems
        if role == "departments"
        else check_employees(
            source.employees(),
            departments,
            rules_of(policy()).among(departments.passed).gets_account,
        ).problems
    )
    if len(records["departments"]) >= MOST_DEPARTMENTS:
        problems = [each for each in problems if each.code not in ABOUT_DEPARTMENTS]
    shown = source.departments() if role == "departments" else source.employees()
    rows = _rows(role, list(islice(shown, ROWS)), problems, _hidden if hide_phones else str)
    first = records[role][0].data if records[role] else {}
    return Preview(
        headers=[field_words(name, role) for name in fields_of(role)],
        rows=rows,
        paths=leaves(first),
        bad=sum(any(cell.problems for cell in row.cells) for row in rows),
    )


def _hidden(text: str) -> str:
    try:
        return mask_phone(normalise_phone(text))
    except ValidationFailed:
        return text


def _rows(
    role: str,
    rows: list[SourceRow],
    problems: list[RowProblem],
    show: Callable[[str], str],
) -> list[PreviewRow]:
    wrong: dict[tuple[int, str], list[str]] = defaultdict(list)
    for each in problems:
        wrong[each.row.number, each.field].append(
            problem_words(each.code, each.field, show(each.value), each.params, role=role)
        )
    return [
        PreviewRow(
            row.number,
            [Cell(name, show(row.text(name)), wrong[row.number, name]) for name in fields_of(role)],
        )
        for row in rows
    ]
