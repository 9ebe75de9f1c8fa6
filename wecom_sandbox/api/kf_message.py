"""Reading and answering customers of 微信客服 (messaging-media.md §6)."""

from typing import Any

from wecom_sandbox import due
from wecom_sandbox.call import Call
from wecom_sandbox.endpoints import Access, endpoint
from wecom_sandbox.errors import WeComError
from wecom_sandbox.kf import kf_accounts, kf_messages, kf_sending, kf_sessions

_MOST_PAGE = 1000
_WITHOUT_TOKEN, _WRONG_TOKEN = 10, 10


@endpoint(
    "POST", "kf/sync_msg", doc="94670", access=Access.APP,
    rules="token of an event, 10 minutes (95007); without one 10 a minute (45009); 10 wrong ones block; limit 1,000; 3 days",
)  # fmt: skip
def sync_msg(call: Call) -> dict[str, Any]:
    """Messages and events of the accounts, oldest first, from a place on."""
    sandbox, open_kfid = call.sandbox, call.text("open_kfid")
    due.settle(sandbox)
    limit = call.number("limit", _MOST_PAGE, least=1, most=_MOST_PAGE)
    call.number("voice_format", 0, most=1)
    cursor = call.text("cursor")
    position = kf_messages.position_of(cursor) if cursor else 0
    _check_token(call)
    if open_kfid:
        kf_accounts.need(sandbox.store, open_kfid, managed=False)
    if sandbox.behaviour.short_pages:
        limit = max(1, limit // 2)
    rows, more = kf_messages.page(sandbox, open_kfid, position, limit)
    last = rows[-1]["serial"] if rows else position
    return {
        "next_cursor": kf_messages.cursor_of(last),
        "has_more": int(more),
        "msg_list": [kf_messages.shown(row) for row in rows],
    }


@endpoint(
    "POST", "kf/send_msg", doc="94677", access=Access.APP,
    rules="95004 301002; 40096; 95013 95018 state; 48 hours (95002), 5 messages (95001); 40008 44004 40007 95008 95009",
)  # fmt: skip
def send_msg(call: Call) -> dict[str, Any]:
    """Write to a customer who wrote."""
    sandbox = call.sandbox
    due.settle(sandbox)
    row = kf_accounts.need(sandbox.store, call.need_text("open_kfid"))
    customer = call.need_text("touser")
    if kf_sessions.last_visit(sandbox.store, customer) is None:
        raise WeComError(40096)
    msgtype = call.text("msgtype")
    content = kf_sending.check(sandbox, msgtype, call.body.get(msgtype))
    msgid = kf_sending.check_msgid(sandbox, call.text("msgid"))
    session = kf_sessions.current(sandbox.store, row["open_kfid"], customer)
    return {"msgid": kf_sending.send(sandbox, session, msgtype, content, msgid)}


@endpoint(
    "POST", "kf/send_msg_on_event", doc="95122", access=Access.APP,
    rules="code 20 s, once (40058); text or msgmenu (40008)",
)  # fmt: skip
def send_msg_on_event(call: Call) -> dict[str, Any]:
    """Answer an event that carried a code."""
    sandbox, code, msgtype = call.sandbox, call.need_text("code"), call.text("msgtype")
    content = kf_sending.check(sandbox, msgtype, call.body.get(msgtype), kf_sending.EVENT_TYPES)
    msgid = kf_sending.check_msgid(sandbox, call.text("msgid"))
    return {"msgid": kf_sending.send_on_event(sandbox, code, msgtype, content, msgid)}


def _check_token(call: Call) -> None:
    rates, name = call.sandbox.rates, call.caller.name
    token = call.text("token")
    if not token:
        rates.count(f"kf/sync_msg:no token:{name}", _WITHOUT_TOKEN, 60.0)
        return
    rates.refuse_blocked(f"kf/sync_msg:wrong token:{name}")
    try:
        kf_messages.check_token(call.sandbox, token)
    except WeComError:
        rates.count(f"kf/sync_msg:wrong token:{name}", _WRONG_TOKEN - 1, 60.0)
        raise
