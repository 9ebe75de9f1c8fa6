"""One API call as a handler sees it, with readers that answer WeCom's codes for bad parameters."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import FileStorage

from wecom_sandbox.defaults import AppConfig
from wecom_sandbox.errors import WeComError
from wecom_sandbox.numbers import from_digits

if TYPE_CHECKING:
    from wecom_sandbox.sandbox import Sandbox

BAD_PARAMETER = 40058


@dataclass
class Call:
    """What came in: query, parsed JSON body, uploaded file, whose token it was and which API was called."""

    sandbox: "Sandbox"
    query: dict[str, str]
    body: dict[str, Any]
    app: AppConfig | None
    ip: str
    base_url: str
    upload: Callable[[], FileStorage | None] = lambda: None
    api: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def caller(self) -> AppConfig:
        """The app whose token was used; only for endpoints that need a token."""
        if self.app is None:
            raise WeComError(41001)
        return self.app

    def need_text(self, name: str, code: int = 40063) -> str:
        """A non-empty string from the body; answers ``code`` when missing."""
        value = self.body.get(name)
        if value is None or value == "":
            raise WeComError(code, "" if code != 40063 else name)
        return _as_text(value, name)

    def text(self, name: str, default: str = "", *, most: int | None = None) -> str:
        """An optional string from the body, at most ``most`` characters (40058)."""
        value = self.body.get(name)
        if value is None:
            return default
        text = _as_text(value, name)
        if most is not None and len(text) > most:
            raise WeComError(BAD_PARAMETER, f"{name} longer than {most} characters")
        return text

    def number(self, name: str, default: int, *, least: int = 0, most: int = 2**32 - 1) -> int:
        """An optional whole number from the body within limits (40058)."""
        value = self.body.get(name)
        if value is None:
            return default
        return whole_number(value, name, least=least, most=most)

    def flag(self, name: str, *, default: bool) -> bool:
        """An optional true/false from the body (also 0 and 1)."""
        value = self.body.get(name)
        if value is None:
            return default
        if value not in (True, False, 0, 1):
            raise WeComError(BAD_PARAMETER, f"{name} must be true or false")
        return bool(value)

    def texts(self, name: str) -> list[str]:
        """An optional list of strings from the body."""
        return [_as_text(item, name) for item in self._list(name)]

    def numbers(self, name: str) -> list[int]:
        """An optional list of whole numbers from the body."""
        return [whole_number(item, name) for item in self._list(name)]

    def section(self, name: str) -> dict[str, Any]:
        """An optional object from the body."""
        value = self.body.get(name)
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise WeComError(BAD_PARAMETER, f"{name} must be an object")
        return value

    def need_query(self, name: str, code: int = 40063) -> str:
        """A non-empty query parameter; answers ``code`` when missing."""
        value = self.query.get(name, "")
        if not value:
            raise WeComError(code, "" if code != 40063 else name)
        return value

    def query_number(self, name: str, default: int | None = None) -> int | None:
        """An optional whole number from the query."""
        value = self.query.get(name, "")
        return whole_number(value, name) if value else default

    def _list(self, name: str) -> list[Any]:
        value = self.body.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise WeComError(BAD_PARAMETER, f"{name} must be a list")
        return value


def whole_number(value: object, name: str, *, least: int = 0, most: int = 2**32 - 1) -> int:
    """A whole number given as number or digits, within limits; 40058 otherwise."""
    if isinstance(value, str):
        value = from_digits(value)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise WeComError(BAD_PARAMETER, f"{name} must be a whole number from {least} to {most}")
    return value


def _as_text(value: object, name: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise WeComError(BAD_PARAMETER, f"{name} must be a string")
    return str(value)
