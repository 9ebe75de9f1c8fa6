"""Says the codes of binding rows in the reader's language."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from contacts.org.models import BindingImportRow

PROBLEMS: dict[str, Promise] = {
    "store_blank": _("The store code is blank. Fill it in."),
    "account_blank": _("The account is blank. Give the job number or the userid."),
    "store_unknown": _('You have no store with the code "%(store)s". Correct the code.'),
    "store_closed": _('The store "%(store)s" is closed. Open it first, or leave the row out.'),
    "account_unknown": _(
        'No account has the job number or userid "%(account)s". Correct it, or run the OA sync first.'
    ),
    "account_not_serving": _('The account "%(account)s" is disabled or left. Name another one.'),
    "position_invalid": _('The order must be a whole number from 1 to 99, not "%(position)s".'),
    "account_twice": _(
        "Rows %(rows)s name the same account; it can serve only one store. Keep one of them."
    ),
    "position_twice": _(
        "Rows %(rows)s give the same place of the same store. Give each account its own."
    ),
}
MOVED_FROM = _("leaves %(store)s")


def row_words(row: BindingImportRow) -> str:
    """Return why a row is refused, or what it takes away elsewhere; empty for a plain row."""
    if row.code:
        values = {
            "store": row.store_code,
            "account": row.account,
            "position": row.position,
            **row.detail,
        }
        return str(PROBLEMS[row.code]) % values
    if row.action == BindingImportRow.Action.MOVE:
        return str(MOVED_FROM) % {"store": row.detail.get("from", "")}
    return ""
