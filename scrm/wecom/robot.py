"""The group robot (webhook): messages into an internal group, 20 a minute at WeCom."""

import hashlib
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

from scrm.wecom.api.base import filled
from scrm.wecom.deadline import Deadline
from scrm.wecom.errors import WeComRetryable
from scrm.wecom.local import LocalBucket, LocalPlaces
from scrm.wecom.ports import RateBucket
from scrm.wecom.secret import Secret
from scrm.wecom.transport import Exchange, Transport, encoded, refused
from scrm.wecom.turns import Turns

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
        self._turns = Turns(
            bucket or LocalBucket(), LocalPlaces(), f"robot:{self._name()}", "welcome"
        )
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
        body = encoded({"msgtype": msgtype, msgtype: content}, ENDPOINT)
        call = Exchange("POST", self._url, ENDPOINT, {"key": self._key}, body, write=True)
        deadline = Deadline()
        try:
            data = self._turns.run(
                ENDPOINT, deadline, lambda: self._transport.json(call, deadline), write=True
            )
        except TimeoutError:
            data = None
        if data is None:  # outside of the except block: no context to leak
            words = "time is over before the call was sent"
            raise WeComRetryable(None, words, ENDPOINT, retry_after=2.0)
        if data["errcode"] != 0:
            raise refused(call, data)

    def _name(self) -> str:
        return hashlib.sha256(self._key.encode()).hexdigest()[:24]


def _cut(content: str, size: int) -> str:
    """Cut at a byte length without tearing a character."""
    return content.encode(errors="replace")[:size].decode("utf-8", "ignore")
