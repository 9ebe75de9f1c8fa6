"""The rules of the roster that need no database: userids, last days, who may answer for whom; pure."""

import re
import unicodedata
from collections.abc import Container
from datetime import date, timedelta

# userid: 1 to 64 of these, the first a letter or digit (doc 90195).
USERID = re.compile(r"[0-9a-zA-Z][0-9a-zA-Z_\-@.]{0,63}")
NOT_IN_A_CODE = re.compile(r"[^0-9a-z_\-.]")
CODE_KEPT = 48
# Nobody stays on the roster for more than a year without being asked for anew.
LONGEST = timedelta(days=366)


def userid_valid(text: str) -> bool:
    """Return whether WeCom takes this as a userid."""
    return USERID.fullmatch(text) is not None


def userid_by_rule(store_code: str, taken: Container[str]) -> str:
    """Return the userid of whoever wished for none: x, the store's code and the next free number.

    `taken` holds lower-cased userids. No phone and no name: a userid is seen by everybody and stays.
    """
    folded = unicodedata.normalize("NFKC", store_code).lower()
    kept = NOT_IN_A_CODE.sub("", folded)[:CODE_KEPT] or "0"
    number = 1
    while f"x-{kept}-{number:02d}" in taken:
        number += 1
    return f"x-{kept}-{number:02d}"


def day_problem(last_day: date, today: date) -> str:
    """Return what is wrong with a last day: day_past, day_far; empty when nothing is."""
    if last_day < today:
        return "day_past"
    return "day_far" if last_day > today + LONGEST else ""


def may_answer(sponsor_path: str, store_path: str) -> bool:
    """Return whether a member placed here may answer for people of a store.

    Headquarters (no place in the tree), those on the line above the store, and everybody below the unit the store
    belongs to; never a neighbour's people.
    """
    above = "/".join(store_path.rstrip("/").split("/")[:-1]) + "/"
    on_the_line = store_path.startswith(sponsor_path)
    return on_the_line or (len(above) > 1 and sponsor_path.startswith(above))


def same_name(one: str, other: str) -> bool:
    """Return whether two spellings are one person's name; a blank one is nobody's."""
    spelt = ["".join(unicodedata.normalize("NFKC", name).split()).casefold() for name in (one, other)]  # fmt: skip
    return spelt[0] == spelt[1] != ""
