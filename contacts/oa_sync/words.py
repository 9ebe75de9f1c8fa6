"""Says codes in the reader's language: what is wrong, why, what to do."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import get_language, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from scrm.wecom.errors import hint_for

FIELDS: dict[str, Promise] = {
    "job_number": _("Job number"),
    "name": _("Full name"),
    "departments.name": _("Department name"),
    "gender": _("Sex"),
    "phone": _("Phone"),
    "post": _("Post"),
    "position": _("Post"),
    "department_code": _("Department code"),
    "department": _("Department"),
    "leader_job_number": _("Leader's job number"),
    "leader": _("Leader"),
    "state": _("Employment state"),
    "effective_on": _("Effective date"),
    "code": _("Department code"),
    "parent_code": _("Parent code"),
    "kind": _("Kind"),
    "store_code": _("Store code"),
    "status": _("Account state"),
}

PROBLEMS: dict[str, Promise] = {
    "blank": _("%(field)s is blank; the row cannot be used without it. Fill it in."),
    "too_long": _(
        "%(field)s is longer than %(limit)s characters, which WeCom refuses. Shorten it."
    ),
    "illegal_characters": _("%(field)s contains %(characters)s, which WeCom refuses. Remove them."),
    "unknown_word": _(
        '%(field)s says "%(value)s", which is not understood. Use one of: %(allowed)s.'
    ),
    "not_a_date": _('%(field)s says "%(value)s", which is not a date. Write it like 2026-03-01.'),
    "duplicate": _(
        "The same %(field)s stands in rows %(rows)s with different data; none of them is used. Keep the right one."
    ),
    "no_userid": _(
        "The job number has no letter or digit that a WeCom account may contain. Correct it in the OA."
    ),
    "userid_clash": _(
        "The job numbers in rows %(rows)s would make the same WeCom account. Make them differ by more than case or signs."
    ),
    "phone_blank": _(
        "The phone is blank; WeCom creates no account without a phone or mail address (60129). Add the phone in the OA."
    ),
    "phone_invalid": _('"%(value)s" is not a phone number. Correct it in the OA.'),
    "phone_shared": _(
        "The same phone stands in rows %(rows)s; WeCom takes a phone only once. Find out whose it is."
    ),
    "department_unknown": _(
        'No department has the code "%(value)s". Correct the code, or add the department to the department file.'
    ),
    "department_refused": _(
        'The department "%(value)s" was refused itself. Repair its row in the department file first.'
    ),
    "parent_unknown": _(
        'No department has the parent\'s code "%(parent)s". Correct the code, or add the parent.'
    ),
    "parent_refused": _('The parent "%(parent)s" was refused itself. Repair its row first.'),
    "cycle": _(
        "These departments are each other's parent: %(circle)s. Give one of them its real parent in the OA."
    ),
    "too_deep": _(
        "The department would be on level %(level)s; WeCom allows %(limit)s. Flatten the tree above it."
    ),
    "sibling_name": _(
        "Rows %(rows)s have the same name under the same parent, which WeCom refuses (60008). Rename all but one."
    ),
    "store_code_shared": _(
        'The store code "%(value)s" is used by another department too. Each store needs its own.'
    ),
    "leader_unknown": _(
        'No row has the leader\'s job number "%(value)s"; the employee is taken over without a leader.'
    ),
    "leader_circle": _(
        "The leaders lead each other in a circle; the employee is taken over without a leader."
    ),
    "account_disabled": _(
        "%(name)s cannot work with WeCom: the account %(userid)s is disabled, but not by a plan, so no plan enables it. Enable it in WeCom's admin, or correct the employment state in the OA."
    ),
    "account_kept": _(
        "%(name)s gets no account by the rules for post, department and state any more, but the account %(userid)s goes on working. Disable it in WeCom's admin, or change the rules."
    ),
}

REASONS: dict[str, Promise] = {
    "company_root": _("The company is WeCom's root department."),
    "same_name": _("WeCom has a department of this name at this place already."),
    "new_code": _("Has a new code in the OA; the department of the old one is taken over."),
    "new_department": _("New in the OA."),
    "renamed": _("Renamed in the OA."),
    "moved": _("Has another parent in the OA."),
    "renamed_moved": _("Renamed and moved in the OA."),
    "kind_changed": _("Kind or store code changed in the OA; nothing to write to WeCom."),
    "hired": _("Employed in the OA, no account in WeCom."),
    "deleted_in_wecom": _("Employed in the OA; the account was deleted in WeCom."),
    "hired_with_number": _(
        "Employed in the OA, no account in WeCom; the userid of the job number is somebody else's, so a number stands behind it."
    ),
    "rehired": _("Employed again; we had disabled the account."),
    "transferred": _("Has another department in the OA."),
    "data_changed": _("Data changed in the OA."),
    "taken_over": _(
        "The account existed before; it is tied to the employee and brought up to date."
    ),
    "taken_over_phone": _(
        "WeCom knows the employee's phone under this account; it is tied to the employee and brought up to date."
    ),
    "taken_over_decided": _(
        "A person decided that this is the employee's account; it is brought up to date."
    ),
    "left": _("Left the company according to the OA."),
    "absent": _("No longer in the OA's file."),
}

HOLDS = {
    "removals": _(
        "The plan disables %(removals)s of %(managed)s accounts; up to %(limit)s would pass without a stop."
    ),
    "repeated": _(
        "The plan disables %(removals)s accounts, and plans of the last 7 days disabled %(recent)s: together more than the %(limit)s of %(managed)s that pass without a stop."
    ),
    "emptied": _(
        "For %(people)s of %(managed)s accounts the OA brings no post, sex or leader any more where one stood; up to %(limit)s would pass without a stop."
    ),
    "shrunk": ngettext_lazy(
        "Only %(valid)s employee passed; the last good run had %(last_good)s.",
        "Only %(valid)s employees passed; the last good run had %(last_good)s.",
        "valid",
    ),
    "empty": ngettext_lazy(
        "No employee passed, but %(managed)s account comes from the OA.",
        "No employee passed, but %(managed)s accounts come from the OA.",
        "managed",
    ),
}

OUTCOMES: dict[str, Promise] = {
    "done": _("Done"),
    "already": _("Was done already"),
    "mirror_only": _("Noted; nothing to write to WeCom"),
    "gone": _("The account no longer exists in WeCom; marked as left"),
    "without_leader": _("Done, without the leader: that account does not exist yet"),
    "tried": _("Sent; WeCom's answer is not known yet"),
    "moved_aside": _(
        "Done; the department that had this name got a temporary one until its own turn"
    ),
    "userid_taken": _(
        "Not written: since the plan, somebody got an account with this userid in WeCom. Plan again, then say under doubtful accounts whether it is the same person."
    ),
    "parent_missing": _(
        "Not tried: the parent department could not be created. Repair that first, then plan again."
    ),
    "department_missing": _(
        "Not tried: the department could not be created. Repair that first, then plan again."
    ),
    "cancelled": _("Not tried: the run was cancelled"),
}


def field_words(field: str, role: str) -> str:
    """Return a field's name; role is departments or employees, which both have a name."""
    return str(FIELDS.get(f"{role}.{field}") or FIELDS[field])


def problem_words(
    code: str, field: str, value: str, params: Mapping[str, Any], *, role: str
) -> str:
    """Return a row's problem: what is wrong, why, what to do."""
    label = field_words(field, role)
    return str(PROBLEMS[code]) % {"field": label, "value": value, **params}


def reason_words(code: str) -> str:
    """Return why an item was planned."""
    return str(REASONS[code])


def hold_words(hold: Mapping[str, Any]) -> list[str]:
    """Return why a plan is held, a sentence for each reason."""
    return [HOLDS[reason["code"]] % reason for reason in hold.get("reasons", [])]


def outcome_words(code: str, errcode: int | None) -> str:
    """Return what became of an item; WeCom's refusals with their cause and next step."""
    if not code:
        return ""
    if code in OUTCOMES:
        return str(OUTCOMES[code])
    words = hint_for(errcode, code.removeprefix("wecom-")).words(
        get_language() or settings.LANGUAGE_CODE
    )
    return f"{words} [{errcode}]" if errcode is not None else words
