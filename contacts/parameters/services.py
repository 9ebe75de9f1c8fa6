"""Issues parameter tokens."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from contacts.parameters.models import KEY_BYTES, Parameter
from contacts.parameters.selectors import token_of
from scrm.accounts.models import User


class Saved(Protocol):
    """A saved row; members and stores live above this feature and are known by id alone."""

    @property
    def pk(self) -> Any:
        """Return the row's id."""


def issue(
    *,
    kind: str,
    member: Saved | None = None,
    store: Saved | None = None,
    payload: Mapping[str, Any] | None = None,
    expires_at: datetime | None = None,
    actor: User | None = None,
) -> str:
    """Store what a new token means and return the token: 27 base64url characters.

    It fits `state` (30) and `scene` (32). `payload` is small JSON without personal data.
    """
    key = secrets.token_bytes(KEY_BYTES)
    Parameter.objects.create(
        key=key,
        kind=kind,
        member_id=None if member is None else member.pk,
        store_id=None if store is None else store.pk,
        payload=dict(payload or {}),
        expires_at=expires_at,
        created_by=actor,
    )
    return token_of(key)


def tokens_for_places(
    places: Sequence[tuple[int, int | None]], *, kind: str, payload: Mapping[str, Any]
) -> list[str]:
    """Return a token for each (member id, store id or None), in their order: the one issued before, else a new one.

    A place keeps its token as long as kind and payload are the same; two queries.
    """
    wanted = dict(payload)
    held = Parameter.objects.filter(
        kind=kind, member_id__in=[member for member, _store in places], expires_at=None
    ).order_by("pk")
    keys = {(row.member_id, row.store_id): row.key for row in held if row.payload == wanted}
    made = [
        Parameter(
            key=secrets.token_bytes(KEY_BYTES),
            kind=kind,
            member_id=member_id,
            store_id=store_id,
            payload=wanted,
        )
        for member_id, store_id in dict.fromkeys(places)
        if (member_id, store_id) not in keys
    ]
    Parameter.objects.bulk_create(made)
    keys |= {(row.member_id, row.store_id): row.key for row in made}
    return [token_of(bytes(keys[place])) for place in places]


def issue_for_stores(
    stores: Sequence[Saved], *, kind: str, payload: Mapping[str, Any], actor: User | None = None
) -> list[str]:
    """Issue a token for each store, in their order, with one insert for all of them."""
    made = [
        Parameter(
            key=secrets.token_bytes(KEY_BYTES),
            kind=kind,
            store_id=store.pk,
            payload=dict(payload),
            created_by=actor,
        )
        for store in stores
    ]
    Parameter.objects.bulk_create(made)
    return [token_of(bytes(parameter.key)) for parameter in made]
