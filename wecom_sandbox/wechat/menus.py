"""The service account's menu (wechat.md §13): checks, the one a person sees, and what a tap raises."""

from typing import Any

from wecom_sandbox.customers.people import Person
from wecom_sandbox.errors import NotPossibleError
from wecom_sandbox.sandbox import Sandbox
from wecom_sandbox.wechat import fan_tags, followers, programs, pushes
from wecom_sandbox.wechat.accounts import MINI, SERVICE
from wecom_sandbox.wechat.errors import WeChatError

_KEY, _CONDITIONAL = "wechat.menu", "wechat.menu.conditional"
_WITH_KEY = (
    "click", "scancode_push", "scancode_waitmsg", "pic_sysphoto", "pic_photo_or_album", "pic_weixin",
    "location_select",
)  # fmt: skip
_TYPES = (*_WITH_KEY, "view", "miniprogram", "media_id", "article_id", "view_limited")
_MOST_TOP, _MOST_SUB = 3, 5
_TOP_BYTES, _SUB_BYTES = 16, 60
_MOST_KEY, _MOST_URL = 128, 1024
_MATCHES = ("tag_id", "client_platform_type", "language")


def checked(buttons: object) -> list[dict[str, Any]]:
    """The buttons of a menu; 40016 to 40027 for what WeChat would not take."""
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= _MOST_TOP:
        raise WeChatError(40016)
    for button in buttons:
        _name(button, _TOP_BYTES, 40018)
        subs = button.get("sub_button") or []
        if not subs:
            _action(button, kind=40017, key=40019, url=40020)
            continue
        if not isinstance(subs, list) or len(subs) > _MOST_SUB:
            raise WeChatError(40023)
        for sub in subs:
            _name(sub, _SUB_BYTES, 40025)
            if sub.get("sub_button"):
                raise WeChatError(40022)
            _action(sub, kind=40024, key=40026, url=40027)
    return buttons


def _name(button: object, most: int, code: int) -> None:
    name = button.get("name") if isinstance(button, dict) else None
    if not isinstance(name, str) or not name or len(name.encode()) > most:
        raise WeChatError(code)


def _action(button: dict[str, Any], *, kind: int, key: int, url: int) -> None:
    named = button.get("type")
    if named not in _TYPES:
        raise WeChatError(kind)
    if named in _WITH_KEY and not 1 <= len(str(button.get("key") or "").encode()) <= _MOST_KEY:
        raise WeChatError(key)
    if named in ("view", "miniprogram"):
        address = str(button.get("url") or "")
        if not address.startswith(("http://", "https://")) or len(address.encode()) > _MOST_URL:
            raise WeChatError(url)
    if named == "miniprogram" and (button.get("appid") != MINI.appid or not button.get("pagepath")):
        raise WeChatError(40013)


def save(sandbox: Sandbox, buttons: object) -> None:
    """The menu everybody sees from now on."""
    sandbox.store.set_meta(_KEY, checked(buttons))


def add_conditional(sandbox: Sandbox, buttons: object, rule: object) -> str:
    """A menu for some; its menuid. 40035 for a rule of nothing known; 46003 without a menu for all."""
    shown = checked(buttons)
    if not isinstance(rule, dict) or not rule or any(name not in _MATCHES for name in rule):
        raise WeChatError(40035)
    if not current(sandbox):
        raise WeChatError(46003)
    if rule.get("tag_id"):
        fan_tags.need(sandbox, int(str(rule["tag_id"])) if str(rule["tag_id"]).isdigit() else 0)
    menuid = str(400_000_000 + sandbox.serial())
    entry = {"button": shown, "matchrule": rule, "menuid": menuid}
    sandbox.store.set_meta(_CONDITIONAL, [*conditional(sandbox), entry])
    return menuid


def remove(sandbox: Sandbox) -> None:
    """No menu any more, for nobody."""
    sandbox.store.set_meta(_KEY, None)
    sandbox.store.set_meta(_CONDITIONAL, [])


def current(sandbox: Sandbox) -> list[dict[str, Any]]:
    """The menu for all; empty when there is none."""
    return list(sandbox.store.get_meta(_KEY) or [])


def conditional(sandbox: Sandbox) -> list[dict[str, Any]]:
    """Menus for some, oldest first."""
    return list(sandbox.store.get_meta(_CONDITIONAL) or [])


def seen_by(sandbox: Sandbox, person: Person) -> list[dict[str, Any]]:
    """The menu a follower sees: the newest that matches their tags, else the one for all."""
    row = followers.find(sandbox, person)
    tags = {str(tag) for tag in fan_tags.of(sandbox, row["openid"])} if row is not None else set()
    for entry in reversed(conditional(sandbox)):
        rule = entry["matchrule"]
        # The sandbox's phones are iPhones that speak Chinese.
        fits_tag = not rule.get("tag_id") or str(rule["tag_id"]) in tags
        fits_phone = str(rule.get("client_platform_type", "1")) == "1"
        if fits_tag and fits_phone and rule.get("language", "zh_CN") == "zh_CN":
            return list(entry["button"])
    return current(sandbox)


def tap(sandbox: Sandbox, person: Person, name: str) -> dict[str, Any]:
    """A follower taps an entry of the menu; the entry. NotPossibleError when they see none of that name."""
    entries: list[dict[str, Any]] = [
        one for top in seen_by(sandbox, person) for one in (top.get("sub_button") or [top])
    ]  # fmt: skip
    entry = next((one for one in entries if one["name"] == name), None)
    if entry is None:
        raise NotPossibleError("no such entry in the menu")
    with sandbox.store.transaction():
        openid = str(followers.acted(sandbox, person)["openid"])
        kind = entry["type"]
        if kind == "view":
            fields: dict[str, Any] = {"EventKey": entry["url"], "MenuId": _menu_id(sandbox)}
            pushes.publish(sandbox, SERVICE, openid, "VIEW", fields)
        elif kind == "miniprogram":
            fields = {"EventKey": entry["pagepath"], "MenuId": _menu_id(sandbox)}
            pushes.publish(sandbox, SERVICE, openid, "view_miniprogram", fields)
            programs.open_page(sandbox, person, entry["pagepath"], "", scene=1035)
        elif kind.startswith("scancode"):
            scanned = {"ScanType": "qrcode", "ScanResult": "1"}
            fields = {"EventKey": entry["key"], "ScanCodeInfo": scanned}
            pushes.publish(sandbox, SERVICE, openid, kind, fields)
        elif kind in _WITH_KEY:
            name_of = "CLICK" if kind == "click" else kind
            pushes.publish(sandbox, SERVICE, openid, name_of, {"EventKey": entry["key"]})
    return entry


def _menu_id(sandbox: Sandbox) -> str:
    return str(sandbox.store.get_meta("wechat.menuid", 400_000_000))
