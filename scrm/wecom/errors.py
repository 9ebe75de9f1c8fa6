"""WeCom's failures as types a caller can act on, each with its cause and what to do about it.

The table `errors.toml` (English and Chinese) says for each errcode which class it is, what it means and what
to do. Texts are scrubbed: no token, secret or key is ever in an exception.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import ClassVar

from scrm.wecom.scrub import scrub

TOKEN_CODES = frozenset({40001, 40014, 41001, 42001})
FREQUENCY_CODE = 45009
NO_RELATION_CODE = 84061


@dataclass(frozen=True)
class Hint:
    """The cause of an error and the next step, by language (`en`, `zh`)."""

    meaning: dict[str, str]
    action: dict[str, str]

    def words(self, language: str = "en") -> str:
        """Return meaning and next step; any `zh…` language gives Chinese, all others English."""
        key = "zh" if language.lower().startswith("zh") else "en"
        return " ".join(
            part for part in (self.meaning.get(key, ""), self.action.get(key, "")) if part
        )


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
        """Return cause and next step in the reader's language, with the code for a search."""
        text = self.hint.words(language)
        return text if self.errcode is None else f"{text} [{self.errcode}]"


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
    """One row of `errors.toml`."""

    kind: str
    hint: Hint
    retry_after: float


@cache
def causes() -> dict[str, Cause]:
    """Return the table: errcode as text, or `default.<kind>`, to its cause."""
    data = tomllib.loads(
        resources.files("scrm.wecom").joinpath("errors.toml").read_text(encoding="utf-8")
    )
    return {
        code: Cause(
            kind=row["kind"],
            hint=Hint(meaning=row.get("meaning", {}), action=row.get("action", {})),
            retry_after=float(row.get("retry_after", 0)),
        )
        for code, row in data.items()
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
