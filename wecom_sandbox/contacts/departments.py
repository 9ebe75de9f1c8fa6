"""The department tree and its rules (contacts.md §2)."""

import sqlite3
from typing import Any

from wecom_sandbox.errors import WeComError
from wecom_sandbox.scopes import subtree
from wecom_sandbox.store import Store

ROOT = 1
MOST_LEVELS = 15
MOST_NODES = 30_000
_FORBIDDEN = frozenset('\\:*?"<>|')


def find(store: Store, department_id: int) -> sqlite3.Row | None:
    """A department's row, or None."""
    return store.row("SELECT * FROM departments WHERE id = ?", department_id)


def need(store: Store, department_id: int, code: int = 60003) -> sqlite3.Row:
    """A department's row; answers ``code`` when there is none."""
    row = find(store, department_id)
    if row is None:
        raise WeComError(code)
    return row


def check_name(name: str) -> str:
    """1 to 64 characters without ``\\ : * ? " < > |``; 60009 otherwise."""
    if not 1 <= len(name) <= 64 or any(char in _FORBIDDEN for char in name):
        raise WeComError(60009)
    return name


def create(
    store: Store, *, name: str, parentid: int, department_id: int | None, order: int, name_en: str
) -> int:
    """Make a department; its id.

    Answers 60009, 60004, 60008 (id or sibling's name taken), 81001, 81002.
    """
    check_name(name)
    need(store, parentid, 60004)
    _check_siblings(store, parentid, name, besides=0)
    if _level(store, parentid) + 1 > MOST_LEVELS:
        raise WeComError(81002)
    if _nodes_under(store, parentid) >= MOST_NODES:
        raise WeComError(81001)
    if store.value("SELECT COUNT(*) FROM departments") >= MOST_NODES:
        raise WeComError(81001, f"the corp has {MOST_NODES} departments")
    if department_id is None:
        department_id = int(store.value("SELECT MAX(id) FROM departments")) + 1
    elif find(store, department_id) is not None:
        raise WeComError(60008)
    store.insert(
        "departments", id=department_id, name=name, name_en=name_en, parentid=parentid, ord=order
    )
    return department_id


def update(store: Store, department_id: int, fields: dict[str, Any]) -> None:
    """Change name, name_en, parentid or order of a department.

    Answers 60003, 60009, 60004, 60010 (a cycle), 60008, 81002.
    """
    row = need(store, department_id)
    name = check_name(str(fields.get("name", row["name"])))
    parentid = int(fields.get("parentid", row["parentid"]))
    if parentid != row["parentid"]:
        _check_move(store, department_id, parentid)
    _check_siblings(store, parentid, name, besides=department_id)
    store.run(
        "UPDATE departments SET name = ?, name_en = ?, parentid = ?, ord = ? WHERE id = ?",
        name, fields.get("name_en", row["name_en"]), parentid, fields.get("order", row["ord"]),
        department_id,
    )  # fmt: skip


def delete(store: Store, department_id: int) -> None:
    """Delete an empty department; 60007, 60003, 60006, 60005 otherwise."""
    if department_id == ROOT:
        raise WeComError(60007)
    need(store, department_id)
    if store.value("SELECT 1 FROM departments WHERE parentid = ?", department_id):
        raise WeComError(60006)
    if store.value("SELECT 1 FROM member_departments WHERE department_id = ?", department_id):
        raise WeComError(60005)
    store.run("DELETE FROM departments WHERE id = ?", department_id)
    store.run("DELETE FROM member_tag_parties WHERE department_id = ?", department_id)


def listed(store: Store, root: int | None, visible: set[int] | None) -> list[sqlite3.Row]:
    """The department and all below it (the whole visible tree when None), by id."""
    if root is not None:
        need(store, root)
    wanted = subtree(store, (root,)) if root is not None else None
    return [
        row
        for row in store.rows("SELECT * FROM departments ORDER BY id")
        if (wanted is None or row["id"] in wanted) and (visible is None or row["id"] in visible)
    ]


def leaders(store: Store) -> dict[int, list[str]]:
    """Userids of the leaders per department."""
    found: dict[int, list[str]] = {}
    for row in store.rows(
        "SELECT department_id, userid FROM member_departments WHERE is_leader ORDER BY userid"
    ):
        found.setdefault(row["department_id"], []).append(row["userid"])
    return found


def _check_move(store: Store, department_id: int, parentid: int) -> None:
    if department_id == ROOT:
        raise WeComError(60010, "the root has no parent")
    need(store, parentid, 60004)
    below = subtree(store, (department_id,))
    if parentid in below:
        raise WeComError(60010)
    depth = max(_level(store, one) for one in below) - _level(store, department_id)
    if _level(store, parentid) + 1 + depth > MOST_LEVELS:
        raise WeComError(81002)


def _check_siblings(store: Store, parentid: int, name: str, *, besides: int) -> None:
    taken = store.value(
        "SELECT 1 FROM departments WHERE parentid = ? AND name = ? AND id != ?",
        parentid, name, besides,
    )  # fmt: skip
    if taken:
        raise WeComError(60008)


def _level(store: Store, department_id: int) -> int:
    level = 0
    current: int | None = department_id
    while current:
        level += 1
        current = store.value("SELECT parentid FROM departments WHERE id = ?", current)
    return level


def _nodes_under(store: Store, department_id: int) -> int:
    return int(
        store.value("SELECT COUNT(*) FROM departments WHERE parentid = ?", department_id)
    ) + int(
        store.value(
            "SELECT COUNT(*) FROM member_departments WHERE department_id = ?", department_id
        )
    )
