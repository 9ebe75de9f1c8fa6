"""Template messages of the service account (wechat.md §12): service notices, no marketing."""

import re
from collections.abc import Mapping

from scrm.wechat.api.base import Area, filled
from scrm.wechat.types import Template
from scrm.wecom.reading import items, number, text

_KEY = re.compile(r"\{\{(\w+)\.DATA\}\}")


class TemplateApi(Area):
    """Accepted is not delivered: the event TEMPLATESENDJOBFINISH with the msgid tells the result."""

    def send(
        self,
        openid: str,
        template_id: str,
        values: Mapping[str, str],
        *,
        url: str | None = None,
        program: tuple[str, str] | None = None,
        client_msg_id: str | None = None,
    ) -> int:
        """Send a notice to a follower (Template_Message_Interface); return its msgid.

        Args: `values` by the template's keys (`thing1`); `program` is (appid, page with query) and wins over `url`;
        `client_msg_id` makes it one message within ten minutes, so that a repetition is harmless.
        Raises WeChatPermanent 43004 (does not follow), 40037, 47003 (a value).
        """
        data = filled(
            touser=openid,
            template_id=template_id,
            url=url,
            miniprogram={"appid": program[0], "pagepath": program[1]} if program else None,
            client_msg_id=client_msg_id,
            data={key: {"value": value} for key, value in values.items()},
        )
        return number(self._write("cgi-bin/message/template/send", data), "msgid")

    def get_all_private_template(self) -> tuple[Template, ...]:
        """Return the templates the account has chosen."""
        data = self._read("cgi-bin/template/get_all_private_template")
        return tuple(
            Template(
                template_id=text(row, "template_id"),
                title=text(row, "title"),
                content=text(row, "content"),
                keys=tuple(_KEY.findall(text(row, "content"))),
            )
            for row in items(data, "template_list")
        )
