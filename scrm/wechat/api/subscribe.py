"""Subscription messages (wechat.md §12): one consent, one message, of both accounts."""

import re
from collections.abc import Mapping
from typing import Any

from scrm.wechat.api.base import Area, filled
from scrm.wechat.types import Template
from scrm.wecom.reading import items, text

_KEY = re.compile(r"\{\{(\w+)\.DATA\}\}")


class SubscribeApi(Area):
    """43101 is final: the consent was used up or taken back."""

    def send(
        self,
        openid: str,
        template_id: str,
        values: Mapping[str, str],
        *,
        page: str | None = None,
        state: str = "formal",
    ) -> None:
        """Send by the mini program (subscribeMessage.send); `page` may carry a query and must be released (41030)."""
        data = _message(openid, template_id, values) | filled(page=page, miniprogram_state=state)
        self._write("cgi-bin/message/subscribe/send", data)

    def bizsend(
        self,
        openid: str,
        template_id: str,
        values: Mapping[str, str],
        *,
        page: str | None = None,
        program: tuple[str, str] | None = None,
    ) -> None:
        """Send by the service account; the event subscribe_msg_sent_event tells the result."""
        opens = {"appid": program[0], "pagepath": program[1]} if program else None
        data = _message(openid, template_id, values) | filled(page=page, miniprogram=opens)
        self._write("cgi-bin/message/subscribe/bizsend", data)

    def gettemplate(self) -> tuple[Template, ...]:
        """Return the templates chosen for subscription messages."""
        data = self._read("wxaapi/newtmpl/gettemplate")
        return tuple(
            Template(
                template_id=text(row, "priTmplId"),
                title=text(row, "title"),
                content=text(row, "content"),
                keys=tuple(_KEY.findall(text(row, "content"))),
            )
            for row in items(data, "data")
        )


def _message(openid: str, template_id: str, values: Mapping[str, str]) -> dict[str, Any]:
    return {
        "touser": openid,
        "template_id": template_id,
        "data": {key: {"value": value} for key, value in values.items()},
    }
