"""Departments (contacts.md §2)."""

import sqlite3
from typing import Any

from wecom_sandbox.call import BAD_PARAMETER, Call, whole_number
from wecom_sandbox.contacts import departments
from wecom_sandbox.endpoints import Access, endpoint
from wecom_sandbox.errors import WeComError


@endpoint(
    "POST", "department/create", doc="90205", access=Access.CONTACT_SYNC,
    rules="60009 name, 60004 parent, 60008 id or sibling taken, 81001, 81002 over 15 levels",
)  # fmt: skip
def create(call: Call) -> dict[str, Any]:
    """Make a department."""
    wished = call.body.get("id")
    department_id = departments.create(
        call.sandbox.store,
        name=call.need_text("name", 60009),
        parentid=call.number("parentid", 0),
        department_id=None if wished is None else whole_number(wished, "id", least=2),
        order=call.number("order", 0),
        name_en=call.text("name_en", most=64),
    )
    return {"errmsg": "created", "id": department_id}


@endpoint(
    "POST", "department/update", doc="90206", access=Access.CONTACT_SYNC,
    rules="60003, 60009, 60004, 60010 cycle, 60008, 81002",
)  # fmt: skip
def update(call: Call) -> dict[str, Any]:
    """Change a department; fields left out stay."""
    if "id" not in call.body:
        raise WeComError(BAD_PARAMETER, "id missing")
    fields: dict[str, Any] = {}
    if "name" in call.body:
        fields["name"] = call.text("name")
    if "name_en" in call.body:
        fields["name_en"] = call.text("name_en", most=64)
    for name in ("parentid", "order"):
        if name in call.body:
            fields[name] = call.number(name, 0)
    departments.update(call.sandbox.store, call.number("id", 0), fields)
    return {"errmsg": "updated"}


@endpoint(
    "GET", "department/delete", doc="90207", access=Access.CONTACT_SYNC,
    rules="60007 root, 60003, 60006 has children, 60005 has members",
)  # fmt: skip
def delete(call: Call) -> dict[str, Any]:
    """Delete an empty department."""
    departments.delete(call.sandbox.store, _need_id(call))
    return {"errmsg": "deleted"}


@endpoint(
    "GET",
    "department/list",
    doc="90208",
    access=Access.ANY,
    rules="recursive; visible range; 60003",
)
def list_all(call: Call) -> dict[str, Any]:
    """The tree from an id, or all that is visible."""
    leaders = departments.leaders(call.sandbox.store)
    return {"department": [_shown(row, leaders) for row in _rows(call)]}


@endpoint(
    "GET", "department/simplelist", doc="95350", access=Access.ANY,
    rules="ids only; visible range; 60003",
)  # fmt: skip
def simplelist(call: Call) -> dict[str, Any]:
    """The tree from an id, ids only."""
    return {
        "department_id": [
            {"id": row["id"], "parentid": row["parentid"], "order": row["ord"]}
            for row in _rows(call)
        ]
    }


@endpoint(
    "GET", "department/get", doc="95351", access=Access.ANY, rules="60003, 60011 out of range"
)
def get(call: Call) -> dict[str, Any]:
    """One department."""
    row = departments.need(call.sandbox.store, _need_id(call))
    visible = call.sandbox.scopes.visible_departments(call.caller)
    if visible is not None and row["id"] not in visible:
        raise WeComError(60011)
    return {"department": _shown(row, departments.leaders(call.sandbox.store))}


def _need_id(call: Call) -> int:
    return whole_number(call.need_query("id", BAD_PARAMETER), "id")


def _rows(call: Call) -> list[sqlite3.Row]:
    visible = call.sandbox.scopes.visible_departments(call.caller)
    return departments.listed(call.sandbox.store, call.query_number("id"), visible)


def _shown(row: sqlite3.Row, leaders: dict[int, list[str]]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "name": row["name"],
        "name_en": row["name_en"],
        "department_leader": leaders.get(row["id"], []),
        "parentid": row["parentid"],
        "order": row["ord"],
    }
