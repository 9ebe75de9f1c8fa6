"""What members and customers write to each other, and the app's pages in the members' client.

A server has no API to write into a chat; the client does it, by its person or by a page's JS-SDK
(sendChatMessage, oauth-jssdk.md §6). So only the phone and the control API come here.
"""

import json
from typing import Any

from wecom_sandbox.contacts import members
from wecom_sandbox.controls import control
from wecom_sandbox.customers import follows, happenings, relations
from wecom_sandbox.errors import NotPossibleError
from wecom_sandbox.marketing import intercepts
from wecom_sandbox.sandbox import Sandbox

MEMBER, CUSTOMER = "member", "customer"
# Message type: what it cannot be without.
_NEEDED: dict[str, tuple[str, ...]] = {
    "text": ("content",),
    "news": ("link", "title"),
    "miniprogram": ("appid", "title", "page"),
    "image": ("mediaid",),
    "video": ("mediaid",),
    "file": ("mediaid",),
}
_MOST_TEXT = 4000


def say(
    sandbox: Sandbox, userid: str, person_id: str, message: dict[str, Any], *, sender: str = MEMBER
) -> dict[str, Any]:
    """Put one message into the chat of a pair; the stored row.

    Args:
        sandbox: the corp.
        userid: the member.
        person_id: the customer.
        message: as `sendChatMessage` takes it: `msgtype` and the section of that name.
        sender: ``member`` or ``customer``.

    Raises:
        NotPossibleError: they are no contacts.
        ValueError: the message or the sender is none.
    """
    if sender not in (MEMBER, CUSTOMER):
        raise ValueError("sender must be member or customer")
    content = checked(message)
    relation = relations.open_relation(sandbox, userid, person_id)
    if relation is None or relation["status"] != "active":
        raise NotPossibleError("they are no contacts, so nothing can be sent")
    if sender == MEMBER:
        # Before the transaction: a message that is blocked leaves its mark all the same.
        intercepts.check(sandbox, relation["userid"], content, person_id)
    with sandbox.store.transaction():
        return put(sandbox, relation, content, sender=sender)


def put(
    sandbox: Sandbox, relation: follows.Row, content: dict[str, Any], *, sender: str
) -> dict[str, Any]:
    """Store one checked message in the chat of a relation, and tell who listens; the stored row."""
    values = {
        "userid": relation["userid"], "person_id": relation["person_id"],
        "external_userid": relation["external_userid"], "sender": sender,
        "at": sandbox.clock.now(),
    }  # fmt: skip
    stored = json.dumps(content, ensure_ascii=False)
    number = sandbox.store.insert("chats", **values, content=stored)
    row = {"id": number, **values, "content": content}
    happenings.tell("said", sandbox, row=row)
    return row


def checked(message: object) -> dict[str, Any]:
    """The message with its type and section only; ValueError names what is missing."""
    if not isinstance(message, dict) or message.get("msgtype") not in _NEEDED:
        raise ValueError("message.msgtype must be one of " + ", ".join(_NEEDED))
    kind = str(message["msgtype"])
    section = message.get(kind)
    if not isinstance(section, dict):
        raise ValueError(f"message.{kind} missing")
    for name in _NEEDED[kind]:
        if not str(section.get(name) or "").strip():
            raise ValueError(f"message.{kind}.{name} missing")
    if kind == "text" and len(section["content"]) > _MOST_TEXT:
        raise ValueError(f"message.text.content longer than {_MOST_TEXT}")
    link = str(section.get("link") or "https://")
    if not link.startswith(("https://", "http://")):
        raise ValueError("message.news.link must be a web address")
    return {"msgtype": kind, kind: section}


def between(sandbox: Sandbox, userid: str, person_id: str) -> list[dict[str, Any]]:
    """What the two wrote, oldest first."""
    rows = sandbox.store.rows(
        "SELECT * FROM chats WHERE userid = ? AND person_id = ? ORDER BY id", userid, person_id
    )
    return [dict(row) | {"content": json.loads(row["content"])} for row in rows]


def words(content: dict[str, Any]) -> str:
    """A message in one line, for lists of chats."""
    section = content[content["msgtype"]]
    return str(section.get("content") or section.get("title") or f"[{content['msgtype']}]")


@control("POST", "app_pages")
def set_app_pages(sandbox: Sandbox, body: dict[str, Any]) -> Any:
    """Keep the app's first page and the pages of the chat tool bar, as an administrator enters them.

    ``{external_userid}`` in an address stands for the customer of the chat. ValueError for what is no web address.
    """
    tools = [
        {"name": str(one["name"]), "url": str(one["url"])} for one in body.get("chat_tools", [])
    ]
    home = str(body.get("home", ""))
    for url in [home, *(tool["url"] for tool in tools)]:
        if url and not url.startswith(("https://", "http://")):
            raise ValueError(f"{url} is no web address")
    kept = {"home": home, "chat_tools": tools}
    sandbox.store.set_meta("app_pages", kept)
    return kept


def app_pages(sandbox: Sandbox, external_userid: str = "") -> dict[str, Any]:
    """The app's pages for the chat with one customer."""
    kept = sandbox.store.get_meta("app_pages", {"home": "", "chat_tools": []})
    tools = [
        tool | {"url": tool["url"].replace("{external_userid}", external_userid)}
        for tool in kept["chat_tools"]
    ]
    return {"home": kept["home"], "chat_tools": tools}


@control("POST", "chat")
def control_say(sandbox: Sandbox, body: dict[str, Any]) -> Any:
    """Control API `chat`: {userid, person_id or external_userid, message, sender}."""
    row = members.need(sandbox.store, str(body["userid"]))
    person_id = body.get("person_id")
    if not person_id:
        past = follows.history(sandbox.store, str(body["external_userid"]))
        person_id = past[-1]["person_id"] if past else None
    if not person_id:
        raise NotPossibleError("nobody of that external_userid has added a member")
    return say(
        sandbox, row["userid"], str(person_id), body["message"], sender=body.get("sender", MEMBER)
    )
