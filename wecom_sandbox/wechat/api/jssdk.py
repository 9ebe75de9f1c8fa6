"""Tickets of the JS-SDK (wechat.md §8)."""

from typing import Any

from wecom_sandbox.wechat import tokens
from wecom_sandbox.wechat.call import Call
from wecom_sandbox.wechat.errors import WeChatError
from wecom_sandbox.wechat.registry import Access, endpoint

KINDS = ("jsapi", "wx_card")


@endpoint(
    "GET", "/cgi-bin/ticket/getticket", access=Access.SERVICE, doc="§8", day=1_000_000,
    rules="type jsapi or wx_card; one for two hours",
)  # fmt: skip
def getticket(call: Call) -> dict[str, Any]:
    """The account's ticket."""
    kind = call.query.get("type", "")
    if kind not in KINDS:
        raise WeChatError(40097)
    ticket, left = tokens.ticket(call.sandbox, call.caller, kind)
    return {"errcode": 0, "errmsg": "ok", "ticket": ticket, "expires_in": left}
