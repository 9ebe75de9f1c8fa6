"""客户朋友圈规则组: who may publish moments, and who sees those of others (marketing.md §5, doc 94890)."""

import json
import sqlite3
from typing import Any

from wecom_sandbox.call import BAD_PARAMETER
from wecom_sandbox.contacts import members
from wecom_sandbox.customers.strategy_fields import MEMBER, Node
from wecom_sandbox.errors import WeComError
from wecom_sandbox.scopes import subtree
from wecom_sandbox.store import Store

MOST_NODES, MOST_LEVELS = 3_000, 5
PRIVILEGES = {
    "view_moment_list": True,
    "send_moment": True,
    "manage_moment_cover_and_sign": True,
}


def need(store: Store, strategy_id: int, app: str) -> sqlite3.Row:
    """A rule group of the app; 40058 when there is none, 301002 when another app made it."""
    row = store.row("SELECT * FROM moment_strategies WHERE strategy_id = ?", strategy_id)
    if row is None:
        raise WeComError(BAD_PARAMETER, "invalid strategy_id")
    if row["app"] != app:
        raise WeComError(301002, "the rule group belongs to another app")
    return row


def create(
    store: Store, *, parent_id: int, name: str, admins: list[str], privilege: dict[str, bool],
    app: str, at: int,
) -> sqlite3.Row:  # fmt: skip
    """Make a rule group without a range yet; its row. A child has its parent's privileges."""
    if parent_id:
        parent = need(store, parent_id, app)
        if _level(store, parent) >= MOST_LEVELS:
            raise WeComError(BAD_PARAMETER, f"more than {MOST_LEVELS} levels")
        privilege = json.loads(parent["privilege"])
    strategy_id = store.insert(
        "moment_strategies", app=app, parent_id=parent_id, strategy_name=name, create_time=at,
        admin_list=json.dumps(admins), privilege=json.dumps(PRIVILEGES | privilege),
    )  # fmt: skip
    return need(store, strategy_id, app)


def edit(
    store: Store, row: sqlite3.Row, *, name: str, admins: list[str], privilege: dict[str, bool]
) -> None:
    """Change name, administrators and privileges where given; a top group's go down to all below it."""
    store.run(
        "UPDATE moment_strategies SET strategy_name = ?, admin_list = ? WHERE strategy_id = ?",
        name or row["strategy_name"], json.dumps(admins) if admins else row["admin_list"],
        row["strategy_id"],
    )  # fmt: skip
    if privilege and not row["parent_id"]:
        merged = json.dumps(json.loads(row["privilege"]) | privilege)
        for one in (row["strategy_id"], *_below(store, row["strategy_id"])):
            store.run(
                "UPDATE moment_strategies SET privilege = ? WHERE strategy_id = ?", merged, one
            )


def add_nodes(store: Store, row: sqlite3.Row, nodes: list[Node]) -> None:
    """Widen a range; 40058 outside of the parent's range or beyond 3,000 nodes."""
    for node in nodes:
        if row["parent_id"] and not _contains(store, row["parent_id"], node):
            raise WeComError(BAD_PARAMETER, "range outside of the parent's")
        store.run(
            "INSERT OR IGNORE INTO moment_strategy_nodes (strategy_id, type, userid, partyid) VALUES (?, ?, ?, ?)",
            row["strategy_id"], *node,
        )  # fmt: skip
    count = store.value(
        "SELECT COUNT(*) FROM moment_strategy_nodes WHERE strategy_id = ?", row["strategy_id"]
    )
    if not 1 <= int(count) <= MOST_NODES:
        raise WeComError(BAD_PARAMETER, f"a range holds 1 to {MOST_NODES} nodes")


def remove_nodes(store: Store, strategy_id: int, nodes: list[Node]) -> None:
    """Narrow a range; the ranges below keep only what is still inside."""
    for node in nodes:
        store.run(
            "DELETE FROM moment_strategy_nodes WHERE strategy_id = ? AND type = ? AND userid = ? AND partyid = ?",
            strategy_id, *node,
        )  # fmt: skip
    for child in _children(store, strategy_id):
        outside = [one for one in nodes_of(store, child) if not _contains(store, strategy_id, one)]
        if outside:
            remove_nodes(store, child, outside)


def delete(store: Store, strategy_id: int) -> None:
    """Delete a rule group and those below it."""
    for one in (*_below(store, strategy_id), strategy_id):
        store.run("DELETE FROM moment_strategy_nodes WHERE strategy_id = ?", one)
        store.run("DELETE FROM moment_strategies WHERE strategy_id = ?", one)


def nodes_of(store: Store, strategy_id: int) -> list[Node]:
    """Members and departments of a range, in the order given."""
    rows = store.rows(
        "SELECT * FROM moment_strategy_nodes WHERE strategy_id = ? ORDER BY id", strategy_id
    )
    return [(row["type"], str(row["userid"]), row["partyid"]) for row in rows]


def may_publish(store: Store, userid: str) -> bool:
    """Whether no rule group that holds the member forbids moments."""
    rows = store.rows(
        "SELECT strategy_id FROM moment_strategies WHERE NOT json_extract(privilege, '$.send_moment')"
    )
    return not any(_contains(store, row["strategy_id"], (MEMBER, userid, 0)) for row in rows)


def shown(row: sqlite3.Row) -> dict[str, Any]:
    """A rule group as moment_strategy/get answers."""
    return {
        "strategy_id": row["strategy_id"],
        "parent_id": row["parent_id"],
        "strategy_name": row["strategy_name"],
        "create_time": row["create_time"],
        "admin_list": json.loads(row["admin_list"]),
        "privilege": json.loads(row["privilege"]),
    }


def _contains(store: Store, strategy_id: int, node: Node) -> bool:
    nodes = nodes_of(store, strategy_id)
    inside = subtree(store, tuple(party for kind, _, party in nodes if kind != MEMBER))
    kind, userid, partyid = node
    if kind != MEMBER:
        return partyid in inside
    named = any(name.lower() == userid.lower() for one, name, _ in nodes if one == MEMBER)
    return named or bool(inside.intersection(members.departments_of(store, userid)))


def _level(store: Store, row: sqlite3.Row) -> int:
    level, parent_id = 1, row["parent_id"]
    while parent_id:
        level += 1
        parent_id = store.value(
            "SELECT parent_id FROM moment_strategies WHERE strategy_id = ?", parent_id
        )
    return level


def _children(store: Store, strategy_id: int) -> list[int]:
    rows = store.rows(
        "SELECT strategy_id FROM moment_strategies WHERE parent_id = ? ORDER BY strategy_id",
        strategy_id,
    )
    return [int(row["strategy_id"]) for row in rows]


def _below(store: Store, strategy_id: int) -> list[int]:
    found: list[int] = []
    for child in _children(store, strategy_id):
        found += [*_below(store, child), child]
    return found
