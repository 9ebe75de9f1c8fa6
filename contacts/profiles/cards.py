"""Makes the card of one account from a template, and reads a card as WeCom shows it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import orjson

from contacts.profiles.limits import MOST_ADDRESS, MOST_CHARACTERS, PARAMETER, VARIABLE
from contacts.profiles.models import MemberProfile, ProfileTemplate
from scrm.wecom.types import Member as WeComMember

Kind = ProfileTemplate.ItemKind
# How WeCom numbers the kinds of lines (contacts.md §3.1).
NUMBERS = {Kind.TEXT: 0, Kind.WEB: 1, Kind.MINI_PROGRAM: 2}
KINDS = {number: kind for kind, number in NUMBERS.items()}
Card = dict[str, Any]


class CardRefused(Exception):  # noqa: N818
    """The card of this account cannot be written; `code` says why, `line` where ("": the position)."""

    def __init__(self, code: str, line: str) -> None:
        super().__init__(code)
        self.code, self.line = code, line


@dataclass(frozen=True)
class Facts:
    """What the variables stand for with one account; parameter is its token, "" while nobody needs it."""

    guide: str
    position: str
    job_number: str
    store: str
    store_code: str
    branch: str
    parameter: str = ""


def needs_parameter(template: ProfileTemplate) -> bool:
    """Return whether an address of the template carries the guide's parameter."""
    return any(f"{{{PARAMETER}}}" in item.get("address", "") for item in template.items)


def links_without_parameter(template: ProfileTemplate) -> list[str]:
    """Return the names of lines that lead somewhere without the guide's parameter."""
    return [
        item["name"]
        for item in template.items
        if item["kind"] != Kind.TEXT and f"{{{PARAMETER}}}" not in item["address"]
    ]


def card_for(
    layers: Sequence[ProfileTemplate], facts: Facts, profile: MemberProfile | None
) -> Card:
    """Return the card an account shows: of its first template over those below it, else its own again.

    Written, tried and previewed cards are all made here. Raises CardRefused.
    """
    if layers:
        return card_of(layers[0], facts, _kept(profile), below=layers[1:])
    return (profile.before if profile is not None else None) or _emptied(profile)


def _kept(profile: MemberProfile | None) -> Card | None:
    """Return what a template leaves as it is; what we set ourselves goes where we never saw what was there."""
    if profile is None:
        return None
    before: Card | None = profile.before
    return before if before is not None or profile.written is None else _emptied(profile)


def _emptied(profile: MemberProfile | None) -> Card:
    written: Card = (profile.written if profile is not None else None) or {}
    single = ("position", "corp_name", "channels")
    ours = {name: None if written.get(name) is None else "" for name in single}
    return {**ours, "lines": []}


def card_of(
    template: ProfileTemplate,
    facts: Facts,
    before: Mapping[str, Any] | None,
    below: Sequence[ProfileTemplate] = (),
) -> Card:
    """Return the card of one account.

    The position, company name and video account a template leaves blank come from those `below` it, else stay as
    they were `before`, None if unknown. A line whose text is empty for this account (no store, say) is left out.
    Raises CardRefused.
    """
    kept, layers = before or {}, (template, *below)

    def first(field: str) -> str:
        return next((value for each in layers if (value := getattr(each, field))), "")

    return {
        "position": _text(first("position_text"), facts, "") or kept.get("position"),
        "corp_name": first("corp_name") or kept.get("corp_name"),
        "channels": first("channels_name") or kept.get("channels"),
        "lines": [line for item in template.items if (line := _line(item, facts)) is not None],
    }


def _line(item: Mapping[str, str], facts: Facts) -> dict[str, str] | None:
    value = _text(item["value"], facts, item["name"])
    if not value:
        return None
    line = {"kind": item["kind"], "name": item["name"], "value": value}
    if item["kind"] != Kind.TEXT:
        line["address"] = _address(item["address"], facts, item["name"])
    if item["kind"] == Kind.MINI_PROGRAM:
        line["appid"] = item["appid"]
    return line


def filled(text: str, facts: Facts) -> str:
    """Return a text as one account shows it."""
    return VARIABLE.sub(lambda found: str(getattr(facts, found[1])), text).strip()


def _text(text: str, facts: Facts, line: str) -> str:
    shown = filled(text, facts)
    if len(shown) > MOST_CHARACTERS:
        raise CardRefused("too_long", line)
    return shown


def _address(address: str, facts: Facts, line: str) -> str:
    shown = VARIABLE.sub(lambda found: quote(str(getattr(facts, found[1])), safe=""), address)
    if len(shown) > MOST_ADDRESS:
        raise CardRefused("address_too_long", line)
    return shown


def digest_of(card: Mapping[str, Any]) -> str:
    """Return what tells two cards apart."""
    return hashlib.sha256(orjson.dumps(card, option=orjson.OPT_SORT_KEYS)).hexdigest()


def wecom_fields(card: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of user/update (doc 90197); None: left as it is."""
    profile: dict[str, Any] = {"external_attr": [_attribute(line) for line in card["lines"]]}
    if card["corp_name"] is not None:
        profile["external_corp_name"] = card["corp_name"]
    if card["channels"]:
        profile["wechat_channels"] = {"nickname": card["channels"]}
    return {"external_position": card["position"], "external_profile": profile}


def _attribute(line: Mapping[str, str]) -> dict[str, Any]:
    kind = Kind(line["kind"])
    attribute: dict[str, Any] = {"type": NUMBERS[kind], "name": line["name"]}
    if kind == Kind.TEXT:
        attribute["text"] = {"value": line["value"]}
    elif kind == Kind.WEB:
        attribute["web"] = {"url": line["address"], "title": line["value"]}
    else:
        attribute["miniprogram"] = {
            "appid": line["appid"],
            "pagepath": line["address"],
            "title": line["value"],
        }
    return attribute


def card_read(member: WeComMember) -> Card:
    """Return the card WeCom shows (doc 90196)."""
    profile = member.external_profile
    channels = profile.get("wechat_channels") or {}
    return {
        "position": member.external_position or "",
        "corp_name": str(profile.get("external_corp_name") or ""),
        "channels": str(channels.get("nickname") or ""),
        "lines": [
            line
            for attribute in profile.get("external_attr") or []
            if (line := _line_read(attribute)) is not None
        ],
    }


def _line_read(attribute: Mapping[str, Any]) -> dict[str, str] | None:
    kind = KINDS.get(int(attribute.get("type", -1)))
    if kind is None:
        return None
    line = {"kind": kind.value, "name": str(attribute.get("name", ""))}
    if kind == Kind.TEXT:
        return line | {"value": str((attribute.get("text") or {}).get("value", ""))}
    part = attribute.get(kind.value) or {}
    line |= {"value": str(part.get("title", ""))}
    if kind == Kind.WEB:
        return line | {"address": str(part.get("url", ""))}
    return line | {"address": str(part.get("pagepath", "")), "appid": str(part.get("appid", ""))}


def differs(written: Mapping[str, Any], seen: Mapping[str, Any]) -> bool:
    """Return whether a card is no longer what we wrote; what we left as it was does not count."""
    if written["lines"] != seen["lines"]:
        return True
    single = ("position", "corp_name", "channels")
    return any(written[name] is not None and (written[name] or "") != seen[name] for name in single)
