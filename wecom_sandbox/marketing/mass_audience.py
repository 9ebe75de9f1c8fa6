"""Whom a mass message can reach: by customers, by tags, by member (marketing.md §3)."""

from typing import Any

from wecom_sandbox.call import BAD_PARAMETER, Call
from wecom_sandbox.customers import follows
from wecom_sandbox.errors import WeComError
from wecom_sandbox.groups import groups
from wecom_sandbox.marketing import mass_messages, member_ranges
from wecom_sandbox.store import Store

MOST_CUSTOMERS, MOST_GROUPS, MOST_TAGS = 10_000, 2_000, 100
Receivers = dict[str, list[str]]


def of_customers(call: Call, wanted: list[str], sender: str) -> tuple[Receivers, list[str]]:
    """Who sends to which of the named customers, and those whom nobody can reach.

    Answers 40096 when none of them exists, 41048 when none of them can be reached.
    """
    if len(wanted) > MOST_CUSTOMERS:
        raise WeComError(BAD_PARAMETER, f"more than {MOST_CUSTOMERS} external_userid")
    if not any(call.sandbox.people.by_external_userid(one) for one in wanted):
        raise WeComError(40096)
    found: Receivers = {}
    failed = []
    able = _Able(call, sender)
    for external_userid in dict.fromkeys(wanted):
        followers = follows.of_customer(call.sandbox.store, external_userid)
        if _assign(call, found, external_userid, [row for row in followers if able(row)]) is None:
            failed.append(external_userid)
    if not found:
        raise WeComError(41048)
    return found, failed


def by_tags(call: Call, groups_of_tags: list[list[str]], sender: str) -> Receivers:
    """Customers that have a tag of every group, of the sender or of everybody; 41048 when nobody has."""
    able = _Able(call, sender)
    store = call.sandbox.store
    members = [sender] if sender else able.everybody()
    chosen: dict[str, list[follows.Row]] = {}
    # Member by member: all relations of a large corp at once would not fit.
    for userid in members:
        for row in follows.of_members(store, [userid]):
            if able(row) and _has_tags(store, row, groups_of_tags):
                kept = {"userid": row["userid"], "createtime": row["createtime"]}
                chosen.setdefault(row["external_userid"], []).append(kept)
    found: Receivers = {}
    for external_userid, rows in chosen.items():
        _assign(call, found, external_userid, rows)
    if not found:
        raise WeComError(41048)
    return found


def of_groups(call: Call, wanted: list[str], sender: str) -> Receivers:
    """The sender's groups; none named leaves the choice to him. 40050 unknown, 301002 somebody else's."""
    if len(wanted) > MOST_GROUPS:
        raise WeComError(BAD_PARAMETER, f"more than {MOST_GROUPS} chat_id")
    for chat_id in wanted:
        row = groups.need(call.sandbox.store, chat_id)
        if row["owner"].lower() != sender.lower():
            raise WeComError(301002, "the sender does not own this group")
    if not groups.owned_by(call.sandbox.store, sender):
        raise WeComError(41048)
    return {sender: list(dict.fromkeys(wanted))}


def read_tag_filter(call: Call) -> list[list[str]]:
    """``tag_filter.group_list``: a tag of every group; 40058 over 100 tags in one, 40068 unknown."""
    listed = call.section("tag_filter").get("group_list") or []
    if not isinstance(listed, list):
        raise WeComError(BAD_PARAMETER, "tag_filter.group_list must be a list")
    return [_read_group(call, group) for group in listed]


def _read_group(call: Call, group: object) -> list[str]:
    tags = group.get("tag_list") if isinstance(group, dict) else None
    if not isinstance(tags, list) or not 1 <= len(tags) <= MOST_TAGS:
        raise WeComError(BAD_PARAMETER, f"a tag_list must hold 1 to {MOST_TAGS} tags")
    for tag_id in tags:
        if not call.sandbox.store.value("SELECT 1 FROM tags WHERE id = ?", str(tag_id)):
            raise WeComError(40068, str(tag_id))
    return [str(tag_id) for tag_id in tags]


class _Able:
    """Whether the member of a relation may send: visible to the app, able to serve, the sender if named."""

    def __init__(self, call: Call, sender: str) -> None:
        self._call, self._sender = call, sender.lower()
        self._known: dict[str, bool] = {}

    def __call__(self, row: follows.Row) -> bool:
        userid = str(row["userid"]).lower()
        if self._sender and userid != self._sender:
            return False
        if userid not in self._known:
            self._known[userid] = self._may(userid)
        return self._known[userid]

    def everybody(self) -> list[str]:
        """All members who may send."""
        rows = self._call.sandbox.store.rows("SELECT userid FROM members ORDER BY rowid")
        return [row["userid"] for row in rows if self._may(row["userid"])]

    def _may(self, userid: str) -> bool:
        sandbox = self._call.sandbox
        visible = sandbox.scopes.sees_user(self._call.caller, userid)
        return visible and member_ranges.can_serve(sandbox.store, userid)


def _assign(
    call: Call, found: Receivers, external_userid: str, rows: list[follows.Row]
) -> follows.Row | None:
    row = mass_messages.last_talked(call.sandbox.store, external_userid, rows)
    if row is None or not mass_messages.has_room(call.sandbox, external_userid):
        return None
    found.setdefault(str(row["userid"]), []).append(external_userid)
    return row


def _has_tags(store: Store, row: Any, groups_of_tags: list[list[str]]) -> bool:
    if not groups_of_tags:
        return True
    present = set(follows.tag_ids(store, row))
    return all(present.intersection(group) for group in groups_of_tags)
