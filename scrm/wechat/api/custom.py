"""Customer-service messages (wechat.md §5, §6): within 48 hours after the person acted."""

from typing import Any

from scrm.wechat.api.base import Area


class CustomApi(Area):
    """45015 after 48 hours, 45047 after too many; both are final until the person writes again."""

    def send_text(self, openid: str, content: str) -> None:
        """Send a text of at most 2,048 bytes."""
        self._send(openid, "text", {"content": content})

    def send_program(self, openid: str, *, title: str, appid: str, page: str, thumb: str) -> None:
        """Send a card of a mini program; `thumb` is the media_id of its picture."""
        card = {"title": title, "appid": appid, "pagepath": page, "thumb_media_id": thumb}
        self._send(openid, "miniprogrampage", card)

    def send_news(self, openid: str, *, title: str, text: str, url: str, picture: str = "") -> None:
        """Send one link with title, text and picture address."""
        article = {"title": title, "description": text, "url": url, "picurl": picture}
        self._send(openid, "news", {"articles": [article]})

    def _send(self, openid: str, kind: str, content: dict[str, Any]) -> None:
        data = {"touser": openid, "msgtype": kind, kind: content}
        self._write("cgi-bin/message/custom/send", data)
