"""Rule groups of customer contact (external-contacts.md §7): an app sees and changes only its own."""

from typing import Any

from wecom_sandbox.call import BAD_PARAMETER, Call
from wecom_sandbox.cursors import page
from wecom_sandbox.customers import customer_strategies as strategies
from wecom_sandbox.customers.strategy_fields import (
    read_admins,
    read_name,
    read_nodes,
    read_privilege,
)
from wecom_sandbox.endpoints import Access, endpoint
from wecom_sandbox.errors import WeComError

_MOST_ROWS = 1000
_DOC = "94883"


@endpoint(
    "POST", "externalcontact/customer_strategy/list", doc=_DOC, access=Access.APP,
    rules="only this app's; 1,000 a page, opaque cursor",
)  # fmt: skip
def list_strategies(call: Call) -> dict[str, Any]:
    """Ids of the app's rule groups."""
    rows, cursor = page(
        call,
        "SELECT id AS position, id FROM customer_strategies WHERE app = ? AND id > ? ORDER BY id LIMIT ?",
        call.caller.name, default=_MOST_ROWS, most=_MOST_ROWS,
    )  # fmt: skip
    found: dict[str, Any] = {"strategy": [{"strategy_id": row["id"]} for row in rows]}
    return found | ({"next_cursor": cursor} if cursor else {})


@endpoint(
    "POST", "externalcontact/customer_strategy/get", doc=_DOC, access=Access.APP,
    rules="40058 unknown, 301002 another app's",
)  # fmt: skip
def get(call: Call) -> dict[str, Any]:
    """One rule group."""
    return {"strategy": strategies.shown(_need(call))}


@endpoint(
    "POST", "externalcontact/customer_strategy/get_range", doc=_DOC, access=Access.APP,
    rules="1,000 a page, opaque cursor; 40058, 301002",
)  # fmt: skip
def get_range(call: Call) -> dict[str, Any]:
    """The members and departments of a rule group."""
    rows, cursor = page(
        call,
        "SELECT id AS position, * FROM customer_strategy_ranges WHERE strategy_id = ? AND id > ? "
        "ORDER BY id LIMIT ?",
        _need(call)["id"], default=_MOST_ROWS, most=_MOST_ROWS,
    )  # fmt: skip
    found = [
        {"type": row["type"]}
        | (
            {"userid": row["userid"]}
            if row["type"] == strategies.MEMBER
            else {"partyid": row["partyid"]}
        )
        for row in rows
    ]
    return {"range": found} | ({"next_cursor": cursor} if cursor else {})


@endpoint(
    "POST", "externalcontact/customer_strategy/create", doc=_DOC, access=Access.APP,
    rules="20 administrators, 100 nodes a call, 3,000 altogether, 5 levels; range inside the parent's, privileges "
    "from it; 60111 60123 60011",
)  # fmt: skip
def create(call: Call) -> dict[str, Any]:
    """Make a rule group."""
    admins, nodes = read_admins(call), read_nodes(call, "range")
    if not admins:
        raise WeComError(BAD_PARAMETER, "admin_list empty")
    if not nodes:
        raise WeComError(BAD_PARAMETER, "range empty")
    strategy_id = strategies.create(
        call.sandbox.store, parent_id=call.number("parent_id", 0), name=read_name(call.need_text("strategy_name")),
        admins=admins, privilege=read_privilege(call, strategies.PRIVILEGES), nodes=nodes, app=call.caller.name,
        at=call.sandbox.clock.seconds(),
    )  # fmt: skip
    return {"strategy_id": strategy_id}


@endpoint(
    "POST", "externalcontact/customer_strategy/edit", doc=_DOC, access=Access.APP,
    rules="as create; what leaves a range leaves the ranges below it; 40058, 301002",
)  # fmt: skip
def edit(call: Call) -> dict[str, Any]:
    """Change a rule group and its range."""
    row, store = _need(call), call.sandbox.store
    added, removed = read_nodes(call, "range_add"), read_nodes(call, "range_del", known=False)
    strategies.edit(
        store, row, name=read_name(call.text("strategy_name")) if call.body.get("strategy_name") else None,
        admins=read_admins(call) or None, privilege=read_privilege(call, strategies.PRIVILEGES),
    )  # fmt: skip
    strategies.remove_nodes(store, row["id"], removed)
    strategies.add_nodes(store, row["id"], row["parent_id"], added)
    if not strategies.nodes_of(store, row["id"]):
        raise WeComError(BAD_PARAMETER, "range would be empty")
    return {}


@endpoint(
    "POST", "externalcontact/customer_strategy/del", doc=_DOC, access=Access.APP,
    rules="takes those below it and their tags along; 40058, 301002",
)  # fmt: skip
def delete(call: Call) -> dict[str, Any]:
    """Delete a rule group."""
    strategies.delete(call.sandbox.store, _need(call)["id"])
    return {}


def _need(call: Call) -> Any:
    strategy_id = call.number("strategy_id", 0)
    return strategies.need(call.sandbox.store, strategy_id, call.caller.name)
