"""One call as a handler sees it, with readers that answer WeChat's codes for bad parameters."""

from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import FileStorage

from wecom_sandbox.numbers import from_digits
from wecom_sandbox.sandbox import Sandbox
from wecom_sandbox.wechat.accounts import Account, Settings, settings_of
from wecom_sandbox.wechat.errors import WeChatError

BAD_BODY = 47001
BAD_PARAMETER = 40035


@dataclass
class Call:
    """What came in, and whose token it was."""

    sandbox: Sandbox
    query: dict[str, str]
    body: dict[str, Any]
    account: Account | None
    ip: str
    base_url: str
    upload: FileStorage | None = None

    @property
    def caller(self) -> Account:
        """The account whose token was used."""
        if self.account is None:
            raise WeChatError(41001)
        return self.account

    @property
    def settings(self) -> Settings:
        """What the caller's owner has set."""
        return settings_of(self.sandbox, self.caller)

    def need_text(self, name: str, code: int = BAD_BODY) -> str:
        """A non-empty string of the body; ``code`` when missing or of another type."""
        value = self.body.get(name)
        if not isinstance(value, str) or not value:
            raise WeChatError(code)
        return value

    def text(self, name: str, default: str = "", *, most: int | None = None, code: int = BAD_PARAMETER) -> str:  # fmt: skip
        """An optional string of the body, at most ``most`` characters; else ``code``."""
        value = self.body.get(name)
        if value is None:
            return default
        if not isinstance(value, str):
            raise WeChatError(BAD_BODY)
        if most is not None and len(value) > most:
            raise WeChatError(code)
        return value

    def number(self, name: str, default: int = 0) -> int:
        """An optional whole number of the body, also written as text; 47001 otherwise."""
        return whole_number(self.body.get(name, default))

    def flag(self, name: str, *, default: bool) -> bool:
        """An optional true/false of the body; 47001 otherwise."""
        value = self.body.get(name, default)
        if not isinstance(value, bool):
            raise WeChatError(BAD_BODY)
        return value

    def section(self, name: str) -> dict[str, Any]:
        """An object of the body; 47001 when missing."""
        value = self.body.get(name)
        if not isinstance(value, dict):
            raise WeChatError(BAD_BODY)
        return value

    def items(self, name: str) -> list[Any]:
        """A list of the body; 47001 when missing."""
        value = self.body.get(name)
        if not isinstance(value, list):
            raise WeChatError(BAD_BODY)
        return value

    def openids(self, name: str, most: int) -> list[str]:
        """A list of openids, one to ``most`` of them (40032)."""
        values = self.items(name)
        if not 1 <= len(values) <= most:
            raise WeChatError(40032)
        return [str(value) for value in values]

    def need_query(self, name: str, code: int) -> str:
        """A non-empty query parameter; ``code`` when missing."""
        value = self.query.get(name, "")
        if not value:
            raise WeChatError(code)
        return value


def whole_number(value: object) -> int:
    """A whole number given as number or digits; 47001 otherwise."""
    if isinstance(value, str):
        value = from_digits(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise WeChatError(BAD_BODY)
    return value
