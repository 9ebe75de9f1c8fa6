"""客户群继承: groups get another owner, of a member who left or of one who stays (groups.md §4)."""

import sqlite3

from wecom_sandbox.contacts import members
from wecom_sandbox.defaults import AppConfig
from wecom_sandbox.due import settles
from wecom_sandbox.errors import WeComError
from wecom_sandbox.groups import groups
from wecom_sandbox.marketing import ways
from wecom_sandbox.sandbox import Sandbox
from wecom_sandbox.store import Store

RESIGNED, ON_JOB = "resigned", "onjob"
NORMAL, OWNER_LEFT, UNDER_WAY, DONE = 0, 1, 2, 3
MOST_A_DAY = 300
MOST_IN_90_DAYS = 2
DAY = 86400
# How long WeCom takes over the groups of a member who left.
SECONDS = 5


def status(store: Store, row: sqlite3.Row) -> int:
    """A group's state as groupchat/list tells it: 0, 1 owner left, 2 being handed over, 3 handed over."""
    if under_way(store, row["chat_id"]):
        return UNDER_WAY
    if members.find(store, row["owner"]) is None:
        return OWNER_LEFT
    return DONE if row["inherited"] else NORMAL


def under_way(store: Store, chat_id: str) -> bool:
    """Whether the group waits for its new owner."""
    sql = "SELECT 1 FROM group_transfers WHERE chat_id = ? AND done_at IS NULL"
    return bool(store.value(sql, chat_id))


def begin(sandbox: Sandbox, chat_id: str, new_owner: str, app: AppConfig) -> int:
    """Hand a leaver's group over; 0, or WeCom's code for this group."""
    store = sandbox.store
    row = groups.find(store, chat_id)
    if row is None or row["dismissed_at"] is not None:
        return 90501
    state = status(store, row)
    refused = {UNDER_WAY: 90507, DONE: 90508, NORMAL: 90500}.get(state)
    if refused is not None:
        return refused
    if _today(sandbox, row["owner"]) >= MOST_A_DAY:
        return 45009
    _note(sandbox, row, new_owner, RESIGNED, done=False)
    return 0


def move(sandbox: Sandbox, chat_id: str, new_owner: str, app: AppConfig) -> int:
    """Hand a group of a member who stays over at once; 0, or WeCom's code for this group."""
    store = sandbox.store
    row = groups.find(store, chat_id)
    if row is None or row["dismissed_at"] is not None:
        return 90501
    if members.find(store, row["owner"]) is None:
        return 90502
    if not sandbox.scopes.sees_user(app, row["owner"]):
        return 301002
    if str(row["owner"]).lower() == new_owner.lower():
        return 90508
    since = sandbox.clock.seconds() - 90 * DAY
    moved = store.value(
        "SELECT COUNT(*) FROM group_transfers WHERE chat_id = ? AND kind = ? AND asked_at > ?",
        chat_id, ON_JOB, since,
    )  # fmt: skip
    if moved >= MOST_IN_90_DAYS:
        return 40128
    if _today(sandbox, row["owner"]) >= MOST_A_DAY:
        return 45009
    _note(sandbox, row, new_owner, ON_JOB, done=True)
    _become_owner(sandbox, row, new_owner)
    return 0


@settles
def settle(sandbox: Sandbox) -> None:
    """Groups asked for a few seconds ago get their new owner."""
    store, before = sandbox.store, sandbox.clock.seconds() - SECONDS
    with store.transaction():
        for asked in store.rows(
            "SELECT * FROM group_transfers WHERE done_at IS NULL AND asked_at <= ?", before
        ):
            store.run(
                "UPDATE group_transfers SET done_at = ? WHERE id = ?",
                sandbox.clock.seconds(), asked["id"],
            )  # fmt: skip
            row = groups.find(store, asked["chat_id"])
            if row is not None and row["dismissed_at"] is None:
                _become_owner(sandbox, row, asked["new_owner"])
                store.run("UPDATE group_chats SET inherited = 1 WHERE chat_id = ?", row["chat_id"])


def check_new_owner(sandbox: Sandbox, userid: str, app: AppConfig) -> str:
    """The new owner's userid; 60111 unknown, 60011 out of range, 41054, 40098, 84074."""
    row = members.need(sandbox.store, userid)
    if not sandbox.scopes.sees_user(app, row["userid"]):
        raise WeComError(60011)
    ways.check_receiver(sandbox.store, row)
    return str(row["userid"])


def _become_owner(sandbox: Sandbox, row: sqlite3.Row, new_owner: str) -> None:
    groups.put_member(sandbox, row["chat_id"], new_owner)
    told = sandbox.behaviour.group_transfer_event
    groups.set_owner(sandbox, row["chat_id"], new_owner, told=told)


def _today(sandbox: Sandbox, old_owner: str) -> int:
    """Groups of an owner handed over in the last day."""
    return int(
        sandbox.store.value(
            "SELECT COUNT(*) FROM group_transfers WHERE old_owner = ? AND asked_at > ?",
            old_owner, sandbox.clock.seconds() - DAY,
        )
    )  # fmt: skip


def _note(
    sandbox: Sandbox, row: sqlite3.Row, new_owner: str, kind: str, *, done: bool
) -> None:  # fmt: skip
    now = sandbox.clock.seconds()
    sandbox.store.insert(
        "group_transfers", chat_id=row["chat_id"], old_owner=row["owner"], new_owner=new_owner,
        kind=kind, asked_at=now, done_at=now if done else None,
    )  # fmt: skip
