"""Ranges of members as marketing endpoints take them: userids and departments in the app's visible range."""

from typing import Any

from wecom_sandbox.call import BAD_PARAMETER, Call, whole_number
from wecom_sandbox.contacts import member_tags, members
from wecom_sandbox.errors import WeComError
from wecom_sandbox.marketing import ways
from wecom_sandbox.sandbox import Sandbox
from wecom_sandbox.scopes import subtree
from wecom_sandbox.store import Store

Range = dict[str, Any]


def read(call: Call, name: str, *, most_nodes: int = 1000) -> Range:
    """``{user_list, department_list}`` of a request, checked.

    Answers 40058 for a wrong shape or too many nodes, 60111 and 60123 for unknown ones, 60011 outside of the
    app's visible range.
    """
    section = call.section(name)
    found: Range = {
        "user_list": _unique(section, name, "user_list", str),
        "department_list": _unique(section, name, "department_list", int),
    }
    for nodes in found.values():
        if len(nodes) > most_nodes:
            raise WeComError(BAD_PARAMETER, f"{name} has more than {most_nodes} nodes")
    found["user_list"] = [need_visible(call, userid) for userid in found["user_list"]]
    for department_id in found["department_list"]:
        need_visible_department(call, department_id)
    return found


def need_range(call: Call, name: str, *, most_nodes: int = 1000) -> Range:
    """As ``read``, and 40058 when both lists are empty."""
    found = read(call, name, most_nodes=most_nodes)
    if not found["user_list"] and not found["department_list"]:
        raise WeComError(BAD_PARAMETER, f"{name}: user_list and department_list both empty")
    return found


def need_visible(call: Call, userid: str) -> str:
    """A member's userid as stored; 60111 unknown, 60011 outside of the app's visible range."""
    row = members.need(call.sandbox.store, userid)
    if not call.sandbox.scopes.sees_user(call.caller, row["userid"]):
        raise WeComError(60011, row["userid"])
    return str(row["userid"])


def need_visible_department(call: Call, department_id: int) -> None:
    """60123 for an unknown department, 60011 outside of the app's visible range."""
    if not call.sandbox.store.value("SELECT 1 FROM departments WHERE id = ?", department_id):
        raise WeComError(60123)
    visible = call.sandbox.scopes.visible_departments(call.caller)
    if visible is not None and department_id not in visible:
        raise WeComError(60011, str(department_id))


def expanded(store: Store, found: Range) -> list[str]:
    """Every member of a range, once."""
    return ways.expanded(store, found["user_list"], found["department_list"])


def able(store: Store, userids: list[str]) -> list[str]:
    """Those of them who can serve customers now: activated, real-name, with 客户联系."""
    return [userid for userid in userids if can_serve(store, userid)]


def can_serve(store: Store, userid: str) -> bool:
    """Whether a member is activated, real-name verified and has 客户联系."""
    row = members.find(store, userid)
    if row is None or row["status"] != members.ACTIVE:
        return False
    able_now = bool(row["real_name"] and row["can_follow"])
    return able_now and not member_tags.is_left_out(store, row["userid"])


def holds(store: Store, found: Range, userid: str) -> bool:
    """Whether a member is in a range."""
    if userid.lower() in {one.lower() for one in found["user_list"]}:
        return True
    if not found["department_list"]:
        return False
    inside = subtree(store, tuple(found["department_list"]))
    return bool(inside.intersection(members.departments_of(store, userid)))


def visible_userids(call: Call) -> set[str] | None:
    """The members the app sees, in small letters; None for all of the corp."""
    sandbox: Sandbox = call.sandbox
    if sandbox.scopes.visible_departments(call.caller) is None:
        return None
    rows = sandbox.store.rows("SELECT userid FROM members")
    return {
        row["userid"].lower() for row in rows
        if sandbox.scopes.sees_user(call.caller, row["userid"])
    }  # fmt: skip


def _unique(section: dict[str, Any], name: str, field: str, kind: type) -> list[Any]:
    values = section.get(field) or []
    if not isinstance(values, list):
        raise WeComError(BAD_PARAMETER, f"{name}.{field} must be a list")
    if kind is int:
        return list(dict.fromkeys(whole_number(value, field) for value in values))
    if not all(isinstance(value, str) and value for value in values):
        raise WeComError(BAD_PARAMETER, f"{name}.{field} must hold strings")
    return list(dict.fromkeys(values))
