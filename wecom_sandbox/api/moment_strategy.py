"""客户朋友圈规则组 (marketing.md §5): an app sees and changes only its own."""

import sqlite3
from typing import Any

from wecom_sandbox.call import BAD_PARAMETER, Call
from wecom_sandbox.cursors import page
from wecom_sandbox.customers.strategy_fields import (
    MEMBER,
    read_admins,
    read_name,
    read_nodes,
    read_privilege,
)
from wecom_sandbox.endpoints import Access, endpoint
from wecom_sandbox.errors import WeComError
from wecom_sandbox.marketing import moment_strategies

_DOC = "94890"
_MOST_ROWS = 1000


@endpoint(
    "POST", "externalcontact/moment_strategy/list", doc=_DOC, access=Access.APP,
    rules="only this app's; 1,000 a page, opaque cursor",
)  # fmt: skip
def list_strategies(call: Call) -> dict[str, Any]:
    """Ids of the app's rule groups."""
    rows, cursor = page(
        call,
        "SELECT strategy_id AS position, strategy_id FROM moment_strategies WHERE app = ? AND strategy_id > ? "
        "ORDER BY strategy_id LIMIT ?",
        call.caller.name, default=_MOST_ROWS, most=_MOST_ROWS,
    )  # fmt: skip
    found = {"strategy": [{"strategy_id": row["strategy_id"]} for row in rows]}
    return found | ({"next_cursor": cursor} if cursor else {})


@endpoint(
    "POST", "externalcontact/moment_strategy/get", doc=_DOC, access=Access.APP,
    rules="40058 unknown, 301002 another app's",
)  # fmt: skip
def get(call: Call) -> dict[str, Any]:
    """One rule group."""
    return {"strategy": moment_strategies.shown(_need(call))}


@endpoint(
    "POST", "externalcontact/moment_strategy/get_range", doc=_DOC, access=Access.APP,
    rules="1,000 a page, opaque cursor; 40058, 301002",
)  # fmt: skip
def get_range(call: Call) -> dict[str, Any]:
    """The members and departments of a rule group."""
    rows, cursor = page(
        call,
        "SELECT id AS position, * FROM moment_strategy_nodes WHERE strategy_id = ? AND id > ? ORDER BY id LIMIT ?",
        _need(call)["strategy_id"], default=_MOST_ROWS, most=_MOST_ROWS,
    )  # fmt: skip
    listed = [
        {"type": row["type"], "userid": row["userid"]} if row["type"] == MEMBER
        else {"type": row["type"], "partyid": row["partyid"]}
        for row in rows
    ]  # fmt: skip
    return {"range": listed} | ({"next_cursor": cursor} if cursor else {})


@endpoint(
    "POST", "externalcontact/moment_strategy/create", doc=_DOC, access=Access.APP,
    rules="20 administrators, 100 nodes a call, 3,000 altogether, 5 levels; range inside the parent's, "
    "privileges from it; 60111 60123 60011",
)  # fmt: skip
def create(call: Call) -> dict[str, Any]:
    """Make a rule group."""
    admins, nodes = read_admins(call), read_nodes(call, "range")
    if not admins or not nodes:
        raise WeComError(BAD_PARAMETER, "admin_list or range empty")
    store = call.sandbox.store
    row = moment_strategies.create(
        store, parent_id=call.number("parent_id", 0), admins=admins, app=call.caller.name,
        name=read_name(call.need_text("strategy_name", BAD_PARAMETER)),
        privilege=read_privilege(call, moment_strategies.PRIVILEGES),
        at=call.sandbox.clock.seconds(),
    )  # fmt: skip
    moment_strategies.add_nodes(store, row, nodes)
    return {"strategy_id": row["strategy_id"]}


@endpoint(
    "POST", "externalcontact/moment_strategy/edit", doc=_DOC, access=Access.APP,
    rules="as create; what leaves a range leaves the ranges below it; 40058, 301002",
)  # fmt: skip
def edit(call: Call) -> dict[str, Any]:
    """Change a rule group and its range."""
    row, store = _need(call), call.sandbox.store
    added, removed = read_nodes(call, "range_add"), read_nodes(call, "range_del", known=False)
    moment_strategies.edit(
        store, row, name=read_name(call.text("strategy_name")), admins=read_admins(call),
        privilege=read_privilege(call, moment_strategies.PRIVILEGES),
    )  # fmt: skip
    moment_strategies.remove_nodes(store, row["strategy_id"], removed)
    moment_strategies.add_nodes(store, row, added)
    return {}


@endpoint(
    "POST", "externalcontact/moment_strategy/del", doc=_DOC, access=Access.APP,
    rules="takes those below it along; 40058, 301002",
)  # fmt: skip
def delete(call: Call) -> dict[str, Any]:
    """Delete a rule group."""
    moment_strategies.delete(call.sandbox.store, _need(call)["strategy_id"])
    return {}


def _need(call: Call) -> sqlite3.Row:
    strategy_id = call.number("strategy_id", 0)
    return moment_strategies.need(call.sandbox.store, strategy_id, call.caller.name)
