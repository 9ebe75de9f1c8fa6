"""The group robot (webhook): messages into an internal group, 20 a minute."""

import hashlib
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson

from scrm.wecom.api.base import filled
from scrm.wecom.deadline import Deadline
from scrm.wecom.errors import FREQUENCY_CODE, WeComQuota, error_for
from scrm.wecom.limits import BLOCK_SECONDS, limits_of
from scrm.wecom.local import LocalBucket
from scrm.wecom.ports import RateBucket
from scrm.wecom.secret import Secret
from scrm.wecom.transport import Exchange, Transport

ENDPOINT = "webhook/send"
TEXT_BYTES = 2048
MARKDOWN_BYTES = 4096


class WebhookRobot:
    """A robot by its webhook address, whose key is a secret.

    Raises ValueError when the address is not a webhook below `api_base`: no other host is ever called.
    """

    def __init__(
        self,
        url: str,
        *,
        api_base: str = "https://qyapi.weixin.qq.com",
        bucket: RateBucket | None = None,
        transport: Transport | None = None,
    ) -> None:
        parts, base = urlsplit(url.strip()), urlsplit(api_base)
        keys = parse_qs(parts.query).get("key", [])
        same_host = (parts.scheme, parts.netloc) == (base.scheme, base.netloc)
        if not same_host or parts.path != f"/cgi-bin/{ENDPOINT}" or len(keys) != 1:
            raise ValueError(f"a robot's address begins with {api_base}/cgi-bin/{ENDPOINT}?key=")
        self._url = f"{api_base.rstrip('/')}/cgi-bin/{ENDPOINT}"
        self._key = Secret(keys[0])
        self._bucket = bucket or LocalBucket()
        self._transport = transport or Transport()

    def __repr__(self) -> str:
        """Name the robot without its key."""
        return f"<WebhookRobot {self._name()[:8]}>"

    def send_text(self, content: str, mentioned: Sequence[str] = ()) -> None:
        """Send text, cut at 2048 bytes; `mentioned` holds userids or `@all`."""
        self._send(
            "text",
            filled(content=_cut(content, TEXT_BYTES), mentioned_list=list(mentioned) or None),
        )

    def send_markdown(self, content: str) -> None:
        """Send markdown, cut at 4096 bytes."""
        self._send("markdown", {"content": _cut(content, MARKDOWN_BYTES)})

    def _send(self, msgtype: str, content: dict[str, Any]) -> None:
        bucket_key = f"robot:{self._name()}:{ENDPOINT}"
        wait = self._bucket.take(bucket_key, "welcome", limits_of(ENDPOINT))
        if wait:
            raise WeComQuota(None, "20 messages a minute to one robot", ENDPOINT, retry_after=wait)
        body = orjson.dumps({"msgtype": msgtype, msgtype: content})
        data = self._transport.json(
            Exchange("POST", self._url, ENDPOINT, {"key": self._key}, body, write=True), Deadline()
        )
        if data["errcode"] == FREQUENCY_CODE:
            self._bucket.block(bucket_key, BLOCK_SECONDS)
        if data["errcode"] != 0:
            raise error_for(data["errcode"], str(data.get("errmsg", "")), ENDPOINT)

    def _name(self) -> str:
        return hashlib.sha256(self._key.encode()).hexdigest()[:24]


def _cut(content: str, size: int) -> str:
    """Cut at a byte length without tearing a character."""
    return content.encode()[:size].decode("utf-8", "ignore")
