"""Looking people up by their phone number, wherever that can be done: so many in an hour, and each one audited.

It is how a list of numbers is tried out, so all pages count together.
"""

import unicodedata
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from scrm.core.audit.services import record
from scrm.core.exceptions import RateLimited, ValidationFailed
from scrm.core.limits import counted
from scrm.core.phone import mask_phone, normalise_phone

MOST, WINDOW = 60, 3600
LAST_FOUR = 4
MOST_CHARACTERS = 64


def number_in(text: str) -> str:
    """Return the number by which a text looks somebody up: a phone (E.164), four digits alone; "" for any other text."""
    plain = unicodedata.normalize("NFKC", text[:MOST_CHARACTERS]).strip()
    if len(plain) == LAST_FOUR and plain.isascii() and plain.isdigit():
        return plain
    try:
        return normalise_phone(plain)
    except ValidationFailed:
        return ""


def lookup_count(user: Any) -> None:
    """Count one look-up by number; raises RateLimited after the most in an hour."""
    if counted("core.phone_lookups", str(user.pk), WINDOW) > MOST:
        raise RateLimited(
            _(
                "You looked up many phone numbers in the last hour. Search by another word, or go on in an hour."
            ),
            code="too_many_phones",
        )


@transaction.atomic
def lookup_record(user: Any, phone: str, *, found: Mapping[str, int]) -> None:
    """Note in the audit which number (masked, or the last four digits) was looked up, and how many were found by kind."""
    shown = mask_phone(phone) if len(phone) > LAST_FOUR else f"****{phone}"
    record(
        actor=user,
        action="search.phone",
        target="search:*",
        after={"phone": shown, "found": dict(found)},
    )
