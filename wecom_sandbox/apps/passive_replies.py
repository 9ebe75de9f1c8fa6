"""What an app answers a callback with: a message to the member who wrote, or another face of a card (doc 90241).

WeCom takes such an answer only when it is enciphered and signed like a callback; it says nothing about
one it does not take, so the ledger ``replies`` does.
"""

import json
import re
import secrets
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

from wecom_sandbox import crypto, ledger
from wecom_sandbox.apps import message_checks, template_cards
from wecom_sandbox.defaults import CORP_ID, AppConfig, app_named
from wecom_sandbox.errors import WeComError
from wecom_sandbox.sandbox import Sandbox

_NUMBERS = frozenset({"type", "style", "mode", "quote_area_type", "is_checked", "disable"})
Reply = ET.Element


class NotTakenError(Exception):
    """The answer is no reply WeCom would take; the text says why."""


def take(sandbox: Sandbox, callback_id: int, answer: str) -> None:
    """Do what the answer to a callback asks for, once per callback, and write down how it went."""
    if "<Encrypt>" not in answer:
        return
    with sandbox.store.transaction():
        row = sandbox.store.row("SELECT app, xml FROM callbacks WHERE id = ?", callback_id)
        if row is None or sandbox.store.value("SELECT 1 FROM passive_replies WHERE callback_id = ? AND outcome = 'taken'", callback_id):  # fmt: skip
            return
        app, msgtype, outcome = app_named(row["app"]), "", "taken"
        try:
            if app is None:
                raise NotTakenError("no such app")
            reply = _opened(app, answer)
            msgtype = reply.findtext("MsgType") or ""
            _do(sandbox, app, ET.fromstring(row["xml"]), msgtype, reply)  # noqa: S314 - our own event
        except NotTakenError as error:
            outcome = str(error)
        except WeComError as error:
            outcome = error.text()
        sandbox.store.insert(
            "passive_replies", callback_id=callback_id, at=sandbox.clock.now(), msgtype=msgtype, outcome=outcome
        )  # fmt: skip


@ledger.reader("replies")
def _replies(sandbox: Sandbox) -> ledger.Rows:
    return [dict(row) for row in sandbox.store.rows("SELECT * FROM passive_replies ORDER BY id")]


def _opened(app: AppConfig, answer: str) -> Reply:
    outer = _parsed(answer)
    parts = [outer.findtext(name) or "" for name in ("TimeStamp", "Nonce", "Encrypt")]
    if outer.findtext("MsgSignature") != crypto.signature(app.token, *parts):
        raise NotTakenError("wrong MsgSignature")
    try:
        plain = crypto.decrypt(parts[2], app.aes_key, CORP_ID)
    except ValueError as error:
        raise NotTakenError(f"cannot be deciphered: {error}") from None
    return _parsed(plain.decode("utf-8", "replace"))


def _parsed(text: str) -> Reply:
    if "<!DOCTYPE" in text:
        raise NotTakenError("no XML that WeCom takes")
    try:
        return ET.fromstring(text)  # noqa: S314 - without a DOCTYPE there are no entities to expand
    except ET.ParseError:
        raise NotTakenError("no XML") from None


def _do(sandbox: Sandbox, app: AppConfig, event: Reply, msgtype: str, reply: Reply) -> None:
    userid = event.findtext("FromUserName") or ""
    if sandbox.store.value("SELECT 1 FROM members WHERE userid = ?", userid) is None:
        raise NotTakenError("nobody wrote who could be answered")
    if msgtype in ("update_button", "update_template_card"):
        _change_card(sandbox, app, event, userid, reply)
        return
    read = _MESSAGES.get(msgtype)
    if read is None:
        raise NotTakenError("MsgType must be text, image, voice, video, news, update_button or update_template_card")  # fmt: skip
    content = message_checks.check(sandbox, msgtype, read(reply))
    message_id = sandbox.store.insert(
        "messages", msgid=secrets.token_urlsafe(40), agentid=app.agent_id, msgtype=msgtype,
        content=json.dumps(content, ensure_ascii=False), at=sandbox.clock.now(),
    )  # fmt: skip
    sandbox.store.insert(
        "message_recipients", message_id=message_id, userid=userid, at=sandbox.clock.now(),
        agentid=app.agent_id,
    )  # fmt: skip


def _change_card(sandbox: Sandbox, app: AppConfig, event: Reply, userid: str, reply: Reply) -> None:
    card, button = None, reply.findtext("Button/ReplaceName") or ""
    given = reply.find("TemplateCard")
    if given is not None:
        told = _plain(given)
        card = template_cards.check(sandbox, told)
        button = str(told.get("replace_text") or "")
    elif not button:
        raise NotTakenError("Button/ReplaceName or TemplateCard needed")
    row = template_cards.redeem(sandbox, event.findtext("ResponseCode") or "", app.agent_id)
    template_cards.replace(sandbox, row["id"], [userid], button=button, card=card)


def _plain(element: Reply) -> dict[str, Any]:
    """The XML of a card as message/send has it in JSON: ``ButtonList`` is ``button_list``, always a list."""
    found: dict[str, Any] = {}
    for child in element:
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", child.tag).lower()
        value: Any = _plain(child) if len(child) else (child.text or "")
        if name in _NUMBERS and isinstance(value, str) and value.isdecimal():
            value = int(value)
        if name.endswith("_list"):
            found.setdefault(name, []).append(value)
        else:
            found[name] = value
    return found


def _media(kind: str) -> Callable[[Reply], dict[str, Any]]:
    def read(reply: Reply) -> dict[str, Any]:
        names = {"media_id": "MediaId", "title": "Title", "description": "Description"}
        told = {name: reply.findtext(f"{kind}/{tag}") for name, tag in names.items()}
        return {name: value for name, value in told.items() if value is not None}

    return read


def _news(reply: Reply) -> dict[str, Any]:
    names = {"title": "Title", "description": "Description", "url": "Url", "picurl": "PicUrl"}
    items = reply.findall("Articles/item")
    return {"articles": [{name: one.findtext(tag) or "" for name, tag in names.items()} for one in items]}  # fmt: skip


_MESSAGES: dict[str, Callable[[Reply], dict[str, Any]]] = {
    "text": lambda reply: {"content": reply.findtext("Content") or ""},
    "image": _media("Image"),
    "voice": _media("Voice"),
    "video": _media("Video"),
    "news": _news,
}
