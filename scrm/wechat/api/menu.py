"""The service account's menu (wechat.md §13)."""

from collections.abc import Sequence
from typing import Any

from scrm.wechat.api.base import Area
from scrm.wechat.errors import WeChatPermanent
from scrm.wecom.reading import items, table

_NO_MENU = 46003


class MenuApi(Area):
    """With a callback address set, the console's menu is off and this one is the truth."""

    def create(self, buttons: Sequence[dict[str, Any]]) -> None:
        """Replace the menu: one to three entries, one to five below each."""
        self._write("cgi-bin/menu/create", {"button": list(buttons)})

    def get(self) -> tuple[dict[str, Any], ...]:
        """Return the entries as they were made, none without a menu."""
        try:
            data = self._read("cgi-bin/menu/get")
        except WeChatPermanent as refusal:
            if refusal.errcode == _NO_MENU:
                return ()
            raise
        return tuple(dict(row) for row in items(table(data, "menu"), "button"))

    def delete(self) -> None:
        """Take the menu away."""
        self._client.call("GET", "cgi-bin/menu/delete", write=True)
