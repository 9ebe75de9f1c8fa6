"""What is said on the phones, as the archive keeps it, and the archive's control calls."""

import base64
from typing import Any

from wecom_sandbox import due
from wecom_sandbox.apps import media_store
from wecom_sandbox.archive import archive, archive_kinds
from wecom_sandbox.contacts import members
from wecom_sandbox.controls import Body, control, need_person
from wecom_sandbox.customers import happenings
from wecom_sandbox.errors import NotPossibleError, WeComError
from wecom_sandbox.groups import groups
from wecom_sandbox.sandbox import Sandbox

_MEDIA = ("image", "voice", "video", "file")
_BYTES_PER_SECOND = 1_000
Section = dict[str, Any]


@happenings.when("said")
def keep_chat(sandbox: Sandbox, *, row: dict[str, Any]) -> None:
    """Keep a message between a member and a customer, when the customer agreed."""
    userid, customer = str(row["userid"]), str(row["external_userid"])
    decided = archive.consent(sandbox, customer, userid)
    if (
        not archive.is_kept(sandbox, userid)
        or decided is None
        or decided["status"] != archive.AGREE
    ):
        return
    sender, receiver = (userid, customer) if row["sender"] == "member" else (customer, userid)
    msgtype, parts = as_kept(sandbox, row["content"])
    archive.record(sandbox, msgtype, sender, [receiver], parts, chat_id=row["id"])


@happenings.when("said_in_group")
def keep_group_chat(sandbox: Sandbox, *, row: dict[str, Any]) -> None:
    """Keep a message of a customer group; a customer's own only when that customer agreed."""
    room, sender = str(row["chat_id"]), str(row["userid"])
    if row["type"] == groups.CUSTOMER:
        decided = archive.consent(sandbox, sender, room=room)
        if decided is None or decided["status"] != archive.AGREE:
            return
    names = [str(one["userid"]) for one in groups.present(sandbox.store, room)]
    keep_in_room(sandbox, room, sender, names, row["content"])


def keep_in_room(
    sandbox: Sandbox, room: str, sender: str, names: list[str], content: dict[str, Any]
) -> None:
    """Keep a message of a group when the archive follows somebody in it.

    Args:
        sandbox: the corp.
        room: the group's id.
        sender: who wrote.
        names: everybody in the group.
        content: the message as chats hold it.
    """
    if not any(archive.is_kept(sandbox, name) for name in names):
        return
    msgtype, parts = as_kept(sandbox, content)
    receivers = [name for name in names if name != sender]
    archive.record(sandbox, msgtype, sender, receivers, parts, room=room)


def as_kept(sandbox: Sandbox, content: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """A message of a chat in the archive's words: its msgtype and the section of that name."""
    kind = str(content["msgtype"])
    section: Section = content[kind]
    if kind in _MEDIA:
        return kind, _file(sandbox, kind, section)
    if kind == "news":
        link = {
            "title": section["title"], "description": section.get("desc", ""),
            "link_url": section["link"], "image_url": section.get("imgUrl", ""),
        }  # fmt: skip
        return "link", {"link": link}
    if kind == "miniprogram":
        weapp = {
            "title": section["title"], "description": section.get("title", ""),
            "username": f"{section['appid']}@app", "displayname": section["title"],
        }  # fmt: skip
        return "weapp", {"weapp": weapp}
    return kind, {kind: section}


@control("POST", "archive")
def set_archive(sandbox: Sandbox, body: Body) -> Any:
    """Buy the archive and set it up: {members: {userid: edition}, public_key, robots: [{robot_id, name, creator_userid}]}."""
    with sandbox.store.transaction():
        editions = {
            str(members.need(sandbox.store, userid)["userid"]): int(edition)
            for userid, edition in body.get("members", {}).items()
        }
        archive.set_members(sandbox, editions)
        version = (
            archive.add_key(sandbox, str(body["public_key"])) if "public_key" in body else None
        )
        for robot in body.get("robots", []):
            sandbox.store.insert(
                "archive_robots", robot_id=str(robot["robot_id"]), name=str(robot["name"]),
                creator_userid=str(robot["creator_userid"]),
            )  # fmt: skip
    return {"members": archive.permitted(sandbox), "publickey_ver": version}


@control("POST", "archive_consent")
def set_consent(sandbox: Sandbox, body: Body) -> Any:
    """A customer decides about the archive: {userid, person_id, agree}."""
    person = need_person(sandbox, body["person_id"])
    row = members.need(sandbox.store, str(body["userid"]))
    archive.decide(sandbox, row["userid"], person.id, agree=bool(body["agree"]))
    return {"ok": True}


@control("POST", "archive_message")
def say_anything(sandbox: Sandbox, body: Body) -> Any:
    """A message no phone page makes: {userid, person_id, msgtype, fields, sender, file, call_id} or {switch: userid}.

    ``fields`` are those of the kind (archive_kinds.py); ``file`` is base64.
    """
    with sandbox.store.transaction():
        if "switch" in body:
            archive.record_switch(sandbox, str(body["switch"]))
            return {"msgid": None}
        person = need_person(sandbox, body["person_id"])
        userid = str(members.need(sandbox.store, str(body["userid"]))["userid"])
        decided = archive.consent(sandbox, person.external_userid, userid)
        if decided is None or decided["status"] != archive.AGREE:
            raise NotPossibleError("this customer did not agree that the chat is kept")
        ends = (userid, person.external_userid)
        sender, receiver = ends if body.get("sender", "member") == "member" else ends[::-1]
        msgtype, content = str(body["msgtype"]), base64.b64decode(str(body.get("file", "")))
        parts = archive_kinds.parts(
            sandbox, msgtype, dict(body["fields"]), content, str(body.get("call_id", ""))
        )
        return {"msgid": archive.record(sandbox, msgtype, sender, [receiver], parts)}


@control("POST", "archive_recall")
def recall(sandbox: Sandbox, body: Body) -> Any:
    """The sender takes back a message of the archive: {msgid}."""
    with sandbox.store.transaction():
        before = archive.message(sandbox, str(body["msgid"]))
        if before is None:
            raise NotPossibleError("the archive has no such message")
        msgid = archive.record(
            sandbox, "revoke", before["from"], before["tolist"],
            {"revoke": {"pre_msgid": before["msgid"]}}, room=before["roomid"], action="recall",
        )  # fmt: skip
    return {"msgid": msgid}


@control("POST", "settle")
def settle(sandbox: Sandbox, body: Body) -> Any:
    """Do what is due by the clock, as the program does every second."""
    due.settle(sandbox)
    return {"now": sandbox.clock.now()}


def _file(sandbox: Sandbox, kind: str, section: Section) -> dict[str, Any]:
    try:
        row = media_store.need(sandbox, str(section.get("mediaid") or section.get("media_id")))
        body, filename = bytes(row["body"]), str(row["filename"])
    except WeComError:
        # The phone's own pictures are no uploads of the app.
        body, filename = b"", f"{kind}.bin"
    fields: Section = {}
    if kind in ("voice", "video"):
        fields = {"play_length": max(1, len(body) // _BYTES_PER_SECOND)}
    if kind == "file":
        fields = {"filename": filename, "fileext": filename.rpartition(".")[2]}
    return archive_kinds.parts(sandbox, kind, fields, body)
