"""App messages to members (doc 90236)."""

from collections.abc import Mapping, Sequence
from typing import Any

from scrm.wecom.api.base import Area, filled
from scrm.wecom.reading import joined, text
from scrm.wecom.types import MessageSent

MOST_RECEIVERS = 1000


class MessageApi(Area):
    """A member gets at most 30 a minute; more are dropped by WeCom without a word."""

    def send(
        self, userids: Sequence[str], msgtype: str, content: Mapping[str, Any], **fields: Any
    ) -> MessageSent:
        """Send one message of any type to 1 to 1000 members (doc 90236); raises ValueError for any other number."""
        if not 0 < len(userids) <= MOST_RECEIVERS:
            raise ValueError(f"1 to {MOST_RECEIVERS} receivers a message")
        body = {
            "touser": "|".join(userids),
            "msgtype": msgtype,
            "agentid": self._client.agent_id,
            msgtype: dict(content),
            **filled(**fields),
        }
        data = self._write("message/send", body)
        return MessageSent(
            msgid=text(data, "msgid"),
            invalid_users=joined(data, "invaliduser"),
            invalid_parties=joined(data, "invalidparty"),
            invalid_tags=joined(data, "invalidtag"),
            unlicensed_users=joined(data, "unlicenseduser"),
            response_code=text(data, "response_code"),
        )

    def send_text(self, userids: Sequence[str], content: str) -> MessageSent:
        """Send text of at most 2048 bytes."""
        return self.send(userids, "text", {"content": content})

    def send_markdown(self, userids: Sequence[str], content: str) -> MessageSent:
        """Send markdown of at most 2048 bytes."""
        return self.send(userids, "markdown", {"content": content})

    def send_textcard(
        self, userids: Sequence[str], title: str, description: str, url: str
    ) -> MessageSent:
        """Send a card with a title, a text and a link."""
        return self.send(
            userids, "textcard", {"title": title, "description": description, "url": url}
        )
