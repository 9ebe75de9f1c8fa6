"""What every area shares: typed calls through the client that owns it."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from wechatpy.client.api.base import BaseWeChatAPI

from scrm.wecom.deadline import TOTAL_SECONDS
from scrm.wecom.transport import Files

if TYPE_CHECKING:
    from scrm.wecom.client import WeComClient


def now() -> datetime:
    """Return the moment a read begins: its `observed_at`."""
    return datetime.now(UTC)


def filled(**fields: Any) -> dict[str, Any]:
    """Return the given fields without the ones left at None."""
    return {name: value for name, value in fields.items() if value is not None}


class Area(BaseWeChatAPI):  # type: ignore[misc]  # wechatpy has no types
    """An area of the API; reads are safe to repeat, writes report an unknown outcome."""

    _client: "WeComClient"

    def _read(self, endpoint: str, **params: Any) -> dict[str, Any]:
        return self._client.call("GET", endpoint, params=params)

    def _query(self, endpoint: str, data: dict[str, Any]) -> dict[str, Any]:
        """Read by POST."""
        return self._client.call("POST", endpoint, data=data)

    def _write(self, endpoint: str, data: dict[str, Any]) -> dict[str, Any]:
        return self._client.call("POST", endpoint, data=data, write=True)

    def _write_get(self, endpoint: str, **params: Any) -> dict[str, Any]:
        """Write by GET, as WeCom's delete endpoints do."""
        return self._client.call("GET", endpoint, params=params, write=True)

    def _upload(
        self, endpoint: str, files: Files, seconds: float = TOTAL_SECONDS, **params: Any
    ) -> dict[str, Any]:
        return self._client.call(
            "POST", endpoint, params=params, files=files, write=True, seconds=seconds
        )
