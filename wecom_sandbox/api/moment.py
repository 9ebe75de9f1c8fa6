"""客户朋友圈 (marketing.md §5)."""

import json
import sqlite3
from typing import Any

from wecom_sandbox.call import BAD_PARAMETER, Call
from wecom_sandbox.cursors import page
from wecom_sandbox.endpoints import Access, endpoint
from wecom_sandbox.errors import WeComError
from wecom_sandbox.marketing import attachment_media, member_ranges, moment_jobs, moments

MOST_TEXT, MOST_TEXT_BYTES = 2000, 4000
MOST_PICTURES, MOST_TITLE_BYTES, MOST_URL_BYTES = 9, 64, 2048
MOST_SPAN, MOST_LISTED = 30 * 86400, 20
PER_MINUTE, PER_MONTH = 10, 100_000


@endpoint(
    "POST", "externalcontact/add_moment_task", doc="95094", access=Access.APP,
    rules="10 a minute (45009); text 2,000 chars and 4,000 bytes (45002), 9 pictures or one video or link "
    "(41064 41065 41066), media of upload_attachment (40007), 41089 empty",
)  # fmt: skip
def add_moment_task(call: Call) -> dict[str, Any]:
    """Begin to make a moment that members are to publish."""
    content = _content(call)
    call.sandbox.rates.use("add_moment_task:made", "minute", PER_MINUTE)
    call.sandbox.rates.use("add_moment_task:made", "month", PER_MONTH)
    return {"jobid": moment_jobs.start(call, content)}


@endpoint(
    "GET", "externalcontact/get_moment_task_result", doc="95094", access=Access.APP,
    rules="status 1, 2, 3 by time; 40088 unknown or older than 24 hours",
)  # fmt: skip
def get_moment_task_result(call: Call) -> dict[str, Any]:
    """How far the making of a moment is; what came of it once it is done."""
    row = moment_jobs.need(call.sandbox, call.need_query("jobid"), call.caller.name)
    status = moment_jobs.status(call.sandbox, row)
    answer: dict[str, Any] = {"status": status, "type": "add_moment_task"}
    if status == moment_jobs.DONE:
        answer["result"] = json.loads(row["result"])
    return answer


@endpoint(
    "POST", "externalcontact/cancel_moment_task", doc="97612", access=Access.APP,
    rules="41059 41060 41063, 41067 a member's own, 301002 another app's",
)  # fmt: skip
def cancel_moment_task(call: Call) -> dict[str, Any]:
    """Stop a moment for those who have not published it yet."""
    row = _corp_moment(call)
    if row["app"] != call.caller.name:
        raise WeComError(301002, "the moment belongs to another app")
    moments.cancel(call.sandbox, row["moment_id"])
    return {}


@endpoint(
    "POST", "externalcontact/get_moment_list", doc="93333", access=Access.APP,
    rules="span up to 30 days, 20 a page whatever is asked above, opaque cursor; no deleted ones",
)  # fmt: skip
def get_moment_list(call: Call) -> dict[str, Any]:
    """Moments of a time, the corp's and members' own."""
    start, end = _span(call)
    kinds = {0: (0, 0), 1: (1, 1), 2: (0, 1)}[call.number("filter_type", 2, most=2)]
    creator = call.text("creator")
    if creator:
        creator = member_ranges.need_visible(call, creator)
    # Above the most the default is taken, it is no error (doc 93333).
    if call.number("limit", MOST_LISTED) > MOST_LISTED:
        call.body["limit"] = MOST_LISTED
    rows, cursor = page(
        call,
        "SELECT serial AS position, * FROM moments WHERE create_time BETWEEN ? AND ? "
        "AND create_type BETWEEN ? AND ? AND (? = '' OR creator = ?) AND deleted_at IS NULL AND ready_at <= ? "
        "AND serial > ? ORDER BY serial LIMIT ?",
        start, end, *kinds, creator, creator, call.sandbox.clock.now(),
        default=MOST_LISTED, most=MOST_LISTED,
    )  # fmt: skip
    visible = member_ranges.visible_userids(call)
    listed = [
        _shown(row)
        for row in rows
        if visible is None or not row["creator"] or row["creator"].lower() in visible
    ]
    return {"next_cursor": cursor, "moment_list": listed}


@endpoint(
    "POST", "externalcontact/get_moment_task", doc="93333", access=Access.APP,
    rules="of the corp's moments only (41067); limit up to 1,000",
)  # fmt: skip
def get_moment_task(call: Call) -> dict[str, Any]:
    """Who was asked to publish, and who did."""
    row = _corp_moment(call)
    rows, cursor = page(
        call,
        "SELECT id AS position, * FROM moment_tasks WHERE moment_id = ? AND id > ? ORDER BY id LIMIT ?",
        row["moment_id"], default=500, most=1000,
    )  # fmt: skip
    visible = member_ranges.visible_userids(call)
    tasks = [
        {"userid": one["userid"], "publish_status": one["publish_status"]}
        for one in rows
        if visible is None or one["userid"].lower() in visible
    ]
    return {"next_cursor": cursor, "task_list": tasks}


@endpoint(
    "POST", "externalcontact/get_moment_customer_list", doc="93333", access=Access.APP,
    rules="41059 41060, 60111 60011 41061 for a member; limit up to 1,000",
)  # fmt: skip
def get_moment_customer_list(call: Call) -> dict[str, Any]:
    """The customers a moment was meant for."""
    row, userid = _moment(call), _member(call)
    rows, cursor = page(
        call,
        "SELECT id AS position, * FROM moment_customers WHERE moment_id = ? AND (? = '' OR userid = ?) "
        "AND id > ? ORDER BY id LIMIT ?",
        row["moment_id"], userid, userid, default=500, most=1000,
    )  # fmt: skip
    listed = [{"userid": one["userid"], "external_userid": one["external_userid"]} for one in rows]
    return {"next_cursor": cursor, "customer_list": listed}


@endpoint(
    "POST", "externalcontact/get_moment_send_result", doc="93333", access=Access.APP,
    rules="41062 before the member published; limit up to 5,000",
)  # fmt: skip
def get_moment_send_result(call: Call) -> dict[str, Any]:
    """The customers who can really see it."""
    row, userid = _moment(call), _member(call)
    if userid:
        moments.published_task(call.sandbox.store, row["moment_id"], userid)
    rows, cursor = page(
        call,
        "SELECT id AS position, * FROM moment_customers WHERE moment_id = ? AND (? = '' OR userid = ?) "
        "AND shown_at IS NOT NULL AND id > ? ORDER BY id LIMIT ?",
        row["moment_id"], userid, userid, default=3000, most=5000,
    )  # fmt: skip
    return {
        "next_cursor": cursor,
        "customer_list": [{"external_userid": one["external_userid"]} for one in rows],
    }


@endpoint(
    "POST", "externalcontact/get_moment_comments", doc="93333", access=Access.APP,
    rules="41009 without a member, 41061, 41062",
)  # fmt: skip
def get_moment_comments(call: Call) -> dict[str, Any]:
    """Comments and likes under what one member published."""
    row = _moment(call)
    userid = _member(call)
    if not userid:
        raise WeComError(41009)
    store, moment_id = call.sandbox.store, row["moment_id"]
    moments.published_task(store, moment_id, userid)
    return {
        f"{kind}_list": [
            _reaction(one) for one in moments.reactions(store, moment_id, userid, kind)
        ]
        for kind in (moments.COMMENT, moments.LIKE)
    }


def _moment(call: Call) -> sqlite3.Row:
    return moments.need(call.sandbox, call.text("moment_id"))


def _corp_moment(call: Call) -> sqlite3.Row:
    row = _moment(call)
    if row["create_type"] != moments.BY_CORP:
        raise WeComError(41067)
    return row


def _member(call: Call) -> str:
    """The member a request names, who must have a part in the moment; empty when none is named."""
    userid = call.text("userid")
    if not userid:
        return ""
    found = member_ranges.need_visible(call, userid)
    moments.task(call.sandbox.store, call.text("moment_id"), found)
    return found


def _span(call: Call) -> tuple[int, int]:
    for name in ("start_time", "end_time"):
        if name not in call.body:
            raise WeComError(BAD_PARAMETER, f"{name} missing")
    start, end = call.number("start_time", 0), call.number("end_time", 0)
    if not 0 <= end - start <= MOST_SPAN:
        raise WeComError(BAD_PARAMETER, "start_time to end_time must be within 30 days")
    return start, end


def _content(call: Call) -> dict[str, Any]:
    text = str(call.section("text").get("content", ""))
    if len(text) > MOST_TEXT or len(text.encode()) > MOST_TEXT_BYTES:
        raise WeComError(45002, "invalid text size")
    items = call.body.get("attachments") or []
    if not isinstance(items, list):
        raise WeComError(BAD_PARAMETER, "attachments must be a list")
    if not text and not items:
        raise WeComError(41089)
    kinds = [str(item.get("msgtype")) if isinstance(item, dict) else "" for item in items]
    if not set(kinds) <= {"image", "video", "link"}:
        raise WeComError(41066)
    if len(set(kinds)) > 1:
        raise WeComError(41065)
    if len(items) > (MOST_PICTURES if kinds[:1] == ["image"] else 1):
        raise WeComError(41064)
    for item in items:
        _check(call, item["msgtype"], item.get(item["msgtype"]))
    return {"text": text, "attachments": items}


def _check(call: Call, kind: str, content: object) -> None:
    if not isinstance(content, dict):
        raise WeComError(BAD_PARAMETER, f"{kind} missing")
    if kind == "link":
        _check_link(content)
    media_id = content.get("media_id")
    if not media_id and kind != "link":
        raise WeComError(41006)
    if media_id:
        media_type = "video" if kind == "video" else "image"
        attachment_media.need(call.sandbox, str(media_id), media_type, attachment_media.MOMENT)


def _check_link(content: dict[str, Any]) -> None:
    if not content.get("url"):
        raise WeComError(BAD_PARAMETER, "link.url missing")
    for name, most in (("title", MOST_TITLE_BYTES), ("url", MOST_URL_BYTES)):
        if len(str(content.get(name, "")).encode()) > most:
            raise WeComError(BAD_PARAMETER, f"link.{name} longer than {most} bytes")


def _shown(row: sqlite3.Row) -> dict[str, Any]:
    content = json.loads(row["content"])
    shown: dict[str, Any] = {"moment_id": row["moment_id"]}
    if row["creator"]:
        shown["creator"] = row["creator"]
    shown |= {name: row[name] for name in ("create_time", "create_type", "visible_type")}
    if content["text"]:
        shown["text"] = {"content": content["text"]}
    pictures = [one["image"] for one in content["attachments"] if one["msgtype"] == "image"]
    if pictures:
        shown["image"] = [{"media_id": one["media_id"]} for one in pictures]
    for one in content["attachments"]:
        if one["msgtype"] == "video":
            media_id = one["video"]["media_id"]
            shown["video"] = {"media_id": media_id, "thumb_media_id": media_id}
        elif one["msgtype"] == "link":
            shown["link"] = {"title": one["link"].get("title", ""), "url": one["link"]["url"]}
    return shown | ({"location": content["location"]} if content.get("location") else {})


def _reaction(row: sqlite3.Row) -> dict[str, Any]:
    if row["by_member"]:
        return {"userid": row["by_member"], "create_time": row["at"]}
    return {"external_userid": row["external_userid"], "create_time": row["at"]}
