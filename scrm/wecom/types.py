"""What WeCom's answers become: frozen, typed, tolerant of unknown fields and nulls.

Ids keep WeCom's spelling. Times are aware UTC. `observed_at` is the moment the request began, so that
an older observation never overwrites a newer one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from scrm.wecom.reading import flag, items, moment, number, numbers, optional, table, text, texts


@dataclass(frozen=True)
class ExternalContact:
    """A customer as WeCom describes them (doc 92114); type 1 is WeChat, 2 is WeCom."""

    external_userid: str
    name: str
    type: int
    gender: int
    avatar: str
    unionid: str | None
    corp_name: str
    corp_full_name: str
    position: str

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Self:
        """Build from `external_contact`."""
        return cls(
            external_userid=text(row, "external_userid"),
            name=text(row, "name"),
            type=number(row, "type", 1),
            gender=number(row, "gender"),
            avatar=text(row, "avatar"),
            unionid=optional(row, "unionid"),
            corp_name=text(row, "corp_name"),
            corp_full_name=text(row, "corp_full_name"),
            position=text(row, "position"),
        )


@dataclass(frozen=True)
class FollowTag:
    """A tag on a follow relation; type 1 corp, 2 personal (no id), 3 rule group."""

    type: int
    tag_id: str
    tag_name: str
    group_name: str


@dataclass(frozen=True)
class FollowInfo:
    """One member's relation with a customer (doc 92114 `follow_user`, 92994 `follow_info`)."""

    userid: str
    remark: str
    description: str
    remark_corp_name: str
    remark_mobiles: tuple[str, ...]
    tag_ids: tuple[str, ...]
    tags: tuple[FollowTag, ...]
    add_way: int
    state: str
    oper_userid: str
    created_at: datetime | None

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Self:
        """Build from either spelling: `tags[]` with names or bare `tag_id[]`; only ids of corp tags count."""
        tags = tuple(
            FollowTag(
                number(tag, "type", 1),
                text(tag, "tag_id"),
                text(tag, "tag_name"),
                text(tag, "group_name"),
            )
            for tag in items(row, "tags")
        )
        from_tags = [tag.tag_id for tag in tags if tag.tag_id]
        return cls(
            userid=text(row, "userid"),
            remark=text(row, "remark"),
            description=text(row, "description"),
            remark_corp_name=text(row, "remark_corp_name"),
            remark_mobiles=tuple(mobile for mobile in texts(row, "remark_mobiles") if mobile),
            tag_ids=tuple(dict.fromkeys([*from_tags, *texts(row, "tag_id")])),
            tags=tags,
            add_way=number(row, "add_way"),
            state=text(row, "state"),
            oper_userid=text(row, "oper_userid"),
            created_at=moment(row, "createtime"),
        )


@dataclass(frozen=True)
class ExternalContactDetail:
    """A customer with every follower our app may see."""

    contact: ExternalContact
    follow_users: tuple[FollowInfo, ...]
    observed_at: datetime


@dataclass(frozen=True)
class ExternalContactRow:
    """One (customer, member) row of a batch page."""

    contact: ExternalContact
    follow: FollowInfo


@dataclass(frozen=True)
class TransferAnswer:
    """What WeCom said of one customer of a transfer; 0 means asked, not handed over."""

    external_userid: str
    errcode: int


@dataclass(frozen=True)
class TransferResult:
    """How one asked customer stands: 1 done, 2 waiting, 3 refused, 4 successor full, 5 no record."""

    external_userid: str
    status: int
    takeover_at: datetime | None


@dataclass(frozen=True)
class Unassigned:
    """A customer whose member was deleted (doc 92124)."""

    handover_userid: str
    external_userid: str
    left_at: datetime | None


@dataclass(frozen=True)
class UnassignedPage:
    """A page of customers of deleted members; `next_cursor` is "" at the end."""

    rows: tuple[Unassigned, ...]
    next_cursor: str
    observed_at: datetime


@dataclass(frozen=True)
class ConvertedId:
    """What WeCom knows of a WeChat user: a customer's id, or one that is pending until they are added."""

    external_userid: str
    pending_id: str
    observed_at: datetime


@dataclass(frozen=True)
class ExternalContactPage:
    """A page of a batch read; empty `next_cursor` ends the walk, a page may be empty before it."""

    rows: tuple[ExternalContactRow, ...]
    next_cursor: str
    observed_at: datetime


@dataclass(frozen=True)
class ContactWayCreated:
    """A new contact way; `qr_code` is the address of a picture."""

    config_id: str
    qr_code: str
    observed_at: datetime


@dataclass(frozen=True)
class ContactWay:
    """A contact way as WeCom keeps it (doc 92228)."""

    config_id: str
    type: int
    scene: int
    remark: str
    skip_verify: bool
    state: str
    qr_code: str
    users: tuple[str, ...]
    parties: tuple[int, ...]
    observed_at: datetime

    @classmethod
    def read(cls, row: Mapping[str, Any], observed_at: datetime) -> Self:
        """Build from `contact_way`."""
        return cls(
            config_id=text(row, "config_id"),
            type=number(row, "type"),
            scene=number(row, "scene"),
            remark=text(row, "remark"),
            skip_verify=flag(row, "skip_verify"),
            state=text(row, "state"),
            qr_code=text(row, "qr_code"),
            users=tuple(texts(row, "user")),
            parties=tuple(numbers(row, "party")),
            observed_at=observed_at,
        )


@dataclass(frozen=True)
class IdPage:
    """A page of ids with the cursor of the next one."""

    ids: tuple[str, ...]
    next_cursor: str
    observed_at: datetime


@dataclass(frozen=True)
class CorpTag:
    """A customer tag of the corp."""

    tag_id: str
    name: str
    order: int
    deleted: bool
    created_at: datetime | None


@dataclass(frozen=True)
class CorpTagGroup:
    """A group of customer tags; a bigger `order` stands earlier."""

    group_id: str
    name: str
    order: int
    deleted: bool
    created_at: datetime | None
    tags: tuple[CorpTag, ...]

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Self:
        """Build from `tag_group` (doc 92117)."""
        return cls(
            group_id=text(row, "group_id"),
            name=text(row, "group_name"),
            order=number(row, "order"),
            deleted=flag(row, "deleted"),
            created_at=moment(row, "create_time"),
            tags=tuple(
                CorpTag(
                    tag_id=text(tag, "id"),
                    name=text(tag, "name"),
                    order=number(tag, "order"),
                    deleted=flag(tag, "deleted"),
                    created_at=moment(tag, "create_time"),
                )
                for tag in items(row, "tag")
            ),
        )


@dataclass(frozen=True)
class CorpTags:
    """All tag groups at one moment."""

    groups: tuple[CorpTagGroup, ...]
    observed_at: datetime


@dataclass(frozen=True)
class DirectoryTag:
    """A tag of members, not of customers."""

    tag_id: int
    name: str


@dataclass(frozen=True)
class Department:
    """A department; the root has id 1 and parent 0. `name` may be empty where WeCom hides it."""

    department_id: int
    name: str
    parent_id: int
    order: int
    leaders: tuple[str, ...]

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Self:
        """Build from `department` (doc 90208) or the ids-only form (95350)."""
        return cls(
            department_id=number(row, "id"),
            name=text(row, "name"),
            parent_id=number(row, "parentid"),
            order=number(row, "order"),
            leaders=tuple(texts(row, "department_leader")),
        )


@dataclass(frozen=True)
class Departments:
    """The visible departments at one moment."""

    departments: tuple[Department, ...]
    observed_at: datetime


@dataclass(frozen=True)
class Member:
    """A member (doc 90196). Fields WeCom does not let an app read are None, never empty text.

    status: 1 active, 2 disabled, 4 not activated, 5 left.
    """

    userid: str
    name: str | None
    department_ids: tuple[int, ...]
    main_department_id: int
    position: str | None
    status: int
    gender: int | None
    mobile: str | None
    email: str | None
    avatar: str | None
    alias: str | None
    direct_leaders: tuple[str, ...]
    external_position: str | None
    external_profile: Mapping[str, Any]
    observed_at: datetime

    @classmethod
    def read(cls, row: Mapping[str, Any], observed_at: datetime) -> Self:
        """Build from user/get, list or simplelist."""
        return cls(
            userid=text(row, "userid"),
            name=optional(row, "name"),
            department_ids=tuple(numbers(row, "department")),
            main_department_id=number(row, "main_department"),
            position=optional(row, "position"),
            status=number(row, "status"),
            gender=number(row, "gender") if row.get("gender") not in (None, "") else None,
            mobile=optional(row, "mobile"),
            email=optional(row, "email"),
            avatar=optional(row, "avatar"),
            alias=optional(row, "alias"),
            direct_leaders=tuple(texts(row, "direct_leader")),
            external_position=optional(row, "external_position"),
            external_profile=table(row, "external_profile"),
            observed_at=observed_at,
        )


@dataclass(frozen=True)
class MemberDepartment:
    """One (member, department) pair of user/list_id."""

    userid: str
    department_id: int


@dataclass(frozen=True)
class MemberIdPage:
    """A page of user/list_id (doc 96067); only the address-book secret may read it."""

    rows: tuple[MemberDepartment, ...]
    next_cursor: str
    observed_at: datetime


@dataclass(frozen=True)
class UserInfo:
    """Who came back from OAuth (doc 91023): a member has `userid`, a customer `external_userid`."""

    userid: str
    openid: str
    external_userid: str
    user_ticket: str


@dataclass(frozen=True)
class UploadedMedia:
    """A temporary file at WeCom; `media_id` lives three days."""

    type: str
    media_id: str
    created_at: datetime | None


@dataclass(frozen=True)
class MessageSent:
    """What became of an app message (doc 90236); the invalid lists are WeCom's lower-cased ids."""

    msgid: str
    invalid_users: tuple[str, ...]
    invalid_parties: tuple[str, ...]
    invalid_tags: tuple[str, ...]
    unlicensed_users: tuple[str, ...]
    response_code: str


@dataclass(frozen=True)
class Agent:
    """Our app as WeCom knows it (doc 90227): its visible range, and the domain set as trusted."""

    agent_id: int
    name: str
    user_ids: tuple[str, ...]
    department_ids: tuple[int, ...]
    tag_ids: tuple[int, ...]
    closed: bool
    trusted_domain: str
    home_url: str
    observed_at: datetime


@dataclass(frozen=True)
class AcquisitionQuota:
    """Uses of the acquisition assistant (doc 97375): bought and left."""

    total: int
    balance: int
    observed_at: datetime
