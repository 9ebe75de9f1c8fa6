"""The service account's menu (wechat.md §13)."""

from collections.abc import Sequence
from typing import Any

from scrm.wechat.api.base import Area
from scrm.wechat.errors import WeChatPermanent
from scrm.wechat.types import MenuButton
from scrm.wecom.reading import Row, items, table, text

_NO_MENU = 46003


class MenuApi(Area):
    """With a callback address set, the console's menu is off and this one is the truth."""

    def create(self, buttons: Sequence[dict[str, Any]]) -> None:
        """Replace the menu: one to three entries, one to five below each."""
        self._write("cgi-bin/menu/create", {"button": list(buttons)})

    def get(self) -> tuple[MenuButton, ...]:
        """Return the entries, none without a menu."""
        try:
            data = self._read("cgi-bin/menu/get")
        except WeChatPermanent as refusal:
            if refusal.errcode == _NO_MENU:
                return ()
            raise
        return tuple(_button(row) for row in items(table(data, "menu"), "button"))

    def delete(self) -> None:
        """Take the menu away."""
        self._client.call("GET", "cgi-bin/menu/delete", write=True)


def _button(row: Row, *, top: bool = True) -> MenuButton:
    # A menu has two levels.
    below = items(row, "sub_button") if top else ()
    return MenuButton(
        name=text(row, "name"),
        type=text(row, "type"),
        key=text(row, "key"),
        url=text(row, "url"),
        appid=text(row, "appid"),
        pagepath=text(row, "pagepath"),
        media_id=text(row, "media_id"),
        article_id=text(row, "article_id"),
        sub_button=tuple(_button(entry, top=False) for entry in below),
    )
