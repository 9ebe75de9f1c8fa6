"""联系客户统计: what members and customers did, day by day, counted from what happened (external-contacts.md §6)."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from wecom_sandbox.china_time import DAY, day_start
from wecom_sandbox.customers import chats, follows
from wecom_sandbox.sandbox import Sandbox

_HALF = "half"
_DELETED = "deleted_by_customer"


@dataclass
class Day:
    """One day of some members together.

    ``started`` are chats that a customer began, ``replies`` the seconds until a member answered within the day.
    """

    chats: int = 0
    messages: int = 0
    started: int = 0
    replies: list[float] = field(default_factory=list)
    lost: int = 0
    asked: int = 0
    added: int = 0

    def shown(self, at: int) -> dict[str, Any]:
        """As the API answers; the reply figures only on days on which customers began chats."""
        figures: dict[str, Any] = {
            "stat_time": at,
            "chat_cnt": self.chats,
            "message_cnt": self.messages,
        }
        if self.started:
            share = round(100 * len(self.replies) / self.started, 2)
            figures["reply_percentage"] = int(share) if share.is_integer() else share
            waited = sum(self.replies) / len(self.replies) if self.replies else 0.0
            figures["avg_reply_time"] = round(waited / 60)
        return figures | {
            "negative_feedback_cnt": self.lost, "new_apply_cnt": self.asked, "new_contact_cnt": self.added,
        }  # fmt: skip


def days(sandbox: Sandbox, userids: list[str], first: int, last: int) -> list[dict[str, Any]]:
    """The figures of members together, one entry a day.

    Args:
        sandbox: the corp.
        userids: whose.
        first: 0:00 of the first day in China, Unix seconds.
        last: 0:00 of the last day.
    """
    found: defaultdict[int, Day] = defaultdict(Day)
    for userid in userids:
        _count_relations(sandbox, userid, first, last + DAY, found)
        _count_requests(sandbox, userid, first, last + DAY, found)
        _count_chats(sandbox, userid, first, last + DAY, found)
    return [found[at].shown(at) for at in range(first, last + 1, DAY)]


def _count_relations(
    sandbox: Sandbox, userid: str, since: int, until: int, found: defaultdict[int, Day]
) -> None:
    rows = sandbox.store.rows(
        "SELECT createtime, ended_at, status FROM relations WHERE userid = ?", userid
    )
    for row in rows:
        if since <= row["createtime"] < until and row["status"] != _HALF:
            found[day_start(row["createtime"])].added += 1
        if row["status"] == _DELETED and since <= row["ended_at"] < until:
            found[day_start(row["ended_at"])].lost += 1
    for at in follows.drawn_createtimes(sandbox.store, userid, since, until):
        found[day_start(at)].added += 1


def _count_requests(
    sandbox: Sandbox, userid: str, since: int, until: int, found: defaultdict[int, Day]
) -> None:
    sql = "SELECT at FROM friend_requests WHERE userid = ? AND at >= ? AND at < ?"
    for row in sandbox.store.rows(sql, userid, since, until):
        found[day_start(row["at"])].asked += 1


def _count_chats(
    sandbox: Sandbox, userid: str, since: int, until: int, found: defaultdict[int, Day]
) -> None:
    sql = "SELECT person_id, sender, at FROM chats WHERE userid = ? AND at >= ? AND at < ? ORDER BY id"
    talks: defaultdict[tuple[int, str], list[tuple[str, float]]] = defaultdict(list)
    for row in sandbox.store.rows(sql, userid, since, until):
        talks[day_start(row["at"]), row["person_id"]].append((row["sender"], row["at"]))
    for (at, _), said in talks.items():
        _count_talk(found[at], said)


def _count_talk(day: Day, said: list[tuple[str, float]]) -> None:
    """One chat of one day, in the order written."""
    by_member = [at for sender, at in said if sender == chats.MEMBER]
    day.messages += len(by_member)
    day.chats += bool(by_member)
    sender, began = said[0]
    if sender == chats.CUSTOMER:
        day.started += 1
        if by_member:
            day.replies.append(by_member[0] - began)
