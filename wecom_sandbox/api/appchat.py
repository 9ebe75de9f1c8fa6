"""Internal groups of an app (messaging-media.md §2)."""

import json
from typing import Any

from wecom_sandbox.apps import appchats, message_checks
from wecom_sandbox.call import Call
from wecom_sandbox.endpoints import Access, endpoint
from wecom_sandbox.errors import WeComError

# Everything but notices of mini programs, task cards and template cards.
TYPES = ("text", "image", "voice", "video", "file", "textcard", "news", "mpnews", "markdown")


@endpoint(
    "POST", "appchat/create", doc="90245", access=Access.APP,
    rules="range must be the root (60011); 86001 86215 86005 86006 86007; name cut to 50; 1,000 a day",
)  # fmt: skip
def create(call: Call) -> dict[str, Any]:
    """Make a group of 2 to 2,000 members."""
    _check_range(call)
    chatid = appchats.create(
        call.sandbox, call.text("chatid"), name=call.text("name"), owner=call.text("owner"),
        userids=call.texts("userlist"), agent_id=call.caller.agent_id,
    )  # fmt: skip
    return {"chatid": chatid}


@endpoint(
    "POST", "appchat/update", doc="90246", access=Access.APP,
    rules="own group (86003 86008); 86005 86006 86007; 1,000 changes an hour",
)  # fmt: skip
def update(call: Call) -> dict[str, Any]:
    """Change name, owner or members of a group."""
    _check_range(call)
    row = appchats.need(call.sandbox.store, call.need_text("chatid", 86001), call.caller.agent_id)
    appchats.update(
        call.sandbox, row, name=call.text("name"), owner=call.text("owner"),
        add=call.texts("add_user_list"), take=call.texts("del_user_list"),
    )  # fmt: skip
    return {}


@endpoint("GET", "appchat/get", doc="90247", access=Access.APP, rules="own group (86003 86008)")
def get(call: Call) -> dict[str, Any]:
    """A group's name, owner and members."""
    _check_range(call)
    row = appchats.need(call.sandbox.store, call.need_query("chatid", 86001), call.caller.agent_id)
    shown = {name: row[name] for name in ("chatid", "name", "owner")}
    return {"chat_info": shown | {"userlist": json.loads(row["userlist"])}}


@endpoint(
    "POST", "appchat/send", doc="90248", access=Access.APP,
    rules="own group (86003 86008); 40008 44004 40007 and limits of the type; 20,000 receivers a minute, "
    "300,000 an hour (45009); >200 a minute or >10,000 a day per member dropped",
)  # fmt: skip
def send(call: Call) -> dict[str, Any]:
    """Write into a group."""
    _check_range(call)
    row = appchats.need(call.sandbox.store, call.need_text("chatid", 86001), call.caller.agent_id)
    msgtype = call.text("msgtype")
    if msgtype not in TYPES:
        raise WeComError(40008)
    safe = message_checks.check_flags(call.body)
    content = message_checks.check(call.sandbox, msgtype, call.body.get(msgtype))
    appchats.post(call.sandbox, row, msgtype, content, safe=safe)
    return {}


def _check_range(call: Call) -> None:
    if not call.sandbox.scopes.sees_everything(call.caller):
        raise WeComError(60011, "the app's range must be the root department")
