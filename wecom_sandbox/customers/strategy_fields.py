"""Fields that the requests about rule groups have in common: name, administrators, range (94883, 94890)."""

from collections.abc import Iterable
from typing import Any

from wecom_sandbox.call import BAD_PARAMETER, Call, whole_number
from wecom_sandbox.errors import WeComError
from wecom_sandbox.marketing.member_ranges import need_visible, need_visible_department

MEMBER, DEPARTMENT = 1, 2
MOST_NAME, MOST_ADMINS, MOST_A_CALL = 30, 20, 100
# A member or department of a range: type, userid, partyid.
Node = tuple[int, str, int]


def read_name(name: str) -> str:
    """At most 30 characters; 40058 otherwise."""
    if len(name) > MOST_NAME:
        raise WeComError(BAD_PARAMETER, f"strategy_name longer than {MOST_NAME} characters")
    return name


def read_admins(call: Call) -> list[str]:
    """Up to 20 members the app sees; 40058, 60111, 60011."""
    admins = call.texts("admin_list")
    if len(admins) > MOST_ADMINS:
        raise WeComError(BAD_PARAMETER, f"more than {MOST_ADMINS} administrators")
    return list(dict.fromkeys(need_visible(call, userid) for userid in admins))


def read_privilege(call: Call, known: Iterable[str]) -> dict[str, bool]:
    """True and false by the known names; 40058 otherwise."""
    section = call.section("privilege")
    unknown = sorted(set(section) - set(known))
    if unknown or not all(isinstance(value, bool) for value in section.values()):
        raise WeComError(BAD_PARAMETER, f"privilege: {', '.join(unknown) or 'not true or false'}")
    return section


def read_nodes(call: Call, name: str, *, known: bool = True) -> list[Node]:
    """Members and departments of a range; those to add must be in the app's range, those to take away not."""
    wished = call.body.get(name) or []
    if not isinstance(wished, list) or not all(isinstance(node, dict) for node in wished):
        raise WeComError(BAD_PARAMETER, f"{name} must be a list of objects")
    if len(wished) > MOST_A_CALL:
        raise WeComError(BAD_PARAMETER, f"{name} has more than {MOST_A_CALL} nodes")
    return [_node(call, name, node, known=known) for node in wished]


def _node(call: Call, name: str, node: dict[str, Any], *, known: bool) -> Node:
    kind = whole_number(node.get("type", 0), f"{name}.type", least=MEMBER, most=DEPARTMENT)
    if kind == MEMBER:
        userid = str(node.get("userid") or "")
        return kind, need_visible(call, userid) if known else userid, 0
    partyid = whole_number(node.get("partyid"), f"{name}.partyid")
    if known:
        need_visible_department(call, partyid)
    return kind, "", partyid
