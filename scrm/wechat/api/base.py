"""What every area shares: typed calls through the client that owns it."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scrm.wechat.client import WeChatClient


def now() -> datetime:
    """Return the moment a read begins: its `observed_at`."""
    return datetime.now(UTC)


def filled(**fields: Any) -> dict[str, Any]:
    """Return the given fields without the ones left at None."""
    return {name: value for name, value in fields.items() if value is not None}


class Area:
    """An area of the API; reads are safe to repeat, writes report an unknown outcome."""

    def __init__(self, client: "WeChatClient") -> None:
        self._client = client

    def _read(self, endpoint: str, **params: Any) -> dict[str, Any]:
        return self._client.call("GET", endpoint, params=params)

    def _query(self, endpoint: str, data: dict[str, Any]) -> dict[str, Any]:
        """Read by POST."""
        return self._client.call("POST", endpoint, data=data)

    def _write(self, endpoint: str, data: dict[str, Any]) -> dict[str, Any]:
        return self._client.call("POST", endpoint, data=data, write=True)
