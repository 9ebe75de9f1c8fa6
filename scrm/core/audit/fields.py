"""What the fields of before and after are called, and how their values are said; masked for whoever sees them masked."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.template.defaultfilters import yesno
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scrm.core.audit.models import AuditEntry
from scrm.core.phone import mask_phone
from scrm.core.scope import Scope

NAMES = {
    "about": gettext_lazy("About"),
    "account": gettext_lazy("Account"),
    "added": gettext_lazy("Tags to add"),
    "added_tags": gettext_lazy("Tags put on"),
    "removed_tags": gettext_lazy("Tags taken off"),
    "condition": gettext_lazy("Condition"),
    "local_tags": gettext_lazy("Local tags"),
    "takes_off": gettext_lazy("Takes off what no longer holds"),
    "puts_back": gettext_lazy("Puts back what a person took off"),
    "persons": gettext_lazy("Persons"),
    "is_shared": gettext_lazy("Shared with branches"),
    "not_found": gettext_lazy("Not found"),
    "added_at": gettext_lazy("Added"),
    "address": gettext_lazy("Address"),
    "after": gettext_lazy("After"),
    "app": gettext_lazy("App"),
    "applies_from": gettext_lazy("Holds from"),
    "approved": gettext_lazy("A second person agreed"),
    "asked_by": gettext_lazy("Asked by"),
    "bindings": gettext_lazy("Accounts in order"),
    "bound": gettext_lazy("Bound"),
    "by": gettext_lazy("Grouped by"),
    "by_rule": gettext_lazy("Done by a rule"),
    "bytes": gettext_lazy("Bytes"),
    "caption": gettext_lazy("Caption"),
    "card": gettext_lazy("Card"),
    "cards": gettext_lazy("Cards"),
    "channel": gettext_lazy("Sent by"),
    "code": gettext_lazy("Code"),
    "content": gettext_lazy("Content"),
    "count": gettext_lazy("Number"),
    "customers": gettext_lazy("Customers"),
    "days": gettext_lazy("Number of days"),
    "description": gettext_lazy("Description"),
    "effective_on": gettext_lazy("Holds from"),
    "existing": gettext_lazy("What exists already"),
    "expires_at": gettext_lazy("Ends"),
    "face": gettext_lazy("Place"),
    "fields": gettext_lazy("Fields"),
    "file": gettext_lazy("File"),
    "files": gettext_lazy("Files"),
    "filters": gettext_lazy("Filters"),
    "findings": gettext_lazy("Findings"),
    "first": gettext_lazy("From"),
    "found": gettext_lazy("Found"),
    "group": gettext_lazy("Group"),
    "groups": gettext_lazy("Customer groups"),
    "hold": gettext_lazy("Held because"),
    "hook": gettext_lazy("Hook"),
    "ip": gettext_lazy("IP address"),
    "answers": gettext_lazy("Answers for it"),
    "takes_over": gettext_lazy("Takes over the account"),
    "is_active": gettext_lazy("Switched on"),
    "issuer": gettext_lazy("Provider"),
    "items": gettext_lazy("Lines"),
    "job": gettext_lazy("Job"),
    "job_number": gettext_lazy("Job number"),
    "kept": gettext_lazy("Kept"),
    "kind": gettext_lazy("Kind"),
    "last": gettext_lazy("To"),
    "last_day": gettext_lazy("Last day"),
    "leaver": gettext_lazy("Leaver"),
    "left": gettext_lazy("Codes left"),
    "mapping": gettext_lazy("Fields"),
    "masks": gettext_lazy("Masked fields"),
    "member": gettext_lazy("Member"),
    "members": gettext_lazy("Members"),
    "metres": gettext_lazy("Distance in metres"),
    "mode": gettext_lazy("Way"),
    "moved": gettext_lazy("Moved"),
    "name": gettext_lazy("Name"),
    "names": gettext_lazy("Names"),
    "needs_approval": gettext_lazy("Granted by two people"),
    "next_on": gettext_lazy("Next on"),
    "note": gettext_lazy("Note"),
    "object": gettext_lazy("Object"),
    "org_unit": gettext_lazy("Unit"),
    "others": gettext_lazy("All others"),
    "ours": gettext_lazy("Our value"),
    "outcome": gettext_lazy("Outcome"),
    "permissions": gettext_lazy("Rights"),
    "phone": gettext_lazy("Phone number"),
    "place": gettext_lazy("Place"),
    "points": gettext_lazy("Points"),
    "position": gettext_lazy("Position"),
    "previous_stays_good": gettext_lazy("The previous one stays good"),
    "problem": gettext_lazy("Problem"),
    "reach": gettext_lazy("Data scope"),
    "records": gettext_lazy("Records"),
    "refused": gettext_lazy("Refused"),
    "remark": gettext_lazy("Remark"),
    "removals": gettext_lazy("Removals"),
    "reordered": gettext_lazy("Reordered"),
    "replaced": gettext_lazy("Decisions replaced"),
    "retired": gettext_lazy("Retired"),
    "reward": gettext_lazy("Reward"),
    "role": gettext_lazy("Role"),
    "masked": gettext_lazy("Masked"),
    "rows": gettext_lazy("Rows"),
    "rules": gettext_lazy("Rules"),
    "scopes": gettext_lazy("Rights"),
    "secret_changed": gettext_lazy("Secret changed"),
    "sent": gettext_lazy("Sent in"),
    "sku": gettext_lazy("SKU"),
    "source": gettext_lazy("Source"),
    "sponsor": gettext_lazy("Sponsor"),
    "state": gettext_lazy("State"),
    "status": gettext_lazy("State"),
    "step": gettext_lazy("Step"),
    "steps": gettext_lazy("Steps"),
    "steps_undone": gettext_lazy("Steps undone"),
    "stopped": gettext_lazy("Do not contact"),
    "store": gettext_lazy("Store"),
    "stores": gettext_lazy("Stores"),
    "subject": gettext_lazy("Account at the provider"),
    "successors": gettext_lazy("Successors"),
    "tags": gettext_lazy("Tags"),
    "target": gettext_lazy("Target"),
    "text": gettext_lazy("Text"),
    "theirs": gettext_lazy("WeCom's value"),
    "threshold": gettext_lazy("Threshold"),
    "title": gettext_lazy("Title"),
    "unknown": gettext_lazy("Unknown"),
    "unmasked": gettext_lazy("Unmasked"),
    "url_changed": gettext_lazy("Address changed"),
    "user": gettext_lazy("Person"),
    "userid": gettext_lazy("WeCom userid"),
    "userids": gettext_lazy("WeCom userids"),
    "verdict": gettext_lazy("Verdict"),
    "version": gettext_lazy("Version"),
    "way": gettext_lazy("Way"),
    "welcome": gettext_lazy("Welcome"),
    "why": gettext_lazy("Why"),
    "without_room": gettext_lazy("Without room"),
    "wrong_codes": gettext_lazy("Wrong codes"),
}
# Objects that are customers: their names and remarks are masked as on their own pages.
CUSTOMERS = frozenset({"contact", "person", "conflict", "decision", "member_import", "crm_member"})
CUSTOMER_FIELDS = {
    "name": "name", "names": "name", "nickname": "name", "remark": "remark", "description": "remark", "text": "remark",
}  # fmt: skip
# A mobile number as people write it, or any number in international form.
PHONE = re.compile(
    r"(?<![\w+])(?:\+?86[\s-]?)?1[3-9]\d[\s-]?\d{4}[\s-]?\d{4}(?!\w)|(?<![\w+])\+\d{8,15}(?!\w)"
)
HIDDEN = "•••"


@dataclass(frozen=True)
class Change:
    """One field of an entry: what it is called, what it was, what it became."""

    name: str
    code: str
    before: str | None
    after: str | None

    @property
    def differs(self) -> bool:
        """Whether the act changed it."""
        return self.before != self.after


def changes_of(entry: AuditEntry, scope: Scope) -> list[Change]:
    """Return what an act changed, in words, as far as this person may read it."""
    before, after = entry.before or {}, entry.after or {}
    reader = _Reader(entry.target.partition(":")[0], scope)
    found = [
        Change(
            field_words(name),
            name,
            reader.read(name, before[name]) if name in before else None,
            reader.read(name, after[name]) if name in after else None,
        )
        for name in {**before, **after}
    ]
    return sorted(found, key=lambda change: change.code)


def reason_of(entry: AuditEntry, scope: Scope) -> str:
    """Return why it was done, without a phone number that this person sees masked."""
    return _without_phones(entry.reason, scope)


def field_words(name: str) -> str:
    """Return what a field is called; one without words is told by its code."""
    return str(NAMES.get(name, name.replace("_", " ")))


@dataclass(frozen=True)
class _Reader:
    """Says the values of one kind of object to one person."""

    kind: str
    scope: Scope

    def read(self, name: str, value: Any) -> str:
        """Return a value in words."""
        mask = CUSTOMER_FIELDS.get(name, "") if self.kind in CUSTOMERS else ""
        if value not in (None, "", [], {}) and mask and self.scope.masked(mask):
            return HIDDEN
        if isinstance(value, Mapping):
            return "; ".join(
                f"{field_words(str(key))}: {self.read(str(key), each)}"
                for key, each in value.items()
            )
        if isinstance(value, list | tuple):
            return _(", ").join(self.read(name, each) for each in value) or "—"
        return self._plain(name, value)

    def _plain(self, name: str, value: Any) -> str:
        if value is None or value == "":
            return "—"
        if isinstance(value, bool):
            return str(yesno(value))
        words = str(_values(name).get(value, value)) if isinstance(value, str) else str(value)
        return _without_phones(words, self.scope)


def _without_phones(text: str, scope: Scope) -> str:
    if not scope.masked("phone"):
        return text
    return PHONE.sub(lambda found: mask_phone(re.sub(r"[\s-]", "", found[0])), text)


def _values(name: str) -> Mapping[str, Any]:
    path = settings.AUDIT_VALUES.get(name)
    return _mapping(path) if path else {}


@lru_cache(maxsize=16)
def _mapping(path: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = import_string(path)
    return found
