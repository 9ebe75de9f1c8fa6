"""What members show besides their fixed fields: attributes of the corp and the card for customers (contacts.md §3)."""

from typing import Any

from wecom_sandbox.call import BAD_PARAMETER
from wecom_sandbox.errors import WeComError

TEXT, WEB, MINI_PROGRAM = 0, 1, 2
_PARTS = {TEXT: "text", WEB: "web", MINI_PROGRAM: "miniprogram"}
# Twelve Chinese characters.
MOST_WIDTH = 24
Attributes = list[dict[str, Any]]


def known_attributes(extattr: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """The attributes that the admin console has; WeCom ignores the others without a word.

    Args:
        extattr: ``{attrs: [{type, name, text or web}]}`` of a request.
        names: what the console has.
    """
    attributes = _list(extattr, "attrs", BAD_PARAMETER)
    return {"attrs": [one for one in attributes if one.get("name") in names]}


def checked_profile(profile: dict[str, Any]) -> dict[str, Any]:
    """The card for customers as it is kept.

    Answers 90100 (type), 90101 (text), 90102 and 90103 (web title and address), 90104 and 90105 (mini program's
    title and page), 90106 (shape).
    """
    if not isinstance(profile.get("external_corp_name", ""), str):
        raise WeComError(90106)
    for attribute in _list(profile, "external_attr", 90106):
        _check_attribute(attribute)
    channels = profile.get("wechat_channels")
    kept = {
        "external_corp_name": profile.get("external_corp_name", ""),
        "external_attr": profile.get("external_attr", []),
    }
    if not channels:
        return kept
    if not isinstance(channels, dict) or not isinstance(channels.get("nickname"), str):
        raise WeComError(90106)
    return kept | {"wechat_channels": {"nickname": channels["nickname"], "status": 1}}


def shown_to_customers(data: dict[str, Any]) -> dict[str, Any]:
    """What a customer's phone shows of a member besides his name.

    Args:
        data: the member's kept fields.
    """
    profile = data.get("external_profile") or {}
    lines = []
    for attribute in profile.get("external_attr", []):
        part = attribute.get(_PARTS[attribute["type"]]) or {}
        words = part.get("value") or part.get("title", "")
        address = part.get("url") or part.get("pagepath", "")
        lines.append({"name": attribute["name"], "words": words, "address": address,
                      "is_web": attribute["type"] == WEB})  # fmt: skip
    return {
        "position": data.get("external_position") or data.get("position", ""),
        "corp": profile.get("external_corp_name", ""),
        "channel": (profile.get("wechat_channels") or {}).get("nickname", ""),
        "lines": lines,
    }


def event_items(attributes: Attributes) -> list[dict[str, Any]]:
    """Attributes as callbacks write them (``ExtAttr``)."""
    items: list[dict[str, Any]] = []
    for one in attributes:
        item: dict[str, Any] = {"Name": one["name"], "Type": int(one.get("type", TEXT))}
        if item["Type"] == WEB:
            web = one.get("web", {})
            item["Web"] = {"Title": web.get("title", ""), "Url": web.get("url", "")}
        else:
            item["Text"] = {"Value": one.get("text", {}).get("value", "")}
        items.append(item)
    return items


def _check_attribute(attribute: dict[str, Any]) -> None:
    kind = attribute.get("type")
    if kind == TEXT:
        _need(attribute, "text", "value", 90101)
    elif kind == WEB:
        _need(attribute, "web", "title", 90102)
        if not str(attribute["web"].get("url", "")).startswith(("http://", "https://")):
            raise WeComError(90103)
    elif kind == MINI_PROGRAM:
        _need(attribute, "miniprogram", "title", 90104)
        if not attribute["miniprogram"].get("appid") or not attribute["miniprogram"].get(
            "pagepath"
        ):
            raise WeComError(90105)
    else:
        raise WeComError(90100)


def _need(attribute: dict[str, Any], part: str, name: str, code: int) -> None:
    section = attribute.get(part)
    if not attribute.get("name") or not isinstance(section, dict):
        raise WeComError(90106)
    if not 1 <= width(str(section.get(name, ""))) <= MOST_WIDTH:
        raise WeComError(code)


def width(text: str) -> int:
    """How wide a text is shown: a Chinese character counts two, a Latin one."""
    return sum(1 if char.isascii() else 2 for char in text)


def _list(section: dict[str, Any], name: str, code: int) -> Attributes:
    values = section.get(name, [])
    if not isinstance(values, list) or not all(isinstance(one, dict) for one in values):
        raise WeComError(code, f"{name} must be a list of objects")
    return values
