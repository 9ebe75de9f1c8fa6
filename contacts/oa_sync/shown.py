"""How plan items and refused rows are shown: on the page and in the downloads."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from django.utils.translation import gettext as _

from contacts.directory.models import Department, Employee, Member
from contacts.oa_sync.models import OaAdoption, OaPlanItem, OaRowError
from contacts.oa_sync.words import field_words, outcome_words, problem_words, reason_words
from scrm.core.exceptions import ValidationFailed
from scrm.core.phone import mask_phone, normalise_phone

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


def show_adoptions(adoptions: Iterable[OaAdoption], *, may_decide: bool) -> None:
    """Give doubtful accounts of a page both sides in words, the departments by name; two queries."""
    rows = list(adoptions)
    ids = {each for row in rows for each in row.member.department_ids}
    by_id = dict(
        Department.objects.filter(department_id__in=ids).values_list("department_id", "name")
    )
    codes = {row.detail["department"] for row in rows}
    by_code = dict(Department.objects.filter(oa_code__in=codes).values_list("oa_code", "name"))
    for row in rows:
        code = row.detail["department"]
        row.employee_words = _(", ").join(  # type: ignore[attr-defined]
            each for each in (by_code.get(code, code), row.detail["post"]) if each
        )
        row.account_words = _(", ").join(  # type: ignore[attr-defined]
            by_id.get(each) or str(each) for each in row.member.department_ids
        )
        tied = row.member.employee
        own = tied is not None and tied.job_number == row.job_number
        row.may_choose = may_decide and not own  # type: ignore[attr-defined]


def error_words(error: OaRowError, *, masked: bool) -> str:
    """Return what is wrong with a row, why, and what to do."""
    value = _error_value(error, masked=masked)
    return problem_words(error.code, error.field, value, error.detail["params"], role=error.role)


def _error_value(error: OaRowError, *, masked: bool) -> str:
    value = str(error.detail["value"])
    return _phone_masked(value, is_phone=error.field == "phone") if masked else value


def show_errors(errors: Iterable[OaRowError], *, masked: bool) -> None:
    """Give refused rows of a page the words the table shows."""
    for error in errors:
        error.words = error_words(error, masked=masked)  # type: ignore[attr-defined]
        error.value = _error_value(error, masked=masked)  # type: ignore[attr-defined]


def error_rows(
    errors: Iterable[OaRowError], *, phones: Collection[str] | None = None
) -> list[tuple[Mapping[str, object], str]]:
    """Return refused rows as they were sent, one for each row, with all reasons joined.

    phones: the columns of phones, to be masked, and so is a phone in any other; None masks nothing.
    """
    grouped: dict[int, tuple[Mapping[str, object], list[str]]] = {}
    for error in errors:
        row = error.detail["row"]
        if phones is not None:
            row = {name: _phone_masked(str(cell or ""), is_phone=name in phones) for name, cell in row.items()}  # fmt: skip
        _row, reasons = grouped.setdefault(error.row_number, (row, []))
        reasons.append(error_words(error, masked=phones is not None))
    return [(row, " ".join(reasons)) for _number, (row, reasons) in sorted(grouped.items())]


def _phone_masked(text: str, *, is_phone: bool) -> str:
    """Mask a cell that ought to be a phone, or is one where none should be."""
    if not is_phone:
        with suppress(ValidationFailed):
            is_phone = bool(normalise_phone(text))
    return mask_phone(text.strip()) if is_phone else text


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
