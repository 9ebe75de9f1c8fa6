"""客户联系规则组: who of an app's administrators may do what with whose customers (external-contacts.md §7)."""

import json
import sqlite3
from typing import Any

from wecom_sandbox.contacts import members
from wecom_sandbox.customers import corp_tags
from wecom_sandbox.errors import WeComError
from wecom_sandbox.scopes import subtree
from wecom_sandbox.store import Store

MEMBER, DEPARTMENT = 1, 2
MOST_LEVELS, MOST_NODES, MOST_ADMINS, MOST_A_CALL = 5, 3_000, 20, 100
BAD_STRATEGY = 40058
# What a top rule group may allow, and what it allows when not told (94883).
PRIVILEGES = {
    "view_customer_list": True, "view_customer_data": True, "view_room_list": True, "contact_me": True,
    "join_room": True, "share_customer": False, "oper_resign_customer": True, "oper_resign_group": True,
    "send_customer_msg": True, "edit_welcome_msg": True, "view_behavior_data": True, "view_room_data": True,
    "send_group_msg": True, "room_deduplication": True, "rapid_reply": True,
    "onjob_customer_transfer": True, "edit_anti_spam_rule": True, "export_customer_list": True,
    "export_customer_data": True, "export_customer_group_list": True,
}  # fmt: skip
Node = tuple[int, str, int]
"""A member or department of a range: type, userid, partyid."""


def need(store: Store, strategy_id: int, app: str) -> sqlite3.Row:
    """A rule group of the app; 40058 when there is none, 301002 when another app made it."""
    row = store.row("SELECT * FROM customer_strategies WHERE id = ?", strategy_id)
    if row is None:
        raise WeComError(BAD_STRATEGY, "invalid strategy_id")
    if row["app"] != app:
        raise WeComError(301002)
    return row


def create(
    store: Store, *, parent_id: int, name: str, admins: list[str], privilege: dict[str, bool],
    nodes: list[Node], app: str, at: int,
) -> int:  # fmt: skip
    """Make a rule group; its id.

    Answers 40058 for too many levels, a range outside of the parent's, or too many nodes. A child has its
    parent's privileges, whatever was asked for.
    """
    if parent_id:
        parent = need(store, parent_id, app)
        if _level(store, parent) >= MOST_LEVELS:
            raise WeComError(BAD_STRATEGY, f"more than {MOST_LEVELS} levels")
        privilege = json.loads(parent["privilege"])
    strategy_id = store.insert(
        "customer_strategies", parent_id=parent_id, name=name, admins=json.dumps(admins),
        privilege=json.dumps(PRIVILEGES | privilege), app=app, create_time=at,
    )  # fmt: skip
    add_nodes(store, strategy_id, parent_id, nodes)
    return strategy_id


def edit(
    store: Store, row: sqlite3.Row, *, name: str | None, admins: list[str] | None,
    privilege: dict[str, bool],
) -> None:  # fmt: skip
    """Change the words of a rule group; privileges of a top group go down to all below it."""
    store.run(
        "UPDATE customer_strategies SET name = COALESCE(?, name), admins = COALESCE(?, admins) WHERE id = ?",
        name, None if admins is None else json.dumps(admins), row["id"],
    )  # fmt: skip
    if privilege and not row["parent_id"]:
        merged = json.dumps(json.loads(row["privilege"]) | privilege)
        for strategy_id in (row["id"], *_below(store, row["id"])):
            store.run(
                "UPDATE customer_strategies SET privilege = ? WHERE id = ?", merged, strategy_id
            )


def add_nodes(store: Store, strategy_id: int, parent_id: int, nodes: list[Node]) -> None:
    """Widen a range; 40058 when a node is outside of the parent's range or there are too many."""
    for kind, userid, partyid in nodes:
        inside = not parent_id or (
            holds(store, parent_id, userid)
            if kind == MEMBER
            else _holds_party(store, parent_id, partyid)
        )
        if not inside:
            raise WeComError(BAD_STRATEGY, "range outside of the parent's")
        store.run(
            "INSERT OR IGNORE INTO customer_strategy_ranges (strategy_id, type, userid, partyid) "
            "VALUES (?, ?, ?, ?)",
            strategy_id, kind, userid, partyid,
        )  # fmt: skip
    sql = "SELECT COUNT(*) FROM customer_strategy_ranges WHERE strategy_id = ?"
    if int(store.value(sql, strategy_id)) > MOST_NODES:
        raise WeComError(BAD_STRATEGY, f"more than {MOST_NODES} nodes in the range")


def remove_nodes(store: Store, strategy_id: int, nodes: list[Node]) -> None:
    """Narrow a range; a range below it keeps only what is still inside."""
    for kind, userid, partyid in nodes:
        store.run(
            "DELETE FROM customer_strategy_ranges WHERE strategy_id = ? AND type = ? AND userid = ? "
            "AND partyid = ?",
            strategy_id, kind, userid, partyid,
        )  # fmt: skip
    for child in _children(store, strategy_id):
        outside = [
            node for node in nodes_of(store, child)
            if not (
                holds(store, strategy_id, node[1]) if node[0] == MEMBER
                else _holds_party(store, strategy_id, node[2])
            )
        ]  # fmt: skip
        if outside:
            remove_nodes(store, child, outside)


def delete(store: Store, strategy_id: int) -> None:
    """Delete a rule group, those below it and their tags."""
    for one in (*_below(store, strategy_id), strategy_id):
        corp_tags.delete_strategy(store, one)
        store.run("DELETE FROM customer_strategy_ranges WHERE strategy_id = ?", one)
        store.run("DELETE FROM customer_strategies WHERE id = ?", one)


def nodes_of(store: Store, strategy_id: int) -> list[Node]:
    """The range of a rule group, in the order given."""
    rows = store.rows(
        "SELECT * FROM customer_strategy_ranges WHERE strategy_id = ? ORDER BY id", strategy_id
    )
    return [(row["type"], str(row["userid"]), row["partyid"]) for row in rows]


def holds(store: Store, strategy_id: int, userid: str) -> bool:
    """Whether a member is in the range, by himself or by a department."""
    nodes = nodes_of(store, strategy_id)
    if any(kind == MEMBER and name.lower() == userid.lower() for kind, name, _ in nodes):
        return True
    inside = subtree(store, tuple(party for kind, _, party in nodes if kind == DEPARTMENT))
    return bool(inside.intersection(members.departments_of(store, userid)))


def need_tag_for(store: Store, tag_id: str, userid: str) -> None:
    """Whether a member's customer may get a tag: 40068 unknown, 60011 a rule group's outside of its range."""
    row = store.row(
        "SELECT g.strategy_id FROM tags t JOIN tag_groups g ON g.id = t.group_id WHERE t.id = ?",
        tag_id,
    )
    if row is None:
        raise WeComError(40068, tag_id)
    if row["strategy_id"] and not holds(store, row["strategy_id"], userid):
        raise WeComError(60011, userid)


def shown(row: sqlite3.Row) -> dict[str, Any]:
    """A rule group as customer_strategy/get answers."""
    return {
        "strategy_id": row["id"],
        "parent_id": row["parent_id"],
        "strategy_name": row["name"],
        "create_time": row["create_time"],
        "admin_list": json.loads(row["admins"]),
        "privilege": json.loads(row["privilege"]),
    }


def _holds_party(store: Store, strategy_id: int, partyid: int) -> bool:
    parties = tuple(party for kind, _, party in nodes_of(store, strategy_id) if kind == DEPARTMENT)
    return partyid in subtree(store, parties)


def _level(store: Store, row: sqlite3.Row) -> int:
    level = 1
    parent_id = row["parent_id"]
    while parent_id:
        level += 1
        parent_id = store.value("SELECT parent_id FROM customer_strategies WHERE id = ?", parent_id)
    return level


def _children(store: Store, strategy_id: int) -> list[int]:
    rows = store.rows(
        "SELECT id FROM customer_strategies WHERE parent_id = ? ORDER BY id", strategy_id
    )
    return [int(row["id"]) for row in rows]


def _below(store: Store, strategy_id: int) -> list[int]:
    found: list[int] = []
    for child in _children(store, strategy_id):
        found += [*_below(store, child), child]
    return found
