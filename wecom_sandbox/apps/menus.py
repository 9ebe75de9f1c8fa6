"""An app's menu at the foot of its chat (messaging-media.md §5, docs 90231-90233)."""

from typing import Any

from wecom_sandbox.call import BAD_PARAMETER
from wecom_sandbox.errors import WeComError
from wecom_sandbox.sandbox import Sandbox

Button = dict[str, Any]
MOST_TOP, MOST_SUB = 3, 5
_MOST_KEY, _MOST_URL = 128, 1024
_WITH_KEY = (
    "click", "scancode_push", "scancode_waitmsg", "pic_sysphoto", "pic_photo_or_album", "pic_weixin",
    "location_select",
)  # fmt: skip


def check(buttons: object) -> list[Button]:
    """The buttons as given; 40016-40025 for what WeCom does not take."""
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= MOST_TOP:
        raise WeComError(40016)
    for button in buttons:
        _check_name(button, 16, 40018)
        below = button.get("sub_button")
        if below:
            _check_below(below)
        else:
            _check_button(button)
    return buttons


def of_app(sandbox: Sandbox, agent_id: int) -> list[Button]:
    """The menu of an app; empty when it has none."""
    buttons: list[Button] = sandbox.store.get_meta(f"menu:{agent_id}", [])
    return buttons


def write(sandbox: Sandbox, agent_id: int, buttons: list[Button]) -> None:
    """Set an app's menu; an empty list takes it away."""
    sandbox.store.set_meta(f"menu:{agent_id}", buttons)


def find(sandbox: Sandbox, agent_id: int, place: str) -> Button | None:
    """The button at ``1`` or ``1.2`` (counted from 0), or None."""
    level: list[Button] = of_app(sandbox, agent_id)
    button: Button | None = None
    for part in place.split("."):
        if not part.isdecimal() or int(part) >= len(level):
            return None
        button = level[int(part)]
        level = button.get("sub_button") or []
    return button


def _check_below(buttons: object) -> None:
    if not isinstance(buttons, list) or len(buttons) > MOST_SUB:
        raise WeComError(40023)
    for button in buttons:
        _check_name(button, 40, 40025)
        if button.get("sub_button"):
            raise WeComError(40023)
        _check_button(button)


def _check_name(button: object, most: int, code: int) -> None:
    name = button.get("name") if isinstance(button, dict) else None
    if not isinstance(name, str) or not 1 <= len(name.encode()) <= most:
        raise WeComError(code)


def _check_button(button: Button) -> None:
    kind = button.get("type")
    if kind in _WITH_KEY:
        if not 1 <= len(str(button.get("key") or "").encode()) <= _MOST_KEY:
            raise WeComError(40019)
    elif kind == "view":
        url = str(button.get("url") or "")
        if not 1 <= len(url.encode()) <= _MOST_URL:
            raise WeComError(40020)
    elif kind == "view_miniprogram":
        if not button.get("appid") or not button.get("pagepath"):
            raise WeComError(BAD_PARAMETER, "appid and pagepath needed")
    else:
        raise WeComError(40017)
