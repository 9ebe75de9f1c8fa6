"""Tags of followers (wechat.md §13)."""

import sqlite3
from typing import Any

from wecom_sandbox.sandbox import Sandbox
from wecom_sandbox.wechat import identities
from wecom_sandbox.wechat.accounts import SERVICE
from wecom_sandbox.wechat.errors import WeChatError

STAR, STAR_NAME = 2, "星标组"
_SYSTEM = (0, 1, 2)
_FIRST = 100
_MOST = 100
_MOST_NAME = 30
_MOST_OF_ONE = 20
_MOST_FANS = 100_000
_PAGE = 10_000


def create(sandbox: Sandbox, name: object) -> dict[str, Any]:
    """A new tag; 45157, 45158, 45056."""
    name = _name(sandbox, name)
    if sandbox.store.value("SELECT COUNT(*) FROM wechat_tags") >= _MOST:
        raise WeChatError(45056)
    tag_id = int(
        sandbox.store.value("SELECT COALESCE(MAX(id), ?) + 1 FROM wechat_tags", _FIRST - 1)
    )
    sandbox.store.insert("wechat_tags", id=tag_id, name=name)
    return {"id": tag_id, "name": name}


def rename(sandbox: Sandbox, tag_id: object, name: object) -> None:
    """Another name; 45058, 45159, 45157, 45158."""
    row = need(sandbox, tag_id)
    name = _name(sandbox, name, keeps=row["id"])
    sandbox.store.run("UPDATE wechat_tags SET name = ? WHERE id = ?", name, row["id"])


def delete(sandbox: Sandbox, tag_id: object) -> None:
    """Away with it; 45058, 45159, 45057 with more than 100,000 fans."""
    row = need(sandbox, tag_id)
    if count(sandbox, row["id"]) > _MOST_FANS:
        raise WeChatError(45057)
    sandbox.store.run("DELETE FROM wechat_taggings WHERE tag_id = ?", row["id"])
    sandbox.store.run("DELETE FROM wechat_tags WHERE id = ?", row["id"])


def listed(sandbox: Sandbox) -> list[dict[str, Any]]:
    """All tags, WeChat's own first."""
    rows = sandbox.store.rows("SELECT id, name FROM wechat_tags ORDER BY id")
    own = {"id": STAR, "name": STAR_NAME, "count": 0}
    return [
        own,
        *(
            {"id": row["id"], "name": row["name"], "count": count(sandbox, row["id"])}
            for row in rows
        ),
    ]


def tag(sandbox: Sandbox, tag_id: object, openids: list[str], *, on: bool) -> None:
    """Give or take a tag; all or none. 45159, 40003 (no follower's), 45059 (20 a person)."""
    row = need(sandbox, tag_id)
    for openid in openids:
        _follower(sandbox, openid)
        if not on:
            sandbox.store.run(
                "DELETE FROM wechat_taggings WHERE tag_id = ? AND openid = ?", row["id"], openid
            )
            continue
        sandbox.store.run(
            "INSERT OR IGNORE INTO wechat_taggings (tag_id, openid) VALUES (?, ?)",
            row["id"],
            openid,
        )
        if len(of(sandbox, openid)) > _MOST_OF_ONE:
            raise WeChatError(45059)


def of(sandbox: Sandbox, openid: str) -> list[int]:
    """Tag ids of a follower."""
    rows = sandbox.store.rows(
        "SELECT tag_id FROM wechat_taggings WHERE openid = ? ORDER BY serial", openid
    )
    return [row["tag_id"] for row in rows]


def fans(sandbox: Sandbox, tag_id: object, after: str) -> list[str]:
    """A page of a tag's followers."""
    row = need(sandbox, tag_id)
    begin = sandbox.store.value(
        "SELECT serial FROM wechat_taggings WHERE tag_id = ? AND openid = ?", row["id"], after
    )
    if after and begin is None:
        raise WeChatError(40003)
    rows = sandbox.store.rows(
        "SELECT openid FROM wechat_taggings WHERE tag_id = ? AND serial > ? ORDER BY serial LIMIT ?",
        row["id"], begin or 0, _PAGE,
    )  # fmt: skip
    return [one["openid"] for one in rows]


def count(sandbox: Sandbox, tag_id: int) -> int:
    """How many followers have a tag."""
    sql = "SELECT COUNT(*) FROM wechat_taggings WHERE tag_id = ?"
    return int(sandbox.store.value(sql, tag_id))


def need(sandbox: Sandbox, tag_id: object) -> sqlite3.Row:
    """A tag of the account's own; 45058 WeChat's, 45159 none."""
    if isinstance(tag_id, bool) or not isinstance(tag_id, int):
        raise WeChatError(45159)
    if tag_id in _SYSTEM:
        raise WeChatError(45058)
    row = sandbox.store.row("SELECT * FROM wechat_tags WHERE id = ?", tag_id)
    if row is None:
        raise WeChatError(45159)
    return row


def _name(sandbox: Sandbox, name: object, keeps: int = 0) -> str:
    if not isinstance(name, str) or not name.strip():
        raise WeChatError(45157)
    if len(name) > _MOST_NAME:
        raise WeChatError(45158)
    known = sandbox.store.value("SELECT id FROM wechat_tags WHERE name = ?", name)
    if name == STAR_NAME or (known is not None and known != keeps):
        raise WeChatError(45157)
    return name


def _follower(sandbox: Sandbox, openid: str) -> None:
    identities.need(sandbox, SERVICE, openid)
    sql = "SELECT 1 FROM wechat_followers WHERE openid = ? AND subscribed"
    if sandbox.store.value(sql, openid) is None:
        raise WeChatError(40003)
