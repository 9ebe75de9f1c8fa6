"""客户朋友圈: what the corp or a member publishes, and which customers see it (marketing.md §5).

A moment of the corp is a task for each member; customers see it once the member has published it.
"""

import json
import secrets
import sqlite3
from dataclasses import dataclass
from typing import Any

from wecom_sandbox import china_time
from wecom_sandbox.customers import follows
from wecom_sandbox.errors import NotPossibleError, WeComError
from wecom_sandbox.sandbox import Sandbox
from wecom_sandbox.store import Store

BY_CORP, BY_MEMBER = 0, 1
PARTLY, PUBLIC = 0, 1
PLANNED, PUBLISHED = 0, 1
LIKE, COMMENT = "like", "comment"
MOST_COMMENT = 200


@dataclass(frozen=True)
class Draft:
    """A checked moment: ``content`` {text, attachments, location?}, who publishes it, and tags of who may see it."""

    content: dict[str, Any]
    senders: list[str]
    tags: list[str]


def create(sandbox: Sandbox, draft: Draft, *, app: str = "", creator: str = "") -> str:
    """Store a moment with its tasks and the customers it is meant for; the moment_id.

    Args:
        sandbox: the corp.
        draft: the moment.
        app: whose task it is; empty for a member's own.
        creator: the member who wrote it himself; empty for the corp's.
    """
    moment_id = f"mom{secrets.token_urlsafe(21)}"
    now = sandbox.clock.now()
    # Moments of the corp can be seen and published once WeCom has made the task.
    ready_at = now if creator else now + sandbox.behaviour.moment_seconds
    sandbox.store.insert(
        "moments", moment_id=moment_id, app=app, creator=creator, create_time=int(now),
        create_type=BY_MEMBER if creator else BY_CORP, visible_type=PARTLY if draft.tags else PUBLIC,
        content=json.dumps(draft.content, ensure_ascii=False), ready_at=ready_at,
    )  # fmt: skip
    for userid in draft.senders:
        sandbox.store.insert("moment_tasks", moment_id=moment_id, userid=userid)
        for row in follows.of_members(sandbox.store, [userid]):
            if not draft.tags or set(draft.tags).intersection(follows.tag_ids(sandbox.store, row)):
                sandbox.store.insert(
                    "moment_customers", moment_id=moment_id, userid=row["userid"],
                    external_userid=row["external_userid"],
                )  # fmt: skip
    return moment_id


def find(sandbox: Sandbox, moment_id: str) -> sqlite3.Row | None:
    """A moment that is made and was not deleted, or None."""
    return sandbox.store.row(
        "SELECT * FROM moments WHERE moment_id = ? AND deleted_at IS NULL AND ready_at <= ?",
        moment_id, sandbox.clock.now(),
    )  # fmt: skip


def need(sandbox: Sandbox, moment_id: str) -> sqlite3.Row:
    """A moment's row; 41059 without an id, 41060 unknown, 41063 while WeCom still makes it."""
    if not moment_id:
        raise WeComError(41059)
    row = find(sandbox, moment_id)
    if row is not None:
        return row
    if sandbox.store.value(
        "SELECT 1 FROM moments WHERE moment_id = ? AND deleted_at IS NULL", moment_id
    ):
        raise WeComError(41063)
    raise WeComError(41060)


def task(store: Store, moment_id: str, userid: str) -> sqlite3.Row:
    """A member's part in a moment; 41061 when he has none."""
    row = store.row(
        "SELECT * FROM moment_tasks WHERE moment_id = ? AND userid = ?", moment_id, userid
    )
    if row is None:
        raise WeComError(41061)
    return row


def published_task(store: Store, moment_id: str, userid: str) -> sqlite3.Row:
    """A member's part once he has published it; 41062 before."""
    row = task(store, moment_id, userid)
    if row["publish_status"] != PUBLISHED:
        raise WeComError(41062)
    return row


def publish(sandbox: Sandbox, moment_id: str, userid: str) -> int:
    """The member publishes; how many customers see it.

    Customers who are gone, and those over what one may see of the corp in a month or of a member in a
    day, do not.

    Raises:
        NotPossibleError: there is nothing for him to publish, or the corp cancelled it.
    """
    with sandbox.store.transaction():
        row = find(sandbox, moment_id)
        mine = sandbox.store.row(
            "SELECT * FROM moment_tasks WHERE moment_id = ? AND userid = ?", moment_id, userid
        )
        if row is None or mine is None or mine["publish_status"] == PUBLISHED:
            raise NotPossibleError("nothing waits to be published by that member")
        if row["cancelled_at"] is not None:
            raise NotPossibleError("the corp cancelled this moment")
        now, seen = sandbox.clock.now(), 0
        for customer in sandbox.store.rows(
            "SELECT * FROM moment_customers WHERE moment_id = ? AND userid = ? ORDER BY id",
            moment_id, mine["userid"],
        ):  # fmt: skip
            if _may_see(sandbox, row, customer):
                sandbox.store.run(
                    "UPDATE moment_customers SET shown_at = ? WHERE id = ?", now, customer["id"]
                )
                seen += 1
        sandbox.store.run(
            "UPDATE moment_tasks SET publish_status = ?, published_at = ? WHERE id = ?",
            PUBLISHED, now, mine["id"],
        )  # fmt: skip
    return seen


def react(
    sandbox: Sandbox, moment_id: str, userid: str, kind: str, *, by_member: str = "",
    external_userid: str = "", text: str = "",
) -> None:  # fmt: skip
    """Somebody likes (again: takes it back) or comments on what a member published.

    Raises:
        NotPossibleError: he does not see it, or a comment is empty.
    """
    store = sandbox.store
    with store.transaction():
        if not _sees(sandbox, moment_id, userid, external_userid, by_member):
            raise NotPossibleError("this moment cannot be seen")
        text = text.strip()[:MOST_COMMENT]
        if kind == COMMENT and not text:
            raise NotPossibleError("a comment needs words")
        taken_back = 0
        if kind == LIKE:
            taken_back = store.run(
                "DELETE FROM moment_reactions WHERE moment_id = ? AND userid = ? AND kind = ? "
                "AND by_member = ? AND external_userid = ?",
                moment_id, userid, LIKE, by_member, external_userid,
            )  # fmt: skip
        if not taken_back:
            store.insert(
                "moment_reactions", moment_id=moment_id, userid=userid, kind=kind,
                by_member=by_member, external_userid=external_userid, text=text,
                at=sandbox.clock.seconds(),
            )  # fmt: skip


def reactions(store: Store, moment_id: str, userid: str, kind: str) -> list[sqlite3.Row]:
    """Likes or comments under what a member published, oldest first."""
    return store.rows(
        "SELECT * FROM moment_reactions WHERE moment_id = ? AND userid = ? AND kind = ? ORDER BY id",
        moment_id, userid, kind,
    )  # fmt: skip


def cancel(sandbox: Sandbox, moment_id: str) -> None:
    """Members who have not published cannot any more."""
    sandbox.store.run(
        "UPDATE moments SET cancelled_at = ? WHERE moment_id = ?",
        sandbox.clock.seconds(), moment_id,
    )  # fmt: skip


def delete(sandbox: Sandbox, moment_id: str) -> None:
    """A member takes his own moment away: nobody sees it, no list shows it."""
    sandbox.store.run(
        "UPDATE moments SET deleted_at = ? WHERE moment_id = ?", sandbox.clock.seconds(), moment_id
    )


def _sees(
    sandbox: Sandbox, moment_id: str, userid: str, external_userid: str, by_member: str
) -> bool:
    if find(sandbox, moment_id) is None:
        return False
    if by_member:
        sql = "SELECT 1 FROM moment_tasks WHERE moment_id = ? AND userid = ? AND publish_status = 1"
        own = by_member.lower() == userid.lower()
        return own and bool(sandbox.store.value(sql, moment_id, userid))
    return bool(
        sandbox.store.value(
            "SELECT 1 FROM moment_customers WHERE moment_id = ? AND userid = ? AND external_userid = ? "
            "AND shown_at IS NOT NULL",
            moment_id, userid, external_userid,
        )
    )  # fmt: skip


def _may_see(sandbox: Sandbox, row: sqlite3.Row, customer: sqlite3.Row) -> bool:
    store, now, behaviour = sandbox.store, sandbox.clock.now(), sandbox.behaviour
    external_userid = customer["external_userid"]
    if follows.of_pair(store, customer["userid"], external_userid, follows.ACTIVE) is None:
        return False
    today = store.value(
        "SELECT COUNT(*) FROM moment_customers WHERE external_userid = ? AND userid = ? AND shown_at >= ?",
        external_userid, customer["userid"], china_time.day_start(now),
    )  # fmt: skip
    if int(today) >= behaviour.moment_day_limit:
        return False
    if row["create_type"] == BY_MEMBER:
        return True
    of_corp = store.value(
        "SELECT COUNT(*) FROM moment_customers c JOIN moments m ON m.moment_id = c.moment_id "
        "WHERE c.external_userid = ? AND c.shown_at >= ? AND m.create_type = ?",
        external_userid, china_time.month_start(now), BY_CORP,
    )  # fmt: skip
    return int(of_corp) < behaviour.moment_month_limit
