"""Everything a page shows of one customer, as the scope may see it, in a constant number of queries."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Lower
from django.utils import timezone

from contacts.directory.models import Member
from contacts.org.models import OrgUnit
from customers.crm.fact_models import Asset, MemberTags, ServiceReceived
from customers.crm.models import CrmMember
from customers.crm.selectors import orders_of_records, services_of_records
from customers.fields.selectors import ShownField, fields_shown
from customers.groups.models import CustomerGroup
from customers.profile.labels import (
    GroupPoints,
    OwnTags,
    WornTag,
    beside,
    group_points,
    groups_in,
    local_tags_on,
    own_tags_on,
)
from customers.profile.mark_models import CountMark, ServeRule
from customers.profile.models import DoNotContact, FollowUpNote
from customers.profile.purchases import (
    NOTHING,
    Bought,
    Liked,
    Piece,
    bought_of,
    liked_of,
    wardrobe_of,
)
from customers.profile.serving import Rule, ServeFacts, ServeHint, default_rules, serve_line
from customers.relations.models import ExternalContact
from customers.relations.selectors import HIDDEN, relations_visible_to
from customers.relations.showing import ShownContact, ShownRelation, shown
from customers.tags.models import Tag
from customers.timeline.selectors import (
    Records,
    ShownEntry,
    records_shown,
    sees_members,
    shown_entries,
    timeline_of_records,
)
from scrm.core.phone import mask_phone
from scrm.core.scope import Scope

NOTES = 50
SERVICES = 50
# What a page may show besides what every page shows; one tab asks for one of them.
PARTS = frozenset({"timeline", "orders", "services", "fields", "groups", "points"})


@dataclass(frozen=True)
class MemberCard:
    """A CRM member of the person; name and phone as the reader may see them."""

    id: UUID
    member_no: str
    name: str
    phone: str
    level: str
    store_code: str
    store_name: str
    state: str
    joined_on: date | None
    tags: tuple[str, ...]

    @property
    def store(self) -> str:
        """Return the name of its store, the code of one we do not know, "" without one."""
        return self.store_name or self.store_code


@dataclass(frozen=True)
class Tiles:
    """The figures at the top; money in yuan, after refunds."""

    spent: Decimal
    orders: int
    last_purchase_at: datetime | None
    last_refund_at: datetime | None
    points: Decimal
    balance: Decimal
    coupons: int


@dataclass(frozen=True)
class ShownService:
    """A service somebody got or booked, with who served and where in words."""

    service: ServiceReceived
    guide: str
    store: str


@dataclass(frozen=True)
class ShownNote:
    """A follow-up note as the reader may see it."""

    note: FollowUpNote
    text: str
    author: str

    @property
    def is_open(self) -> bool:
        """Return whether somebody still has to come back to it."""
        return self.note.next_on is not None and self.note.done_at is None


@dataclass(frozen=True)
class Profile:
    """One customer. Without `sees_sales` members, tiles, wardrobe and assets are empty, not zero.

    `relations` and `tags` are those of all the person's customers in scope, `crm_tags` those of the members.
    What belongs to a part that was not asked for is empty.
    """

    contact: ExternalContact
    identity: ShownContact
    records: Records
    relations: tuple[ShownRelation, ...]
    tags: tuple[Tag, ...]
    sees_sales: bool
    members: tuple[MemberCard, ...]
    bought: Bought
    liked: Liked
    tiles: Tiles
    assets: tuple[Asset, ...]
    notes: tuple[ShownNote, ...]
    stopped: DoNotContact | None
    marks: tuple[CountMark, ...]
    wardrobe: tuple[Piece, ...] = ()
    wardrobe_next: str | None = None
    services: tuple[ShownService, ...] = ()
    timeline: tuple[ShownEntry, ...] = ()
    timeline_next: str | None = None
    fields: tuple[ShownField, ...] = ()
    serve_line: tuple[ServeHint, ...] = ()
    local_tags: tuple[WornTag, ...] = ()
    own_tags: tuple[OwnTags, ...] = ()
    groups: tuple[CustomerGroup, ...] = ()
    group_points: GroupPoints | None = None

    @property
    def crm_tags(self) -> list[str]:
        """Return the tags the member system gave, each once."""
        return sorted({tag for member in self.members for tag in member.tags})

    @property
    def left_out(self) -> CountMark | None:
        """Return the mark by which this person is left out of figures now, None for one who counts."""
        now = timezone.now()
        return next(
            (
                mark
                for mark in self.marks
                if mark.kind != CountMark.Kind.CUSTOMER
                and (mark.ended_at is None or mark.ended_at > now)
            ),
            None,
        )


def profile_for(
    scope: Scope,
    contact: ExternalContact,
    after: str | None = None,
    parts: Iterable[str] = PARTS,
) -> Profile:
    """Return the profile of a customer the scope may see (ask `contacts_visible_to` first).

    after is the keyset token of the timeline, or of the wardrobe when `parts` asks for that one only; raises
    ValidationFailed for a foreign one.
    """
    wanted = frozenset(parts)
    records = records_shown(scope, contact, beside)
    people = shown(scope, records.contacts)
    relations = tuple(
        sorted(
            (row for one in people for row in one.relations),
            key=lambda row: row.relation.created_time,
        )
    )
    sees = sees_members(scope)
    orders = orders_of_records(records.member_ids, records.contacts if sees else ())
    assets = _assets(records.member_ids)
    bought = bought_of(orders)
    profile = Profile(
        contact=contact,
        identity=next(one for one in people if one.contact.pk == contact.pk),
        records=records,
        relations=relations,
        tags=tuple({tag.tag_id: tag for row in relations for tag in row.tags}.values()),
        sees_sales=sees,
        members=_members(scope, records.member_ids),
        bought=bought,
        liked=liked_of(orders),
        tiles=_tiles(bought, assets),
        assets=assets,
        notes=notes_shown(scope, records),
        stopped=_stopped(records),
        marks=tuple(
            CountMark.objects.filter(record_id__in=records.ids, lifted_at=None).order_by("set_at")
        ),
        local_tags=local_tags_on(records),
        own_tags=own_tags_on(records, relations),
    )
    profile = replace(profile, serve_line=serve_line(_facts(scope, profile), rules_in_force()))
    if "timeline" in wanted:
        page = timeline_of_records(scope, records, after)
        sources = {row.relation.state: row.source for row in relations}
        entries = tuple(shown_entries(page.rows, sources))
        profile = replace(profile, timeline=entries, timeline_next=page.next)
    if "orders" in wanted:
        pieces, following = wardrobe_of(orders, None if "timeline" in wanted else after)
        profile = replace(profile, wardrobe=pieces, wardrobe_next=following)
    if "services" in wanted:
        profile = replace(profile, services=_services(records, sees_sales=sees))
    if "fields" in wanted:
        profile = replace(profile, fields=fields_of(scope, records, contact))
    return _with_groups(scope, profile, wanted)


def _with_groups(scope: Scope, profile: Profile, wanted: Collection[str]) -> Profile:
    contacts = profile.records.contacts
    if "groups" in wanted:
        profile = replace(profile, groups=groups_in(scope, contacts))
    if "points" in wanted:
        profile = replace(profile, group_points=group_points(scope, contacts))
    return profile


def fields_of(scope: Scope, records: Records, contact: ExternalContact) -> tuple[ShownField, ...]:
    """Return the company's own fields of a customer; this contact is the one that is written."""
    return fields_shown(scope, contact_ids(records, contact), records.member_ids)


def contact_ids(records: Records, contact: ExternalContact) -> list[UUID]:
    """Return the customers among these records, the one whose page it is first."""
    return [contact.pk] + [one.pk for one in records.contacts if one.pk != contact.pk]


def rules_in_force() -> tuple[Rule, ...]:
    """Return the rules of how to serve: built in, as headquarters changed them, and the company's own."""
    changed = list(ServeRule.objects.order_by("position", "pk"))
    known = {row.code: row for row in changed if row.code}
    rules = [
        Rule(rule.code, row.position, row.days, row.is_active, text=row.text)
        if (row := known.get(rule.code))
        else rule
        for rule in default_rules()
    ]
    rules += [
        Rule("", row.position, None, row.is_active, row.when, row.value, row.text)
        for row in changed
        if not row.code
    ]
    return tuple(sorted(rules, key=lambda rule: rule.position))


def do_not_contact_ids(contact_ids: Iterable[UUID]) -> set[UUID]:
    """Return which of these customers do not want to be contacted, in one query."""
    rows = DoNotContact.objects.filter(contact__in=list(contact_ids))
    return set(rows.values_list("contact_id", flat=True))


def notes_visible_to(scope: Scope) -> QuerySet[FollowUpNote]:
    """Return the notes on customers in scope: all, or those of oneself, of guides in scope and of HQ.

    A successor in scope reads what the guide wrote who handed this customer over.
    """
    notes = FollowUpNote.objects.select_related("author")
    if scope.everything:
        return notes
    relations = relations_visible_to(scope)
    mine = Q(author_id=scope.user_id) | Q(userid="")
    followers = relations.filter(contact=OuterRef(OuterRef("contact"))).values("member")
    heirs = FollowUpNote.heirs.through._default_manager.filter(
        followupnote=OuterRef("pk"), member__in=followers
    )
    return notes.filter(
        mine | Q(userid__in=relations.values("member__userid")) | Exists(heirs),
        contact__in=relations.values("contact"),
    )


def notes_shown(scope: Scope, records: Records) -> tuple[ShownNote, ...]:
    """Return the notes on these records, newest first."""
    rows = notes_visible_to(scope).filter(contact__in=[one.pk for one in records.contacts])
    hides = scope.masked("remark")
    return tuple(
        ShownNote(
            note,
            HIDDEN if hides else note.text,
            (note.author.name or note.author.get_username()) if note.author else note.userid,
        )
        for note in rows.order_by("-created_at", "-id")[:NOTES]
    )


def _stopped(records: Records) -> DoNotContact | None:
    """Return the oldest wish of these customers not to be contacted."""
    found = (getattr(one, "do_not_contact", None) for one in records.contacts)
    return min((one for one in found if one), key=lambda one: one.set_at, default=None)


def _members(scope: Scope, member_ids: Sequence[UUID]) -> tuple[MemberCard, ...]:
    if not member_ids:
        return ()
    stores = OrgUnit.objects.filter(kind=OrgUnit.Kind.STORE, code=OuterRef("store_code"))
    tags = MemberTags.objects.filter(member=OuterRef("pk"))
    rows = CrmMember.objects.filter(pk__in=member_ids).annotate(
        store_name=Coalesce(Subquery(stores.values("name")[:1]), Value("")),
        own_tags=Subquery(tags.values("tags")[:1]),
    )
    return tuple(
        MemberCard(
            id=member.pk,
            member_no=member.member_no,
            name=_name(scope, member.name),
            phone=mask_phone(member.phone),
            level=member.level,
            store_code=member.store_code,
            store_name=member.store_name,
            state=member.get_state_display(),
            joined_on=member.joined_on,
            tags=tuple(member.own_tags or ()),
        )
        for member in rows.order_by("pk")
    )


def _name(scope: Scope, name: str) -> str:
    return name[:1] + HIDDEN if name and scope.masked("name") else name


def _assets(member_ids: Sequence[UUID]) -> tuple[Asset, ...]:
    rows = Asset.objects.filter(member_id__in=member_ids) if member_ids else ()
    return tuple(
        sorted(rows, key=lambda one: (one.kind, one.state != Asset.State.USABLE, one.code))
    )


def _tiles(bought: Bought, assets: Sequence[Asset]) -> Tiles:
    usable = [one for one in assets if one.state == Asset.State.USABLE]

    def total(kind: str) -> Decimal:
        return sum((one.amount for one in usable if one.kind == kind), NOTHING)

    return Tiles(
        spent=bought.net,
        orders=bought.orders,
        last_purchase_at=bought.last_purchase_at,
        last_refund_at=bought.last_refund_at,
        points=total(Asset.Kind.POINTS),
        balance=total(Asset.Kind.BALANCE),
        coupons=sum(1 for one in usable if one.kind == Asset.Kind.COUPON),
    )


def _services(records: Records, *, sees_sales: bool) -> tuple[ShownService, ...]:
    if not sees_sales:
        return ()
    folded = Member.objects.alias(folded=Lower("userid"))
    guides = folded.filter(folded=Lower(OuterRef("userid")))
    stores = OrgUnit.objects.filter(kind=OrgUnit.Kind.STORE, code=OuterRef("store_code"))
    rows = services_of_records(records.member_ids, records.contacts).annotate(
        guide_name=Subquery(guides.values("name")[:1]),
        store_name=Subquery(stores.values("name")[:1]),
    )
    return tuple(
        ShownService(row, row.guide_name or row.userid, row.store_name or row.store_code)
        for row in rows[:SERVICES]
    )


def _facts(scope: Scope, profile: Profile) -> ServeFacts:
    today = timezone.localdate()
    coupon, until = _next_coupon(profile.assets, today)
    promised = [one.note.next_on for one in profile.notes if one.is_open and one.note.next_on]
    added = [row.relation.created_time for row in profile.relations]
    stopped = profile.stopped
    return ServeFacts(
        today=today,
        stopped=None if stopped is None else "" if scope.masked("remark") else stopped.reason,
        promised_on=min(promised, default=None),
        refunded_on=_day(profile.tiles.last_refund_at),
        coupon=coupon,
        coupon_until=until,
        bought_on=_day(profile.tiles.last_purchase_at),
        bought=profile.liked.newest,
        orders=profile.tiles.orders,
        sizes=profile.liked.sizes,
        colours=profile.liked.colours,
        added_on=_day(min(added, default=None)),
        is_member=bool(profile.members),
        knows_sales=profile.sees_sales,
        tags=frozenset([tag.name for tag in profile.tags] + profile.crm_tags),
        levels=frozenset(member.level for member in profile.members),
    )


def _next_coupon(assets: Iterable[Asset], today: date) -> tuple[str, date | None]:
    """Return the title of the usable coupon that ends first, and its last day."""
    usable = [
        (one.expires_on, one.title or one.code)
        for one in assets
        if one.kind == Asset.Kind.COUPON
        and one.state == Asset.State.USABLE
        and one.expires_on is not None
        and one.expires_on >= today
    ]
    if not usable:
        return "", None
    until, title = min(usable)
    return title, until


def _day(moment: datetime | None) -> date | None:
    return timezone.localtime(moment).date() if moment else None
