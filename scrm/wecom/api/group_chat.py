"""Customer groups: list, members, figures, new owners (docs 92120, 92122, 92133, 92127, 95703, 94822)."""

from collections.abc import Sequence
from datetime import datetime

from scrm.wecom.api.base import Area, filled, now
from scrm.wecom.group_types import GroupDetail, GroupFigures, GroupListed, GroupPage, GroupRefusal
from scrm.wecom.paging import Pages
from scrm.wecom.reading import Row, items, number, table, text

_LIST = "externalcontact/groupchat/list"
OWNERS = 100
ROWS = 1000
TRANSFER_GROUPS = 100
# Pages of one walk of 100 owners: never so many.
MOST_PAGES = 1000
# A group that was dismissed, or never was one of ours.
GONE_CODES = frozenset({49008, 40050, 41063, 90501})
# An owner WeCom does not know (any more).
UNKNOWN_OWNER_CODES = frozenset({40031, 60111, 40003})


class GroupChatApi(Area):
    """Needs an app among those that may call customer contact; the owner must be in its scope."""

    def list(
        self, owners: Sequence[str], cursor: str = "", limit: int = ROWS, status_filter: int = 0
    ) -> GroupPage:
        """Return a page of the groups of at most 100 owners (doc 92120). ValueError for more or none."""
        _check(owners, OWNERS)
        started = now()
        body = filled(
            owner_filter={"userid_list": [*owners]},
            cursor=cursor or None,
            limit=limit,
            status_filter=status_filter,
        )
        data = self._query("externalcontact/groupchat/list", body)
        rows = tuple(
            GroupListed(text(row, "chat_id"), number(row, "status"))
            for row in items(data, "group_chat_list")
        )
        return GroupPage(rows, text(data, "next_cursor"), started)

    def pages(self, owners: Sequence[str], cursor: str = "") -> Pages[GroupPage]:
        """Walk the groups of at most 100 owners (doc 92120); an expired cursor begins the walk again."""
        return Pages(
            lambda position: self.list(owners, position),
            _LIST,
            cursor=cursor,
            restarts=True,
            most=MOST_PAGES,
        )

    def get(self, chat_id: str) -> GroupDetail:
        """Return a group with everybody in it, by name (doc 92122); GONE_CODES for one that is no more."""
        started = now()
        body = {"chat_id": chat_id, "need_name": 1}
        data = self._query("externalcontact/groupchat/get", body)
        return GroupDetail.read(table(data, "group_chat"), started)

    def opengid_to_chatid(self, opengid: str) -> str:
        """Return the chat_id of what a mini program opened from a group got (doc 94822)."""
        return text(
            self._query("externalcontact/opengid_to_chatid", {"opengid": opengid}), "chat_id"
        )

    def statistic(
        self, owners: Sequence[str], begin: datetime, end: datetime | None = None
    ) -> tuple[GroupFigures, ...]:
        """Return each owner's figures from the day of `begin` to that of `end`, at most 30 days (doc 92133)."""
        _check(owners, OWNERS)
        started, offset, found = now(), 0, []
        while True:
            body = filled(
                day_begin_time=int(begin.timestamp()),
                day_end_time=None if end is None else int(end.timestamp()),
                owner_filter={"userid_list": [*owners]},
                order_by=1,
                offset=offset,
                limit=ROWS,
            )
            data = self._query("externalcontact/groupchat/statistic", body)
            found += [GroupFigures.read(row, started) for row in items(data, "items")]
            following = number(data, "next_offset")
            if following <= offset:
                return tuple(found)
            offset = following

    def statistic_group_by_day(
        self, owners: Sequence[str], begin: datetime, end: datetime
    ) -> tuple[GroupFigures, ...]:
        """Return the figures of all owners together, day by day (doc 92133)."""
        _check(owners, OWNERS)
        started = now()
        body = {
            "day_begin_time": int(begin.timestamp()),
            "day_end_time": int(end.timestamp()),
            "owner_filter": {"userid_list": [*owners]},
        }
        data = self._query("externalcontact/groupchat/statistic_group_by_day", body)
        return tuple(GroupFigures.read(row, started) for row in items(data, "items"))

    def transfer(self, chat_ids: Sequence[str], new_owner: str) -> tuple[GroupRefusal, ...]:
        """Give at most 100 groups of a deleted member to another; the ones refused (doc 92127)."""
        _check(chat_ids, TRANSFER_GROUPS)
        body = {"chat_id_list": [*chat_ids], "new_owner": new_owner}
        data = self._write("externalcontact/groupchat/transfer", body)
        return tuple(_refusal(row) for row in items(data, "failed_chat_list"))

    def onjob_transfer(self, chat_ids: Sequence[str], new_owner: str) -> tuple[GroupRefusal, ...]:
        """Give at most 100 groups of a member in service to another; the ones refused (doc 95703)."""
        _check(chat_ids, TRANSFER_GROUPS)
        body = {"chat_id_list": [*chat_ids], "new_owner": new_owner}
        data = self._write("externalcontact/groupchat/onjob_transfer", body)
        return tuple(_refusal(row) for row in items(data, "failed_chat_list"))


def _check(given: Sequence[str], most: int) -> None:
    if not 0 < len(given) <= most:
        raise ValueError(f"1 to {most} a call")


def _refusal(row: Row) -> GroupRefusal:
    return GroupRefusal(text(row, "chat_id"), number(row, "errcode"), text(row, "errmsg"))
