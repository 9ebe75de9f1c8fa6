"""The audit as a file: what the pages say, row by row."""

from collections.abc import Iterable, Iterator

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from scrm.core.audit.fields import Change, changes_of, reason_of
from scrm.core.audit.models import AuditEntry
from scrm.core.audit.selectors import names_of
from scrm.core.audit.words import action_words, target_words
from scrm.core.excel import write_workbook
from scrm.core.scope import Scope

MOST_ROWS = 20000
CHUNK = 1000


def workbook(entries: QuerySet[AuditEntry], scope: Scope) -> bytes:
    """Return an XLSX file of these entries, masked as this person sees them."""
    columns = [
        ("seq", _("Number")),
        ("at", _("Time")),
        ("who", _("Who")),
        ("action", _("Action")),
        ("action_code", _("Code of the action")),
        ("object", _("Object")),
        ("target", _("Object's id")),
        ("before", _("Before")),
        ("after", _("After")),
        ("reason", _("Reason")),
        ("ip", _("Address")),
        ("request", _("Request")),
    ]
    return write_workbook(columns, _rows(entries, scope), sheet=_("Audit"))


def _rows(entries: QuerySet[AuditEntry], scope: Scope) -> Iterator[dict[str, object]]:
    people = entries.filter(target__startswith="user:").values_list("target", flat=True)
    names = names_of(people.order_by().distinct())
    for entry in entries.iterator(chunk_size=CHUNK):
        changes = changes_of(entry, scope)
        yield {
            "seq": entry.seq,
            "at": entry.at,
            "who": entry.actor_name or _("the system"),
            "action": action_words(entry.action),
            "action_code": entry.action,
            "object": target_words(entry.target, names.get(entry.target, "")),
            "target": entry.target,
            "before": _said((change, change.before) for change in changes),
            "after": _said((change, change.after) for change in changes),
            "reason": reason_of(entry, scope),
            "ip": entry.ip,
            "request": entry.request_id,
        }


def _said(values: Iterable[tuple[Change, str | None]]) -> str:
    return "; ".join(f"{change.name}: {value}" for change, value in values if value is not None)
