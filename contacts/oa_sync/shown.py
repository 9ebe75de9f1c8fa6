"""How plan items and refused rows are shown: on the page and in the downloads."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from contacts.directory.models import Department, Employee, Member
from contacts.oa_sync.models import OaPlanItem, OaRowError
from contacts.oa_sync.words import field_words, outcome_words, problem_words, reason_words
from scrm.core.phone import mask_phone

DEPARTMENT_FIELDS = ("name", "parent_code", "kind", "store_code")
MEMBER_FIELDS = ("name", "department", "position", "phone", "gender", "leader", "status")


@dataclass(frozen=True)
class Change:
    """One field of an item: what it was and what it becomes, in words."""

    label: str
    before: str
    after: str


def title_of(item: OaPlanItem) -> str:
    """Return whom an item is about."""
    return str(item.after.get("name") or item.before.get("name") or item.key)


def changes_of(item: OaPlanItem) -> list[Change]:
    """Return the fields an item changes; phones masked, those WeCom hides said to be so."""
    role = "departments" if item.kind.startswith("department") else "employees"
    fields = DEPARTMENT_FIELDS if role == "departments" else MEMBER_FIELDS
    changes = []
    for field in fields:
        if field not in item.after or not _is_changed(item, field):
            continue
        before, after = _shown(field, item.before.get(field)), _shown(field, item.after[field])
        if field == "phone" and item.before:
            before = _("not readable")
        if before or after:
            changes.append(Change(field_words(field, role), before, after))
    return changes


def _is_changed(item: OaPlanItem, field: str) -> bool:
    if field == "phone" and "changed" in item.after:
        return "phone" in item.after["changed"]
    return bool(item.before.get(field) != item.after[field])


def _shown(field: str, value: object) -> str:
    if value in (None, ""):
        return ""
    if field == "phone":
        return mask_phone(str(value))
    if field == "gender":
        return str(Employee.Gender(str(value)).label)
    if field == "kind":
        return str(Department.Kind(str(value)).label)
    if field == "status":
        return str(Member.Status(int(str(value))).label)
    return str(value)


def show_items(items: Iterable[OaPlanItem]) -> None:
    """Give items of a page the words the table shows."""
    for item in items:
        item.title = title_of(item)  # type: ignore[attr-defined]
        item.changes = changes_of(item)  # type: ignore[attr-defined]
        item.reason_words = reason_words(item.reason)  # type: ignore[attr-defined]
        item.outcome_words = outcome_words(item.outcome, item.errcode)  # type: ignore[attr-defined]


def error_words(error: OaRowError) -> str:
    """Return what is wrong with a row, why, and what to do."""
    detail = error.detail
    return problem_words(
        error.code, error.field, detail["value"], detail["params"], role=error.role
    )


def show_errors(errors: Iterable[OaRowError]) -> None:
    """Give refused rows of a page the words the table shows."""
    for error in errors:
        error.words = error_words(error)  # type: ignore[attr-defined]
        error.value = error.detail["value"]  # type: ignore[attr-defined]


def error_rows(errors: Iterable[OaRowError]) -> list[tuple[Mapping[str, object], str]]:
    """Return refused rows as they were sent, one for each row, with all reasons joined."""
    grouped: dict[int, tuple[Mapping[str, object], list[str]]] = {}
    for error in errors:
        _row, reasons = grouped.setdefault(error.row_number, (error.detail["row"], []))
        reasons.append(error_words(error))
    return [(row, " ".join(reasons)) for _number, (row, reasons) in sorted(grouped.items())]


PLAN_COLUMNS = ("kind", "key", "name", "changes", "reason", "status", "outcome")


def plan_headers() -> list[tuple[str, str]]:
    """Return the columns of the plan's download."""
    labels = (
        _("Kind of change"),
        _("Userid or code"),
        _("Full name"),
        _("Before and after"),
        _("Reason"),
        _("State"),
        _("Outcome"),
    )
    return list(zip(PLAN_COLUMNS, labels, strict=True))


def plan_rows(items: Iterable[OaPlanItem]) -> Iterator[dict[str, object]]:
    """Yield the rows of the plan's download."""
    for item in items:
        changes = [
            f"{each.label}: {each.before or '-'} → {each.after or '-'}" for each in changes_of(item)
        ]
        yield {
            "kind": item.get_kind_display(),
            "key": item.key,
            "name": title_of(item),
            "changes": "; ".join(changes),
            "reason": reason_words(item.reason),
            "status": item.get_status_display(),
            "outcome": outcome_words(item.outcome, item.errcode),
        }
