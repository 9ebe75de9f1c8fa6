"""Which open stores are near a place; for customers who choose, and for those who stand before a closed door."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from contacts.org.datums import Point, as_gcj02, distance
from contacts.org.models import OrgUnit

# Half a side of the boxes that are looked through one after the other, in degrees; the last is about 100 km.
BOXES = (0.1, 1.0)
# Datums differ by up to 700 m.
BOX_MARGIN = 0.01


@dataclass(frozen=True)
class NearStore:
    """A store, how many metres away it is, and whether it is open: None where its hours are not known."""

    store: OrgUnit
    metres: int
    receives: bool | None


def near_stores(
    place: Point, stores: QuerySet[OrgUnit], *, moment: datetime, count: int
) -> list[NearStore]:
    """Return the nearest of these stores, those a customer finds open first; at most about 100 km away."""
    found: list[NearStore] = []
    for box in BOXES:
        found = [_near(place, store, moment) for store in _in_box(stores, place, box)]
        found.sort(key=lambda near: (near.receives is False, near.metres, near.store.pk))
        if sum(near.receives is not False for near in found) >= count:
            break
    return found[:count]


def nearest_open(place: Point, stores: QuerySet[OrgUnit], *, moment: datetime) -> NearStore | None:
    """Return the nearest of these stores that a customer does not find closed, or None."""
    found = near_stores(place, stores, moment=moment, count=1)
    return found[0] if found and found[0].receives is not False else None


def _near(place: Point, store: OrgUnit, moment: datetime) -> NearStore:
    there = store.point
    metres = 0 if there is None else round(distance(place, there))
    return NearStore(store, metres, store.receives_at(moment))


def _in_box(stores: QuerySet[OrgUnit], place: Point, degrees: float) -> QuerySet[OrgUnit]:
    here, half = as_gcj02(place), degrees + BOX_MARGIN
    return stores.filter(
        kind=OrgUnit.Kind.STORE,
        status=OrgUnit.Status.OPEN,
        latitude__range=(here.latitude - half, here.latitude + half),
        longitude__range=(here.longitude - half, here.longitude + half),
    )
