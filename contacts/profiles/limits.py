"""What WeCom takes on a card (contacts.md §3.1): checked while it is written, before anything is pushed."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from contacts.profiles.models import ProfileTemplate

Kind = ProfileTemplate.ItemKind
# Texts and titles, 90101, 90102 and 90104; the position shown has the same length (doc 90195).
MOST_CHARACTERS = 12
MOST_ITEMS = 6
MOST_ADDRESS = 1024
PARAMETER = "parameter"
TEXT_VARIABLES: dict[str, Promise] = {
    "guide": gettext_lazy("name of the guide"),
    "position": gettext_lazy("post in WeCom"),
    "job_number": gettext_lazy("job number"),
    "store": gettext_lazy("name of the store"),
    "store_code": gettext_lazy("store code"),
    "branch": gettext_lazy("name of the branch"),
}
ADDRESS_VARIABLES: dict[str, Promise] = {
    PARAMETER: gettext_lazy(
        "the guide's signed parameter, so that what follows is credited to her"
    ),
    "store_code": TEXT_VARIABLES["store_code"],
    "job_number": TEXT_VARIABLES["job_number"],
}
VARIABLE = re.compile(r"\{([^{}]*)\}")
APPID = re.compile(r"wx[0-9A-Za-z]{16}")


def text_problem(text: str) -> str:
    """Return what is wrong with a text or title, "" when nothing is; only its fixed letters are counted."""
    unknown = [name for name in VARIABLE.findall(text) if name not in TEXT_VARIABLES]
    if unknown:
        return _unknown(unknown[0], TEXT_VARIABLES)
    fixed = VARIABLE.sub("", text)
    if "{" in fixed or "}" in fixed:
        return _("A brace is missing: variables look like {guide}.")
    if len(fixed) > MOST_CHARACTERS:
        return _("%(count)d characters; WeCom takes at most %(most)d.") % {
            "count": len(fixed),
            "most": MOST_CHARACTERS,
        }
    return ""


def address_problem(address: str, *, is_web: bool) -> str:
    """Return what is wrong with a web address or the page of a mini program, "" when nothing is."""
    unknown = [name for name in VARIABLE.findall(address) if name not in ADDRESS_VARIABLES]
    if unknown:
        return _unknown(unknown[0], ADDRESS_VARIABLES)
    if not address:
        return (
            _("The address is missing.")
            if is_web
            else _("The page of the mini program is missing.")
        )
    if len(address) > MOST_ADDRESS or any(char.isspace() for char in address):
        return _("An address has no spaces and at most %(most)d characters.") % {
            "most": MOST_ADDRESS
        }
    return _web_problem(address) if is_web else ""


def _web_problem(address: str) -> str:
    try:
        parts = urlsplit(address)
    except ValueError:
        return _("This is not a web address.")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return _("A web address begins with https://.")
    if "{" in parts.netloc:
        return _("A variable cannot stand for the host of an address.")
    return ""


def _unknown(name: str, known: Mapping[str, Promise]) -> str:
    return _("There is no variable {%(name)s} here. Use %(known)s.") % {
        "name": name,
        "known": ", ".join(f"{{{each}}}" for each in known),
    }


def item_problems(item: Mapping[str, Any]) -> dict[str, str]:
    """Return what is wrong with a line by field: name, value, address, appid."""
    kind = item["kind"]
    problems = {
        "name": _name_problem(item["name"]),
        "value": text_problem(item["value"])
        or ("" if item["value"] else _("What customers read is missing.")),
    }
    if kind != Kind.TEXT:
        problems["address"] = address_problem(item["address"], is_web=kind == Kind.WEB)
    if kind == Kind.MINI_PROGRAM and not APPID.fullmatch(item["appid"]):
        problems["appid"] = _("The AppID of a mini program is wx and 16 letters or digits.")
    return {field: words for field, words in problems.items() if words}


def _name_problem(name: str) -> str:
    if not name:
        return _("The name of the line is missing.")
    if len(name) > MOST_CHARACTERS:
        return _("%(count)d characters; WeCom takes at most %(most)d.") % {
            "count": len(name),
            "most": MOST_CHARACTERS,
        }
    return ""


def lines_problems(items: Sequence[Mapping[str, Any]]) -> dict[int, dict[str, str]]:
    """Return what is wrong by line (0 is the first) and field; a name may stand once."""
    found: dict[int, dict[str, str]] = {}
    names: set[str] = set()
    for number, item in enumerate(items):
        problems = item_problems(item)
        if item["name"] in names:
            problems.setdefault("name", _("Another line has this name."))
        names.add(item["name"])
        if problems:
            found[number] = problems
    return found
