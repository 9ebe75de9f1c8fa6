"""Says the codes of binding rows in the reader's language."""

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from contacts.org.binding_checks import RawBinding
from contacts.org.models import BindingImportRow

PROBLEMS: dict[str, Promise] = {
    "store_blank": _("The store code is blank. Fill it in."),
    "account_blank": _("The account is blank. Give the job number or the userid."),
    "store_unknown": _('You have no store with the code "%(store)s". Correct the code.'),
    "store_closed": _('The store "%(store)s" is closed. Open it first, or leave the row out.'),
    "account_unknown": _(
        'None of your accounts has the job number or userid "%(account)s". Correct it, or ask headquarters.'
    ),
    "account_ambiguous": _(
        '"%(account)s" is the userid of one account and the job number of another. Give the other one of the two.'
    ),
    "account_not_serving": _('The account "%(account)s" is disabled or left. Name another one.'),
    "position_invalid": _('The order must be a whole number from 1 to 99, not "%(position)s".'),
    "account_twice": _(
        "Rows %(rows)s name the same account; it can serve only one store. Keep one of them."
    ),
    "position_twice": _(
        "Rows %(rows)s give the same place of the same store. Give each account its own."
    ),
    "changed_since": _(
        'It was sent in as "%(was)s"; by now it would be "%(now)s". Nothing was done. Send it in again if it is still meant.'
    ),
}
# What the sheet of instructions of an upload template says about each column.
COLUMN_NOTES: dict[str, dict[str, Promise]] = {
    "bindings": {
        "store_code": _("Needed. The code of the store, or its id in the CRM."),
        "account": _("Needed. The job number of the OA, or the userid in WeCom."),
        "position": _("1 is asked first; blank puts the account last. 1 to 99."),
    },
    "units": {
        "code": _("Needed, at most 64 characters. A code that exists changes that unit."),
        "name": _("Needed, at most 64 characters."),
        "kind": _("Needed: region, branch, dealer or store."),
        "parent_code": _("The code of the unit above; a store always has one."),
        "crm_store_id": _("Only where the CRM calls the store differently."),
        "street_address": _("Where customers find it. A blank cell leaves what is known."),
        "latitude": _("In degrees, together with longitude and datum."),
        "longitude": _("In degrees, together with latitude and datum."),
        "datum": _("GCJ-02 from Amap or Tencent, WGS-84 from GPS, BD-09 from Baidu."),
        "hours": _("1 is Monday: 1-5 10:00-21:00; 6-7 10:00-22:00"),
    },
}
MOVED_FROM = _("leaves %(store)s")


def problem_words(code: str, row: BindingImportRow | RawBinding, detail: Mapping[str, Any]) -> str:
    """Return why a row is refused."""
    values = {"store": row.store_code, "account": row.account, "position": row.position, **detail}
    for name in ("was", "now"):
        if name in detail:
            label, store = BindingImportRow.Action(detail[name]).label, detail.get(f"{name}_from")
            values[name] = f"{label} ({store})" if store else str(label)
    return str(PROBLEMS[code]) % values


def row_words(row: BindingImportRow) -> str:
    """Return why a row is refused, or what it takes away elsewhere; empty for a plain row."""
    if row.code:
        return problem_words(row.code, row, row.detail)
    if row.action == BindingImportRow.Action.MOVE:
        return str(MOVED_FROM) % {"store": row.detail.get("from", "")}
    return ""
