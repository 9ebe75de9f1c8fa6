"""Says the codes of the roster in the reader's language."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from contacts.roster.checks import Judged
from contacts.roster.models import RosterPerson
from scrm.wecom.errors import hint_for

PROBLEMS: dict[str, Promise] = {
    "name_blank": _("The name is blank. Fill it in."),
    "name_long": _("The name has more than 64 characters. Shorten it."),
    "post_long": _("The post has more than 128 characters. Shorten it."),
    "phone_blank": _("The phone is blank. WeCom invites the person by it."),
    "phone_invalid": _('"%(phone)s" is not a phone number. Correct it.'),
    "phone_known": _("Somebody with this phone is on the roster already. Extend that person."),
    "phone_in_oa": _("The OA has an employee with this phone; leave the row out."),
    "phone_twice": _("Rows %(rows)s have the same phone. Keep one of them."),
    "store_blank": _("The store code is blank. Fill it in."),
    "store_unknown": _('You have no store with the code "%(store_code)s". Correct the code.'),
    "store_closed": _('The store "%(store_code)s" is closed. Open it first, or leave the row out.'),
    "sponsor_blank": _("The sponsor is blank. Give the job number or userid of who answers for the person."),
    "sponsor_unknown": _('No member who may answer for this store has the job number or userid "%(sponsor)s". Name somebody of the store, of its branch or of headquarters.'),
    "sponsor_ambiguous": _('"%(sponsor)s" is the userid of one member and the job number of another. Give the other one of the two.'),
    "sponsor_rostered": _('"%(sponsor)s" is on the roster too. Name a member who is employed.'),
    "sponsor_gone": _('The account "%(sponsor)s" is disabled or left. Name another sponsor.'),
    "day_blank": _("The last day is blank. Fill it in."),
    "day_invalid": _('"%(expires_on)s" is not a date. Write it like 2026-12-31.'),
    "day_past": _("The last day %(expires_on)s is over. Give a later one."),
    "day_far": _("The last day is more than %(days)s days away. Give an earlier one; it can be extended."),
    "userid_invalid": _('WeCom takes no account "%(userid)s": 1 to 64 letters, digits and _ - @ . that begin with a letter or digit.'),
    "userid_taken": _('The account "%(userid)s" is taken. Wish for another one, or leave it blank.'),
    "userid_twice": _("Rows %(rows)s wish for the same account. Give each its own, or leave it blank."),
}  # fmt: skip
# What the sheet of instructions of the upload template says about each column.
COLUMN_NOTES: dict[str, Promise] = {
    "name": _("Needed, at most 64 characters. Customers see it."),
    "phone": _("Needed. WeCom invites the person by it; each phone only once."),
    "post": _("At most 128 characters."),
    "store_code": _("Needed. The code of the store, or its id in the CRM."),
    "sponsor": _("Needed. Job number or userid of an employed member who answers for the person."),
    "expires_on": _("Needed, like 2026-12-31. The account works up to this day, at most a year."),
    "userid": _("Only where a certain userid is wished for; blank follows our rule."),
}
OUTCOMES: dict[str, Promise] = {
    "made": _("Account made"),
    "taken_over": _("Took over the account WeCom had for this phone"),
    "enabled": _("Enabled the earlier account again"),
    "ended_by_hand": _("Ended by a person; the account is disabled next"),
    "store_closed": _("Account made; the store is closed, so it serves none"),
    "userid_taken": _("Somebody else has this userid in WeCom. Choose another one and try again."),
    "phone_taken": _("WeCom has this phone under another name. Correct the phone or the name, then send in anew."),
    "account_found": _("WeCom has an account for this phone and name that nobody was told of. Take it over, or refuse the person."),
    "in_oa": _("The OA has this person already, with an account. Nothing was changed."),
    "disabled_by_others": _("The person's earlier account was disabled by somebody else. Enable it in WeCom's admin, then try again."),
}  # fmt: skip


def problem_words(row: Judged) -> str:
    """Return why a person is refused; empty where nothing is wrong."""
    return refusal_words(row.code, row.cells, row.params) if row.code else ""


def refusal_words(code: str, cells: Mapping[str, str], params: Mapping[str, Any]) -> str:
    """Return the words of one refusal, with the cells as they were sent."""
    named = dict.fromkeys(("phone", "store_code", "sponsor", "expires_on", "userid"), "")
    return str(PROBLEMS[code]) % {**named, **cells, **params}


def outcome_words(person: RosterPerson) -> str:
    """Return what became of a person's account, or why it could not be made."""
    code = person.outcome
    if not code:
        return ""
    if code in OUTCOMES:
        return str(OUTCOMES[code])
    language = get_language() or settings.LANGUAGE_CODE
    said = hint_for(person.errcode, code.removeprefix("wecom-")).words(language)
    return f"{said} [{person.errcode}]" if person.errcode is not None else said
