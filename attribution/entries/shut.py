"""What an entry says while its store is temporarily closed: since when again, and which open store is near.

The store's guides go on answering; the binding and the entry stay as they are.
"""

from dataclasses import dataclass
from datetime import date, datetime

from django.utils import timezone

from attribution.entries.models import EntryStore
from attribution.entries.selectors import Offer, offer_of_row
from contacts.org.models import OrgUnit
from contacts.org.near import nearest_open


@dataclass(frozen=True)
class OpenElsewhere:
    """The same entry at an open store nearby."""

    offer: Offer
    metres: int

    @property
    def kilometres(self) -> float:
        """Return the distance for reading, one decimal."""
        return round(self.metres / 1000, 1)


@dataclass(frozen=True)
class Closure:
    """A temporary closure: the first day after it, None where that is not known yet; and where to go meanwhile."""

    reopens_on: date | None
    elsewhere: OpenElsewhere | None


def closure_of(offer: Offer, moment: datetime) -> Closure | None:
    """Return the temporary closure of an offer's store at a moment, or None while it is open for business."""
    store = offer.row.store
    if not store.is_shut_on(timezone.localdate(moment)):
        return None
    return Closure(store.reopens_on, _elsewhere(offer, store, moment))


def _elsewhere(offer: Offer, store: OrgUnit, moment: datetime) -> OpenElsewhere | None:
    place = store.point
    if place is None:
        return None
    shown = EntryStore.objects.filter(entry=offer.entry, is_shown=True, problem="")
    others = OrgUnit.objects.filter(entries__in=shown).exclude(pk=store.pk)
    near = nearest_open(place, others, moment=moment)
    if near is None:
        return None
    rows = EntryStore.objects.select_related("entry", "store", "live_code")
    there = offer_of_row(rows.get(entry=offer.entry, store=near.store))
    return OpenElsewhere(there, near.metres) if isinstance(there, Offer) else None
