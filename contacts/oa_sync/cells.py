"""Reads single cells: width, blanks, lengths, words, dates; says what is wrong by code."""

import re
import unicodedata
from datetime import date

from contacts.oa_sync.columns import word_values
from contacts.oa_sync.rows import RowProblem, SourceRow
from contacts.org.headers import folded
from scrm.core.days import day_of

CODE_LENGTH = 64
NAME_LENGTH = 64
POST_LENGTH = 128
# WeCom refuses these in department names (doc 90205).
NAME_FORBIDDEN = frozenset('\\:*?"<>|')
USERID_FORBIDDEN = re.compile(r"[^0-9a-z_\-@.]")
USERID_START = re.compile(r"^[^0-9a-z]+")


class Reader:
    """Reads the cells of one row and collects what is wrong with it."""

    def __init__(self, role: str, row: SourceRow) -> None:
        self.role = role
        self.row = row
        self.problems: list[RowProblem] = []

    def refuse(self, field: str, code: str, **params: object) -> None:
        """Note that the row is refused because of a cell."""
        self.problems.append(problem(self.role, self.row, field, code, **params))

    def code(self, field: str, *, needed: bool) -> str:
        """Return a key: half-width, without blanks inside; at most 64 characters."""
        text = key_of(self.row.text(field))
        if needed and not text:
            self.refuse(field, "blank")
        elif len(text) > CODE_LENGTH:
            self.refuse(field, "too_long", limit=CODE_LENGTH)
        return text

    def name(
        self, field: str, *, forbidden: frozenset[str] = frozenset(), limit: int = NAME_LENGTH
    ) -> str:
        """Return a name as people write it; needed, limited, without characters WeCom refuses."""
        text = plain(self.row.text(field))
        if not text:
            self.refuse(field, "blank")
        elif len(text) > limit:
            self.refuse(field, "too_long", limit=limit)
        elif bad := sorted(set(text) & forbidden):
            self.refuse(field, "illegal_characters", characters=" ".join(bad))
        return text

    def word(self, field: str, *, default: str) -> str:
        """Return the value of a word from columns.toml, `default` where the cell is blank."""
        text = folded(self.row.text(field))
        if not text:
            return default
        words = word_values(field)
        if text not in words:
            self.refuse(field, "unknown_word", allowed=", ".join(first_words(field)))
            return default
        return words[text]

    def day(self, field: str) -> date | None:
        """Return a date, None where the cell is blank."""
        text = self.row.text(field)
        day = day_of(text)
        if text and day is None:
            self.refuse(field, "not_a_date")
        return day


def key_of(text: str) -> str:
    """Return a key as we compare it: half-width, without blanks and invisible characters."""
    return "".join(
        char for char in unicodedata.normalize("NFKC", text) if visible(char) and not char.isspace()
    )


def problem(role: str, row: SourceRow, field: str, code: str, **params: object) -> RowProblem:
    """Return a problem of one row that names the cell as it came."""
    return RowProblem(role, row, field, code, value=row.text(field), params=params)


def warning(role: str, row: SourceRow, field: str, code: str, **params: object) -> RowProblem:
    """Return a doubt: the row is taken over without this cell."""
    return RowProblem(role, row, field, code, value=row.text(field), params=params, is_warning=True)


def plain(text: str) -> str:
    """Return text without control and invisible characters, runs of blanks made one."""
    kept = "".join(
        " " if char.isspace() else char for char in text if visible(char) or char.isspace()
    )
    return " ".join(kept.split())


def visible(char: str) -> bool:
    """Return whether a character shows on screen (no control, format or private ones)."""
    return unicodedata.category(char) not in {"Cc", "Cf", "Co", "Cs"}


def first_words(field: str) -> list[str]:
    """Return the first spelling of each value, for the error text."""
    seen: dict[str, str] = {}
    for word, value in word_values(field).items():
        seen.setdefault(value, word)
    return list(seen.values())


def userid_of(job_number: str) -> str:
    """Return the userid rule: the job number lower-cased, without characters WeCom refuses.

    Empty where nothing is left. (userid: 1-64 of [0-9A-Za-z_-@.], the first a letter or digit.)
    """
    kept = USERID_FORBIDDEN.sub("", unicodedata.normalize("NFKC", job_number).lower())
    return USERID_START.sub("", kept)[:CODE_LENGTH]
