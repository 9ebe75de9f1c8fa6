"""What is said of a customer here and by guides for themselves: local tags, personal tags, groups and their points."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import transaction
from django.db.models import Count, Max, OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject

from customers.groups.models import CustomerGroup
from customers.groups.selectors import groups_of_customers
from customers.points.selectors import accounts_visible_to
from customers.relations.models import ExternalContact
from customers.relations.showing import ShownRelation
from customers.tags.local import local_mark, local_unmark
from customers.tags.models import LocalTag, LocalTagMark, PersonalTags
from customers.timeline.selectors import Records, records_shown
from scrm.core.scope import Scope


@dataclass(frozen=True)
class WornTag:
    """A local tag on any record of the person."""

    id: int
    name: str


@dataclass(frozen=True)
class OwnTags:
    """The tags one guide made for herself on this customer."""

    guide: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class GroupPoints:
    """Points of groups: what is there, and how often and when last somebody checked in."""

    balance: int
    checkins: int
    last_day: date | None


def beside(contacts: QuerySet[Any], members: QuerySet[Any, Any]) -> QuerySet[Any]:
    """Read along with customers: their wish, the local tags on them and on their members, guides' own tags."""
    worn = LocalTagMark.objects.filter(removed_at=None, tag__deleted_at=None).order_by("tag__order")
    as_tag = JSONObject(id="tag_id", name="tag__name")
    own = PersonalTags.objects.filter(external_userid=OuterRef("external_userid")).order_by("pk")
    read: QuerySet[Any] = contacts.select_related("do_not_contact").annotate(
        local_tags=ArraySubquery(worn.filter(record_id=OuterRef("pk")).values(tag_read=as_tag)),
        member_tags=ArraySubquery(worn.filter(record_id__in=members).values(tag_read=as_tag)),
        own_tags=ArraySubquery(own.values(row_read=JSONObject(userid="userid", names="names"))),
    )
    return read


def local_tags_on(records: Records) -> tuple[WornTag, ...]:
    """Return the local tags on records that were read with `beside`, each once."""
    found: dict[int, WornTag] = {}
    for one in records.contacts:
        rows = (*getattr(one, "local_tags", ()), *(getattr(one, "member_tags", None) or ()))
        found |= {row["id"]: WornTag(row["id"], row["name"]) for row in rows}
    return tuple(found.values())


def own_tags_on(records: Records, relations: Iterable[ShownRelation]) -> tuple[OwnTags, ...]:
    """Return the tags that guides in scope made for themselves, of records that were read with `beside`."""
    said = {
        (one.pk, row["userid"].lower()): row["names"]
        for one in records.contacts
        for row in getattr(one, "own_tags", ())
    }
    found = []
    for row in relations:
        member = row.relation.member
        if names := said.get((row.relation.contact_id, member.userid.lower())):
            found.append(OwnTags(member.name or member.userid, tuple(names)))
    return tuple(found)


def groups_in(scope: Scope, contacts: Sequence[ExternalContact]) -> tuple[CustomerGroup, ...]:
    """Return the living groups in scope these customers are in, each once, in one query."""
    by_customer = groups_of_customers(scope, [one.external_userid for one in contacts])
    return tuple({each.pk: each for rows in by_customer.values() for each in rows}.values())


def group_points(scope: Scope, contacts: Sequence[ExternalContact]) -> GroupPoints | None:
    """Return the points these customers have in groups in scope, in one query; None without an account."""
    unionids = [one.unionid for one in contacts if one.unionid]
    named = Q(unionid__in=unionids) | Q(
        external_userid__in=[one.external_userid for one in contacts]
    )
    rows = accounts_visible_to(scope).filter(named).order_by()
    found = list(
        rows.annotate(times=Count("checkins"), last=Max("checkins__day")).values_list(
            "balance", "times", "last"
        )
    )
    if not found:
        return None
    return GroupPoints(
        balance=sum(balance for balance, _times, _last in found),
        checkins=sum(times for _balance, times, _last in found),
        last_day=max((last for _balance, _times, last in found if last), default=None),
    )


@transaction.atomic
def local_tags_set(
    scope: Scope, contact: ExternalContact, wanted: Collection[int], *, actor: Any
) -> None:
    """Let a customer wear exactly these local tags; those taken off go from every record shown. Audited by tag."""
    records = records_shown(scope, contact, beside)
    worn = {tag.id for tag in local_tags_on(records)}
    for tag in LocalTag.objects.filter(deleted_at=None, pk__in={*worn, *wanted}):
        if tag.pk in wanted and tag.pk not in worn:
            local_mark(tag, [contact.pk], actor=actor)
        elif tag.pk not in wanted and tag.pk in worn:
            local_unmark(tag, records.ids, actor=actor)
