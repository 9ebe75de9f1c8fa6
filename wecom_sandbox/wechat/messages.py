"""What an account and a person wrote to each other: replies, customer service, templates, own words."""

import json
import sqlite3
from typing import Any
from xml.etree import ElementTree as ET

from wecom_sandbox.customers.people import Person
from wecom_sandbox.sandbox import Sandbox
from wecom_sandbox.wechat import followers, identities, media, pushes
from wecom_sandbox.wechat.accounts import MINI, SERVICE, Account, settings_of
from wecom_sandbox.wechat.errors import WeChatError

CUSTOM_TYPES = ("text", "image", "voice", "news", "msgmenu", "miniprogrampage", "link")
_MOST_TEXT_BYTES = 2048
_REPLIES = ("text", "image", "voice", "video", "music", "news", "transfer_customer_service")


def keep(
    sandbox: Sandbox, account: Account, person: Person, kind: str, content: dict[str, Any], **more: Any
) -> int:  # fmt: skip
    """Store a message between an account and a person; its number.

    Args:
        sandbox: the sandbox.
        account: whose chat.
        person: whose chat.
        kind: ``said`` (by the person), ``reply``, ``custom``, ``template`` or ``subscribe``.
        content: the message as JSON.
        more: further columns.
    """
    return sandbox.store.insert(
        "wechat_messages", appid=account.appid, openid=identities.openid(sandbox, account, person),
        person_id=person.id, kind=kind, at=sandbox.clock.now(),
        content=json.dumps(content, ensure_ascii=False), **more,
    )  # fmt: skip


def say(sandbox: Sandbox, account: Account, person: Person, message: dict[str, Any]) -> int:
    """A person writes to an account: text, picture or place; the callback id.

    Args:
        sandbox: the sandbox.
        account: to whom.
        person: who.
        message: ``{"text": …}``, ``{"picture": url}`` or ``{"latitude": …, "longitude": …, "label": …}``.
    """
    with sandbox.store.transaction():
        openid = _reach(sandbox, account, person)
        msgid = 23_000_000_000_000_000 + sandbox.serial()
        keep(sandbox, account, person, "said", message, msgid=msgid)
        fields = {
            "MsgType": _type_of(message),
            **_fields(sandbox, account, message),
            "MsgId": msgid,
        }
        return pushes.publish(sandbox, account, openid, "", {"Event": None, **fields})


def _reach(sandbox: Sandbox, account: Account, person: Person) -> str:
    if account is SERVICE:
        return str(followers.acted(sandbox, person)["openid"])
    openid = identities.openid(sandbox, account, person)
    sandbox.store.set_meta(f"wechat.session.{openid}", {"at": sandbox.clock.now(), "answers": 0})
    return openid


def _type_of(message: dict[str, Any]) -> str:
    if "text" in message:
        return "text"
    return "image" if "picture" in message else "location"


def _fields(sandbox: Sandbox, account: Account, message: dict[str, Any]) -> dict[str, Any]:
    if message.get("text"):
        return {"Content": str(message["text"])}
    if message.get("picture"):
        media_id = media.keep(sandbox, account, "image", b"", "image/jpeg")
        return {"PicUrl": str(message["picture"]), "MediaId": media_id}
    if "latitude" in message and "longitude" in message:
        return {
            "Location_X": float(message["latitude"]), "Location_Y": float(message["longitude"]), "Scale": 16,
            "Label": str(message.get("label", "")),
        }  # fmt: skip
    raise ValueError("a message needs text, picture, or latitude and longitude")


def enter(sandbox: Sandbox, person: Person, session_from: str) -> int:
    """A person opens the mini program's customer service; the callback id."""
    with sandbox.store.transaction():
        openid = _reach(sandbox, MINI, person)
        fields = {"SessionFrom": session_from}
        return pushes.publish(sandbox, MINI, openid, "user_enter_tempsession", fields)


def send_custom(sandbox: Sandbox, account: Account, body: dict[str, Any]) -> None:
    """Customer service writes: within 48 hours after the person acted (45015), 20 messages (45047)."""
    openid, kind = body.get("touser"), body.get("msgtype")
    if not isinstance(openid, str) or not openid:
        raise WeChatError(40003)
    if kind not in CUSTOM_TYPES:
        raise WeChatError(40008)
    person = identities.need(sandbox, account, openid)
    _check_custom(sandbox, account, str(kind), body.get(str(kind)))
    _take_answer(sandbox, account, person, openid)
    keep(sandbox, account, person, "custom", {"msgtype": kind, str(kind): body[str(kind)]})


def _check_custom(sandbox: Sandbox, account: Account, kind: str, inner: Any) -> None:
    if not isinstance(inner, dict):
        raise WeChatError(47001)
    if kind == "text":
        content = inner.get("content")
        if not isinstance(content, str) or not content:
            raise WeChatError(44004)
        if len(content.encode()) > _MOST_TEXT_BYTES:
            raise WeChatError(45002)
    if kind in ("image", "voice"):
        media.need(sandbox, account, str(inner.get("media_id", "")))
    if kind == "news" and len(inner.get("articles") or ()) != 1:
        raise WeChatError(45002)


def _take_answer(sandbox: Sandbox, account: Account, person: Person, openid: str) -> None:
    settings = settings_of(sandbox, account)
    if account is SERVICE:
        row = followers.need(sandbox, openid)
        if row["black"]:
            raise WeChatError(43019)
        acted, answers = float(row["acted_at"]), int(row["answers"])
    else:
        session = sandbox.store.get_meta(f"wechat.session.{openid}", {"at": 0.0, "answers": 0})
        acted, answers = float(session["at"]), int(session["answers"])
    if sandbox.clock.now() - acted > settings.custom_seconds:
        raise WeChatError(45015)
    if answers >= settings.custom_most:
        raise WeChatError(45047)
    if account is SERVICE:
        sandbox.store.run(
            "UPDATE wechat_followers SET answers = answers + 1 WHERE person_id = ?", person.id
        )
    else:
        session = {"at": acted, "answers": answers + 1}
        sandbox.store.set_meta(f"wechat.session.{openid}", session)


def reply(sandbox: Sandbox, account: Account, openid: str, root: ET.Element) -> None:
    """A message in the answer to a callback; what WeChat would not take shows as out of service."""
    person = identities.by_openid(sandbox, account, openid)
    kind = (root.findtext("MsgType") or "").strip()
    if person is None or kind == "transfer_customer_service":
        return
    if kind not in _REPLIES:
        keep(sandbox, account, person, "reply", {"msgtype": "out_of_service"})
        return
    if kind == "text":
        inner: dict[str, Any] = {"content": root.findtext("Content") or ""}
    else:
        inner = {child.tag: (child.text or "").strip() for child in root.iter() if not len(child)}
    keep(sandbox, account, person, "reply", {"msgtype": kind, kind: inner})


def chat(sandbox: Sandbox, account: Account, person: Person) -> list[dict[str, Any]]:
    """Everything between an account and a person, oldest first."""
    rows = sandbox.store.rows(
        "SELECT * FROM wechat_messages WHERE person_id = ? AND appid = ? ORDER BY id",
        person.id, account.appid,
    )  # fmt: skip
    return [shown(row) for row in rows]


def shown(row: sqlite3.Row) -> dict[str, Any]:
    """A stored message with its content read."""
    return dict(row) | {"content": json.loads(row["content"])}
