"""Everything a page shows of one customer, as the scope may see it, in a constant number of queries."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Count, F, Max, Q, QuerySet, Sum
from django.utils import timezone

from customers.crm.models import Asset, CrmMember, Order, OrderLine, Refund
from customers.crm.selectors import orders_of_records, pictures_of
from customers.profile.models import DoNotContact, FollowUpNote
from customers.profile.serving import ServeFacts, ServeHint, serve_line
from customers.relations.models import ExternalContact
from customers.relations.selectors import HIDDEN, relations_visible_to
from customers.relations.showing import ShownContact, shown
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

WARDROBE = 60
NOTES = 50
NOTHING = Decimal("0.00")


@dataclass(frozen=True)
class MemberCard:
    """A CRM member of the person; name and phone as the reader may see them."""

    id: UUID
    member_no: str
    name: str
    phone: str
    level: str
    store_code: str
    state: str
    joined_on: date | None


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
class Piece:
    """One thing the customer bought, as it hangs in the wardrobe."""

    order: Order
    name: str
    picture: str
    size: str
    colour: str
    quantity: int
    amount: Decimal


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
    """One customer. Without `sees_sales` members, tiles, wardrobe and assets are empty, not zero."""

    contact: ExternalContact
    identity: ShownContact
    records: Records
    sees_sales: bool
    members: tuple[MemberCard, ...]
    tiles: Tiles
    wardrobe: tuple[Piece, ...]
    assets: tuple[Asset, ...]
    notes: tuple[ShownNote, ...]
    stopped: DoNotContact | None
    timeline: tuple[ShownEntry, ...]
    timeline_next: str | None
    serve_line: tuple[ServeHint, ...] = ()


def profile_for(scope: Scope, contact: ExternalContact, after: str | None = None) -> Profile:
    """Return the profile of a customer the scope may see (ask `contacts_visible_to` first).

    after is the timeline's keyset token; raises ValidationFailed for a foreign one.
    """
    (identity,) = shown(scope, [contact])
    records = records_shown(scope, contact)
    sees = sees_members(scope)
    orders = orders_of_records(records.member_ids, records.contacts if sees else ())
    assets = _assets(records.member_ids)
    page = timeline_of_records(scope, records, after)
    profile = Profile(
        contact=contact,
        identity=identity,
        records=records,
        sees_sales=sees,
        members=_members(scope, records.member_ids),
        tiles=_tiles(orders, assets),
        wardrobe=_wardrobe(orders),
        assets=assets,
        notes=notes_shown(scope, records),
        stopped=DoNotContact.objects.filter(contact__in=records.contacts)
        .order_by("set_at")
        .first(),
        timeline=tuple(shown_entries(page.rows)),
        timeline_next=page.next,
    )
    return replace(profile, serve_line=serve_line(_facts(scope, profile)))


def do_not_contact_ids(contact_ids: Iterable[UUID]) -> set[UUID]:
    """Return which of these customers do not want to be contacted, in one query."""
    rows = DoNotContact.objects.filter(contact__in=list(contact_ids))
    return set(rows.values_list("contact_id", flat=True))


def notes_visible_to(scope: Scope) -> QuerySet[FollowUpNote]:
    """Return the notes on customers in scope: all, or those of oneself, of guides in scope and of HQ."""
    notes = FollowUpNote.objects.select_related("author")
    if scope.everything:
        return notes
    relations = relations_visible_to(scope)
    mine = Q(author_id=scope.user_id) | Q(userid="")
    return notes.filter(
        mine | Q(userid__in=relations.values("member__userid")),
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


def _members(scope: Scope, member_ids: Sequence[UUID]) -> tuple[MemberCard, ...]:
    rows = CrmMember.objects.filter(pk__in=member_ids).order_by("pk") if member_ids else ()
    return tuple(
        MemberCard(
            id=member.pk,
            member_no=member.member_no,
            name=_name(scope, member.name),
            phone=mask_phone(member.phone),
            level=member.level,
            store_code=member.store_code,
            state=member.get_state_display(),
            joined_on=member.joined_on,
        )
        for member in rows
    )


def _name(scope: Scope, name: str) -> str:
    return name[:1] + HIDDEN if name and scope.masked("name") else name


def _assets(member_ids: Sequence[UUID]) -> tuple[Asset, ...]:
    rows = Asset.objects.filter(member_id__in=member_ids) if member_ids else ()
    return tuple(
        sorted(rows, key=lambda one: (one.kind, one.state != Asset.State.USABLE, one.code))
    )


def _tiles(orders: QuerySet[Order], assets: Sequence[Asset]) -> Tiles:
    sums = orders.order_by().aggregate(
        paid=Sum("amount"),
        back=Sum("refunded"),
        count=Count("pk"),
        last=Max("paid_at", filter=Q(refunded__lt=F("amount"))),
    )
    refunds = Refund.objects.filter(order_no__in=orders.order_by().values("order_no"))
    usable = [one for one in assets if one.state == Asset.State.USABLE]

    def total(kind: str) -> Decimal:
        return sum((one.amount for one in usable if one.kind == kind), NOTHING)

    return Tiles(
        spent=max((sums["paid"] or NOTHING) - (sums["back"] or NOTHING), NOTHING),
        orders=sums["count"],
        last_purchase_at=sums["last"],
        last_refund_at=refunds.aggregate(last=Max("refunded_at"))["last"],
        points=total(Asset.Kind.POINTS),
        balance=total(Asset.Kind.BALANCE),
        coupons=sum(1 for one in usable if one.kind == Asset.Kind.COUPON),
    )


def _wardrobe(orders: QuerySet[Order]) -> tuple[Piece, ...]:
    """Return the newest pieces; what a line came without is taken from the goods."""
    newest = {order.pk: order for order in orders[:WARDROBE]}
    lines = list(OrderLine.objects.filter(order_id__in=newest).order_by("position"))
    lines.sort(key=lambda line: newest[line.order_id].paid_at, reverse=True)
    goods = pictures_of(line.sku for line in lines)
    pieces = []
    for line in lines[:WARDROBE]:
        known = goods.get(line.sku)
        pieces.append(
            Piece(
                order=newest[line.order_id],
                name=line.name or (known.name if known else line.sku),
                picture=line.picture_url or (known.picture_url if known else ""),
                size=line.size or (known.size if known else ""),
                colour=line.colour or (known.colour if known else ""),
                quantity=line.quantity,
                amount=line.amount,
            )
        )
    return tuple(pieces)


def _facts(scope: Scope, profile: Profile) -> ServeFacts:
    today = timezone.localdate()
    coupon, until = _next_coupon(profile.assets, today)
    promised = [one.note.next_on for one in profile.notes if one.is_open and one.note.next_on]
    kept = [one for one in profile.wardrobe if one.order.status != Order.Status.REFUNDED]
    added = [row.relation.created_time for row in profile.identity.relations]
    stopped = profile.stopped
    return ServeFacts(
        today=today,
        stopped=None if stopped is None else "" if scope.masked("remark") else stopped.reason,
        promised_on=min(promised, default=None),
        refunded_on=_day(profile.tiles.last_refund_at),
        coupon=coupon,
        coupon_until=until,
        bought_on=_day(profile.tiles.last_purchase_at),
        bought=kept[0].name if kept else "",
        orders=profile.tiles.orders,
        sizes=Counter(piece.size for piece in kept if piece.size).most_common(3),
        colours=Counter(piece.colour for piece in kept if piece.colour).most_common(3),
        added_on=_day(min(added, default=None)),
        is_member=bool(profile.members),
        knows_sales=profile.sees_sales,
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
