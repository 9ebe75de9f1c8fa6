"""Callbacks of the address book: each says "this changed"; what is readable is read again."""

from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from django.conf import settings

from contacts.directory.services import (
    MirrorShrunk,
    departments_observed,
    follow_users_observed,
    member_left,
    member_observed,
    member_renamed,
    places_refresh,
)
from scrm.core.gateway import wecom
from scrm.inbox.handling import Event, Handler
from scrm.wecom.errors import WeComPermanent, WeComPermission
from scrm.wecom.types import Departments, Member

logger = structlog.get_logger(__name__)
# 60111 userid not found, 46004 no such user (doc 90313).
NOT_FOUND = frozenset({60111, 46004})


@dataclass(frozen=True)
class MemberNews:
    """What WeCom says about the member now; `member` None: there is none, or it is hidden from us."""

    member: Member | None
    is_gone: bool
    follow_users: tuple[str, ...] | None
    observed_at: datetime


def fetch_member(event: Event) -> MemberNews:
    """Read the member again; raises WeComError, which the inbox retries."""
    userid = str(event.fields.get("NewUserID") or event.fields["UserID"])
    observed_at = datetime.now(UTC)
    client = wecom()
    try:
        member = client.user.get(userid)
    except WeComPermanent as failure:
        if failure.errcode not in NOT_FOUND:
            raise
        return MemberNews(None, True, None, observed_at)
    except WeComPermission:
        # Outside the app's visible range: then only a deletion tells us anything.
        return MemberNews(None, event.change_type == "delete_user", None, observed_at)
    return MemberNews(member, False, client.external_contact.get_follow_user_list(), observed_at)


def apply_member(event: Event, news: MemberNews) -> None:
    """Take over what was read."""
    userid, new_userid = str(event.fields["UserID"]), str(event.fields.get("NewUserID") or "")
    if new_userid:
        member_renamed(userid, new_userid)
    if news.is_gone:
        member_left(new_userid or userid, observed_at=news.observed_at)
    if news.member is not None:
        member_observed(news.member)
        if news.follow_users is not None:
            follow_users_observed(news.follow_users)


def fetch_departments(event: Event) -> Departments:
    """Read the whole tree again: one call, and it heals what an earlier event lost."""
    return wecom("contacts").department.list()


def apply_departments(event: Event, tree: Departments) -> None:
    """Take over the tree; one that shrank too much waits for a refresh by a person."""
    try:
        departments_observed(tree)
    except MirrorShrunk as shrunk:
        logger.warning(
            "contacts.directory.tree_shrunk",
            event_id=event.id,
            listed=len(tree.departments),
            words=str(shrunk),
        )
        return
    places_refresh()


def fetch_followers(event: Event) -> tuple[str, ...] | None:
    """Read who has customer contact, where the tag is the one that takes it away; None for any other tag."""
    tag_id = settings.RISK_CONTACT_SCOPE_TAG
    if not tag_id or str(event.fields.get("TagId") or "") != str(tag_id):
        return None
    return wecom().external_contact.get_follow_user_list()


def apply_followers(event: Event, userids: tuple[str, ...] | None) -> None:
    """Take over who has customer contact; a list of nobody waits for a refresh by a person."""
    if userids is None:
        return
    try:
        follow_users_observed(userids)
    except MirrorShrunk as shrunk:
        logger.warning("contacts.directory.follow_list_empty", event_id=event.id, words=str(shrunk))


MEMBER_CHANGED = Handler("contacts.member_changed", apply_member, fetch_member)
DEPARTMENT_CHANGED = Handler("contacts.department_changed", apply_departments, fetch_departments)
TAG_GIVEN = Handler("contacts.tag_given", apply_followers, fetch_followers)
