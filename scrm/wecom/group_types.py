"""What WeCom's answers about customer groups become (groups.md §1, §3, §4); observed_at as in types.py."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from scrm.wecom.reading import items, moment, number, optional, table, text

OWN_MEMBER, CUSTOMER = 1, 2


@dataclass(frozen=True)
class GroupListed:
    """A group as a list names it; status 0 normal, 1 owner left, 2 being handed over, 3 handed over."""

    chat_id: str
    status: int


@dataclass(frozen=True)
class GroupPage:
    """A page of groups."""

    groups: tuple[GroupListed, ...]
    next_cursor: str
    observed_at: datetime


@dataclass(frozen=True)
class GroupMemberRow:
    """Somebody in a group; type 1 a member of the corp, 2 external; join_scene 1 invited, 2 by link, 3 by code."""

    type: int
    userid: str
    unionid: str | None
    name: str
    group_nickname: str
    join_scene: int
    join_time: datetime | None
    invitor_userid: str
    state: str

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Self:
        """Build from an entry of `member_list`."""
        return cls(
            type=number(row, "type", OWN_MEMBER),
            userid=text(row, "userid"),
            unionid=optional(row, "unionid"),
            name=text(row, "name"),
            group_nickname=text(row, "group_nickname"),
            join_scene=number(row, "join_scene"),
            join_time=moment(row, "join_time"),
            invitor_userid=text(table(row, "invitor"), "userid"),
            state=text(row, "state"),
        )


@dataclass(frozen=True)
class GroupDetail:
    """A group with everybody in it."""

    chat_id: str
    name: str
    owner: str
    notice: str
    created_at: datetime | None
    member_version: str
    admins: tuple[str, ...]
    members: tuple[GroupMemberRow, ...]
    observed_at: datetime

    @classmethod
    def read(cls, row: Mapping[str, Any], observed_at: datetime) -> Self:
        """Build from `group_chat`."""
        return cls(
            chat_id=text(row, "chat_id"),
            name=text(row, "name"),
            owner=text(row, "owner"),
            notice=text(row, "notice"),
            created_at=moment(row, "create_time"),
            member_version=text(row, "member_version"),
            admins=tuple(text(one, "userid") for one in items(row, "admin_list")),
            members=tuple(GroupMemberRow.read(one) for one in items(row, "member_list")),
            observed_at=observed_at,
        )


@dataclass(frozen=True)
class GroupFigures:
    """WeCom's figures of some days: of one owner, or (owner "") of all asked for on `day`."""

    owner: str
    day: datetime | None
    new_chat_cnt: int
    chat_total: int
    chat_has_msg: int
    new_member_cnt: int
    member_total: int
    member_has_msg: int
    msg_total: int
    observed_at: datetime

    @classmethod
    def read(cls, row: Mapping[str, Any], observed_at: datetime) -> Self:
        """Build from an entry of `items`."""
        data = table(row, "data")
        return cls(
            owner=text(row, "owner"),
            day=moment(row, "stat_time"),
            new_chat_cnt=number(data, "new_chat_cnt"),
            chat_total=number(data, "chat_total"),
            chat_has_msg=number(data, "chat_has_msg"),
            new_member_cnt=number(data, "new_member_cnt"),
            member_total=number(data, "member_total"),
            member_has_msg=number(data, "member_has_msg"),
            msg_total=number(data, "msg_total"),
            observed_at=observed_at,
        )


@dataclass(frozen=True)
class GroupRefusal:
    """A group that did not change its owner, and WeCom's code for it."""

    chat_id: str
    errcode: int
    errmsg: str


@dataclass(frozen=True)
class GroupWelcomeContent:
    """What a template of a welcome to a group says; `kind` is "" without an attachment."""

    text: str
    kind: str
    url: str
    title: str
    description: str
    picture_url: str
    observed_at: datetime
