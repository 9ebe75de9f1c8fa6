"""Reads of touches; every list starts from what the scope may see."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, Max, Q, QuerySet

from attribution.touches.labels import surface_words
from attribution.touches.models import Touch
from contacts.directory.models import Member
from contacts.org.models import OrgUnit
from contacts.org.selectors import rows_visible_to
from scrm.core.scope import Scope


def touches_visible_to(scope: Scope) -> QuerySet[Touch]:
    """Return the touches of the stores in scope, or one's own; those of nobody only to the whole company."""
    return Touch.objects.filter(rows_visible_to(scope))


@dataclass(frozen=True)
class SurfaceShare:
    """How often one surface came without a parameter that holds."""

    surface: str
    touches: int
    missing: int
    tampered: int
    expired: int
    last: datetime
    kinds: list[str]

    @property
    def surface_name(self) -> str:
        """Return the surface in words."""
        return surface_words(self.surface)

    @property
    def without(self) -> int:
        """Return the touches nobody can be given for."""
        return self.missing + self.tampered + self.expired

    @property
    def words(self) -> str:
        """Return what happens on it, in words."""
        labels = dict(Touch.Kind.choices)
        return " · ".join(str(labels.get(kind, kind)) for kind in self.kinds)

    @property
    def percent(self) -> float:
        """Return their share in percent, one decimal."""
        return round(100 * self.without / self.touches, 1) if self.touches else 0.0

    @property
    def tone(self) -> str:
        """Return the colour class of the share."""
        if self.without == 0:
            return "ok"
        return "warn" if self.percent < WARN_PERCENT else "bad"


WARN_PERCENT = 20
MOST_SURFACES = 100
# The send and the add name their guide themselves, with or without a parameter: no surface to mend.
GUIDE_KNOWN = (Touch.Kind.MATERIAL, Touch.Kind.ADD)


def surface_shares(scope: Scope, since: datetime) -> list[SurfaceShare]:
    """Return the surfaces by how many of their touches since then carried no good parameter, worst first.

    Views of sent materials and adds are left out: they know their guide.
    """
    rows = (
        touches_visible_to(scope)
        .filter(occurred_at__gte=since)
        .exclude(kind__in=GUIDE_KNOWN)
        .order_by()
        .values("surface")
        .annotate(
            touches=Count("pk"),
            missing=Count("pk", filter=Q(reason=Touch.Reason.MISSING)),
            tampered=Count("pk", filter=Q(reason=Touch.Reason.TAMPERED)),
            expired=Count("pk", filter=Q(reason=Touch.Reason.EXPIRED)),
            last=Max("occurred_at"),
            kinds=ArrayAgg("kind", distinct=True, order_by="kind"),
        )
    )
    shares = [SurfaceShare(**row) for row in rows]
    shares.sort(key=lambda share: (-share.without, -share.touches, share.surface))
    return shares[:MOST_SURFACES]


def touches_of_people(
    unionids: Iterable[str], external_userids: Iterable[str], since: datetime, until: datetime
) -> QuerySet[Touch]:
    """Return the touches with a guide of these people in a span of time, both ends included.

    For jobs that decide orders: not scoped.
    """
    people = Q(unionid__in=set(unionids) - {""}) | Q(
        external_userid__in=set(external_userids) - {""}
    )
    return Touch.objects.filter(people, occurred_at__range=(since, until), member_id__isnull=False)


def touches_by_event(event_ids: Sequence[str]) -> dict[str, Touch]:
    """Return touches by their event's id."""
    return {touch.event_id: touch for touch in Touch.objects.filter(event_id__in=event_ids)}


def members_named(ids: Iterable[int | None]) -> dict[int, Member]:
    """Return members by id, for rows that name them by number."""
    return Member.objects.in_bulk([each for each in set(ids) if each is not None])


def stores_named(ids: Iterable[int | None]) -> dict[int, OrgUnit]:
    """Return stores by id, for rows that name them by number."""
    return OrgUnit.objects.in_bulk([each for each in set(ids) if each is not None])
