"""Why records are one person: which say the same, since when and on whose word; values masked."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.oneid.models import Decision, Person, PersonLink, RecordKey, SharedKey
from customers.oneid.partition import STRONG_KINDS
from customers.oneid.selectors import Card, cards, masked_id
from scrm.core.scope import Scope

Kind = RecordKey.Kind
CONTACT, MEMBER = "contact", "member"
SOURCES: Mapping[tuple[str, str], object] = {
    (CONTACT, Kind.UNIONID.value): gettext_lazy("WeCom"),
    (CONTACT, Kind.EXTERNAL_USERID.value): gettext_lazy("WeCom"),
    (CONTACT, Kind.PHONE.value): gettext_lazy("given by the customer in WeChat"),
    (CONTACT, Kind.WEAK_PHONE.value): gettext_lazy("a guide's remark"),
    (MEMBER, Kind.WEAK_PHONE.value): gettext_lazy("member system, not verified"),
}


@dataclass(frozen=True)
class Claim:
    """One record says so, by that source, since then."""

    card: Card
    source: str
    since: datetime


@dataclass(frozen=True)
class Reason:
    """A key that several records share, or a human's word (`by` and `reason` are filled)."""

    label: str
    value: str
    claims: tuple[Claim, ...]
    by: str = ""
    reason: str = ""
    at: datetime | None = None
    act: UUID | None = None


@dataclass(frozen=True)
class Why:
    """All reasons a scope may see; `hidden` records lie outside it, `alone` is a person of one record."""

    reasons: tuple[Reason, ...]
    hidden: int
    alone: bool


def why(person: Person, scope: Scope) -> Why:
    """Return why the records of this person are one human, as the scope may see it, in five queries."""
    ids = list(PersonLink.objects.filter(person=person).values_list("record_id", flat=True))
    seen = cards(scope, ids)
    reasons = (*reasons_shared(seen), *_words(ids, seen))
    return Why(reasons, len(ids) - len(seen), len(ids) == 1)


def reasons_shared(seen: Mapping[UUID, Card]) -> tuple[Reason, ...]:
    """Return the strong keys that at least two of these records assert and that tie records at all."""
    rows = RecordKey.objects.filter(record_id__in=list(seen), kind__in=STRONG_KINDS)
    by_key: dict[tuple[str, str], list[RecordKey]] = {}
    for row in rows.order_by("since", "pk"):
        by_key.setdefault((row.kind, row.value), []).append(row)
    shared = {key: held for key, held in by_key.items() if len(held) > 1}
    quiet = _quiet(shared)
    order = {kind: place for place, kind in enumerate(STRONG_KINDS)}
    return tuple(
        _reason(kind, value, shared[(kind, value)], seen)
        for kind, value in sorted(shared, key=lambda key: (order[key[0]], key[1]))
        if (kind, value) not in quiet
    )


def _quiet(keys: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return those of the keys that are in quarantine: they tie nobody."""
    rows = SharedKey.objects.filter(
        value__in=[value for _kind, value in keys],
        state__in=[SharedKey.State.OPEN, SharedKey.State.IGNORED],
    )
    return set(rows.values_list("kind", "value"))


def _reason(kind: str, value: str, held: Sequence[RecordKey], seen: Mapping[UUID, Card]) -> Reason:
    claims = tuple(
        Claim(seen[row.record_id], source_of(row.record_kind, kind), row.since) for row in held
    )
    return Reason(str(Kind(kind).label), value_shown(kind, value, seen[held[0].record_id]), claims)


def source_of(record_kind: str, kind: str) -> str:
    """Return who says so: whatever a member record asserts, the member system does."""
    return str(SOURCES.get((record_kind, kind), _("member system")))


def value_shown(kind: str, value: str, card: Card) -> str:
    """Return a key so that two can be told apart and none can be used: phones and ID cards are hashes here."""
    if kind in (Kind.PHONE, Kind.WEAK_PHONE):
        return card.phone
    if kind == Kind.ID_CARD:
        return _("kept as a hash only")
    return masked_id(value)


def _words(ids: Sequence[UUID], seen: Mapping[UUID, Card]) -> Iterable[Reason]:
    rows = Decision.objects.filter(
        Q(left_id__in=ids) & Q(right_id__in=ids),
        verdict=Decision.Verdict.TOGETHER,
        retracted_at=None,
    ).select_related("decided_by")
    acts: dict[UUID, list[Decision]] = {}
    for row in rows.order_by("pk"):
        acts.setdefault(row.act, []).append(row)
    for act, decisions in acts.items():
        first = decisions[0]
        told = dict.fromkeys(each for row in decisions for each in (row.left_id, row.right_id))
        claims = tuple(Claim(seen[each], "", first.decided_at) for each in told if each in seen)
        if claims:
            yield Reason(
                label=_("decision of a person"),
                value="",
                claims=claims,
                by=str(first.decided_by),
                reason=first.reason,
                at=first.decided_at,
                act=act,
            )
