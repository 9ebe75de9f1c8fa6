"""The table of WeChat endpoints: who may call, how often, from which page of the docs."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wecom_sandbox.wechat.call import Call

Handler = Callable[["Call"], Any]


class Access(Enum):
    """Whose token an endpoint wants."""

    OPEN = "no token"
    ANY = "service account or mini program"
    SERVICE = "service account"
    MINI = "mini program"


@dataclass(frozen=True)
class Endpoint:
    """One implemented endpoint.

    Attributes:
        method: GET, POST, or ANY for those that take both.
        day: calls a day and account; 0 when WeChat names no limit.
        minute: calls a minute and account; 0 for no limit.
        share: endpoints of the same share count together.
    """

    method: str
    path: str
    doc: str
    access: Access
    rules: str
    day: int
    minute: int
    share: str
    handler: Handler

    @property
    def counted_as(self) -> str:
        """The name its calls are counted under."""
        return self.share or self.path


REGISTRY: dict[str, Endpoint] = {}


def endpoint(
    method: str, path: str, *, access: Access, doc: str, rules: str = "", day: int = 0, minute: int = 0,
    share: str = "",
) -> Callable[[Handler], Handler]:  # fmt: skip
    """Register the function as an endpoint.

    Args:
        method: GET, POST or ANY; another one answers 43001 or 43002.
        path: the whole path, ``/cgi-bin/…``.
        access: whose token.
        doc: section of wechat.md and the name of the official page.
        rules: one line for the coverage page.
        day: calls a day.
        minute: calls a minute.
        share: count together with the others of that name.
    """

    def register(handler: Handler) -> Handler:
        REGISTRY[path] = Endpoint(method, path, doc, access, rules, day, minute, share, handler)
        return handler

    return register
