"""Figures of customer groups, counted from what truly happened in them (groups.md §3)."""

from wecom_sandbox.groups import groups
from wecom_sandbox.sandbox import Sandbox

Figures = dict[str, int]


def figures(sandbox: Sandbox, owner: str, begin: int, end: int) -> Figures:
    """One owner's figures from midnight ``begin`` to midnight ``end``, in the response's keys."""
    store = sandbox.store
    rows = store.rows(
        "SELECT chat_id, create_time FROM group_chats WHERE owner = ? AND create_time < ? "
        "AND (dismissed_at IS NULL OR dismissed_at >= ?)",
        owner, end, end,
    )  # fmt: skip
    total = dict.fromkeys(
        ("chat_has_msg", "new_member_cnt", "member_total", "member_has_msg", "msg_total"), 0
    )
    for row in rows:
        for name, value in _of_group(sandbox, row["chat_id"], begin, end).items():
            total[name] += value
    return {
        "new_chat_cnt": sum(begin <= row["create_time"] < end for row in rows),
        "chat_total": len(rows),
        **total,
        "migrate_trainee_chat_cnt": 0,
    }


def added(parts: list[Figures]) -> Figures:
    """Several owners' figures as one."""
    return {name: sum(one[name] for one in parts) for name in parts[0]} if parts else {}


def owners(sandbox: Sandbox) -> list[str]:
    """Everybody who owns a living group, in order of the first."""
    rows = sandbox.store.rows(
        "SELECT owner FROM group_chats WHERE dismissed_at IS NULL GROUP BY owner ORDER BY MIN(serial)"
    )
    return [str(row["owner"]) for row in rows]


def _of_group(sandbox: Sandbox, chat_id: str, begin: int, end: int) -> Figures:
    store = sandbox.store
    said = store.row(
        "SELECT COUNT(*) AS said, COUNT(DISTINCT userid) AS speakers FROM group_messages "
        "WHERE chat_id = ? AND at >= ? AND at < ?",
        chat_id, begin, end,
    )  # fmt: skip
    came = store.value(
        "SELECT COUNT(*) FROM group_members WHERE chat_id = ? AND type = ? AND join_time >= ? AND join_time < ?",
        chat_id, groups.CUSTOMER, begin, end,
    )  # fmt: skip
    present = store.value(
        "SELECT COUNT(*) FROM group_members WHERE chat_id = ? AND join_time < ? AND (left_at IS NULL OR left_at >= ?)",
        chat_id, end, end,
    )  # fmt: skip
    messages, speakers = (said["said"], said["speakers"]) if said else (0, 0)
    return {
        "chat_has_msg": int(messages > 0),
        "new_member_cnt": came,
        "member_total": present,
        "member_has_msg": speakers,
        "msg_total": messages,
    }
