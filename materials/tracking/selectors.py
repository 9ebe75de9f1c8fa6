"""Reads of sends and views; every list starts from what the scope may see."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, Max, Q, QuerySet, Sum
from django.utils import timezone

from contacts.directory.models import Member
from contacts.directory.selectors import members_visible_to
from customers.relations.models import ExternalContact, FollowRelation
from customers.relations.selectors import HIDDEN, contacts_visible_to
from materials.library.models import Material
from materials.library.selectors import materials_for
from materials.tracking.models import Send, View, ViewDay, Who
from scrm.core.scope import Scope

FEED_DAYS = 30
FEED_ROWS = 50
TABLE_ROWS = 100
RECENT = 20
Status = Send.Status


def sends_visible_to(scope: Scope) -> QuerySet[Send]:
    """Return the sends of the members a scope may see."""
    if scope.everything:
        return Send.objects.all()
    return Send.objects.filter(member__in=members_visible_to(scope))


def views_visible_to(scope: Scope) -> QuerySet[View]:
    """Return the openings of what those members sent, raw ones included."""
    if scope.everything:
        return View.objects.all()
    return View.objects.filter(member_id__in=members_visible_to(scope).values("pk"))


def _days_visible_to(scope: Scope) -> QuerySet[ViewDay]:
    if scope.everything:
        return ViewDay.objects.all()
    return ViewDay.objects.filter(member_id__in=members_visible_to(scope).values("pk"))


def own_member(scope: Scope) -> Member | None:
    """Return the WeCom account of the person, None for one who has none."""
    return Member.objects.filter(userid=scope.userid).first() if scope.userid else None


def public_send(token: str) -> Send | None:
    """Return the send behind a public address, while its material is published and valid."""
    send = (
        Send.objects.filter(token=token)
        .select_related("material", "material__file", "material__cover", "member")
        .first()
    )
    live = send is not None and Material.objects.sendable().filter(pk=send.material_id).exists()
    return send if live else None


def own_customer(member: Member, external_userid: str) -> bool:
    """Tell whether a customer is followed by this guide."""
    return FollowRelation.objects.filter(
        member=member,
        contact__external_userid=external_userid,
        status=FollowRelation.Status.ACTIVE,
    ).exists()


# --- the guide's library -------------------------------------------------------------------------------------


def recent_ids(member: Member) -> list[int]:
    """Return the materials this guide sent last, the latest first, at most 20."""
    rows = (
        Send.objects.filter(member=member, status=Status.SENT)
        .order_by()
        .values("material_id")
        .annotate(last=Max("id"))
        .order_by("-last")[:RECENT]
    )
    return [row["material_id"] for row in rows]


def library_of(
    member: Member, *, tab: str, text: str, kind: str, category: int | None
) -> QuerySet[Material]:
    """Return what the guide may send, narrowed: tab all, favourites or recent; words; type; category."""
    found = materials_for(member)
    if tab == "favourites":
        found = found.filter(favourites__member=member)
    elif tab == "recent":
        found = found.filter(pk__in=recent_ids(member))
    if text:
        found = found.filter(
            Q(title__icontains=text) | Q(summary__icontains=text) | Q(text__icontains=text)
        )
    if kind:
        found = found.filter(kind=kind)
    if category:
        found = found.filter(Q(category=category) | Q(category__parent=category))
    return found


def own_counts(member: Member, material_ids: Iterable[int]) -> dict[int, tuple[int, int]]:
    """Return (my sends, views of what I sent) by material, in four queries."""
    ids = list(material_ids)
    sends = dict(
        Send.objects.filter(member=member, material_id__in=ids, status=Status.SENT)
        .order_by()
        .values_list("material_id")
        .annotate(count=Count("pk"))
    )
    figures = _figures(
        ViewDay.objects.filter(member_id=member.pk), View.objects.filter(member_id=member.pk), ids
    )
    return {pk: (sends.get(pk, 0), figures.get(pk, _NOTHING).views) for pk in ids}


# --- who viewed ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Viewer:
    """Somebody who viewed one material, or all anonymous ones of it together (`devices`)."""

    who: str
    name: str
    contact_id: Any
    material: Material
    member: Member | None
    views: int
    devices: int
    seconds: int
    last: datetime

    @property
    def label(self) -> str:
        """How sure we are."""
        return str(Who(self.who).label)


def viewers_for(scope: Scope, member: Member, *, most: int = FEED_ROWS) -> list[Viewer]:
    """Return who viewed what this guide sent in 30 days, the latest first, at most 50 rows or `most`."""
    since = timezone.now() - timedelta(days=FEED_DAYS)
    views = View.objects.filter(member_id=member.pk, opened_at__gte=since)
    return _viewers(scope, views, most)


def viewers_of(scope: Scope, material: Material) -> list[Viewer]:
    """Return who viewed one material, by guide, the latest first, at most 100 rows."""
    return _viewers(scope, views_visible_to(scope).filter(material_id=material.pk), TABLE_ROWS)


def _viewers(scope: Scope, views: QuerySet[View], most: int) -> list[Viewer]:
    rows = list(
        views.filter(counted=True)
        .order_by()
        .values("material_id", "member_id", "who", "external_userid", "unionid")
        .annotate(
            views=Count("pk"),
            devices=Count("visitor", distinct=True),
            total=Sum("seconds"),
            last=Max("opened_at"),
        )
        .order_by("-last")[:most]
    )
    people = _people(scope, [row["external_userid"] for row in rows])
    materials = Material.objects.in_bulk({row["material_id"] for row in rows})
    members = Member.objects.in_bulk({row["member_id"] for row in rows})
    return [
        Viewer(
            who=row["who"], name=people.get(row["external_userid"], ("", None))[0],
            contact_id=people.get(row["external_userid"], ("", None))[1],
            material=materials[row["material_id"]], member=members.get(row["member_id"]),
            views=row["views"], devices=row["devices"], seconds=row["total"] or 0, last=row["last"],
        )
        for row in rows if row["material_id"] in materials
    ]  # fmt: skip


def _people(scope: Scope, external_userids: Iterable[str]) -> dict[str, tuple[str, Any]]:
    wanted = {each for each in external_userids if each}
    found = contacts_visible_to(scope).filter(external_userid__in=wanted)
    masked = scope.masked("name")
    return {
        contact.external_userid: (_shown(contact, masked=masked), contact.pk) for contact in found
    }


def _shown(contact: ExternalContact, *, masked: bool) -> str:
    return f"{contact.name[:1]}{HIDDEN}" if masked else contact.name


# --- reach ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Figures:
    """Openings as they came, views as they count, and the seconds of the views."""

    openings: int = 0
    views: int = 0
    seconds: int = 0

    @property
    def average(self) -> int:
        """Return the seconds of one view, rounded."""
        return round(self.seconds / self.views) if self.views else 0


_NOTHING = Figures()


@dataclass(frozen=True)
class Reach:
    """What one material reached within a scope."""

    senders: int = 0
    sends: int = 0
    identified: int = 0
    inferred: int = 0
    anonymous: int = 0
    figures: Figures = _NOTHING

    @property
    def viewers(self) -> int:
        """Return all viewers: the sure ones, the likely ones, and devices nobody is known behind."""
        return self.identified + self.inferred + self.anonymous


def reach_of(scope: Scope, material_ids: Sequence[int]) -> dict[int, Reach]:
    """Return the reach by material id, in five queries, however many materials there are."""
    sends = (
        sends_visible_to(scope)
        .filter(material_id__in=material_ids, status=Status.SENT)
        .order_by()
        .values("material_id")
        .annotate(sends=Count("pk"), senders=Count("member_id", distinct=True))
    )
    by_send = {row["material_id"]: (row["senders"], row["sends"]) for row in sends}
    views = views_visible_to(scope).filter(material_id__in=material_ids)
    people = (
        views.filter(counted=True)
        .order_by()
        .values("material_id")
        .annotate(
            identified=Count("unionid", filter=Q(who=Who.IDENTIFIED), distinct=True),
            inferred=Count("external_userid", filter=Q(who=Who.INFERRED), distinct=True),
            anonymous=Count("visitor", filter=Q(who=Who.ANONYMOUS), distinct=True),
        )
    )
    by_people = {
        row["material_id"]: (row["identified"], row["inferred"], row["anonymous"]) for row in people
    }
    figures = _figures(_days_visible_to(scope), views, material_ids)
    return {
        pk: Reach(
            *by_send.get(pk, (0, 0)), *by_people.get(pk, (0, 0, 0)), figures.get(pk, _NOTHING)
        )
        for pk in material_ids
    }


def _figures(
    days: QuerySet[ViewDay], views: QuerySet[View], material_ids: Sequence[int]
) -> dict[int, Figures]:
    """Add the finished days of the roll-up to the raw openings since; no day is in both."""
    done = (
        days.filter(material_id__in=material_ids)
        .order_by()
        .values("material_id")
        .annotate(openings=Sum("openings"), viewed=Sum("views"), total=Sum("seconds"))
    )
    total = {row["material_id"]: _figure(row) for row in done}
    since = first_open_moment()
    fresh = views.filter(material_id__in=material_ids)
    if since is not None:
        fresh = fresh.filter(opened_at__gte=since)
    counted = Q(counted=True)
    rows = (
        fresh.order_by()
        .values("material_id")
        .annotate(
            openings=Count("pk"),
            viewed=Count("pk", filter=counted),
            total=Sum("seconds", filter=counted, default=0),
        )
    )
    for row in rows:
        old, new = total.get(row["material_id"], _NOTHING), _figure(row)
        total[row["material_id"]] = Figures(
            old.openings + new.openings, old.views + new.views, old.seconds + new.seconds
        )
    return total


def _figure(row: Mapping[str, Any]) -> Figures:
    return Figures(row["openings"], row["viewed"], row["total"])


def day_began(day: date) -> datetime:
    """Return the first moment of a business day."""
    return timezone.make_aware(datetime.combine(day, time.min))


def first_open_moment() -> datetime | None:
    """Return where the roll-up ends and raw openings begin to count; None before the first roll-up."""
    last = ViewDay.objects.aggregate(last=Max("day"))["last"]
    return None if last is None else day_began(last + timedelta(days=1))


@dataclass(frozen=True)
class Sender:
    """What one guide did with a material."""

    member: Member
    sends: int
    views: int


def senders_of(scope: Scope, material: Material) -> list[Sender]:
    """Return who sent a material, the most busy first, at most 100."""
    rows = list(
        sends_visible_to(scope)
        .filter(material=material, status=Status.SENT)
        .order_by()
        .values("member_id")
        .annotate(sends=Count("pk"))
        .order_by("-sends", "member_id")[:TABLE_ROWS]
    )
    ids = [row["member_id"] for row in rows]
    views = dict(
        View.objects.filter(material_id=material.pk, member_id__in=ids, counted=True)
        .order_by()
        .values_list("member_id")
        .annotate(count=Count("pk"))
    )
    members = Member.objects.in_bulk(ids)
    return [
        Sender(members[row["member_id"]], row["sends"], views.get(row["member_id"], 0))
        for row in rows
    ]
