"""Welcome messages (marketing.md §4)."""

import json
import sqlite3
from typing import Any

from wecom_sandbox.call import BAD_PARAMETER, Call
from wecom_sandbox.endpoints import Access, endpoint
from wecom_sandbox.errors import WeComError
from wecom_sandbox.marketing import attachments

MOST_TEXT_BYTES = 4000
NICKNAME = "%NICKNAME%"


@endpoint(
    "POST", "externalcontact/send_welcome_msg", doc="92137", access=Access.APP,
    rules="20 s by the clock (41050), once and not into a running chat (41051); text 4,000 bytes (45002), 9 attachments",
)  # fmt: skip
def send_welcome_msg(call: Call) -> dict[str, Any]:
    """Send the one welcome a code allows."""
    sandbox = call.sandbox
    code = call.need_text("welcome_code", BAD_PARAMETER)
    text = str(call.section("text").get("content", ""))
    items = attachments.check(sandbox, call.body.get("attachments"))
    if not text and not items:
        raise WeComError(40063, "text and attachments")
    if len(text.encode()) > MOST_TEXT_BYTES:
        raise WeComError(45002)
    row = sandbox.store.row("SELECT * FROM welcomes WHERE welcome_code = ?", code)
    if row is None:
        raise WeComError(41050)
    if row["sent_at"] is not None:
        raise WeComError(41051)
    if row["expires_at"] < sandbox.clock.now():
        raise WeComError(41050)
    other_sent = sandbox.store.value(
        "SELECT 1 FROM welcomes WHERE relation_id = ? AND sent_at IS NOT NULL", row["relation_id"]
    )
    if other_sent or _has_talked(call, row):
        raise WeComError(41051)
    # WeCom puts the customer's nickname where the placeholder stands (marketing.md §4, not confirmed).
    text = text.replace(NICKNAME, _nickname(call, row["relation_id"]))
    content = json.dumps({"text": text, "attachments": items}, ensure_ascii=False)
    sandbox.store.run(
        "UPDATE welcomes SET sent_at = ?, content = ? WHERE welcome_code = ?",
        sandbox.clock.now(), content, code,
    )  # fmt: skip
    return {}


def _has_talked(call: Call, row: sqlite3.Row) -> bool:
    """Whether one of the two has written since the code was issued: no welcome goes into a running chat."""
    return bool(
        call.sandbox.store.value(
            "SELECT 1 FROM chats WHERE userid = ? AND external_userid = ? AND at >= ?",
            row["userid"], row["external_userid"], row["issued_at"],
        )
    )  # fmt: skip


def _nickname(call: Call, relation_id: int) -> str:
    person_id = call.sandbox.store.value(
        "SELECT person_id FROM relations WHERE id = ?", relation_id
    )
    person = call.sandbox.people.get(str(person_id))
    return person.name if person else ""
