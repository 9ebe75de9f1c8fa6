"""Differences in words a person can act on."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy, ngettext_lazy
from django.utils.translation import gettext as _

from contacts.directory.models import ROOT_DEPARTMENT_ID, Member
from contacts.drift.models import DriftCheck, DriftFinding
from scrm.wecom.errors import hint_for

Kind = DriftFinding.Kind

# What a click does, by kind.
ACTS: dict[str, Promise] = {
    Kind.UNEXPLAINED: gettext_lazy("Disables the account; its customers and chats stay."),
    Kind.LEAVER_ENABLED: gettext_lazy("Disables the account again."),
    Kind.ENABLED: gettext_lazy("Disables the account again."),
    Kind.DISABLED: gettext_lazy("Enables the account again."),
    Kind.MISSING: gettext_lazy("Makes the account again; customers of the deleted one do not come back by it."),
    Kind.DEPARTMENT: gettext_lazy("Puts the account back into its department, and into no other."),
    Kind.NAME: gettext_lazy("Writes the name back."),
    Kind.POST: gettext_lazy("Writes the post back."),
    Kind.UNREADABLE: gettext_lazy("Writes what OA or roster say now."),
    Kind.UNIT_MISSING: gettext_lazy("Makes the department again, as a rule with a new id; then its people can be moved back."),
    Kind.UNIT_NAME: gettext_lazy("Writes the name back."),
    Kind.UNIT_PARENT: gettext_lazy("Moves the department back."),
    Kind.UNIT_EXTRA: gettext_lazy("Not by a click: an OA plan deletes no department. Delete it in WeCom, bring it into the OA, or accept it."),
}  # fmt: skip
ACT_COUNTS: dict[str, Any] = {
    Kind.UNEXPLAINED: ngettext_lazy("%(count)d account that nobody explains is disabled", "%(count)d accounts that nobody explains are disabled", "count"),
    Kind.LEAVER_ENABLED: ngettext_lazy("%(count)d leaver's account is disabled again", "%(count)d leavers' accounts are disabled again", "count"),
    Kind.ENABLED: ngettext_lazy("%(count)d account that we had disabled is disabled again", "%(count)d accounts that we had disabled are disabled again", "count"),
    Kind.DISABLED: ngettext_lazy("%(count)d account is enabled again", "%(count)d accounts are enabled again", "count"),
    Kind.MISSING: ngettext_lazy("%(count)d account is made again", "%(count)d accounts are made again", "count"),
    Kind.DEPARTMENT: ngettext_lazy("%(count)d account goes back into its department", "%(count)d accounts go back into their departments", "count"),
    Kind.NAME: ngettext_lazy("%(count)d name of an account is written back", "%(count)d names of accounts are written back", "count"),
    Kind.POST: ngettext_lazy("%(count)d post is written back", "%(count)d posts are written back", "count"),
    Kind.UNREADABLE: ngettext_lazy("%(count)d account gets phone and sex as OA or roster say", "%(count)d accounts get phone and sex as OA or roster say", "count"),
    Kind.UNIT_MISSING: ngettext_lazy("%(count)d department is made again", "%(count)d departments are made again", "count"),
    Kind.UNIT_NAME: ngettext_lazy("%(count)d department gets its name back", "%(count)d departments get their names back", "count"),
    Kind.UNIT_PARENT: ngettext_lazy("%(count)d department is moved back", "%(count)d departments are moved back", "count"),
}  # fmt: skip
PROBLEMS: dict[str, Promise] = {
    "unit_extra": gettext_lazy("A department that nobody explains is deleted in WeCom by hand, or accepted."),
    "explained_now": gettext_lazy("OA or roster want this account to work now; compare again."),
    "not_wanted": gettext_lazy("OA and roster no longer want this account to work; compare again."),
    "later": gettext_lazy("What the OA says of this person takes effect only later."),
    "department_missing": gettext_lazy("Their department is not in WeCom: bring that back first."),
    "parent_missing": gettext_lazy("The department above is not in WeCom: bring that back first."),
}  # fmt: skip
REASONS: dict[str, Promise] = {
    "hidden": gettext_lazy("WeCom did not let us read every account: the app's visible range leaves some out. Differences of those stay as they were."),
    "shrunk": gettext_lazy("WeCom listed far too little. Nothing was decided; see the job for what to do."),
    "no_source": gettext_lazy("Neither OA nor roster told of anybody yet, so nobody is called unexplained. Read the OA first."),
}  # fmt: skip
FIELDS: dict[str, Promise] = {
    "userid": gettext_lazy("Account"),
    "name": gettext_lazy("Name"),
    "position": gettext_lazy("Post"),
    "departments": gettext_lazy("Departments"),
    "status": gettext_lazy("State"),
    "parent": gettext_lazy("Department above"),
    "phone": gettext_lazy("Phone"),
    "gender": gettext_lazy("Sex"),
}
UNREADABLE_FIELDS = frozenset({"phone", "gender"})


def value_words(field: str, value: Any, names: Mapping[int, str]) -> str:
    """Return one value as shown; `names` are those of departments."""
    if field == "status":
        return str(Member.Status(value).label) if value in Member.Status.values else str(value)
    if field == "departments":
        return _(", ").join(names.get(each) or str(each) for each in value)
    if field == "parent":
        top = value == ROOT_DEPARTMENT_ID and not names.get(value)
        return _("the company itself") if top else names.get(value) or str(value)
    return str(value) or "—"


def side_words(side: Mapping[str, Any], names: Mapping[int, str]) -> list[tuple[str, str]]:
    """Return the values of one side with the names of their fields; unreadable ones only as such."""
    return [
        (
            str(FIELDS[field]),
            _("differs") if field in UNREADABLE_FIELDS else value_words(field, value, names),
        )
        for field, value in side.items()
        if field in FIELDS
    ]


def problem_words(code: str, errcode: int | None) -> str:
    """Return why bringing back failed; WeCom's refusals with their cause and next step."""
    if not code:
        return ""
    if code in PROBLEMS:
        return str(PROBLEMS[code])
    language = get_language() or settings.LANGUAGE_CODE
    words = hint_for(errcode, code.removeprefix("wecom-")).words(language)
    return f"{words} [{errcode}]" if errcode is not None else words


def check_words(check: DriftCheck) -> str:
    """Return what a comparison could not do; empty when it read everything."""
    return str(REASONS.get(check.reason, ""))


def act_lines(by_kind: Mapping[str, int]) -> list[str]:
    """Return what bringing back would write, a line for each kind."""
    return [str(ACT_COUNTS[kind] % {"count": count}) for kind, count in sorted(by_kind.items())]
