"""What members own, are called and received, set by set; whatever comes first, the same rows result."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from contacts.org.codes import store_codes
from customers.copying import lock, states_upsert
from customers.crm.fact_models import Asset, MemberTags, ServiceReceived
from customers.crm.forgotten import facts_known
from customers.crm.joining import members_join
from customers.crm.models import CrmMember, HistoryChange
from customers.crm.orders import NOTHING, history_changed
from customers.results import UNCHANGED, UpsertResult


@dataclass(frozen=True)
class AssetRow:
    """What a member owned at `as_of` (aware; None: now): a state, never a difference."""

    member_no: str
    kind: str
    code: str = ""
    title: str = ""
    amount: Decimal = NOTHING
    state: str = Asset.State.USABLE.value
    expires_on: date | None = None
    as_of: datetime | None = None


@dataclass(frozen=True)
class TagsRow:
    """All tags the member system gave a member at `as_of` (aware; None: now)."""

    member_no: str
    tags: Sequence[str]
    as_of: datetime | None = None


@dataclass(frozen=True)
class ServiceRow:
    """A service as its system knew it at `as_of` (aware; None: now); `userid` served."""

    service_no: str
    kind: str
    served_at: datetime
    member_no: str = ""
    unionid: str = ""
    order_no: str = ""
    sku: str = ""
    title: str = ""
    store_code: str = ""
    userid: str = ""
    state: str = ServiceReceived.State.DONE.value
    rating: int | None = None
    as_of: datetime | None = None


def members_known(numbers: Iterable[str]) -> dict[str, UUID]:
    """Return the keys of members by number; numbers we do not know are missing."""
    rows = CrmMember.objects.filter(member_no__in=set(numbers) - {""})
    return dict(rows.values_list("member_no", "pk"))


@transaction.atomic
def assets_upsert(rows: Sequence[AssetRow]) -> UpsertResult:
    """Store at most 1,000 assets (one row a member, kind and code); an older state changes nothing.

    Assets of a member we do not know yet are kept and joined when the member comes.
    """
    facts_lock()
    now = timezone.now()
    members = members_known(row.member_no for row in rows)

    def store(kept: Sequence[AssetRow]) -> list[str]:
        states = [
            {
                **_without(asdict(row), "as_of"),
                "member_id": members.get(row.member_no),
                "updated_at": row.as_of or now,
            }
            for row in kept
        ]
        key = ("member_no", "kind", "code")
        return states_upsert(Asset, states, key=key, newer="updated_at")

    return UpsertResult.of(facts_known(rows, members, store))


@transaction.atomic
def tags_upsert(rows: Sequence[TagsRow]) -> UpsertResult:
    """Replace the tags of at most 1,000 members (one row a member); an older state changes nothing."""
    facts_lock()
    now = timezone.now()
    members = members_known(row.member_no for row in rows)

    def store(kept: Sequence[TagsRow]) -> list[str]:
        states = [
            {
                "member_no": row.member_no,
                "member_id": members.get(row.member_no),
                "tags": sorted(set(row.tags)),
                "observed_at": row.as_of or now,
            }
            for row in kept
        ]
        return states_upsert(MemberTags, states, key=("member_no",), newer="observed_at")

    return UpsertResult.of(facts_known(rows, members, store))


@transaction.atomic
def services_upsert(rows: Sequence[ServiceRow]) -> UpsertResult:
    """Store at most 1,000 services (one row a service number); an older state changes nothing.

    New and changed ones are noted for the timeline in the same transaction. The store is called as we do.
    """
    facts_lock()
    now = timezone.now()
    members = members_known(row.member_no for row in rows)
    stores = store_codes(row.store_code for row in rows)

    def store(kept: Sequence[ServiceRow]) -> list[str]:
        states = [
            {
                **_without(asdict(row), "as_of"),
                "store_code": stores.code_at(row.store_code, row.served_at),
                "member_id": members.get(row.member_no),
                "observed_at": row.as_of or now,
            }
            for row in kept
        ]
        return states_upsert(ServiceReceived, states, key=("service_no",), newer="observed_at")

    outcomes = facts_known(rows, members, store)
    written = [
        row.service_no for row, outcome in zip(rows, outcomes, strict=True) if outcome != UNCHANGED
    ]
    _note(ServiceReceived.objects.filter(service_no__in=written).values_list("pk", flat=True))
    return UpsertResult.of(outcomes)


def facts_join(members: Mapping[str, UUID]) -> None:
    """Give new members (by number) what came before them, in the caller's transaction."""
    if not members:
        return
    facts_lock()
    members_join(Asset, members)
    members_join(MemberTags, members)
    _note(members_join(ServiceReceived, members))


def facts_lock() -> None:
    """Let one batch of facts or members at a time in: which of them waits depends on the other."""
    lock("customers.facts")


def _note(service_ids: Iterable[UUID]) -> None:
    history_changed(HistoryChange.Kind.SERVICE, service_ids)


def _without(values: dict[str, object], name: str) -> dict[str, object]:
    values.pop(name)
    return values
