"""客户标签: groups and tags, made by apps or in the admin console (external-contacts.md §4)."""

import secrets
import sqlite3
from typing import Any

from wecom_sandbox.call import BAD_PARAMETER
from wecom_sandbox.errors import WeComError
from wecom_sandbox.store import Store

MOST_TAGS = 10_000
MOST_NAME = 30
# Tags made in the admin console belong to no app; an app may not edit them (301002).
CONSOLE = "console"


def find_group(store: Store, group_id: str) -> sqlite3.Row | None:
    """A group's row, or None."""
    return store.row("SELECT * FROM tag_groups WHERE id = ?", group_id)


def find_tag(store: Store, tag_id: str) -> sqlite3.Row | None:
    """A tag's row, or None."""
    return store.row("SELECT * FROM tags WHERE id = ?", tag_id)


def check_name(name: str) -> str:
    """1 to 30 characters; 40058 otherwise."""
    if not 1 <= len(name) <= MOST_NAME:
        raise WeComError(BAD_PARAMETER, f"name must have 1 to {MOST_NAME} characters")
    return name


def group_for(store: Store, group_id: str, name: str, order: int, *, app: str, at: int) -> str:
    """The id of the group to add to: the one named, or a group of that name, made when missing.

    Answers 40068 for an unknown group_id.
    """
    if group_id:
        if find_group(store, group_id) is None:
            raise WeComError(40068, group_id)
        return group_id
    row = store.row("SELECT id FROM tag_groups WHERE name = ?", check_name(name))
    if row is not None:
        return str(row["id"])
    new_id = _new_id()
    store.insert(
        "tag_groups", id=new_id, name=name, ord=order, create_time=at, app=app,
        serial=_serial(store, "tag_groups"),
    )  # fmt: skip
    return new_id


def add_tag(store: Store, group_id: str, name: str, order: int, *, app: str, at: int) -> str:
    """The id of a tag of that name in the group, made when missing (WeCom makes duplicates once)."""
    row = store.row(
        "SELECT id FROM tags WHERE group_id = ? AND name = ?", group_id, check_name(name)
    )
    if row is not None:
        return str(row["id"])
    if int(store.value("SELECT COUNT(*) FROM tags")) >= MOST_TAGS:
        raise WeComError(BAD_PARAMETER, f"more than {MOST_TAGS} tags")
    tag_id = _new_id()
    store.insert(
        "tags", id=tag_id, group_id=group_id, name=name, ord=order, create_time=at, app=app,
        serial=_serial(store, "tags"),
    )  # fmt: skip
    return tag_id


def edit(store: Store, item_id: str, name: str | None, order: int | None, *, app: str) -> str:
    """Rename or reorder a tag or group; which of them it was (``tag`` or ``tag_group``).

    Answers 40068 unknown, 301002 made by another app, 40058 name taken.
    """
    kind, row = _need(store, item_id)
    _check_owner(row, app)
    table = "tags" if kind == "tag" else "tag_groups"
    if name is not None:
        siblings = (
            ("SELECT 1 FROM tags WHERE name = ? AND id != ? AND group_id = ?", row["group_id"])
            if kind == "tag"
            else ("SELECT 1 FROM tag_groups WHERE name = ? AND id != ? AND '' = ?", "")
        )
        if store.value(siblings[0], check_name(name), item_id, siblings[1]):
            raise WeComError(BAD_PARAMETER, "name existed")
    store.run(
        f"UPDATE {table} SET name = COALESCE(?, name), ord = COALESCE(?, ord) WHERE id = ?",  # noqa: S608
        name, order, item_id,
    )  # fmt: skip
    return kind


def delete(store: Store, item_id: str, *, app: str) -> tuple[str, str]:
    """Delete a tag (and its group when that was the last) or a group with its tags.

    Returns: ``tag`` or ``tag_group`` and the id to name in an event.
    """
    kind, row = _need(store, item_id)
    _check_owner(row, app)
    if kind == "tag":
        _delete_tag(store, item_id)
        left = store.value("SELECT COUNT(*) FROM tags WHERE group_id = ?", row["group_id"])
        if left:
            return "tag", item_id
        store.run("DELETE FROM tag_groups WHERE id = ?", row["group_id"])
        return "tag_group", str(row["group_id"])
    for tag in store.rows("SELECT id FROM tags WHERE group_id = ?", item_id):
        _delete_tag(store, tag["id"])
    store.run("DELETE FROM tag_groups WHERE id = ?", item_id)
    return "tag_group", item_id


def shown(store: Store, group: sqlite3.Row, only: set[str] | None = None) -> dict[str, Any]:
    """A group with its tags (or only some of them), later ones of a higher order first."""
    tags = store.rows(
        "SELECT * FROM tags WHERE group_id = ? ORDER BY ord DESC, serial", group["id"]
    )
    return {
        "group_id": group["id"],
        "group_name": group["name"],
        "create_time": group["create_time"],
        "order": group["ord"],
        "tag": [
            {
                "id": tag["id"],
                "name": tag["name"],
                "create_time": tag["create_time"],
                "order": tag["ord"],
            }
            for tag in tags
            if only is None or tag["id"] in only
        ],
    }


def _need(store: Store, item_id: str) -> tuple[str, sqlite3.Row]:
    tag = find_tag(store, item_id)
    if tag is not None:
        return "tag", tag
    group = find_group(store, item_id)
    if group is None:
        raise WeComError(40068, item_id)
    return "tag_group", group


def _check_owner(row: sqlite3.Row, app: str) -> None:
    if app not in (CONSOLE, row["app"]):
        raise WeComError(301002)


def _delete_tag(store: Store, tag_id: str) -> None:
    store.run("DELETE FROM relation_tags WHERE tag_id = ?", tag_id)
    store.run("DELETE FROM tags WHERE id = ?", tag_id)


def _serial(store: Store, table: str) -> int:
    return int(store.value(f"SELECT COALESCE(MAX(serial), 0) + 1 FROM {table}"))  # noqa: S608


def _new_id() -> str:
    return "et" + secrets.token_urlsafe(24)[:30].replace("-", "A").replace("_", "B")
