"""Who counts in figures: rooms above ask here, and nowhere else, who is left out.

Colleagues and test contacts are customers like others on every page; only figures leave them out. A record
is left out for the moments its mark, or a mark on another record of its person, covers (`LeftOut`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.utils import timezone

from customers.oneid.models import PersonLink
from customers.profile.mark_models import CountMark, LeftOut
from customers.relations.models import ExternalContact

Row = TypeVar("Row", bound=Model)


def customers_only(rows: QuerySet[Row], *, moment: str, unionid: str = "") -> QuerySet[Row]:
    """Leave out rows about colleagues and test contacts.

    rows have `external_userid`, and `unionid` when its column is named; `moment` names the column that says when.
    """
    by_contact = LeftOut.objects.filter(_then(moment), external_userid=OuterRef("external_userid"))
    kept = rows.filter(~Exists(by_contact.exclude(external_userid="")))
    if unionid:
        by_union = LeftOut.objects.filter(_then(moment), unionid=OuterRef(unionid))
        kept = kept.filter(~Exists(by_union.exclude(unionid="")))
    return kept


def _then(moment: str) -> Q:
    return (Q(began_at=None) | Q(began_at__lte=OuterRef(moment))) & (
        Q(ended_at=None) | Q(ended_at__gt=OuterRef(moment))
    )


def record_ids_left_out() -> QuerySet[LeftOut, Any]:
    """Return the ids of the records (contacts and CRM members) that do not count now, for `exclude(pk__in=…)`."""
    return _now().values("record_id")


def _now() -> QuerySet[LeftOut]:
    now = timezone.now()
    began = Q(began_at=None) | Q(began_at__lte=now)
    return LeftOut.objects.filter(began, Q(ended_at=None) | Q(ended_at__gt=now))


@dataclass(frozen=True)
class Names:
    """By which names people who are left out are known."""

    external_userids: frozenset[str]
    unionids: frozenset[str]


def names_left_out() -> Names:
    """Return the names of all who are left out now, for statements in SQL, in one query."""
    rows = list(_now().values_list("external_userid", "unionid"))
    return Names(
        frozenset(external for external, _union in rows if external),
        frozenset(union for _external, union in rows if union),
    )


def kinds_said_of(record_ids: Iterable[UUID], external_userids: Iterable[str]) -> list[LeftOut]:
    """Return what humans said of these records: marks of the rule are left to who knows employments by day."""
    named = Q(record_id__in=list(record_ids)) | Q(external_userid__in=list(external_userids))
    return list(LeftOut.objects.exclude(source=CountMark.Source.RULE).filter(named))


def names_changed_since(moment: datetime) -> Names:
    """Return the names of whoever was marked, or not any more, since: their figures are to be added up again.

    Takes who is one person with them today.
    """
    changed = CountMark.objects.filter(changed_at__gte=moment).values("record_id")
    people = PersonLink.objects.filter(record_id__in=changed).values("person")
    beside = PersonLink.objects.filter(person__in=people).values("record_id")
    contacts = ExternalContact.objects.filter(pk__in=changed.union(beside))
    rows = list(contacts.values_list("external_userid", "unionid"))
    return Names(
        frozenset(external for external, _union in rows),
        frozenset(union for _external, union in rows if union),
    )
