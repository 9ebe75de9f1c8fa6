"""会话内容存档: whose chats are kept, who agreed, and the messages as the archive holds them (archive.md).

Nothing is kept before an administrator gave members an edition and a public key, and nothing of a
customer before that customer agreed.
"""

import hashlib
import json
import secrets
import sqlite3
from typing import Any

from wecom_sandbox import due
from wecom_sandbox.archive.archive_crypto import check_public_key
from wecom_sandbox.customers import relations
from wecom_sandbox.defaults import app_named
from wecom_sandbox.errors import NotPossibleError, WeComError
from wecom_sandbox.sandbox import Sandbox

EDITIONS = {1: "office", 2: "service", 3: "enterprise"}
KEPT_SECONDS = 5 * 86_400
NOTIFY_SECONDS = 15
APP = "archive"
AGREE, DISAGREE = "Agree", "Disagree"


def set_members(sandbox: Sandbox, editions: dict[str, int]) -> None:
    """Buy these members an edition, as an administrator does; 0 takes it away. ValueError for another one."""
    for userid, edition in editions.items():
        if edition not in (0, *EDITIONS):
            raise ValueError("an edition is 1 (office), 2 (service), 3 (enterprise) or 0 for none")
        sandbox.store.run("DELETE FROM archive_members WHERE userid = ?", userid)
        if edition:
            sandbox.store.insert("archive_members", userid=userid, edition=edition)


def add_key(sandbox: Sandbox, public_key: str) -> int:
    """Upload a public key in the console; its version, one more at each change. ValueError when it is none."""
    check_public_key(public_key)
    return sandbox.store.insert("archive_keys", public_key=public_key, at=sandbox.clock.now())


def is_open(sandbox: Sandbox) -> bool:
    """Whether the corp has bought the archive."""
    return sandbox.store.value("SELECT 1 FROM archive_members LIMIT 1") is not None


def need_open(sandbox: Sandbox) -> None:
    """301053 when the corp has not bought the archive."""
    if not is_open(sandbox):
        raise WeComError(301053)


def permitted(sandbox: Sandbox, edition: int = 0) -> list[str]:
    """Members whose chats are kept; of one edition, or (0) of any."""
    rows = sandbox.store.rows(
        "SELECT userid FROM archive_members WHERE ? IN (0, edition) ORDER BY rowid", edition
    )
    return [str(row["userid"]) for row in rows]


def is_kept(sandbox: Sandbox, userid: str) -> bool:
    """Whether a member's chats are kept."""
    found = sandbox.store.value("SELECT 1 FROM archive_members WHERE userid = ?", userid)
    return found is not None


def consent(
    sandbox: Sandbox, external_userid: str, userid: str = "", room: str = ""
) -> sqlite3.Row | None:
    """What a customer decided about a member or, with ``room``, about a group; None before."""
    return sandbox.store.row(
        "SELECT * FROM archive_consents WHERE room = ? AND userid = ? AND external_userid = ?",
        room, userid, external_userid,
    )  # fmt: skip


def decide(sandbox: Sandbox, userid: str, person_id: str, *, agree: bool) -> None:
    """A customer agrees or not that the chat with a member is kept.

    The decision is a message of the archive; the first agreement raises msg_audit_approved with a
    WelcomeCode (callbacks.md §6).

    Raises:
        NotPossibleError: they are no contacts, or nothing is kept of this member.
    """
    with sandbox.store.transaction():
        relation = relations.open_relation(sandbox, userid, person_id)
        if relation is None or relation["status"] != "active":
            raise NotPossibleError("they are no contacts")
        if not is_kept(sandbox, userid):
            raise NotPossibleError("the chats of this member are not archived")
        member, customer = str(relation["userid"]), str(relation["external_userid"])
        before = consent(sandbox, customer, member)
        _keep_consent(sandbox, "", member, customer, agree=agree)
        _record_decision(sandbox, customer, [member], "", agree=agree)
        if agree and before is None:
            _approved(sandbox, relation)


def decide_room(
    sandbox: Sandbox, room: str, external_userid: str, receivers: list[str], *, agree: bool
) -> None:
    """A customer agrees or not that a customer group's chat is kept."""
    with sandbox.store.transaction():
        _keep_consent(sandbox, room, "", external_userid, agree=agree)
        _record_decision(sandbox, external_userid, receivers, room, agree=agree)


def record(
    sandbox: Sandbox, msgtype: str, sender: str, receivers: list[str], parts: dict[str, Any],
    *, room: str = "", action: str = "send", chat_id: int | None = None,
    at: float | None = None,
) -> str | None:  # fmt: skip
    """Keep one message; its msgid, or None while there is no key to keep it under.

    Args:
        sandbox: the corp.
        msgtype: text, image, revoke …
        sender: userid or external_userid.
        receivers: everybody else in the chat.
        parts: what comes beside the common fields: ``{"text": {…}}``.
        room: the group's id; empty for a single chat.
        action: send or recall.
        chat_id: the row of ``chats`` it comes from.
        at: when, by the sandbox's clock; now when left out.
    """
    now = sandbox.clock.now() if at is None else at
    outside = any(name.startswith(("wm", "wo")) for name in (sender, *receivers))
    msgid = f"{secrets.randbelow(2**64)}_{int(now)}{'_external' if outside else ''}"
    message = {
        "msgid": msgid, "action": action, "from": sender, "tolist": receivers, "roomid": room,
        "msgtime": int(now * 1000), "msgtype": msgtype, **parts,
    }  # fmt: skip
    return msgid if _store(sandbox, msgid, message, chat_id) else None


def record_switch(sandbox: Sandbox, userid: str) -> None:
    """A member switches to another corp of his: a record without msgtype."""
    msgid = f"{secrets.randbelow(2**64)}"
    at = int(sandbox.clock.now() * 1000)
    _store(sandbox, msgid, {"msgid": msgid, "action": "switch", "time": at, "user": userid}, None)


def keep_media(sandbox: Sandbox, body: bytes) -> dict[str, Any]:
    """Put a file aside; the fields that messages name it by."""
    digest = hashlib.md5(body, usedforsecurity=False).hexdigest()
    sdkfileid = secrets.token_urlsafe(120)
    sandbox.store.insert("archive_media", sdkfileid=sdkfileid, at=sandbox.clock.now(), body=body)
    return {"md5sum": digest, "filesize": len(body), "sdkfileid": sdkfileid}


def message(sandbox: Sandbox, msgid: str) -> dict[str, Any] | None:
    """A kept message, or None."""
    text = sandbox.store.value("SELECT content FROM archive_messages WHERE msgid = ?", msgid)
    found: dict[str, Any] | None = None if text is None else json.loads(text)
    return found


def pull(sandbox: Sandbox, seq: int, limit: int) -> list[sqlite3.Row]:
    """Messages after ``seq``, with the public key of each; what is older than five days is gone."""
    return sandbox.store.rows(
        "SELECT m.seq, m.msgid, m.version, m.content, k.public_key FROM archive_messages m "
        "JOIN archive_keys k ON k.version = m.version WHERE m.seq > ? AND m.at > ? ORDER BY m.seq LIMIT ?",
        seq, sandbox.clock.now() - KEPT_SECONDS, limit,
    )  # fmt: skip


@due.settles
def notify(sandbox: Sandbox) -> None:
    """Raise msgaudit_notify for what came since the last one, at most every 15 s (doc 95039)."""
    store, now = sandbox.store, sandbox.clock.now()
    told = store.get_meta("archive_told", {"seq": 0, "at": 0.0})
    newest = store.value("SELECT MAX(seq) FROM archive_messages") or 0
    if newest > told["seq"] and now - told["at"] >= NOTIFY_SECONDS:
        with store.transaction():
            store.set_meta("archive_told", {"seq": newest, "at": now})
            app = app_named(APP)
            agent_id = app.agent_id if app is not None else None
            sandbox.delivery.publish(APP, "msgaudit_notify", "", {"AgentID": agent_id})


def _keep_consent(
    sandbox: Sandbox, room: str, userid: str, external_userid: str, *, agree: bool
) -> None:
    sandbox.store.run(
        "INSERT OR REPLACE INTO archive_consents VALUES (?, ?, ?, ?, ?)",
        room, userid, external_userid, AGREE if agree else DISAGREE, sandbox.clock.seconds(),
    )  # fmt: skip


def _record_decision(
    sandbox: Sandbox, external_userid: str, receivers: list[str], room: str, *, agree: bool
) -> None:
    kind = "agree" if agree else "disagree"
    at = sandbox.clock.now()
    parts = {kind: {"userid": external_userid, f"{kind}_time": int(at * 1000)}}
    record(sandbox, kind, external_userid, receivers, parts, room=room, at=at)


def _approved(sandbox: Sandbox, relation: dict[str, Any]) -> None:
    userid, customer = str(relation["userid"]), str(relation["external_userid"])
    code = relations.issue_welcome(sandbox, relation["id"], userid, customer)
    sandbox.delivery.publish_customer(
        relations.EVENT, "msg_audit_approved",
        {"UserID": userid, "ExternalUserID": customer, "WelcomeCode": code},
    )  # fmt: skip


def _store(sandbox: Sandbox, msgid: str, message: dict[str, Any], chat_id: int | None) -> bool:
    version = sandbox.store.value("SELECT MAX(version) FROM archive_keys")
    if version is None or not is_open(sandbox):
        return False
    sandbox.store.insert(
        "archive_messages", msgid=msgid, at=sandbox.clock.now(), version=version, chat_id=chat_id,
        content=json.dumps(message, ensure_ascii=False),
    )  # fmt: skip
    notify(sandbox)
    return True
