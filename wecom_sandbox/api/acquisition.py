"""获客助手 (marketing.md §2)."""

import json
import sqlite3
from collections.abc import Callable
from typing import Any

from wecom_sandbox import china_time, due, ledger
from wecom_sandbox.call import BAD_PARAMETER, Call, whole_number
from wecom_sandbox.contacts import members
from wecom_sandbox.cursors import page
from wecom_sandbox.endpoints import Access, endpoint
from wecom_sandbox.errors import WeComError
from wecom_sandbox.marketing import (
    acquisition,
    acquisition_links,
    acquisition_quotas,
    member_ranges,
    ways,
)
from wecom_sandbox.sandbox import Sandbox

_PREFIX = "externalcontact/customer_acquisition"
MOST_NAME = 30
MOST_SPAN_DAYS, MOST_PAST_DAYS = 30, 180


@endpoint(
    "POST", f"{_PREFIX}/list_link", doc="97297", access=Access.APP,
    rules="limit up to 100, opaque cursor; living links of the same app",
)  # fmt: skip
def list_link(call: Call) -> dict[str, Any]:
    """The app's links by pages."""
    rows, cursor = page(
        call,
        "SELECT serial AS position, link_id FROM acquisition_links WHERE app = ? AND deleted_at IS NULL "
        "AND serial > ? ORDER BY serial LIMIT ?",
        call.caller.name, default=100, most=100,
    )  # fmt: skip
    return {"link_id_list": [row["link_id"] for row in rows], "next_cursor": cursor}


@endpoint(
    "POST", f"{_PREFIX}/get", doc="97297", access=Access.APP,
    rules="40058 unknown, 301002 another app's",
)  # fmt: skip
def get(call: Call) -> dict[str, Any]:
    """One link with its range."""
    row = _own(call)
    data = json.loads(row["data"])
    answer = {"link": _link(call, row), "range": data["range"]}
    return answer | (
        {"priority_option": data["priority_option"]} if data["priority_option"] else {}
    )


@endpoint(
    "POST", f"{_PREFIX}/create_link", doc="97297", access=Access.APP,
    rules="name 30 chars, range 500 people; 60011 60111 60123 41054 40098 84074",
)  # fmt: skip
def create_link(call: Call) -> dict[str, Any]:
    """Make a link."""
    data = {
        "link_name": _name(call),
        "range": _range(call),
        "skip_verify": call.flag("skip_verify", default=True),
        "mark_source": call.flag("mark_source", default=True),
        "priority_option": _priority(call),
    }
    return {"link": _link(call, acquisition_links.create(call.sandbox, data, call.caller.name))}


@endpoint(
    "POST", f"{_PREFIX}/update_link", doc="97297", access=Access.APP,
    rules="given fields overwrite, the range as a whole; 301002 another app's; as create",
)  # fmt: skip
def update_link(call: Call) -> dict[str, Any]:
    """Overwrite what is given."""
    row = _own(call)
    data = json.loads(row["data"])
    data |= {name: read(call) for name, read in _READERS.items() if name in call.body}
    acquisition_links.write(call.sandbox.store, row["link_id"], data)
    return {}


@endpoint(
    "POST", f"{_PREFIX}/delete_link", doc="97297", access=Access.APP,
    rules="40058 unknown, 301002 another app's; raises no delete_link",
)  # fmt: skip
def delete_link(call: Call) -> dict[str, Any]:
    """Delete a link the app made."""
    acquisition_links.delete(call.sandbox, _own(call)["link_id"])
    return {}


@endpoint(
    "POST", f"{_PREFIX}/customer", doc="97298", access=Access.APP,
    rules="limit up to 1,000, opaque cursor; chat_status by what the customer wrote",
)  # fmt: skip
def customer(call: Call) -> dict[str, Any]:
    """Customers who were added by a link, with the channel they came by."""
    row = _own(call)
    rows, cursor = page(
        call,
        "SELECT id AS position, * FROM acquisition_customers WHERE link_id = ? AND added_at IS NOT NULL "
        "AND id > ? ORDER BY id LIMIT ?",
        row["link_id"], default=1000, most=1000,
    )  # fmt: skip
    listed = [
        {
            "external_userid": one["external_userid"],
            "userid": one["userid"],
            "chat_status": int(one["received"] > 0),
            "state": one["state"],
        }
        for one in rows
    ]
    return {"customer_list": listed, "next_cursor": cursor}


@endpoint(
    "GET", f"{_PREFIX}_quota", doc="97375", access=Access.APP,
    rules="batches lapse, one used per customer added",
)  # fmt: skip
def quota(call: Call) -> dict[str, Any]:
    """What was bought, what is left, and until when."""
    due.settle(call.sandbox)
    return acquisition_quotas.public(call.sandbox)


@endpoint(
    "POST", f"{_PREFIX}/statistic", doc="97375", access=Access.APP, also="GET",
    rules="whole days, span up to 30, the last 180; GET with a query works too",
)  # fmt: skip
def statistic(call: Call) -> dict[str, Any]:
    """How many customers opened a link and were added in a time."""
    # Some clients send these in the query (marketing.md §2).
    call.body = {**call.query, **call.body}
    row = _own(call)
    start, end = _days(call)
    store = call.sandbox.store
    opened = store.value(
        "SELECT COUNT(DISTINCT person_id) FROM acquisition_visits WHERE link_id = ? AND at >= ? AND at < ?",
        row["link_id"], start, end,
    )  # fmt: skip
    added = store.value(
        "SELECT COUNT(*) FROM acquisition_customers WHERE link_id = ? AND added_at >= ? AND added_at < ?",
        row["link_id"], start, end,
    )  # fmt: skip
    return {"click_link_customer_cnt": int(opened), "new_customer_cnt": int(added)}


@endpoint(
    "POST", f"{_PREFIX}/get_chat_info", doc="100130", access=Access.APP,
    rules="a chat key lives 30 minutes (40058); of the same app's links",
)  # fmt: skip
def get_chat_info(call: Call) -> dict[str, Any]:
    """Whose chat a key of message_from_customer stands for."""
    row = acquisition.chat_of(call.sandbox, call.need_text("chat_key", BAD_PARAMETER))
    if row is None:
        raise WeComError(BAD_PARAMETER, "invalid chat_key")
    acquisition_links.need_own(call.sandbox.store, row["link_id"], call.caller.name)
    return {
        "userid": row["userid"],
        "external_userid": row["external_userid"],
        "chat_info": {
            "recv_msg_cnt": row["told"],
            "link_id": row["link_id"],
            "state": row["state"],
        },
    }


@endpoint(
    "GET", f"{_PREFIX}_app/get_permit", doc="101146", access=Access.APP,
    rules="the app's visible range",
)  # fmt: skip
def get_permit(call: Call) -> dict[str, Any]:
    """Members, departments and tags that may stand behind the app's links."""
    rights = call.sandbox.scopes.rights(call.caller.name)
    rows = call.sandbox.store.rows("SELECT userid FROM members ORDER BY rowid")
    return {
        "user_list": [row["userid"] for row in rows if row["userid"].lower() in rights.users],
        "department_list": list(rights.departments),
        "tag_list": list(rights.tags),
    }


@ledger.reader("acquisition_links")
def _links(sandbox: Sandbox) -> list[dict[str, Any]]:
    rows = sandbox.store.rows("SELECT * FROM acquisition_links ORDER BY serial")
    return [dict(row) | {"data": json.loads(row["data"])} for row in rows]


@ledger.reader("acquisition_customers")
def _customers(sandbox: Sandbox) -> list[dict[str, Any]]:
    return [
        dict(row) for row in sandbox.store.rows("SELECT * FROM acquisition_customers ORDER BY id")
    ]


def _own(call: Call) -> sqlite3.Row:
    link_id = call.need_text("link_id", BAD_PARAMETER)
    return acquisition_links.need_own(call.sandbox.store, link_id, call.caller.name)


def _link(call: Call, row: sqlite3.Row) -> dict[str, Any]:
    data = json.loads(row["data"])
    return {
        "link_id": row["link_id"],
        "link_name": data["link_name"],
        "url": acquisition_links.url_of(row, call.base_url, call.sandbox.behaviour.qr_links),
        "create_time": row["create_time"],
        "skip_verify": data["skip_verify"],
        "mark_source": data["mark_source"],
    }


def _name(call: Call) -> str:
    name = call.need_text("link_name", BAD_PARAMETER)
    if len(name) > MOST_NAME:
        raise WeComError(BAD_PARAMETER, f"link_name longer than {MOST_NAME} characters")
    return name


def _range(call: Call) -> dict[str, Any]:
    found = member_ranges.need_range(call, "range")
    store = call.sandbox.store
    if len(member_ranges.expanded(store, found)) > acquisition_links.MOST_MEMBERS:
        raise WeComError(BAD_PARAMETER, f"more than {acquisition_links.MOST_MEMBERS} people")
    for userid in found["user_list"]:
        ways.check_receiver(store, members.need(store, userid))
    return found


def _priority(call: Call) -> dict[str, Any] | None:
    option = call.section("priority_option")
    if not option:
        return None
    kind = whole_number(option.get("priority_type"), "priority_type", least=1, most=2)
    if kind == acquisition_links.WHOLE_CORP:
        return {"priority_type": kind}
    listed = option.get("priority_userid_list") or []
    if not isinstance(listed, list) or not listed:
        raise WeComError(BAD_PARAMETER, "priority_userid_list must be a list that is not empty")
    userids = [member_ranges.need_visible(call, str(userid)) for userid in listed]
    return {"priority_type": kind, "priority_userid_list": userids}


# How each field of an update is read, when it is given.
_READERS: dict[str, Callable[[Call], Any]] = {
    "link_name": _name,
    "range": _range,
    "skip_verify": lambda call: call.flag("skip_verify", default=True),
    "mark_source": lambda call: call.flag("mark_source", default=True),
    "priority_option": _priority,
}


def _days(call: Call) -> tuple[int, int]:
    """From 0:00 of the first day to 0:00 after the last one."""
    for name in ("start_time", "end_time"):
        if name not in call.body:
            raise WeComError(BAD_PARAMETER, f"{name} missing")
    start = china_time.day_start(call.number("start_time", 0))
    end = china_time.day_start(call.number("end_time", 0))
    oldest = china_time.day_start(call.sandbox.clock.now()) - MOST_PAST_DAYS * china_time.DAY
    if not 0 <= end - start <= MOST_SPAN_DAYS * china_time.DAY:
        raise WeComError(BAD_PARAMETER, f"at most {MOST_SPAN_DAYS} days")
    if start < oldest:
        raise WeComError(BAD_PARAMETER, f"only the last {MOST_PAST_DAYS} days")
    return start, end + china_time.DAY
