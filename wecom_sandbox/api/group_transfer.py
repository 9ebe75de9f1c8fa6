"""Customer groups get another owner (groups.md §4)."""

from collections.abc import Callable
from typing import Any

from wecom_sandbox import due
from wecom_sandbox.call import BAD_PARAMETER, Call
from wecom_sandbox.endpoints import Access, endpoint
from wecom_sandbox.errors import TEXTS, WeComError
from wecom_sandbox.groups import group_transfers

_MOST_CHATS = 100


@endpoint(
    "POST", "externalcontact/groupchat/transfer", doc="92127", access=Access.APP,
    rules="owner left: 90500 90501 90507 90508 each; 300 a day; new owner 60111 60011 41054 40098 84074",
)  # fmt: skip
def transfer(call: Call) -> dict[str, Any]:
    """Give the groups of members who left to another member."""
    return _each(call, group_transfers.begin)


@endpoint(
    "POST", "externalcontact/groupchat/onjob_transfer", doc="95703", access=Access.APP,
    rules="owner stays: 90501 90502 90508 each; twice in 90 days (40128); 300 a day",
)  # fmt: skip
def onjob_transfer(call: Call) -> dict[str, Any]:
    """Give groups of a member who stays to another one."""
    return _each(call, group_transfers.move)


def _each(call: Call, act: Callable[..., int]) -> dict[str, Any]:
    due.settle(call.sandbox)
    chat_ids = list(dict.fromkeys(call.texts("chat_id_list")))
    if not 1 <= len(chat_ids) <= _MOST_CHATS:
        raise WeComError(BAD_PARAMETER, f"chat_id_list takes 1 to {_MOST_CHATS} groups")
    new_owner = group_transfers.check_new_owner(
        call.sandbox, call.need_text("new_owner"), call.caller
    )
    failed = []
    for chat_id in chat_ids:
        code = act(call.sandbox, chat_id, new_owner, call.caller)
        if code:
            failed.append({"chat_id": chat_id, "errcode": code, "errmsg": TEXTS[code]})
    return {"failed_chat_list": failed}
