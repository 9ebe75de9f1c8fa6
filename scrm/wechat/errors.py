"""WeChat's failures as types a caller can act on: the kinds of `scrm.wecom.errors`, with WeChat's own table.

A caller may catch `WeComRetryable` for both gateways or `WeChatError` for this one.
"""

import tomllib
from functools import cache
from importlib import resources

from scrm.wecom.errors import (
    Cause,
    Hint,
    WeComAuth,
    WeComError,
    WeComPermanent,
    WeComPermission,
    WeComQuota,
    WeComRetryable,
    WeComUnknownOutcome,
)

# The token is no longer good: one normal fetch, one more try; never a forced refresh.
TOKEN_CODES = frozenset({40001, 40014, 42001})
# "System busy": the next moment may be better, but a write may have been done.
BUSY_CODE = -1
MINUTE_CODE = 45011
DAY_CODE = 45009


class WeChatError(WeComError):
    """A call to WeChat failed; the subclass says what a caller may do. errcode is WeChat's number or None."""

    def __init__(
        self,
        errcode: int | None,
        errmsg: str,
        endpoint: str,
        hint: Hint | None = None,
        *,
        retry_after: float = 0.0,
    ) -> None:
        super().__init__(
            errcode, errmsg, endpoint, hint or hint_for(errcode, self.kind), retry_after=retry_after
        )

    def __str__(self) -> str:
        """Name the call, WeChat's code and text, and the English hint."""
        code = "no answer" if self.errcode is None else str(self.errcode)
        return f"WeChat {self.endpoint}: {code} ({self.errmsg}). {self.hint.words()}".strip()

    @property
    def link(self) -> str:
        """WeChat has no page per code; its rid stands in the text."""
        return ""


class WeChatRetryable(WeChatError, WeComRetryable):  # noqa: N818 - named by what to do
    """Nothing was done; the same call may succeed after `retry_after` seconds."""


class WeChatAuth(WeChatError, WeComAuth):  # noqa: N818 - named by what to do
    """AppID, AppSecret or token is not accepted; a person must look at the settings."""


class WeChatPermission(WeChatError, WeComPermission):  # noqa: N818 - named by what to do
    """WeChat knows us but refuses this: address list, verification, missing permission."""


class WeChatQuota(WeChatError, WeComQuota):  # noqa: N818 - named by what to do
    """WeChat's or our own rate is used up; wait `retry_after` seconds for this API."""


class WeChatPermanent(WeChatError, WeComPermanent):  # noqa: N818 - named by what to do
    """The same call will always fail; the data must change."""


class WeChatUnknownOutcome(WeChatError, WeComUnknownOutcome):  # noqa: N818 - named by what to do
    """A write was sent and no answer came: it may or may not have been done."""


CLASSES: dict[str, type[WeChatError]] = {
    error.kind: error
    for error in (
        WeChatRetryable,
        WeChatAuth,
        WeChatPermission,
        WeChatQuota,
        WeChatPermanent,
        WeChatUnknownOutcome,
    )
}


@cache
def causes() -> dict[str, Cause]:
    """Return the table of `errors.toml`: errcode as text, or `default-<kind>`, to its cause."""
    source = resources.files("scrm.wechat").joinpath("errors.toml")
    rows = tomllib.loads(source.read_text(encoding="utf-8"))
    return {
        code: Cause(
            kind=row["kind"],
            hint=Hint(
                meaning={"en": row["en"][0], "zh": row["zh"][0]},
                action={"en": row["en"][1], "zh": row["zh"][1]},
            ),
            retry_after=float(row.get("retry_after", 0)),
        )
        for code, row in rows.items()
    }


def hint_for(errcode: int | None, kind: str) -> Hint:
    """Return the hint of a code, else the general one of the kind."""
    table = causes()
    found = table.get(str(errcode)) or table[f"default-{kind}"]
    return found.hint


def error_for(errcode: int, errmsg: str, endpoint: str) -> WeChatError:
    """Return the typed error of an answer; an unknown code is permanent (only known codes are retried)."""
    cause = causes().get(str(errcode))
    if cause is None:
        return WeChatPermanent(errcode, errmsg, endpoint)
    return CLASSES[cause.kind](errcode, errmsg, endpoint, cause.hint, retry_after=cause.retry_after)


def as_wechat(failure: WeComError, endpoint: str) -> WeChatError:
    """Return a failure of the shared transport or token source as WeChat's."""
    if isinstance(failure, WeChatError):
        return failure
    kind = CLASSES[failure.kind]
    return kind(failure.errcode, failure.errmsg, endpoint, retry_after=failure.retry_after)
