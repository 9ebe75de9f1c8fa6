"""企业群发 (marketing.md §3)."""

import json
from typing import Any

from wecom_sandbox.call import BAD_PARAMETER, Call
from wecom_sandbox.contacts import members
from wecom_sandbox.cursors import page
from wecom_sandbox.endpoints import Access, endpoint
from wecom_sandbox.errors import WeComError
from wecom_sandbox.marketing import attachments, mass_audience, mass_messages, member_ranges, ways

MOST_TEXT_BYTES = 4000
MOST_SPAN = 31 * 86400


@endpoint(
    "POST", "externalcontact/add_msg_template", doc="92135", access=Access.APP,
    rules="10,000 customers or 2,000 groups, 100 tags a group, text 4,000 bytes (45002), 9 attachments; "
    "sender 60111 60011 41054 40098 84074; 40096, 41048 nobody to reach, 40068; fail_list by month's limit",
)  # fmt: skip
def add_msg_template(call: Call) -> dict[str, Any]:
    """Make a mass message; members confirm it on their phones."""
    chat_type = _chat_type(call, mass_messages.SINGLE)
    content = _content(call)
    sender = _sender(call)
    failed: list[str] = []
    if chat_type == mass_messages.GROUP:
        if not sender:
            raise WeComError(BAD_PARAMETER, "sender missing")
        receivers = mass_audience.of_groups(call, call.texts("chat_id_list"), sender)
    else:
        receivers, failed = _single(call, sender)
    allow_select = chat_type == mass_messages.SINGLE and call.flag("allow_select", default=False)
    draft = mass_messages.Draft(chat_type, content, receivers, allow_select)
    msgid = mass_messages.create(call.sandbox, draft, app=call.caller.name)
    return {"fail_list": failed, "msgid": msgid}


@endpoint(
    "POST", "externalcontact/get_groupmsg_list_v2", doc="93338", access=Access.APP,
    rules="span up to a month, limit up to 100, opaque cursor; messages of visible members",
)  # fmt: skip
def get_groupmsg_list_v2(call: Call) -> dict[str, Any]:
    """Mass messages of a time, the corp's and those members wrote; cancelled ones look like others."""
    chat_type = _chat_type(call, "")
    start, end = _span(call)
    kinds = {0: (0, 0), 1: (1, 1), 2: (0, 1)}[call.number("filter_type", 2, most=2)]
    creator = call.text("creator")
    if creator:
        creator = member_ranges.need_visible(call, creator)
    rows, cursor = page(
        call,
        "SELECT serial AS position, * FROM mass_messages WHERE chat_type = ? AND create_time BETWEEN ? AND ? "
        "AND create_type BETWEEN ? AND ? AND (? = '' OR creator = ?) AND serial > ? ORDER BY serial LIMIT ?",
        chat_type, start, end, *kinds, creator, creator, default=50, most=100,
    )  # fmt: skip
    visible = member_ranges.visible_userids(call)
    return {
        "next_cursor": cursor,
        "group_msg_list": [_shown(row) for row in rows if _is_visible(row["creator"], visible)],
    }


@endpoint(
    "POST", "externalcontact/get_groupmsg_task", doc="93338", access=Access.APP,
    rules="40058 unknown msgid, 41093 cancelled, limit up to 1,000",
)  # fmt: skip
def get_groupmsg_task(call: Call) -> dict[str, Any]:
    """Who was asked to send, and who did (2) or did not yet (0)."""
    row = mass_messages.need_standing(call.sandbox.store, call.need_text("msgid", BAD_PARAMETER))
    rows, cursor = page(
        call,
        "SELECT id AS position, * FROM mass_tasks WHERE msgid = ? AND id > ? ORDER BY id LIMIT ?",
        row["msgid"], default=500, most=1000,
    )  # fmt: skip
    visible = member_ranges.visible_userids(call)
    tasks = [
        _with_time({"userid": task["userid"], "status": task["status"]}, task)
        for task in rows
        if _is_visible(task["userid"], visible)
    ]
    return {"next_cursor": cursor, "task_list": tasks}


@endpoint(
    "POST", "externalcontact/get_groupmsg_send_result", doc="93338", access=Access.APP,
    rules="40058 unknown msgid, 41009 60111 60011, limit up to 1,000",
)  # fmt: skip
def get_groupmsg_send_result(call: Call) -> dict[str, Any]:
    """What became of each of a member's receivers: 0 unsent, 1 sent, 2 no friend, 3 over the limit."""
    row = mass_messages.need(call.sandbox.store, call.need_text("msgid", BAD_PARAMETER))
    userid = member_ranges.need_visible(call, call.need_text("userid", 41009).strip())
    rows, cursor = page(
        call,
        "SELECT id AS position, * FROM mass_targets WHERE msgid = ? AND userid = ? AND id > ? ORDER BY id LIMIT ?",
        row["msgid"], userid, default=500, most=1000,
    )  # fmt: skip
    name = "chat_id" if row["chat_type"] == mass_messages.GROUP else "external_userid"
    results = [
        _with_time(
            {name: target["receiver"], "userid": target["userid"], "status": target["status"]},
            target,
        )
        for target in rows
    ]
    return {"next_cursor": cursor, "send_list": results}


@endpoint(
    "POST", "externalcontact/remind_groupmsg_send", doc="97610", access=Access.APP,
    rules="three times in 24 hours (45009), 41093 cancelled, 301002 another app's",
)  # fmt: skip
def remind_groupmsg_send(call: Call) -> dict[str, Any]:
    """Ask the members again who have not sent yet."""
    mass_messages.remind(call.sandbox, _own(call))
    return {}


@endpoint(
    "POST", "externalcontact/cancel_groupmsg_send", doc="97611", access=Access.APP,
    rules="41093 cancelled before, 301002 another app's; what was sent stays",
)  # fmt: skip
def cancel_groupmsg_send(call: Call) -> dict[str, Any]:
    """Stop a message for those who have not sent yet."""
    mass_messages.cancel(call.sandbox, _own(call))
    return {}


def _own(call: Call) -> str:
    row = mass_messages.need_standing(call.sandbox.store, call.need_text("msgid", BAD_PARAMETER))
    if row["app"] != call.caller.name:
        raise WeComError(301002, "the message belongs to another app")
    return str(row["msgid"])


def _chat_type(call: Call, default: str) -> str:
    kind = call.text("chat_type") or default
    if kind not in (mass_messages.SINGLE, mass_messages.GROUP):
        raise WeComError(BAD_PARAMETER, "chat_type must be single or group")
    return kind


def _content(call: Call) -> dict[str, Any]:
    text = str(call.section("text").get("content", ""))
    items = attachments.check(call.sandbox, call.body.get("attachments"))
    if not text and not items:
        raise WeComError(40063, "text and attachments")
    if len(text.encode()) > MOST_TEXT_BYTES:
        raise WeComError(45002)
    return {"text": text, "attachments": items}


def _sender(call: Call) -> str:
    sender = call.text("sender")
    if not sender:
        return ""
    userid = member_ranges.need_visible(call, sender)
    ways.check_receiver(call.sandbox.store, members.need(call.sandbox.store, userid))
    return userid


def _single(call: Call, sender: str) -> tuple[mass_audience.Receivers, list[str]]:
    named = call.texts("external_userid")
    if named:
        return mass_audience.of_customers(call, named, sender)
    tags = mass_audience.read_tag_filter(call)
    if not tags and not sender:
        raise WeComError(40063, "sender, external_userid and tag_filter")
    return mass_audience.by_tags(call, tags, sender), []


def _span(call: Call) -> tuple[int, int]:
    for name in ("start_time", "end_time"):
        if name not in call.body:
            raise WeComError(BAD_PARAMETER, f"{name} missing")
    start, end = call.number("start_time", 0), call.number("end_time", 0)
    if not 0 <= end - start <= MOST_SPAN:
        raise WeComError(BAD_PARAMETER, "start_time to end_time must be within a month")
    return start, end


def _shown(row: Any) -> dict[str, Any]:
    content = json.loads(row["content"])
    shown: dict[str, Any] = {"msgid": row["msgid"]}
    if row["creator"]:
        shown["creator"] = row["creator"]
    shown |= {"create_time": row["create_time"], "create_type": row["create_type"]}
    if content["text"]:
        shown["text"] = {"content": content["text"]}
    return shown | {"attachments": content["attachments"]}


def _with_time(entry: dict[str, Any], row: Any) -> dict[str, Any]:
    return entry | ({"send_time": row["send_time"]} if row["send_time"] is not None else {})


def _is_visible(userid: str, visible: set[str] | None) -> bool:
    return visible is None or not userid or userid.lower() in visible
