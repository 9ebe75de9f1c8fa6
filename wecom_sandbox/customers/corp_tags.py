"""客户标签: groups and tags, made by apps or in the admin console (external-contacts.md §4)."""

import secrets
import sqlite3
from typing import Any

from wecom_sandbox.call import BAD_PARAMETER
from wecom_sandbox.errors import WeComError
from wecom_sandbox.store import Store

MOST_TAGS = 10_000
MOST_NAME = 30
MOST_A_RELATION = 3_000
CORP_TAG, RULE_GROUP_TAG = 1, 3
# Tags made in the admin console belong to no app; an app may not edit them (301002).
CONSOLE = "console"
CORP = 0
_TAG_COLUMNS = (
    "SELECT t.id AS tag_id, t.name AS tag_name, g.name AS group_name, g.strategy_id FROM tags t "
    "JOIN tag_groups g ON g.id = t.group_id WHERE t.id = ?"
)


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


def groups(store: Store, strategy_id: int = CORP) -> list[sqlite3.Row]:
    """The groups of the corp or of one rule group, a higher order first."""
    return store.rows(
        "SELECT * FROM tag_groups WHERE strategy_id = ? ORDER BY ord DESC, serial", strategy_id
    )


def named(store: Store, tag_ids: list[str]) -> list[dict[str, Any]]:
    """Tags as a customer's detail shows them, with names, in the order given."""
    found = []
    for tag_id in tag_ids:
        row = store.row(_TAG_COLUMNS, tag_id)
        if row is not None:
            kind = RULE_GROUP_TAG if row["strategy_id"] else CORP_TAG
            names = {name: row[name] for name in ("group_name", "tag_name", "tag_id")}
            found.append(names | {"type": kind})
    return found


def group_for(
    store: Store,
    group_id: str,
    name: str,
    order: int,
    *,
    app: str,
    at: int,
    strategy_id: int = CORP,
) -> str:
    """The id of the group to add to: the one named, or a group of that name, made when missing.

    Answers 40068 for an unknown group_id, and for one of another rule group.
    """
    if group_id:
        row = find_group(store, group_id)
        if row is None or row["strategy_id"] != strategy_id:
            raise WeComError(40068, group_id)
        return group_id
    row = store.row(
        "SELECT id FROM tag_groups WHERE strategy_id = ? AND name = ?",
        strategy_id,
        check_name(name),
    )
    if row is not None:
        return str(row["id"])
    new_id = _new_id()
    store.insert(
        "tag_groups", id=new_id, strategy_id=strategy_id, name=name, ord=order, create_time=at, app=app,
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


def edit(
    store: Store,
    item_id: str,
    name: str | None,
    order: int | None,
    *,
    app: str,
    rule_group: bool = False,
) -> str:
    """Rename or reorder a tag or group; which of them it was (``tag`` or ``tag_group``).

    Answers 40068 unknown (or a rule group's when it must not be, and the other way round), 301002 made by
    another app, 40058 name taken.
    """
    kind, row = _need(store, item_id, rule_group=rule_group)
    _check_owner(row, app)
    table = "tags" if kind == "tag" else "tag_groups"
    if name is not None:
        siblings = (
            ("SELECT 1 FROM tags WHERE name = ? AND id != ? AND group_id = ?", row["group_id"])
            if kind == "tag"
            else (
                "SELECT 1 FROM tag_groups WHERE name = ? AND id != ? AND strategy_id = ?",
                row["strategy_id"],
            )
        )
        if store.value(siblings[0], check_name(name), item_id, siblings[1]):
            raise WeComError(BAD_PARAMETER, "name existed")
    store.run(
        f"UPDATE {table} SET name = COALESCE(?, name), ord = COALESCE(?, ord) WHERE id = ?",  # noqa: S608
        name, order, item_id,
    )  # fmt: skip
    return kind


def delete(store: Store, item_id: str, *, app: str, rule_group: bool = False) -> tuple[str, str]:
    """Delete a tag (and its group when that was the last) or a group with its tags.

    Returns: ``tag`` or ``tag_group`` and the id to name in an event.
    """
    kind, row = _need(store, item_id, rule_group=rule_group)
    _check_owner(row, app)
    if kind == "tag":
        _delete_tag(store, item_id)
        left = store.value("SELECT COUNT(*) FROM tags WHERE group_id = ?", row["group_id"])
        if left:
            return "tag", item_id
        _delete_group(store, str(row["group_id"]))
        return "tag_group", str(row["group_id"])
    for tag in store.rows("SELECT id FROM tags WHERE group_id = ?", item_id):
        _delete_tag(store, tag["id"])
    _delete_group(store, item_id)
    return "tag_group", item_id


def delete_all(store: Store, ids: list[str], *, app: str, rule_group: bool = False) -> None:
    """Delete tags and groups, all or none; a tag's end may take along a group named beside it."""
    for item_id in ids:
        _check_owner(_need(store, item_id, rule_group=rule_group)[1], app)
    for item_id in ids:
        if find_tag(store, item_id) is not None or find_group(store, item_id) is not None:
            delete(store, item_id, app=app, rule_group=rule_group)


def delete_strategy(store: Store, strategy_id: int) -> None:
    """The rule group is gone: so are its tags."""
    for group in groups(store, strategy_id):
        delete(store, group["id"], app=CONSOLE, rule_group=True)


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


def listed(
    store: Store, group_ids: list[str], tag_ids: list[str], strategy_id: int = CORP
) -> list[dict[str, Any]]:
    """Groups with tags: all of them, those of the groups named, or else the tags named.

    Only who asks by id learns of deleted ones, and whether one is (92117).
    """
    if not group_ids and not tag_ids:
        return [shown(store, group) for group in groups(store, strategy_id)]
    chosen = dict.fromkeys(group_ids) if group_ids else None
    wanted = None if chosen is not None else set(tag_ids)
    found = []
    for group in _groups_ever(store, strategy_id):
        if chosen is not None and group["group_id"] not in chosen:
            continue
        group["tag"] = [tag for tag in group["tag"] if wanted is None or tag["id"] in wanted]
        if chosen is not None or group["tag"]:
            found.append(group)
    return found


def _groups_ever(store: Store, strategy_id: int) -> list[dict[str, Any]]:
    """Living groups and deleted ones, each with the tags it ever had."""
    gone = store.rows(
        "SELECT * FROM deleted_tags WHERE strategy_id = ? ORDER BY rowid", strategy_id
    )
    found = {
        group["id"]: shown(store, group) | {"deleted": False}
        for group in groups(store, strategy_id)
    }
    for group in found.values():
        group["tag"] = [tag | {"deleted": False} for tag in group["tag"]]
    for row in gone:
        if row["id"] == row["group_id"]:
            found[row["id"]] = {
                "group_id": row["id"], "group_name": row["name"], "create_time": row["create_time"],
                "order": row["ord"], "tag": [], "deleted": True,
            }  # fmt: skip
    for row in gone:
        if row["id"] != row["group_id"]:
            found[row["group_id"]]["tag"].append({
                "id": row["id"], "name": row["name"], "create_time": row["create_time"],
                "order": row["ord"], "deleted": True,
            })  # fmt: skip
    return list(found.values())


def _need(store: Store, item_id: str, *, rule_group: bool) -> tuple[str, sqlite3.Row]:
    tag = find_tag(store, item_id)
    group = find_group(store, tag["group_id"] if tag is not None else item_id)
    if group is None or bool(group["strategy_id"]) != rule_group:
        raise WeComError(40068, item_id)
    return ("tag_group", group) if tag is None else ("tag", tag)


def _check_owner(row: sqlite3.Row, app: str) -> None:
    if app not in (CONSOLE, row["app"]):
        raise WeComError(301002)


def _delete_tag(store: Store, tag_id: str) -> None:
    store.run(
        "INSERT INTO deleted_tags SELECT t.id, t.group_id, g.strategy_id, t.name, t.ord, t.create_time "
        "FROM tags t JOIN tag_groups g ON g.id = t.group_id WHERE t.id = ?",
        tag_id,
    )
    store.run("DELETE FROM relation_tags WHERE tag_id = ?", tag_id)
    store.run("DELETE FROM tags WHERE id = ?", tag_id)
    if store.drawn is not None:
        drawn = store.drawn
        store.after_commit(lambda: drawn.forget_tag(tag_id))


def _delete_group(store: Store, group_id: str) -> None:
    store.run(
        "INSERT INTO deleted_tags SELECT id, id, strategy_id, name, ord, create_time FROM tag_groups "
        "WHERE id = ?",
        group_id,
    )
    store.run("DELETE FROM tag_groups WHERE id = ?", group_id)


def _serial(store: Store, table: str) -> int:
    return int(store.value(f"SELECT COALESCE(MAX(serial), 0) + 1 FROM {table}"))  # noqa: S608


def _new_id() -> str:
    return "et" + secrets.token_urlsafe(24)[:30].replace("-", "A").replace("_", "B")
