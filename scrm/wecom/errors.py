"""WeCom's failures as types a caller can act on, each with its cause and what to do about it.

The tables of `error_table/` (English and Chinese) say for each errcode which class it is, what it means, what to
do and where to click. Texts are scrubbed: no token, secret or key is ever in an exception.
"""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import ClassVar

from scrm.wecom.scrub import scrub

TOKEN_CODES = frozenset({40001, 40014, 41001, 42001})
FREQUENCY_CODE = 45009
CONCURRENCY_CODE = 45033
# "System busy": WeCom does not say how far it came, so that a write may have been done.
BUSY_CODE = -1
# Version conflict, too many at once: nothing was done, and the next moment may be better.
AGAIN_CODES = frozenset({6000, CONCURRENCY_CODE})
# A call answered so was not carried out as asked: it says nothing about what WeCom does with the next one.
UNPROCESSED_CODES = AGAIN_CODES | TOKEN_CODES | {BUSY_CODE, FREQUENCY_CODE}
NO_RELATION_CODE = 84061


# WeCom's own page about a code: what it means for the very call whose hint is pasted there.
LOOKUP = "https://open.work.weixin.qq.com/devtool/query?e="
_TABLE = "error_table"
_PLACES = "places.toml"
# Chinese sentences stand without a space between them.
_JOINT = {"en": " ", "zh": ""}
_CODE = re.compile(r"\[(-?\d{1,7})\]")


def _key(language: str) -> str:
    """Return the table's language for a reader's: any `zh…` is Chinese, all others English."""
    return "zh" if language.lower().startswith("zh") else "en"


@dataclass(frozen=True)
class Place:
    """Where in WeCom's admin console to click: menu path and sentence by language, nearest address ("" for none)."""

    path: dict[str, str]
    sentence: dict[str, str]
    link: str

    def words(self, language: str = "en") -> str:
        """Return the menu path in the reader's language."""
        return self.path[_key(language)]


@dataclass(frozen=True)
class Hint:
    """The cause of an error and the next step, by language (`en`, `zh`), and where to click, if anywhere."""

    meaning: dict[str, str]
    action: dict[str, str]
    place: Place | None = None

    def cause(self, language: str = "en") -> str:
        """Return what the code means."""
        return self.meaning[_key(language)]

    def advice(self, language: str = "en") -> str:
        """Return meaning and next step."""
        key = _key(language)
        return _JOINT[key].join((self.meaning[key], self.action[key]))

    def words(self, language: str = "en") -> str:
        """Return meaning, next step and the place to click."""
        if self.place is None:
            return self.advice(language)
        key = _key(language)
        return _JOINT[key].join((self.advice(language), self.place.sentence[key]))


class WeComError(Exception):
    """A call to WeCom failed; the subclass says what a caller may do.

    errcode is WeCom's number, or None when no usable answer came. `retry_after` is in seconds.
    """

    kind: ClassVar[str] = "permanent"

    def __init__(
        self,
        errcode: int | None,
        errmsg: str,
        endpoint: str,
        hint: Hint | None = None,
        *,
        retry_after: float = 0.0,
    ) -> None:
        self.errcode = errcode
        self.errmsg = scrub(errmsg)[:500]
        self.endpoint = endpoint
        self.hint = hint or hint_for(errcode, self.kind)
        self.retry_after = retry_after
        super().__init__(errcode, self.errmsg, endpoint)

    def __str__(self) -> str:
        """Name the call, WeCom's code and text, and the English hint."""
        code = "no answer" if self.errcode is None else str(self.errcode)
        return f"WeCom {self.endpoint}: {code} ({self.errmsg}). {self.hint.words()}".strip()

    def words(self, language: str) -> str:
        """Return cause and next step in the reader's language, with the code for `explained` and for a search."""
        text = self.hint.words(language)
        return text if self.errcode is None else f"{text} [{self.errcode}]"

    @property
    def link(self) -> str:
        """WeCom's own page about the code, "" where no code came."""
        return "" if self.errcode is None else f"{LOOKUP}{self.errcode}"


class WeComRetryable(WeComError):  # noqa: N818 - named by what to do
    """Nothing was done; the same call may succeed after `retry_after` seconds."""

    kind = "retryable"


class WeComAuth(WeComError):  # noqa: N818 - named by what to do
    """The secret, corp id or token is not accepted; a person must look at the settings."""

    kind = "auth"


class WeComPermission(WeComError):  # noqa: N818 - named by what to do
    """WeCom knows us but refuses this: allow list, scope, missing API permission."""

    kind = "permission"


class WeComQuota(WeComError):  # noqa: N818 - named by what to do
    """WeCom's or our own rate is used up; wait `retry_after` seconds for this API."""

    kind = "quota"


class WeComPermanent(WeComError):  # noqa: N818 - named by what to do
    """The same call will always fail; the data must change."""

    kind = "permanent"


class WeComUnknownOutcome(WeComError):  # noqa: N818 - named by what to do
    """A write was sent and no answer came: it may or may not have been done."""

    kind = "unknown"


CLASSES: dict[str, type[WeComError]] = {
    error.kind: error
    for error in (
        WeComRetryable,
        WeComAuth,
        WeComPermission,
        WeComQuota,
        WeComPermanent,
        WeComUnknownOutcome,
    )
}


@dataclass(frozen=True)
class Cause:
    """One row of the tables."""

    kind: str
    hint: Hint
    retry_after: float


@cache
def causes() -> dict[str, Cause]:
    """Return the tables as one: errcode as text, or `default-<kind>`, to its cause."""
    folder = resources.files("scrm.wecom").joinpath(_TABLE)
    read = {file.name: tomllib.loads(file.read_text(encoding="utf-8")) for file in folder.iterdir()}
    places = _places(read.pop(_PLACES))
    return {
        code: Cause(
            kind=row["kind"],
            hint=Hint(
                meaning={"en": row["en"][0], "zh": row["zh"][0]},
                action={"en": row["en"][1], "zh": row["zh"][1]},
                place=places[row["at"]] if "at" in row else None,
            ),
            retry_after=float(row.get("retry_after", 0)),
        )
        for rows in read.values()
        for code, row in rows.items()
    }


def _places(rows: dict[str, dict[str, str]]) -> dict[str, Place]:
    pattern = rows.pop("sentence")
    return {
        name: Place(
            path={key: row[key] for key in _JOINT},
            sentence={key: pattern[key].format(row[key]) for key in _JOINT},
            link=row["link"],
        )
        for name, row in rows.items()
    }


def hint_for(errcode: int | None, kind: str) -> Hint:
    """Return the hint of a code, else the general one of the kind."""
    table = causes()
    found = table.get(str(errcode)) or table[f"default-{kind}"]
    return found.hint


def error_for(errcode: int, errmsg: str, endpoint: str) -> WeComError:
    """Return the typed error of an answer; an unknown code is permanent (only known codes are retried)."""
    cause = causes().get(str(errcode))
    if cause is None:
        return WeComPermanent(errcode, errmsg, endpoint)
    return CLASSES[cause.kind](errcode, errmsg, endpoint, cause.hint, retry_after=cause.retry_after)


@dataclass(frozen=True)
class Explained:
    """A stored error text in the reader's language: what to read, where to click, where WeCom says more."""

    text: str
    place: str = ""
    place_link: str = ""
    lookup: str = ""
    code: str = ""


def explained(text: str, language: str) -> Explained:
    """Return a text that holds `WeComError.words` of any language as this reader is to see it.

    A text without a code of ours comes back as it is; so do words of an older table, with the links of the code.
    """
    found = next((code for code in _CODE.findall(text) if code in causes()), None)
    if found is None:
        return Explained(text)
    hint = causes()[found].hint
    for written in ("en", "zh"):
        for old in (hint.words(written), hint.advice(written)):
            if old in text:
                text = text.replace(old, hint.advice(language))
                break
    place, link = (hint.place.words(language), hint.place.link) if hint.place else ("", "")
    return Explained(text, place, link, f"{LOOKUP}{found}", found)
