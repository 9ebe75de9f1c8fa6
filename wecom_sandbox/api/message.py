"""App messages to members: send, take back, count (messaging-media.md §1)."""

import json
import secrets
from typing import Any

from wecom_sandbox.apps import agents, message_checks, receivers, template_cards
from wecom_sandbox.call import BAD_PARAMETER, Call
from wecom_sandbox.china_time import DAY, day_start
from wecom_sandbox.endpoints import Access, endpoint
from wecom_sandbox.errors import WeComError

_PER_MEMBER = ((60, 30), (3600, 1000))
_PER_ACCOUNT_A_DAY = 200
_RECALL_SECONDS = 86400
_MOST_APART = 4 * 3600


@endpoint(
    "POST", "message/send", doc="90236", access=Access.APP,
    rules="41011 40056 40008 44004 40007 40032 82001-82003 81013; invalid ones named; limits of every type and card; "
    ">30 a minute or >1,000 an hour per member dropped; day limit 45009; duplicate check",
)  # fmt: skip
def send(call: Call) -> dict[str, Any]:
    """Send one message to members; unknown receivers come back as invalid."""
    check_agent(call)
    msgtype = call.text("msgtype")
    if msgtype not in message_checks.TYPES:
        raise WeComError(40008)
    safe = message_checks.check_flags(call.body)
    content = message_checks.check(call.sandbox, msgtype, call.body.get(msgtype))
    found = receivers.read(call)
    _check_day(call, len(found.userids))
    duplicate = call.flag("enable_duplicate_check", default=False) and _seen_before(call, content)
    msgid = secrets.token_urlsafe(40)
    message_id = call.sandbox.store.insert(
        "messages", msgid=msgid, agentid=call.caller.agent_id, msgtype=msgtype, safe=safe,
        content=json.dumps(content, ensure_ascii=False), at=call.sandbox.clock.now(),
        task_id=str(content.get("task_id") or ""),
    )  # fmt: skip
    for userid in found.userids:
        dropped = "duplicate" if duplicate else _over_limit(call, userid)
        call.sandbox.store.insert(
            "message_recipients", message_id=message_id, userid=userid, dropped=dropped,
            at=call.sandbox.clock.now(), agentid=call.caller.agent_id,
        )  # fmt: skip
    asked = msgtype == "template_card" and template_cards.can_be_answered(content)
    return {
        "invaliduser": "|".join(found.invalid_users),
        "invalidparty": "|".join(found.invalid_parties),
        "invalidtag": "|".join(found.invalid_tags),
        "unlicenseduser": "",
        "msgid": msgid,
        "response_code": template_cards.issue_code(call.sandbox, message_id) if asked else "",
    }


@endpoint(
    "POST", "message/recall", doc="94867", access=Access.APP,
    rules="24 hours; 40058 for an msgid that is unknown, older or of another app",
)  # fmt: skip
def recall(call: Call) -> dict[str, Any]:
    """Take a message back within a day."""
    changed = call.sandbox.store.run(
        "UPDATE messages SET recalled = 1 WHERE msgid = ? AND at > ? AND agentid = ?",
        call.need_text("msgid"), call.sandbox.clock.now() - _RECALL_SECONDS, call.caller.agent_id,
    )  # fmt: skip
    if not changed:
        raise WeComError(BAD_PARAMETER, "invalid msgid")
    return {}


@endpoint(
    "POST", "message/get_statistics", doc="92369", access=Access.APP,
    rules="time_type 0 today, 1 yesterday; counts what reached members",
)  # fmt: skip
def get_statistics(call: Call) -> dict[str, Any]:
    """How many receivers each app's messages reached in a day."""
    begin = day_start(call.sandbox.clock.now()) - DAY * call.number("time_type", 0, most=1)
    counts = []
    for app in agents.self_built():
        count = _reached(call, app.agent_id, begin, begin + DAY)
        if count:
            name = agents.card(call.sandbox, app)["name"]
            counts.append({"agentid": app.agent_id, "app_name": name, "count": count})
    counts.sort(key=lambda one: -int(one["count"]))
    return {"statistics": counts}


def check_agent(call: Call) -> None:
    """41011 without agentid, 40056 for another app's."""
    if call.body.get("agentid") is None:
        raise WeComError(41011)
    if call.number("agentid", 0) != call.caller.agent_id:
        raise WeComError(40056)


def _reached(call: Call, agent_id: int, begin: float, end: float) -> int:
    return int(
        call.sandbox.store.value(
            "SELECT COUNT(*) FROM message_recipients WHERE agentid = ? AND at >= ? AND at < ? AND dropped = ''",
            agent_id, begin, end,
        )
    )  # fmt: skip


def _check_day(call: Call, more: int) -> None:
    """An app reaches at most 200 times the corp's accounts in a day (doc 90454)."""
    begin = day_start(call.sandbox.clock.now())
    accounts = int(call.sandbox.store.value("SELECT COUNT(*) FROM members"))
    reached = _reached(call, call.caller.agent_id, begin, begin + DAY)
    if reached + more > accounts * _PER_ACCOUNT_A_DAY:
        raise WeComError(45009)


def _seen_before(call: Call, content: dict[str, Any]) -> bool:
    interval = call.number("duplicate_check_interval", 1800, most=_MOST_APART)
    return bool(
        call.sandbox.store.value(
            "SELECT 1 FROM messages WHERE content = ? AND at > ? AND agentid = ?",
            json.dumps(content, ensure_ascii=False), call.sandbox.clock.now() - interval,
            call.caller.agent_id,
        )
    )  # fmt: skip


def _over_limit(call: Call, userid: str) -> str:
    for seconds, most in _PER_MEMBER:
        recent = call.sandbox.store.value(
            "SELECT COUNT(*) FROM message_recipients WHERE userid = ? AND agentid = ? AND dropped = '' AND at > ?",
            userid, call.caller.agent_id, call.sandbox.clock.now() - seconds,
        )  # fmt: skip
        if recent >= most:
            return "rate"
    return ""
