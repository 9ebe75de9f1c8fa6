"""Which store another system means by a code: ours or the CRM's id, and after a merge the store that took over."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Q
from django.utils import timezone

from contacts.org.models import OrgUnit


@dataclass(frozen=True)
class StoreCodes:
    """Stores by the codes they are called; `heirs` holds the stores that took over, by id."""

    named: Mapping[str, OrgUnit] = field(default_factory=dict)
    heirs: Mapping[int, OrgUnit] = field(default_factory=dict)

    def store_at(self, code: str, moment: datetime) -> OrgUnit | None:
        """Return the store a code meant at a moment, or None where nobody is called so."""
        store = self.named.get(code)
        passed: set[int] = set()
        while store is not None and store.pk not in passed and _is_merged(store, moment):
            passed.add(store.pk)
            store = self.heirs.get(store.merged_into_id or 0)
        return store

    def own_code(self, code: str) -> str:
        """Return our code of the very store that is called so, merged or not; an unknown one stays as it was sent."""
        store = self.named.get(code)
        return code if store is None else store.code

    def code_at(self, code: str, moment: datetime) -> str:
        """Return our code of that store; a code nobody is called by stays as it was sent."""
        store = self.store_at(code, moment)
        return code if store is None else store.code


def _is_merged(store: OrgUnit, moment: datetime) -> bool:
    return (
        store.merged_into_id is not None
        and store.merged_at is not None
        and store.merged_at <= moment
    )


def store_codes(codes: Iterable[str]) -> StoreCodes:
    """Load the stores these codes name, in one query and one for each merge on their way."""
    wanted = set(codes) - {""}
    if not wanted:
        return StoreCodes()
    stores = OrgUnit.objects.filter(
        Q(code__in=wanted) | Q(crm_store_id__in=wanted), kind=OrgUnit.Kind.STORE
    )
    found = list(stores)
    named = {store.crm_store_id: store for store in found if store.crm_store_id in wanted}
    # Our own code is the stronger name.
    named |= {store.code: store for store in found if store.code in wanted}
    heirs: dict[int, OrgUnit] = {}
    missing = _heir_ids(found)
    while missing:
        fresh = OrgUnit.objects.in_bulk(missing)
        heirs |= fresh
        missing = _heir_ids(fresh.values()) - heirs.keys()
    return StoreCodes(named, heirs)


def _heir_ids(stores: Iterable[OrgUnit]) -> set[int]:
    return {store.merged_into_id for store in stores if store.merged_into_id is not None}


def store_called(code: str) -> OrgUnit | None:
    """Return the store a code means now, or None."""
    return store_codes([code]).store_at(code, timezone.now())
