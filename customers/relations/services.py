"""Writes to the mirror of customers. Reads and events may come in any order, twice, and late."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from contacts.directory.models import Member
from contacts.directory.services import members_ensure
from customers.relations.bulk import PageCounts, page_store
from customers.relations.forgotten import detail_known, is_forgotten_event
from customers.relations.merging import (
    clock_raise,
    contact_merge,
    follow_merge,
    is_newer,
    loss_settle,
    phone_indexes,
)
from customers.relations.models import ExternalContact, FollowRelation, RecordChange, RelationEvent
from customers.relations.noting import record_changed, search_changed
from customers.relations.private import COLUMNS as PRIVATE_COLUMNS
from customers.relations.private import Private
from customers.relations.selectors import deletions_of, listed_since, relations_visible_to
from customers.relations.states import DELETIONS
from customers.tags.local import personal_observed
from scrm.core.audit import services as audit
from scrm.core.audit.selectors import acts_since
from scrm.core.crypto import blind_index
from scrm.core.exceptions import RateLimited, ValidationFailed
from scrm.core.gateway import wecom
from scrm.core.phone import normalise_phone
from scrm.core.scope import Scope
from scrm.wecom.errors import NO_RELATION_CODE, WeComPermanent
from scrm.wecom.paging import Pages
from scrm.wecom.types import ExternalContact as ContactRead
from scrm.wecom.types import ExternalContactDetail

ADDITIONS = (RelationEvent.Kind.ADD, RelationEvent.Kind.HALF_ADD)


def contact_lock(external_userid: str) -> None:
    """Let one transaction at a time write what we know of this customer."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 7))", [external_userid])


# --- reads ---------------------------------------------------------------------------------------------------


@transaction.atomic
def contact_observed(detail: ExternalContactDetail) -> ExternalContact | None:
    """Store a read of one customer with all followers (doc 92114).

    An observation older than the stored one changes nothing; newer ones win field group by field group.
    Nobody becomes lost by not being listed. None: the customer was forgotten and did not come back.
    """
    external_userid = detail.contact.external_userid
    contact_lock(external_userid)
    kept = detail_known(detail)
    if kept is None:
        return None
    detail = kept
    known = ExternalContact.objects.filter(external_userid=external_userid).first()
    clock = known.observed_at if known is not None else None
    relations = _relations_of(known, detail.observed_at) if known is not None else {}
    contact, changed = _contact_upsert(known, detail.contact, detail.observed_at, clock)
    members = members_ensure(follow.userid for follow in detail.follow_users)
    deletions = deletions_of([external_userid])
    listed: set[int] = set()
    for follow in detail.follow_users:
        member = members[follow.userid.lower()]
        listed.add(member.pk)
        is_new = member.pk not in relations
        relation = relations.get(member.pk) or FollowRelation(member=member, contact=contact)
        phones = phone_indexes(relation)
        lost = deletions.get((external_userid, member.userid.lower()), {})
        follow_merge(relation, follow, detail.observed_at, lost)
        relation.save(force_insert=is_new)
        changed |= phones != phone_indexes(relation)
    for member_id, relation in relations.items():
        if member_id not in listed:
            _absence_observed(relation, detail.observed_at, deletions)
    if changed:
        record_changed(RecordChange.Kind.CONTACT, [contact.pk])
    search_changed([contact.pk])
    personal_observed(external_userid, _personal(detail), detail.observed_at)
    return contact


def _personal(detail: ExternalContactDetail) -> dict[str, list[str]]:
    """Return by userid the tags that are the guide's own: they have names and no id (doc 92114)."""
    return {
        follow.userid: [tag.tag_name for tag in follow.tags if not tag.tag_id and tag.tag_name]
        for follow in detail.follow_users
    }


@transaction.atomic
def contact_gone(external_userid: str, observed_at: datetime) -> None:
    """Store that WeCom lists no follower of this customer any more (84061); by itself this loses nobody."""
    contact_lock(external_userid)
    contact = ExternalContact.objects.filter(external_userid=external_userid).first()
    if contact is None:
        return
    deletions = deletions_of([external_userid])
    for relation in _relations_of(contact, observed_at).values():
        _absence_observed(relation, observed_at, deletions)


def _relations_of(contact: ExternalContact, observed_at: datetime) -> dict[int, FollowRelation]:
    """Return a customer's relations by member; what a newer page listed unchanged knows of it, as the customer does."""
    rows = FollowRelation.objects.filter(contact=contact).select_related("member")
    relations = {relation.member_id: relation for relation in rows}
    listed = listed_since((relation.pk for relation in relations.values()), observed_at)
    for relation in relations.values():
        relation.contact = contact
        clock_raise(relation, listed.get(relation.pk))
        if relation.pk in listed and is_newer(listed[relation.pk], contact.observed_at):
            contact.observed_at = listed[relation.pk]
    return relations


def _contact_upsert(
    known: ExternalContact | None,
    read: ContactRead,
    observed_at: datetime,
    clock: datetime | None,
) -> tuple[ExternalContact, bool]:
    """Return the stored customer and whether what OneID looks at changed; `clock` is the row's own."""
    is_new = known is None
    contact = known or ExternalContact(external_userid=read.external_userid)
    former = contact.unionid
    if contact_merge(contact, read, observed_at) or is_new or contact.observed_at != clock:
        contact.save(force_insert=is_new)
    return contact, is_new or contact.unionid != former


def _absence_observed(
    relation: FollowRelation,
    observed_at: datetime,
    deletions: Mapping[tuple[str, str], Mapping[str, datetime]],
) -> None:
    if not is_newer(observed_at, relation.absent_at):
        return
    relation.absent_at = observed_at
    key = (relation.contact.external_userid, relation.member.userid.lower())
    loss_settle(relation, deletions.get(key, {}))
    relation.save(update_fields=["absent_at", "status", "lost_at", "lost_by"])


# --- events --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RelationFact:
    """What a change_external_contact event says: kind is a RelationEvent.Kind, occurred_at WeCom's time."""

    userid: str
    external_userid: str
    kind: str
    occurred_at: datetime
    state: str = ""
    reason: str = ""


@transaction.atomic
def relation_event_record(fact: RelationFact) -> bool:
    """Append an event; return False when the same fact is there already (another app, a retry).

    Two tellings of one fact (same pair, kind and second) complete each other: either may lack the source or
    the reason. Where both name one and differ, the first in alphabetical order stays, whichever came first.
    A deletion takes effect on the relation at once; one we never saw is kept as lost, so that a read
    begun before the deletion cannot bring it to life later.
    """
    contact_lock(fact.external_userid)
    if is_forgotten_event(fact.external_userid, fact.kind, fact.occurred_at) or not _append(fact):
        return False
    if fact.kind in DELETIONS or fact.kind in ADDITIONS:
        _recompute(fact)
    return True


def _append(fact: RelationFact) -> bool:
    event, is_new = RelationEvent.objects.get_or_create(
        userid=fact.userid,
        external_userid=fact.external_userid,
        kind=fact.kind,
        occurred_at=fact.occurred_at,
        defaults={"state": fact.state[:64], "reason": fact.reason[:64]},
    )
    if is_new:
        return True
    before = (event.state, event.reason)
    event.state = _agreed(event.state, fact.state[:64])
    event.reason = _agreed(event.reason, fact.reason[:64])
    if before == (event.state, event.reason):
        return False
    event.save(update_fields=["state", "reason"])
    return True


def _agreed(one: str, other: str) -> str:
    return min(filter(None, (one, other)), default="")


def _recompute(fact: RelationFact) -> None:
    deletions = deletions_of([fact.external_userid]).get(
        (fact.external_userid, fact.userid.lower()), {}
    )
    if not deletions:
        return
    member = members_ensure([fact.userid])[fact.userid.lower()]
    contact = ExternalContact.objects.filter(external_userid=fact.external_userid).first()
    if contact is None:
        contact = ExternalContact.objects.create(external_userid=fact.external_userid)
        record_changed(RecordChange.Kind.CONTACT, [contact.pk])
    relation = FollowRelation.objects.filter(member=member, contact=contact).first()
    is_new = relation is None
    relation = relation or FollowRelation(member=member, contact=contact)
    if relation.observed_at is None:
        relation.created_time, relation.state = _added_before(fact, max(deletions.values()))
    loss_settle(relation, deletions)
    relation.save(force_insert=is_new)
    search_changed([contact.pk])


def _added_before(fact: RelationFact, lost_at: datetime) -> tuple[datetime, str]:
    """Return when and from where a relation that no read ever showed was added, as far as events tell."""
    additions = RelationEvent.objects.filter(
        external_userid=fact.external_userid,
        userid=fact.userid,
        kind__in=ADDITIONS,
        occurred_at__lte=lost_at,
    )
    newest = additions.order_by("-occurred_at", "kind").first()
    return (newest.occurred_at, newest.state) if newest else (lost_at, "")


# --- our own writes: WeCom raises no callback for them (callbacks.md §1) --------------------------------------


def _relation_locked(
    userid: str, external_userid: str, written_at: datetime
) -> FollowRelation | None:
    contact_lock(external_userid)
    relation = FollowRelation.objects.filter(
        contact__external_userid=external_userid, member__userid__iexact=userid
    ).first()
    if relation is not None:
        clock_raise(relation, listed_since([relation.pk], written_at).get(relation.pk))
    return relation


@transaction.atomic
def tags_written(
    userid: str,
    external_userid: str,
    add: Iterable[str],
    remove: Iterable[str],
    observed_at: datetime,
) -> None:
    """Mirror tags that we set through mark_tag (doc 92118); observed_at is the end of the call, aware UTC.

    A read begun after the call shows the change already, and wins. A relation not yet mirrored is left to
    its first read.
    """
    relation = _relation_locked(userid, external_userid, observed_at)
    if relation is None or (
        relation.observed_at is not None and relation.observed_at >= observed_at
    ):
        return
    relation.tag_ids = sorted((set(relation.tag_ids) | set(add)) - set(remove))
    relation.tags_observed_at = max(observed_at, relation.tags_observed_at or observed_at)
    relation.save(update_fields=["tag_ids", "tags_observed_at"])


@transaction.atomic
def remark_written(
    userid: str,
    external_userid: str,
    observed_at: datetime,
    *,
    remark: str | None = None,
    description: str | None = None,
    phones: Iterable[str] | None = None,
) -> None:
    """Mirror what we wrote through externalcontact/remark (doc 92994); None leaves a field as it is.

    phones is the whole list as written; observed_at is the end of the call, aware UTC.
    """
    relation = _relation_locked(userid, external_userid, observed_at)
    if relation is None or not is_newer(observed_at, relation.remark_observed_at):
        return
    private = Private.of(relation)
    if remark is not None:
        private = replace(private, remark=remark)
    if description is not None:
        private = replace(private, description=description)
    if phones is not None:
        private = replace(private, phones=tuple(phone for phone in phones if phone))
        record_changed(RecordChange.Kind.CONTACT, [relation.contact_id])
    private.store(relation)
    relation.remark_observed_at = observed_at
    relation.save(update_fields=[*PRIVATE_COLUMNS, "remark_observed_at"])
    search_changed([relation.contact_id])


@transaction.atomic
def phone_verified(external_userid: str, phone: str) -> None:
    """Keep a phone the customer gave through WeChat's phone authorisation; raises ValidationFailed."""
    number = normalise_phone(phone)
    contact_lock(external_userid)
    contact = ExternalContact.objects.get(external_userid=external_userid)
    contact.phone = number
    contact.phone_index = blind_index("phone", number)
    contact.save(update_fields=["phone", "phone_index"])
    search_changed([contact.pk])
    record_changed(RecordChange.Kind.CONTACT, [contact.pk])


# --- people ----------------------------------------------------------------------------------------------------


@transaction.atomic
def contact_reveal(
    scope: Scope,
    contact: ExternalContact,
    *,
    actor: Any,
    reason: str,
    most_per_day: int | None = None,
    verified: Iterable[str] = (),
) -> list[str]:
    """Return the phones of a customer as far as the scope sees them, verified first, and write down who saw
    them and why. `verified`: those that a room above knows (the CRM's). Raises ValidationFailed without a reason, RateLimited beyond `most_per_day`.
    """
    if not reason.strip():
        raise ValidationFailed(_("Say why you need the phone number."), code="reason_missing")
    if most_per_day is not None:
        _quota_check(actor, most_per_day)
    phones = list(dict.fromkeys(phone for phone in (contact.phone, *verified) if phone))
    for relation in (
        relations_visible_to(scope).filter(contact=contact).order_by("created_time", "id")
    ):
        phones += [phone for phone in relation.remark_phones if phone not in phones]
    audit.record(
        actor=actor,
        action="relations.reveal",
        target=f"contact:{contact.pk}",
        after={"fields": ["phone"], "count": len(phones)},
        reason=reason.strip(),
    )
    return phones


def _quota_check(actor: Any, most: int) -> None:
    # One reveal of a person at a time, so that two at once cannot both take the last one.
    get_user_model().objects.select_for_update().get(pk=actor.pk)
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    if acts_since(actor, "relations.reveal", midnight) >= most:
        raise RateLimited(
            _("You have revealed %(count)d phone numbers today, the most for one day. HQ can help.")
            % {"count": most},
            code="reveal_quota",
        )


# --- one member's customers, outside of a full sync ---------------------------------------------------------------------------------

PAGE_SIZE = 100


def member_refresh(
    member: Member, cursor: str = "", progress: Callable[[str, PageCounts], None] | None = None
) -> PageCounts:
    """Read all customers of one member page by page (doc 92994) and store each page as it comes.

    Only upserts: who is missing from the pages is not lost by that. `progress` is told after each page where the
    next one begins, and the counts so far; `cursor` goes on there, or from the first page when it has expired.
    Raises WeComError.
    """
    api = wecom(lane="sync").external_contact
    pages = Pages(
        lambda position: api.batch_get_by_user([member.userid], cursor=position, limit=PAGE_SIZE),
        "externalcontact/batch/get_by_user",
        cursor=cursor,
        restarts=True,
    )
    counts = PageCounts(0, 0, 0)
    try:
        for page in pages:
            counts += page_store(page)
            if progress is not None and not pages.finished:
                progress(pages.cursor, counts)
    except WeComPermanent as error:
        if error.errcode != NO_RELATION_CODE:  # a member without customers
            raise
    return counts
