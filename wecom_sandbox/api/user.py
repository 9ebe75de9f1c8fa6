"""Members (contacts.md §3)."""

import sqlite3
from typing import Any

from wecom_sandbox.call import BAD_PARAMETER, Call, whole_number
from wecom_sandbox.contacts import accounts, members
from wecom_sandbox.contacts.departments import need as need_department
from wecom_sandbox.cursors import page
from wecom_sandbox.endpoints import Access, endpoint
from wecom_sandbox.errors import WeComError
from wecom_sandbox.scopes import SENSITIVE_FIELDS, subtree


@endpoint(
    "POST", "user/create", doc="90195", access=Access.CONTACT_SYNC,
    rules="40003 60102 60112 60127 60129 60103 60104 60105 60106 60110 60123 301012 301013 90100-90106 40007; cap 45024, made in a month 45009; status 4",
)  # fmt: skip
def create(call: Call) -> dict[str, Any]:
    """Make a member."""
    userid = call.need_text("userid", 41009)
    fields = members.read_fields(call)
    invited = call.flag("to_invite", default=True)
    accounts.create(call.sandbox, userid, fields)
    if invited:
        accounts.invite(call.sandbox, [userid])
    return {"errmsg": "created"}


@endpoint(
    "GET", "user/get", doc="90196", access=Access.CONTACT_READ,
    rules="60111 60011; no mobile, email, avatar, gender, qr_code, address for an app made since 2022-06-20",
)  # fmt: skip
def get(call: Call) -> dict[str, Any]:
    """One member, without the sensitive fields for an app."""
    row = members.need(call.sandbox.store, call.need_query("userid", 41009))
    if not call.sandbox.scopes.sees_user(call.caller, row["userid"]):
        raise WeComError(60011)
    return _readable(call, row)


@endpoint(
    "POST", "user/update", doc="90197", access=Access.CONTACT_SYNC,
    rules="60111 and create's; mobile of an activated member ignored; new_userid once, for made-up ids",
)  # fmt: skip
def update(call: Call) -> dict[str, Any]:
    """Change a member; fields left out stay."""
    userid = call.need_text("userid", 41009)
    members.need(call.sandbox.store, userid)
    members.update(call.sandbox.store, userid, members.read_fields(call))
    if call.body.get("new_userid"):
        members.rename(call.sandbox.store, userid, call.text("new_userid"))
    return {"errmsg": "updated"}


@endpoint("GET", "user/delete", doc="90198", access=Access.CONTACT_SYNC, rules="60111, 301005")
def delete(call: Call) -> dict[str, Any]:
    """Delete a member."""
    userid = call.need_query("userid", 41009)
    members.delete(call.sandbox.store, userid, at=call.sandbox.clock.seconds())
    return {"errmsg": "deleted"}


@endpoint(
    "POST", "user/batchdelete", doc="90199", access=Access.CONTACT_SYNC,
    rules="40032 over 200, 40031 any unknown id: nothing deleted",
)  # fmt: skip
def batchdelete(call: Call) -> dict[str, Any]:
    """Delete up to 200 members, all or none."""
    userids = call.texts("useridlist")
    if not 1 <= len(userids) <= 200:
        raise WeComError(40032)
    store = call.sandbox.store
    if any(members.find(store, userid) is None for userid in userids):
        raise WeComError(40031)
    for userid in dict.fromkeys(userid.lower() for userid in userids):
        members.delete(store, userid, at=call.sandbox.clock.seconds())
    return {"errmsg": "deleted"}


@endpoint(
    "GET", "user/simplelist", doc="90200", access=Access.CONTACT_READ,
    rules="direct members, fetch_child=1 all below; 60003",
)  # fmt: skip
def simplelist(call: Call) -> dict[str, Any]:
    """Userid, name and departments of a department's members."""
    store = call.sandbox.store
    return {
        "userlist": [
            {
                "userid": row["userid"],
                "name": row["name"],
                "department": members.departments_of(store, row["userid"]),
            }
            for row in _members_of(call)
        ]
    }


@endpoint(
    "GET", "user/list", doc="90201", access=Access.CONTACT_READ,
    rules="direct members, fetch_child=1 all below; 60003; no sensitive fields",
)  # fmt: skip
def list_details(call: Call) -> dict[str, Any]:
    """The members of a department with their fields."""
    return {"userlist": [_readable(call, row) for row in _members_of(call)]}


@endpoint(
    "POST", "user/list_id", doc="96067", access=Access.CONTACT_SYNC,
    rules="one row per member and department; limit up to 10,000; opaque cursor",
)  # fmt: skip
def list_id(call: Call) -> dict[str, Any]:
    """Every (userid, department) pair by pages."""
    rows, cursor = page(
        call,
        "SELECT rowid AS position, userid, department_id FROM member_departments WHERE rowid > ? ORDER BY rowid LIMIT ?",
        default=10_000, most=10_000,
    )  # fmt: skip
    pairs = [{"userid": row["userid"], "department": row["department_id"]} for row in rows]
    return {"next_cursor": cursor, "dept_user": pairs}


def _readable(call: Call, row: sqlite3.Row) -> dict[str, Any]:
    member = members.shown(call.sandbox.store, row)
    if not call.sandbox.scopes.reads_sensitive(call.caller):
        for name in SENSITIVE_FIELDS:
            del member[name]
    return member


def _members_of(call: Call) -> list[sqlite3.Row]:
    store = call.sandbox.store
    department_id = whole_number(call.need_query("department_id", BAD_PARAMETER), "department_id")
    need_department(store, department_id)
    wanted = {department_id}
    if call.query.get("fetch_child") == "1":
        wanted = subtree(store, (department_id,))
    visible = call.sandbox.scopes.visible_departments(call.caller)
    if visible is not None and department_id not in visible:
        raise WeComError(60011)
    marks = ",".join("?" * len(wanted))
    inside = f"SELECT userid FROM member_departments WHERE department_id IN ({marks})"  # noqa: S608
    return store.rows(f"SELECT * FROM members WHERE userid IN ({inside}) ORDER BY rowid", *wanted)  # noqa: S608
